import { type Feature, questionsOf } from './questions.js';
import { t } from '@vscode/l10n';
import { safeText } from './display.js';
import { formatCount, formatPercent, formatShort } from './numbers.js';
import type { Gram } from './plane.js';
import type {
  AxisLengths,
  Axes,
  Center,
  Context,
  Direction,
  Layer,
  MapParameters,
  MapSpecification,
  Overlay,
  PlaneParameters,
  Prompt,
  Question,
  Readout,
  TokenName,
  TranslatorReference,
} from './specification.js';
import { type Survey, typicalNorm } from './survey.js';

/**
 * What planes, vectors, tokens and questions are called: in captions, in the panel, in its list of facts, by a screen reader. All
 * are safe lines of text: names and prompts come from outside. Phrases begin with a small letter; {@link capital} is for those
 * that begin a line.
 */

/** A phrase at the beginning of a line. */
export const capital = (phrase: string): string => `${phrase.charAt(0).toUpperCase()}${phrase.slice(1)}`;

/** A token that a person has named, its spaces to be seen: `␣Paris`, `#7`. */
export const tokenBrief = (token: TokenName, limit = 40): string =>
  typeof token === 'number' ? `#${token}` : safeText(token, limit).replaceAll(' ', '\u2423');

/** The same in a sentence: `“␣Paris”`. */
export const tokenWords = (token: TokenName, limit = 40): string =>
  typeof token === 'number' ? `#${token}` : t('“{0}”', tokenBrief(token, limit));

/** Tokens that are named; of more the others are counted. */
const NAMED_TOKENS = 12;

/** Several tokens; of many the first. */
export function tokensWords(tokens: readonly TokenName[]): string {
  const named = tokens.slice(0, NAMED_TOKENS).map((token) => tokenWords(token));
  return tokens.length > NAMED_TOKENS
    ? t('{0} and {1} more', named.join(', '), formatCount(tokens.length - NAMED_TOKENS))
    : named.join(', ');
}

/** `embeddings`, `layer 3`, `last layer`. */
export const layerBrief = (layer: MapParameters['layer']): string =>
  layer === 'embeddings' ? layer : layer === 'last' ? t('last layer') : t('layer {0}', layer);
/** The same in a sentence. */
export const layerWords = (layer: Layer): string =>
  layer === 'embeddings' ? t('the embeddings') : t('layer {0}', layer);

export const READOUT_NAMES: Readonly<Record<Readout, string>> = {
  forward: t('Forward (model’s own)'),
  lens: t('Logit lens'),
  unembed: t('Unembed'),
  tuned: t('Tuned lens'),
  jacobian: t('Jacobian lens'),
};

/** A translator's file by the last names of its path: `my_lens/params.pt`. */
export const translatorFile = (path: string): string =>
  safeText(path.split(/[\\/]/).filter(Boolean).slice(-2).join('/'), 80);

/** A translator: `translator lens.pt (of pythia-160m)`; where its file names no model, that is said. */
export function translatorWords({ path, model }: TranslatorReference): string {
  const whose =
    model === undefined ? '' : model === null ? t(' (does not name its model)') : t(' (of {0})', safeText(model, 80));
  return t('translator {0}{1}', translatorFile(path), whose);
}

/** A position that is not the last: `−2`. */
const positionOf = ({ position = -1 }: Prompt): string | undefined =>
  position === -1 ? undefined : formatShort(position);

/** A prompt's text or tokens, `limit` characters at most. */
function promptText(prompt: Prompt, limit: number): string {
  if (prompt.kind === 'prompt')
    return `${t('“{0}”', safeText(prompt.text, limit))}${prompt.chat === true ? t(' as a chat') : ''}`;
  const { ids } = prompt;
  const shown = ids.slice(0, Math.max(2, Math.floor(limit / 5)));
  const rest = ids.length > shown.length ? t(' … ({0} in all)', formatCount(ids.length)) : '';
  return t('tokens {0}{1}', shown.join(' '), rest);
}

/** A prompt and the position in it: `“The sea”`, `tokens 4 9 at position 0`. */
export function promptWords(prompt: Prompt, limit = 60): string {
  const at = positionOf(prompt);
  return `${promptText(prompt, limit)}${at === undefined ? '' : t(' at position {0}', at)}`;
}

