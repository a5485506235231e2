import { Fault } from '../map/fault.js';
import { formatCount, several } from '../map/numbers.js';
import type { Token } from '../map/token.js';
import type { Support } from '../protocol/engine.js';
import { type ChatTemplate, openChatTemplate, tokenText } from './chatTemplate.js';
import type { ModelFiles } from './modelFiles.js';
import { type TextFailure, TextReader, type TokenizerSource } from './textReader.js';
import { byteRule, fromBytes, isByte, joining } from './tokenTexts.js';
import {
  changed,
  promptRefusal,
  readTokenizerJson,
  readVocabulary,
  type TokenizerChanges,
  type TokenizerJson,
} from './tokenizerJson.js';
import { transformersReading } from './transformers.js';

/** The model's vocabulary as text, and prompts as ids. */
export interface Tokenizer {
  readonly file: string | null;
  /** Tokens that the tokenizer knows, added ones included. */
  readonly size: number;
  readonly bos: number | null;
  /** Why tokens are shown as #id; undefined when all is well. */
  readonly reason: string | undefined;
  /** Where the tokenizer's files do not agree. */
  readonly note: string | undefined;
  /** Whether prompts can be read, as far as the tokenizer's file tells. */
  readonly prompts: Support;
  /** A token on its own, leading space and all. */
  token(id: number): Token;
  /** Whether the model has a chat template. */
  readonly chat: Support;
  /**
   * The ids of a text, with what the tokenizer puts around every text (BOS); `chat`: with the model's chat template around it,
   * which writes BOS itself. They are the ids that Transformers gives where there is a tokenizer_config.json, else those of
   * the hub's library for tokenizer.json.
   * @throws Fault `tokenizer`.
   */
  encode(text: string, options?: { readonly chat?: boolean }): Promise<number[]>;
  /** The text of tokens one after another. Characters whose bytes are spread over several tokens come together. */
  decode(ids: readonly number[]): string;
  /**
   * The token whose text this is, space and all, as {@link Tokenizer.token} gives it; `#7` is token 7 where no token reads so.
   * @throws Fault `bad-parameter` that says which tokens the text consists of, `tokenizer`.
   */
  tokenNamed(text: string): Promise<number>;
  /** Whether the model ends a text with this token. */
  isEnd(id: number): boolean;
}

/**
 * Reads a model's tokenizer. One that is missing, broken or made for another vocabulary costs the words, not the map: tokens
 * are then shown as #id and prompts are refused with the reason.
 */
