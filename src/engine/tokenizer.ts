import { readFileSync, statSync } from 'node:fs';
import { Tokenizer as HubTokenizer } from '@huggingface/tokenizers'; // the hub's own, pure JavaScript, no dependencies
import { Fault } from '../map/fault.js';
import type { Token } from '../map/token.js';
import type { Support } from '../protocol/engine.js';
import { type ChatTemplate, openChatTemplate, tokenText } from './chatTemplate.js';
import type { ModelFiles } from './modelFiles.js';

const MAX_BYTES = 256 * 2 ** 20;

/** The model's vocabulary as text, and prompts as ids. */
export interface Tokenizer {
  readonly file: string | null;
  /** Tokens that the tokenizer knows, added ones included. */
  readonly size: number;
  readonly bos: number | null;
  /** Why prompts cannot be read or tokens are shown as #id; undefined when all is well. */
  readonly reason: string | undefined;
  /** A token on its own, leading space and all. */
  token(id: number): Token;
  /** Whether the model has a chat template. */
  readonly chat: Support;
  /**
   * The ids of a text, with what the tokenizer puts around every text (BOS); `chat`: with the model's chat template around it,
   * which writes BOS itself.
   * @throws Fault `tokenizer`.
   */
  encode(text: string, options?: { readonly chat?: boolean }): number[];
  /** The text of tokens one after another. Characters whose bytes are spread over several tokens come together. */
  decode(ids: readonly number[]): string;
  /**
   * The token whose text this is, space and all, as {@link Tokenizer.token} gives it; `#7` is token 7 where no token reads so.
   * @throws Fault `bad-parameter` that says which tokens the text consists of, `tokenizer`.
   */
  tokenNamed(text: string): number;
  /** Whether the model ends a text with this token. */
  isEnd(id: number): boolean;
}

/** What of tokenizer.json is read here; the rest is the hub library's. */
interface TokenizerJson {
  readonly model?: { readonly vocab?: unknown; readonly type?: unknown };
  readonly decoder?: unknown;
  readonly added_tokens?: unknown;
}

/**
 * Reads a model's tokenizer. One that is missing, broken or made for another vocabulary costs the words, not the map: tokens
 * are then shown as #id and prompts are refused with the reason.
 */
export function openTokenizer(files: ModelFiles, vocabularySize: number): Tokenizer {
  const bosOfConfig = files.config.bos ?? null;
  if (files.tokenizerFile === undefined) return without('The model has no tokenizer.json', files, 0);
  let json: TokenizerJson;
  try {
    if (statSync(files.tokenizerFile).size > MAX_BYTES) throw new Error('the file is larger than 256 MB');
    json = parseObject(readFileSync(files.tokenizerFile, 'utf8'));
  } catch (error) {
    return without(`tokenizer.json cannot be read (${messageOf(error)})`, files, 0);
  }
  const vocabulary = readVocabulary(json);
  const size = vocabulary.texts.size;
  // A head is often padded beyond its tokenizer, and a few added tokens may lie beyond the head; more is another model's.
  if (size === 0) return without('tokenizer.json holds no vocabulary', files, 0);
  if (vocabulary.highest >= vocabularySize * 1.02 + 16 || size < vocabularySize / 4)
    return without(
      `tokenizer.json belongs to another model: it has ${size.toLocaleString('en')} tokens, the model ${vocabularySize.toLocaleString('en')}`,
      files,
      size,
    );
  const special = (name: string): number | undefined => {
    const text = tokenText(files.tokenizerConfig[name]);
    return text === undefined ? undefined : vocabulary.ids.get(text);
  };
  const bos = special('bos_token') ?? bosOfConfig;
  const ends = new Set([...files.config.eos, special('eos_token')]);
  const bytesOf = byteRule(json);
  const read = (id: number): { bytes: Uint8Array; entry: Entry } | undefined => {
    const entry = vocabulary.texts.get(id);
    return entry && { bytes: entry.added ? utf8.encode(entry.text) : bytesOf(entry.text), entry };
  };
  const token = (id: number): Token => {
    const known = read(id);
    if (!known) return unknownToken(id);
    return known.entry.special ? { id, kind: 'special', text: known.entry.text } : { id, ...fromBytes(known.bytes) };
  };
  const chat = lazily(() => chatOf(files));
  const names = lazily(() => idsByText(vocabulary.texts, token, vocabularySize));
  const hub = lazily(() => new HubTokenizer(json, files.tokenizerConfig));
  const encode = (text: string, whole: boolean): number[] => {
    let ids: number[];
    try {
      ids = hub().encode(text, { add_special_tokens: whole }).ids.map(Number);
    } catch (error) {
      throw new Fault({
        code: 'tokenizer',
        message: `The model's tokenizer cannot read prompts (${messageOf(error)}).`,
        hint: 'Give the prompt as token ids.',
      });
    }
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
    file: files.tokenizerFile,
    size,
    bos: bos !== null && bos < vocabularySize ? bos : null,
    reason: undefined,
    get chat() {
      return chat().support;
    },
    token,
    encode(text, options = {}) {
      return options.chat === true ? encode(chat().render(text), false) : encode(text, true);
    },
    decode(ids) {
      const bytes = ids.map((id) => read(id)?.bytes ?? utf8.encode(unknownToken(id).text));
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.concat(bytes));
    },
    tokenNamed(text) {
      const id = names().get(text) ?? numbered(text, vocabularySize);
      if (id !== undefined) return id;
      throw noSuchToken(
        text,
        encode(text, false).map((one) => token(one).text),
        [` ${text}`, text.trimStart()].filter((other) => names().has(other)),
      );
    },
    isEnd: (id) => ends.has(id),
  };
}

