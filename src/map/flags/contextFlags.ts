import { isRecord } from '../json.js';
import { parseNumber } from '../numbers.js';
import { type Question, questionsOf } from '../questions.js';
import type { Overlay } from '../specification.js';
import { bad, type FlagFiles, type Loose, type MapFlag } from './mapFlag.js';
import { positionFlag, promptsOf } from './planeFlags.js';
import { parseTokens, writeToken } from './tokenNames.js';

const NEAR_ROWS = 50;

export const CONTEXT_FLAGS: readonly MapFlag[] = [
  {
    name: 'context',
    value: 'C',
    help: 'what stands around the vector: center (the prompt of --center-prompt, nothing where the center is no prompt), none, bos, or prompt (with --prompt)',
    default: 'center',
    fields: ['context.kind'],
    read(text, draft, { values }) {
      if (text !== 'prompt') draft.context = { kind: text };
      else if ((values.prompt ?? values['prompt-ids'] ?? draft.context.text ?? draft.context.ids) === undefined)
        throw bad('--context prompt needs the prompt itself.', 'Add --prompt TEXT.');
    },
    write: ({ context }) => (context.kind === 'prompt' || context.kind === 'tokens' ? undefined : context.kind),
  },
  {
    name: 'prompt',
    value: 'TEXT',
    help: 'text around the vector, which takes the place of its last token, or of the one at --position',
    fields: ['context.text'],
    read(text, draft, { values: { context = 'prompt' } }) {
      if (context !== 'prompt')
        throw bad(`--prompt and --context ${String(context)} exclude each other.`, 'Leave one of them out.');
      draft.context = { kind: 'prompt', text };
    },
    write: ({ context }) => (context.kind === 'prompt' ? context.text : undefined),
  },
  {
    name: 'prompt-ids',
    value: 'I,J,...',
    help: 'the same as token ids, for a model without a tokenizer or an exact repetition',
    fields: ['context.ids'],
    read(text, draft, { values: { prompt, context = 'prompt' } }) {
      if (context !== 'prompt')
        throw bad(`--prompt-ids and --context ${String(context)} exclude each other.`, 'Leave one of them out.');
      if (prompt !== undefined) throw bad('--prompt and --prompt-ids exclude each other.', 'Leave one of them out.');
      draft.context = { kind: 'tokens', ids: text.split(',').map(parseNumber) };
    },
    write: ({ context }) => (context.kind === 'tokens' ? context.ids.join(',') : undefined),
  },
  positionFlag(
    'position',
    '--prompt',
    'context',
    ({ context }) => context,
    ({ context }) => (context.kind === 'prompt' || context.kind === 'tokens' ? context : undefined),
  ),
];