/** Prompts of a mean that are named. */
const NAMED_PROMPTS = 3;

/** A vector of the hidden space by what it means: `“The sea”`, `mean of 3 prompts`, `unembedding of “␣sea”`. */
export function vectorWords(source: Center | Direction, limit = 60): string {
  switch (source.kind) {
    case 'origin':
      return t('origin');
    case 'texts':
      return t('mean of the texts');
    case 'prompt':
    case 'tokens':
      return promptWords(source, limit);
    case 'mean': {
      const { length } = source.prompts;
      const count = length === 1 ? t('mean of 1 prompt') : t('mean of {0} prompts', formatCount(length));
      if (limit < 40) return count;
      const named = source.prompts.slice(0, NAMED_PROMPTS).map((prompt) => promptWords(prompt, Math.floor(limit / 3)));
      return `${count} (${named.join(', ')}${length > NAMED_PROMPTS ? ', …' : ''})`;
    }
    case 'row':
      return source.matrix === 'embedding'
        ? t('embedding of {0}', tokenWords(source.token, limit))
        : t('unembedding of {0}', tokenWords(source.token, limit));
    case 'vector':
      return source.name === undefined ? t('given vector') : safeText(source.name, limit);
    case 'random':
      return t('random direction, seed {0}', source.seed);
  }
}

/** The same in the middle of a sentence, with its article. */
function inSentence(source: Center | Direction): string {
  switch (source.kind) {
    case 'origin':
      return t('the origin of the hidden space');
    case 'texts':
      return t('the mean of the texts');
    case 'mean': {
      // A headline counts the prompts of a mean; what they are stands in the caption.
      const { length } = source.prompts;
      return length === 1 ? t('the mean of 1 prompt') : t('the mean of {0} prompts', formatCount(length));
    }
    case 'row':
      return source.matrix === 'embedding'
        ? t('the embedding of {0}', tokenWords(source.token, 60))
        : t('the unembedding of {0}', tokenWords(source.token, 60));
    case 'random':
      return t('a random direction, seed {0}', source.seed);
    case 'vector':
      return source.name === undefined ? t('a given vector') : vectorWords(source);
    case 'prompt':
    case 'tokens':
      return vectorWords(source);
  }
}

/** Whether an axis leads to a hidden state, rather than along a direction. */
export const leadsToState = ({ kind }: Direction): boolean => kind === 'prompt' || kind === 'tokens' || kind === 'mean';

/** What stands around the vector: `none`, `BOS`, `prompt “The sea”, its last token replaced`. */
export function contextWords(context: Context): string {
  if (context.kind === 'none') return t('none');
  if (context.kind === 'bos') return 'BOS';
  const at = positionOf(context);
  const text = promptText(context, 120);
  if (context.kind === 'prompt')
    return at === undefined
      ? t('prompt {0}, its last token replaced', text)
      : t('prompt {0}, its token at position {1} replaced', text, at);
  return at === undefined
    ? t('{0}, the last token replaced', text)
    : t('{0}, the token at position {1} replaced', text, at);
}

/** The same in a few words. */
export const contextBrief = (context: Context): string =>
  context.kind === 'none' || context.kind === 'bos' ? contextWords(context) : promptWords(context, 24);

/** Names of the three vectors of a plane that was laid by another map, which `of` names: they tell each other apart, and no more. */
export const laidNames = (of: string) => ({ center: `center of ${of}`, x: `x axis of ${of}`, y: `y axis of ${of}` });

/** What laid the plane, where it was not this map, by its vectors' names ({@link laidNames}). */
function laidBy({ axes, center }: PlaneParameters): string | undefined {
  if (axes.method !== 'directions' || axes.x.kind !== 'vector' || axes.y.kind !== 'vector') return undefined;
  const of = center.kind === 'vector' ? /^center of (.+)$/s.exec(center.name ?? '')?.[1] : undefined;
  if (of === undefined) return undefined;
  const names = laidNames(of);
  return axes.x.name === names.x && axes.y.name === names.y ? safeText(of, 120) : undefined;
}