function without(reason: string, files: ModelFiles, size: number): Tokenizer {
  const refuse = (): never => {
    throw new Fault({ code: 'tokenizer', message: `${reason}.`, hint: 'Give the prompt as token ids.' });
  };
  const ends = new Set(files.config.eos);
  return {
    file: files.tokenizerFile ?? null,
    size,
    bos: files.config.bos ?? null,
    reason: `${reason}; tokens are shown as #id.`,
    chat: { ok: false, reason: `${reason}.` },
    token: unknownToken,
    encode: refuse,
    decode: (ids) => ids.map((id) => unknownToken(id).text).join(' '),
    tokenNamed: (text) => numbered(text, Infinity) ?? refuse(),
    isEnd: (id) => ends.has(id),
  };
}

/** Whether there is a chat template, and what it does; that it is broken is said whenever it is asked for. */
function chatOf(files: ModelFiles): ChatTemplate & { readonly support: Support } {
  const refusing = (fault: Fault): ChatTemplate & { readonly support: Support } => ({
    support: { ok: false, reason: fault.message },
    render() {
      throw fault;
    },
  });
  try {
    const template = openChatTemplate(files);
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
  texts: ReadonlyMap<number, Entry>,
  token: (id: number) => Token,
  vocabularySize: number,
): Map<string, number> {
  const rank = (id: number): number => {
    const entry = texts.get(id);
    return entry?.special ? 0 : entry?.added ? 1 : isByte(entry?.text ?? '') ? 3 : 2;
  };
  const ids = new Map<string, number>();
  for (const id of [...texts.keys()].sort((a, b) => a - b)) {
    const { text } = token(id);
    const other = ids.get(text);
    if (id < vocabularySize && (other === undefined || rank(id) < rank(other))) ids.set(text, id);
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
const unknownToken = (id: number): Token => ({ id, kind: 'unknown', text: `#${id}` });
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function parseObject(text: string): TokenizerJson {
  const data: unknown = JSON.parse(text);
  if (typeof data !== 'object' || data === null || Array.isArray(data)) throw new Error('it holds no object');
  return data;
}

interface Entry {
  readonly text: string;
  readonly special: boolean;
  readonly added: boolean;
}

function readVocabulary(json: TokenizerJson): {
  texts: Map<number, Entry>;
  ids: Map<string, number>;
  highest: number;
} {
  const texts = new Map<number, Entry>();
  const ids = new Map<string, number>();
  let highest = -1;
  const put = (id: number, entry: Entry): void => {
    texts.set(id, entry);
    ids.set(entry.text, id);
    highest = Math.max(highest, id);
  };
  const vocab = json.model?.vocab;
  if (Array.isArray(vocab)) {
    vocab.forEach((entry: unknown, id) => {
      if (Array.isArray(entry) && typeof entry[0] === 'string')
        put(id, { text: entry[0], special: false, added: false });
    });
  } else if (typeof vocab === 'object' && vocab !== null) {
    for (const [text, id] of Object.entries(vocab))
      if (typeof id === 'number' && Number.isInteger(id) && id >= 0) put(id, { text, special: false, added: false });
  }
  if (Array.isArray(json.added_tokens)) {
    for (const added of json.added_tokens as unknown[]) {
      const text = tokenText(added);
      if (text === undefined || typeof added !== 'object' || added === null || !('id' in added)) continue;
      const id = added.id;
      if (typeof id === 'number' && Number.isInteger(id) && id >= 0)
        put(id, { text, special: 'special' in added && added.special === true, added: true });
    }
  }
  return { texts, ids, highest };
}

/** The bytes that a vocabulary entry stands for, by the kinds of decoder that tokenizer.json names. */
function byteRule(json: TokenizerJson): (entry: string) => Uint8Array {
  const kinds = decoderKinds(json.decoder);
  if (kinds.includes('ByteLevel')) return byteLevelBytes;
  if (kinds.includes('WordPiece')) return (entry) => utf8.encode(entry.startsWith('##') ? entry.slice(2) : ` ${entry}`);
  if (kinds.includes('BPEDecoder')) return (entry) => utf8.encode(entry.replace(/<\/w>$/, ' '));
  return (entry) =>
    isByte(entry) ? Uint8Array.of(parseInt(entry.slice(3, 5), 16)) : utf8.encode(entry.replaceAll('\u2581', ' '));
}

/** A token for one byte, as SentencePiece writes it. */
const isByte = (entry: string): boolean => /^<0x[0-9A-Fa-f]{2}>$/.test(entry);

function decoderKinds(decoder: unknown): string[] {
  if (typeof decoder !== 'object' || decoder === null) return [];
  const own = 'type' in decoder && typeof decoder.type === 'string' ? [decoder.type] : [];
  const inner = 'decoders' in decoder && Array.isArray(decoder.decoders) ? decoder.decoders.flatMap(decoderKinds) : [];
  return [...own, ...inner];
}

/** GPT-2's table: every byte has a printable character, the printable ones themselves, the others from U+0100 on. */
const BYTE_OF_CHARACTER = (() => {
  const table = new Map<string, number>();
  let next = 256;
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    table.set(String.fromCodePoint(printable ? byte : next++), byte);
  }
  return table;
})();

function byteLevelBytes(entry: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of entry) {
    const byte = BYTE_OF_CHARACTER.get(character);
    if (byte === undefined) return utf8.encode(entry);
    bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

/** Bytes as text, or as numbers where they are a part of a character. */
function fromBytes(bytes: Uint8Array): Pick<Token, 'kind' | 'text'> {
  try {
    return {
      kind: 'text',
      text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes),
    };
  } catch {
    return {
      kind: 'bytes',
      text: Array.from(bytes, (b) => `0x${b.toString(16).toUpperCase().padStart(2, '0')}`).join(' '),
    };
  }
}