export function openTokenizer(files: ModelFiles, vocabularySize: number, folder?: string): Tokenizer {
  const bosOfConfig = files.config.bos ?? null;
  const { tokenizerFile, otherTokenizer } = files;
  const file = tokenizerFile ?? otherTokenizer?.file;
  if (file === undefined) return without('The model has no tokenizer.json', files, 0);
  const called = tokenizerFile === undefined ? 'The tokenizer' : 'tokenizer.json';
  let json: TokenizerJson;
  let source: TokenizerSource;
  try {
    if (tokenizerFile === undefined) {
      json = otherTokenizer?.read() ?? {};
      const text = JSON.stringify(json);
      source = { text, changes: undefined, bytes: text.length };
    } else {
      const read = readTokenizerJson(tokenizerFile);
      json = read.json;
      source = { file: tokenizerFile, changes: undefined, bytes: read.bytes };
    }
  } catch (error) {
    return without(`${called} cannot be read (${messageOf(error)})`, files, 0);
  }
  const { texts, ids } = readVocabulary(json);
  const reading = transformersReading(json, { texts, ids }, files);
  const added = new Map(reading.added.map((one) => [one.id, one]));
  const all = new Set([...texts.keys(), ...added.keys()]);
  const size = all.size;
  const textOf = (id: number): string | undefined => added.get(id)?.content ?? texts.get(id);
  // A head is often padded beyond its tokenizer, and a few added tokens may lie beyond the head; more is another model's.
  if (size === 0) return without(`${called} holds no vocabulary`, files, 0);
  const mostIds = vocabularySize * 1.02 + 16;
  if (size < vocabularySize / 4 || reading.added.some(({ id }) => id >= mostIds) || highestOf(texts) >= mostIds)
    return without(
      `${called} belongs to another model: it has ${several(size, 'token')}, the model ${formatCount(vocabularySize)}`,
      files,
      size,
    );
  const reader = new TextReader({ ...source, changes: ofIds(reading.changes) }, folder);
  const refused = reading.refused ?? promptRefusal(changed(json, reading.changes));
  const special = (name: string): number | undefined => {
    const text = tokenText(files.tokenizerConfig[name]);
    return text === undefined
      ? undefined
      : (reading.added.find(({ content }) => content === text)?.id ?? ids.get(text));
  };
  const bos = special('bos_token') ?? bosOfConfig;
  const ends = new Set([...files.config.eos, special('eos_token')]);
  const decoder = reading.changes?.decoder ?? json.decoder;
  const bytesOf = byteRule(decoder);
  const joined = joining(decoder);
  const token = (id: number): Token => {
    const own = added.get(id);
    if (own) return { id, kind: own.special ? 'special' : 'text', text: own.content };
    const text = texts.get(id);
    return text === undefined ? unknownToken(id) : { id, ...fromBytes(bytesOf(text)) };
  };
  const chat = lazily(() => chatOf(files, reader));
  const names = lazily(() => {
    const rank = (id: number): number => {
      const own = added.get(id);
      return own?.special ? 0 : own ? 1 : isByte(texts.get(id) ?? '') ? 3 : 2;
    };
    return idsByText(
      [...all].filter((id) => id < vocabularySize),
      token,
      rank,
    );
  });
  const encode = async (text: string, whole: boolean): Promise<number[]> => {
    if (refused !== undefined) throw unreadable(refused);
    const answer = await reader.encode(text, whole);
    if ('failed' in answer) throw unreadable(whyOf(answer), 'detail' in answer ? answer.detail : undefined);
    const ids = 'ids' in answer ? [...answer.ids] : [];
    const strange = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabularySize);
    if (strange !== undefined)
      throw new Fault({
        code: 'tokenizer',
        message: `The tokenizer turns the prompt into token ${strange}, but the model knows ${vocabularySize} tokens.`,
        hint: 'The tokenizer belongs to another model; give the prompt as token ids.',
      });
    return ids;
  };
  return {
    file,
    size,
    bos: bos !== null && bos < vocabularySize ? bos : null,
    reason: undefined,
    note: reading.note,
    prompts: refused === undefined ? { ok: true } : { ok: false, reason: unreadable(refused).message },
    get chat() {
      return chat().support;
    },
    token,
    async encode(text, options = {}) {
      return options.chat === true ? encode(await chat().render(text), false) : encode(text, true);
    },
    decode(ids) {
      const kept = joined === 'once' ? ids.filter((id, i) => id !== ids[i - 1]) : ids;
      const parts = kept.map((id) => {
        const text = textOf(id);
        return text === undefined ? utf8.encode(unknownToken(id).text) : bytesOf(text);
      });
      const whole = joined === 'spaced' ? parts.flatMap((part, i) => (i === 0 ? [part] : [SPACE, part])) : parts;
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.concat(whole));
    },
    async tokenNamed(text) {
      const id = names().get(text) ?? numbered(text, vocabularySize);
      if (id !== undefined) return id;
      const parts = await encode(text, false).catch(() => []); // that it is no token stands without them
      throw noSuchToken(
        text,
        parts.map((one) => token(one).text),
        [` ${text}`, text.trimStart()].filter((other) => names().has(other)),
      );
    },
    isEnd: (id) => ends.has(id),
  };
}

/** The changes that ids depend on; the decoder is ours alone. */
function ofIds(changes: TokenizerChanges = {}): TokenizerChanges | undefined {
  const { decoder: _, ...rest } = changes;
  return Object.keys(rest).length === 0 ? undefined : rest;
}

const unreadable = (why: string, detail?: string): Fault =>
  new Fault({
    code: 'tokenizer',
    message: `The model's tokenizer cannot read prompts: ${why}.`,
    hint: 'Give the prompt as token ids.',
    ...(detail === undefined ? {} : { detail }),
  });