/** What the plane is, as a headline. The letters of a plane through prompts are told beside the map. */
export function planeWords(plane: PlaneParameters): string {
  const { axes, center } = plane;
  const laid = laidBy(plane);
  if (laid !== undefined) return t('Plane of {0}', laid);
  if (axes.method === 'direct')
    return t(
      'Plane of dimensions {0} and {1} of the hidden state{2}',
      axes.dimensions[0],
      axes.dimensions[1],
      aroundWords(center),
    );
  if (axes.method === 'replicated')
    return t('Plane of the even and the odd dimensions of the hidden state{0}', aroundWords(center));
  if (axes.method === 'directions' && leadsToState(axes.x) && leadsToState(axes.y) && center.kind !== 'origin')
    return t('Plane through the hidden states of three prompts');
  const through = center.kind === 'origin' ? t('through {0}', inSentence(center)) : t('around {0}', inSentence(center));
  if (axes.method === 'directions')
    return t('Plane along {0} and {1}, {2}', inSentence(axes.x), inSentence(axes.y), through);
  return axes.method === 'pca_basis'
    ? t('Principal plane of {0} texts, {1}', formatCount(axes.texts.length), through)
    : t('Random plane {0}', through);
}

const aroundWords = (center: Center): string => (center.kind === 'origin' ? '' : t(', around {0}', inSentence(center)));

/** What tells a map from others of its model, in a few words: `layer 3, seed 42`, `layer 3, around “The sea”, seed 42`. */
export function mapBrief({ layer, plane: { axes, center } }: Pick<MapParameters, 'layer' | 'plane'>): string {
  const around = center.kind === 'origin' ? '' : `${vectorWords(center, 20)}, `;
  return `${layerBrief(layer)}, ${around}${axes.method === 'random_projection' ? t('seed {0}', axes.seed) : axesBrief(axes)}`;
}

/** How the axes are had: `random projection, seed 42`, `principal components of 5 texts at their last positions`. */
export function axesWords(axes: Axes): string {
  switch (axes.method) {
    case 'direct':
      return t('direct, dimensions {0} and {1}', axes.dimensions[0], axes.dimensions[1]);
    case 'replicated':
      return t('replicated, even and odd dimensions');
    case 'random_projection':
      return t('random projection, seed {0}', axes.seed);
    case 'directions':
      return t('directions, x {0}, y {1}', directionWords(axes.x), directionWords(axes.y));
    case 'pca_basis': {
      const where = axes.positions === 'last' ? t('at their last positions') : t('at all positions but the first');
      return t('principal components of {0} texts {1}', formatCount(axes.texts.length), where);
    }
  }
}

/** How the plane's vectors are had, as a caption says it: `random projection, seed 42, h = c + x u + y v, c = “The sea”`. */
export function madeWords(plane: PlaneParameters): string {
  const formula = 'h = c + x u + y v';
  const laid = laidBy(plane);
  if (laid !== undefined) return `${laid}, ${formula}`;
  const center = plane.center.kind === 'origin' ? '0' : vectorWords(plane.center);
  return `${axesWords(plane.axes)}, ${formula}, c = ${center}`;
}

/** The same in a few words. */
export const axesBrief = (axes: Axes): string =>
  axes.method === 'directions' ? `${vectorWords(axes.x, 16)}, ${vectorWords(axes.y, 16)}` : axesWords(axes);

const directionWords = (direction: Direction): string =>
  leadsToState(direction) ? t('toward {0}', vectorWords(direction)) : t('along {0}', vectorWords(direction));

/** What is known of a plane besides its parameters, as far as it is: its vectors' lengths, its norms, its components' variance. */
export interface KnownPlane {
  readonly gram?: Gram | undefined;
  readonly norms?: Survey['norms'] | undefined;
  readonly explained?: Survey['explained'] | undefined;
}

/** A length or norm, to three digits. */
export const lengthText = (length: number): string => formatShort(Number(length.toPrecision(3)));

/** What an axis is called. */
export interface AxisWords {
  /** `toward B`, `dimension 3`, `first principal component`. */
  readonly name: string;
  /** The vector that the name does not tell: `“The largest city of Germany is”`. */
  readonly vector?: string;
  /** Its share of the variance, its length, that it was made orthogonal. */
  readonly notes: readonly string[];
}