export const ASKING_FLAGS: readonly MapFlag[] = [
  {
    name: 'top-k',
    value: 'K',
    help: 'tokens recorded per cell, 2 to 100',
    default: '10',
    fields: ['topK'],
    read: (text, draft) => void (draft.topK = parseNumber(text)),
    write: ({ topK }) => `${topK}`,
  },
  {
    name: 'question',
    value: 'Q',
    many: true,
    help: 'asked of every cell: probability:TOKEN, set:TOKEN,... (tokens together), pattern:REGEX (all tokens that match), difference:TOKEN,TOKEN (of their logits), divergence (from the prediction of the context, in nats) or feature:PLACE (of a sparse autoencoder or a probe: FOLDER#17 of SAELens, sparsify or Gemma Scope, FILE#17, FILE:KEY#ROW, or FILE:KEY#,COLUMN); can be given several times',
    fields: ['question', 'alsoAsked'],
    names: (text) => ({ vectors: [], features: fileBehind(FEATURE, text) }),
    read(text, draft, { files }) {
      const question = readQuestion(text, files);
      if (draft.question === null || draft.question === undefined) draft.question = question;
      else draft.alsoAsked = [...(Array.isArray(draft.alsoAsked) ? (draft.alsoAsked as unknown[]) : []), question];
    },
    write(parameters) {
      const typed = questionsOf(parameters).map(questionText);
      return typed.length === 0 ? undefined : typed;
    },
  },
  {
    name: 'mask',
    value: 'TOKEN,...',
    help: 'tokens left out of the race; spaces count, a comma in a token is \\, and #7 is token 7',
    fields: ['masked'],
    read: (text, draft) => void (draft.masked = parseTokens(text)),
    write: ({ masked }) => (masked.length === 0 ? undefined : masked.map(writeToken).join(',')),
  },
  {
    name: 'cells',
    value: 'C',
    help: 'which are computed: all, or adaptive (approximate, for large grids at earlier layers: cells among others that agree are filled in, and how well is measured)',
    default: 'all',
    fields: ['adaptive'],
    read(text, draft) {
      if (text !== 'all' && text !== 'adaptive') throw bad(`--cells ${text}: must be all or adaptive.`);
      draft.adaptive = text === 'adaptive';
    },
    write: ({ adaptive }) => (adaptive ? 'adaptive' : 'all'),
  },
  {
    name: 'overlay',
    value: 'WHAT',
    many: true,
    help: `real things shown at their places: state:TEXT (a prompt's hidden state), layers:TEXT and positions:TEXT (its way through them), texts (those of --texts) or texts:FILE (a .csv with a column text and, where there are any, label, color and shape: many texts as points, their labels told apart), rows:embedding and rows:unembedding (the nearest ${NEAR_ROWS} tokens; rows:embedding,20 for 20); can be given several times`,
    fields: ['overlays'],
    names: (text) => ({ vectors: [], tables: fileBehind(TEXTS, text) }),
    read(text, draft, { values, files: { tables } }) {
      if (text === 'texts') {
        // What is known of the plane's own texts stands in their file.
        const file = typeof values.texts === 'string' ? values.texts : '';
        const { texts: _, ...known } = tables?.get(file) ?? { texts: [] };
        draft.overlays.push({ kind: 'texts', texts: null, ...known });
        return;
      }
      if (text.startsWith(TEXTS)) {
        const table = tables?.get(text.slice(TEXTS.length));
        if (text === TEXTS)
          throw bad('--overlay texts: names no file.', 'Write texts:FILE, or texts for those of --texts.');
        if (!table) throw bad(`The file ${text.slice(TEXTS.length)} was not read.`);
        draft.overlays.push({ kind: 'texts', ...table });
        return;
      }
      const [, kind = '', rest = ''] = /^([a-z]+):(.*)$/s.exec(text) ?? [];
      if (kind === 'rows') {
        const [matrix, count = `${NEAR_ROWS}`] = rest.split(',');
        draft.overlays.push({ kind, matrix, count: parseNumber(count) });
      } else if (['state', 'layers', 'positions'].includes(kind))
        draft.overlays.push({ kind, prompt: { kind: 'prompt', text: rest } });
      else
        throw bad(
          `--overlay ${text}: write state:, layers: or positions: and a text, texts or texts: and a file, or rows: and a matrix.`,
        );
    },
    write: ({ overlays }) => (overlays.length === 0 ? undefined : overlays.map(overlayText)),
  },
  {
    name: 'chat',
    help: "the texts of all prompts are what a user says: the model's chat template is put around each",
    fields: [],
    read(_, draft) {
      const say = (source: unknown): unknown =>
        isRecord(source) && source.kind === 'prompt' ? { ...source, chat: true } : source;
      const sayIn = (source: unknown): unknown =>
        isRecord(source) && Array.isArray(source.prompts)
          ? { ...source, prompts: (source.prompts as unknown[]).map(say) }
          : say(source);
      const { plane } = draft;
      draft.context = { ...draft.context, ...(draft.context.kind === 'prompt' ? { chat: true } : {}) };
      plane.center = loose(sayIn(plane.center));
      plane.axes = { ...plane.axes, x: sayIn(plane.axes.x), y: sayIn(plane.axes.y) };
      draft.interventions = draft.interventions.map((one) =>
        one.prompt === undefined ? one : { ...one, prompt: say(one.prompt) },
      );
      draft.overlays = draft.overlays.map((overlay) =>
        overlay.prompt === undefined ? overlay : { ...overlay, prompt: say(overlay.prompt) },
      );
    },
    write(parameters) {
      const texts = promptsOf(parameters).filter(({ kind }) => kind === 'prompt');
      return texts.some((prompt) => prompt.kind === 'prompt' && prompt.chat === true) ? '' : undefined;
    },
  },
];

const FEATURE = 'feature:';
const TEXTS = 'texts:';

/** The file that stands behind a word, where one does. */
const fileBehind = (word: string, text: string): readonly string[] =>
  text.startsWith(word) && text.length > word.length ? [text.slice(word.length)] : [];

/** A question as it is typed, unchecked. */
function readQuestion(text: string, { features }: FlagFiles): Loose {
  const [, kind = '', rest] = /^([a-z]+)(?::(.*))?$/s.exec(text) ?? [];
  if (kind === 'pattern' && rest !== undefined) return { kind, pattern: rest };
  if (kind === 'feature' && rest) {
    const feature = features?.get(rest);
    if (feature) return { kind, ...feature };
    throw bad(`The feature ${rest} was not read.`);
  }
  const tokens = rest === undefined ? [] : parseTokens(rest);
  const [first, second] = tokens;
  if (kind === 'divergence' && tokens.length === 0) return { kind };
  if (kind === 'probability' && tokens.length === 1) return { kind, token: first };
  if (kind === 'set' && tokens.length > 0) return { kind, tokens };
  if (kind === 'difference' && tokens.length === 2) return { kind, first, second };
  throw bad(
    `--question ${text}: this is no question.`,
    'Write "probability: Paris", "set: Paris, Rome", "pattern:^ [A-Z]", "difference: Paris, Berlin", divergence or feature:FOLDER#17; spaces count, and a comma in a token is \\,.',
  );
}

/** What a question is typed as. A feature is found missing when the flags are read back. */
function questionText(question: Question): string {
  switch (question.kind) {
    case 'probability':
      return `probability:${writeToken(question.token)}`;
    case 'set':
      return `set:${question.tokens.map(writeToken).join(',')}`;
    case 'pattern':
      return `pattern:${question.pattern}`;
    case 'difference':
      return `difference:${writeToken(question.first)},${writeToken(question.second)}`;
    case 'divergence':
      return 'divergence';
    case 'feature':
      return `${FEATURE}${question.name ?? ''}`;
  }
}

/** What an overlay is typed as. What is left out here is found missing when the flags are read back. */
function overlayText(overlay: Overlay): string {
  if (overlay.kind === 'texts') return 'texts';
  if (overlay.kind === 'rows') return `rows:${overlay.matrix}${overlay.count === NEAR_ROWS ? '' : `,${overlay.count}`}`;
  return `${overlay.kind}:${overlay.prompt.kind === 'prompt' ? overlay.prompt.text : ''}`;
}

const loose = (value: unknown): Loose => (isRecord(value) ? value : {});