/** What a person is told of a tokenizer that failed; the library's own words are a detail. */
function whyOf(failure: TextFailure): string {
  switch (failure.failed) {
    case 'time':
      return 'it takes too long';
    case 'memory':
      return 'it needs too much memory';
    case 'broken':
      return 'it breaks off at this text';
    case 'missing':
      return "the hub's library for tokenizers does not run on this machine";
    case 'refused':
    case 'stated':
      if (failure.detail.includes('Oniguruma')) return 'one of its regular expressions is not valid';
      if (/\[UNK\]|unk/i.test(failure.detail))
        return 'this text has parts that it does not know, and it names no token for them';
      return 'tokenizer.json is not sound';
  }
}

function without(reason: string, files: ModelFiles, size: number): Tokenizer {
  const fault = new Fault({ code: 'tokenizer', message: `${reason}.`, hint: 'Give the prompt as token ids.' });
  const ends = new Set(files.config.eos);
  return {
    file: files.tokenizerFile ?? files.otherTokenizer?.file ?? null,
    size,
    bos: files.config.bos ?? null,
    reason: `${reason}; tokens are shown as #id.`,
    note: undefined,
    prompts: { ok: false, reason: `${reason}; tokens are shown as #id.` },
    chat: { ok: false, reason: `${reason}.` },
    token: unknownToken,
    encode: () => Promise.reject(fault),
    decode: (ids) => ids.map((id) => unknownToken(id).text).join(' '),
    tokenNamed: (text) => {
      const id = numbered(text, Infinity);
      return id === undefined ? Promise.reject(fault) : Promise.resolve(id);
    },
    isEnd: (id) => ends.has(id),
  };
}

/** Whether there is a chat template, and what it does; that it is broken is said whenever it is asked for. */
function chatOf(files: ModelFiles, reader: TextReader): ChatTemplate & { readonly support: Support } {
  const refusing = (fault: Fault): ChatTemplate & { readonly support: Support } => ({
    support: { ok: false, reason: fault.message },
    render: () => Promise.reject(fault),
  });
  try {
    const template = openChatTemplate(files, reader);
    if (template) return { support: { ok: true }, render: (text) => template.render(text) };
  } catch (error) {
    return refusing(Fault.from(error));
  }
  return refusing(
    new Fault({
      code: 'tokenizer',
      message: 'The model has no chat template.',
      hint: 'Give the prompt as plain text.',
    }),
  );
}

/** Tokens by their text. Of several with the same text a special one comes first, then one that is no lone byte. */
function idsByText(
  all: readonly number[],
  token: (id: number) => Token,
  rank: (id: number) => number,
): Map<string, number> {
  const ids = new Map<string, number>();
  for (const id of [...all].sort((a, b) => a - b)) {
    const { text } = token(id);
    const other = ids.get(text);
    if (other === undefined || rank(id) < rank(other)) ids.set(text, id);
  }
  return ids;
}

/** The id in `#7`, as unknown tokens are shown. */
function numbered(text: string, vocabularySize: number): number | undefined {
  const id = /^#\d{1,9}$/.test(text) ? Number(text.slice(1)) : NaN;
  return id < vocabularySize ? id : undefined;
}

function noSuchToken(text: string, parts: readonly string[], others: readonly string[]): Fault {
  const quoted = parts.slice(0, 8).map((part) => JSON.stringify(part));
  if (parts.length > 8) quoted.push(`${parts.length - 8} more`);
  const list = [quoted.slice(0, -1).join(', '), quoted.at(-1)].filter(Boolean).join(' and ');
  const [other] = others;
  return new Fault({
    code: 'bad-parameter',
    message:
      parts.length > 1
        ? `${JSON.stringify(text)} is ${parts.length} tokens: ${list}.`
        : `${JSON.stringify(text)} is no token of this model.`,
    hint:
      other !== undefined && other !== ''
        ? `${JSON.stringify(other)}, ${other.startsWith(' ') ? 'with a' : 'without the'} space before it, is one token.`
        : 'Name a text that is exactly one token; a space before it counts.',
  });
}

function lazily<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

const utf8 = new TextEncoder();
const SPACE = utf8.encode(' ');
const unknownToken = (id: number): Token => ({ id, kind: 'unknown', text: `#${id}` });
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function highestOf(texts: ReadonlyMap<number, string>): number {
  let highest = -1;
  for (const id of texts.keys()) highest = Math.max(highest, id);
  return highest;
}