export function axisWords(
  plane: PlaneParameters,
  axis: 'x' | 'y',
  { gram, explained }: KnownPlane = {},
  limit = 60,
): AxisWords {
  const { axes, lengths, orthogonal } = plane;
  const first = axis === 'x';
  const square = first ? gram?.uu : gram?.vv;
  const length = square === undefined ? undefined : lengthText(Math.sqrt(square));
  const straightened = orthogonal && !first;
  const notes = [
    ...lengthNotes(axes, axis, lengths, length, straightened),
    ...(straightened ? [t('orthogonal to x')] : []),
  ];
  switch (axes.method) {
    case 'direct':
      return { name: t('dimension {0}', axes.dimensions[first ? 0 : 1]), notes };
    case 'replicated':
      return { name: first ? t('even dimensions') : t('odd dimensions'), notes };
    case 'random_projection':
      return { name: t('along {0}, random', first ? 'u' : 'v'), notes };
    case 'pca_basis': {
      const share = explained?.ratio[first ? 0 : 1];
      const told = share === undefined ? [] : [t('{0} of the variance', formatPercent(share))];
      return {
        name: first ? t('first principal component') : t('second principal component'),
        notes: [...told, ...notes],
      };
    }
    case 'directions': {
      if (laidBy(plane) !== undefined) return { name: first ? t('along {0}', 'u') : t('along {0}', 'v'), notes };
      const direction = axes[axis];
      return leadsToState(direction)
        ? { name: t('toward {0}', first ? 'B' : 'C'), vector: vectorWords(direction, limit), notes }
        : { name: t('along {0}', vectorWords(direction, limit)), notes };
    }
  }
}

/** An axis' length, where its name does not tell it. */
function lengthNotes(
  axes: Axes,
  axis: 'x' | 'y',
  lengths: AxisLengths,
  length: string | undefined,
  straightened: boolean,
): string[] {
  if (lengths === 'unit') return [t('length 1')];
  if (lengths === 'typical')
    return [length === undefined ? t('as long as the typical norm') : t('length {0}, the typical norm', length)];
  // The axes that come with a length of their own: single dimensions and components of 1, one toward a state ends there.
  if (axes.method === 'random_projection' && !straightened) return [t('length 1')];
  const told =
    axes.method === 'random_projection' ||
    (axes.method === 'directions' && (straightened || !leadsToState(axes[axis])));
  return told && length !== undefined ? [t('length {0}', length)] : [];
}

/** How long the axes are: `as they come`, `1`, `the typical norm, 65.8`. */
export function lengthsWords(lengths: AxisLengths, { norms }: KnownPlane = {}): string {
  if (lengths === 'unit') return '1';
  if (lengths === 'own') return t('as they come');
  return t('the typical norm{0}', norms ? `, ${lengthText(typicalNorm(norms))}` : '');
}

/** Tokens in a few letters: `␣Paris, ␣Rome, …`. */
function tokensBrief(tokens: readonly TokenName[], limit: number): string {
  const each = Math.max(6, Math.floor(limit / Math.min(tokens.length, 2)));
  const some = tokens.slice(0, 2).map((token) => tokenBrief(token, each));
  return [...some, ...(tokens.length > 2 ? ['…'] : [])].join(', ');
}

/** A regular expression between slashes. */
const patternBrief = (pattern: string, limit: number): string => `/${safeText(pattern, limit)}/`;

/** What a feature is called: where it is from. */
export function featureBrief({ name }: Pick<Feature, 'name'>, limit: number): string {
  if (name === undefined) return t('a given direction');
  if (name.length <= limit) return safeText(name, limit);
  // Where there is little room its number tells it from others of its file.
  const [, file = name, number = ''] = /^(.*?)(#,?\d+)?(?: \([^()]*\))?$/s.exec(name) ?? [];
  return `${safeText(file, Math.max(1, limit - number.length))}${number}`;
}

/** What answers are told of, where there is little room: `␣Paris`, `␣he − ␣she`. */
export function questionName(question: Question): string {
  switch (question.kind) {
    case 'probability':
      return tokenBrief(question.token, SHORT_NAME);
    case 'set':
      return tokensBrief(question.tokens, SHORT_NAME);
    case 'pattern':
      return patternBrief(question.pattern, SHORT_NAME);
    case 'difference':
      return `${tokenBrief(question.first, SHORT_NAME)} − ${tokenBrief(question.second, SHORT_NAME)}`;
    case 'divergence':
      return t('Divergence');
    case 'feature':
      return featureBrief(question, SHORT_NAME);
  }
}
const SHORT_NAME = 24;

/** What is asked of every cell, in a few words: `Probability of ␣Paris`, `␣Paris − ␣Berlin`, `Divergence`. */
export function questionBrief(question: Question): string {
  switch (question.kind) {
    case 'probability':
      return t('Probability of {0}', tokenBrief(question.token, 24));
    case 'difference':
      return `${tokenBrief(question.first, 24)} − ${tokenBrief(question.second, 24)}`;
    case 'set':
      return t('Probability of {0}', tokensBrief(question.tokens, 24));
    case 'pattern':
      return t('Probability of {0}', patternBrief(question.pattern, 24));
    case 'divergence':
      return t('Divergence');
    case 'feature':
      return t('Feature {0}', featureBrief(question, 24));
  }
}

/** The same in a sentence. */
export function questionWords(question: Question): string {
  switch (question.kind) {
    case 'probability':
      return t('the probability of {0}', tokenWords(question.token));
    case 'difference':
      return t('the logit of {0} less that of {1}', tokenWords(question.first), tokenWords(question.second));
    case 'set':
      return t('the probability of {0} together', tokensWords(question.tokens));
    case 'pattern':
      return t('the probability of all tokens that match {0}', patternBrief(question.pattern, 60));
    case 'feature':
      return question.threshold === null
        ? t('the feature {0}, bias {1}', featureBrief(question, 60), formatShort(question.bias))
        : t(
            'the feature {0}, bias {1}, above {2}',
            featureBrief(question, 60),
            formatShort(question.bias),
            formatShort(question.threshold),
          );
    case 'divergence':
      return t('the divergence of the prediction from the context’s own, D(own ‖ cell)');
  }
}

/** What is asked of the cells, and of what: `question`, `left out`. A list of facts has it line by line, a caption in a row. */
export const askedWords = ({
  masked,
  ...asked
}: Pick<MapSpecification, 'question' | 'alsoAsked' | 'masked'>): readonly (readonly [
  name: string,
  words: string,
])[] => [
  ...questionsOf(asked).map((question) => [t('question'), questionWords(question)] as const),
  ...(masked.length > 0 ? [[t('left out'), tokensWords(masked)] as const] : []),
];

/** Texts of an overlay, counted, with the labels that they have. */
function textsWords({ texts, labels, colors, shapes }: Extract<Overlay, { kind: 'texts' }>): string {
  const count = texts?.length ?? labels?.length ?? colors?.length ?? shapes?.length;
  const what = texts === null ? t('the texts of the plane') : t('{0} texts', formatCount(count ?? 0));
  const named = (of: readonly string[] | undefined): number => new Set(of?.filter((name) => name !== '')).size;
  const [label, color, shape] = [named(labels), named(colors), named(shapes)];
  const told = [
    ...(label > 0 ? [label === 1 ? t('1 label') : t('{0} labels', formatCount(label))] : []),
    ...(color > 0 ? [color === 1 ? t('1 color') : t('{0} colors', formatCount(color))] : []),
    ...(shape > 0 ? [shape === 1 ? t('1 shape') : t('{0} shapes', formatCount(shape))] : []),
  ];
  return [what, ...told].join(', ');
}

/** What an overlay shows: `“He was”`, `“He was” through the layers`, `8 rows of the unembedding near the plane`. */
export function overlayWords(overlay: Overlay): string {
  switch (overlay.kind) {
    case 'state':
      return promptWords(overlay.prompt, 40);
    case 'layers':
      return t('{0} through the layers', promptWords(overlay.prompt, 40));
    case 'positions':
      return t('{0} through its positions', promptWords(overlay.prompt, 40));
    case 'texts':
      return textsWords(overlay);
    case 'rows':
      return overlay.matrix === 'embedding'
        ? t('the {0} nearest rows of the embedding', formatCount(overlay.count))
        : t('the {0} nearest rows of the unembedding', formatCount(overlay.count));
  }
}
