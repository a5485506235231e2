import { readFileSync, statSync } from 'node:fs';
import { Tokenizer as HubTokenizer } from '@huggingface/tokenizers'; // the hub's own, pure JavaScript, no dependencies
import { Fault } from '../map/fault.js';
import type { Token } from '../map/tokenMap.js';
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
  /**
   * @param options.chat the text is a user's message: the model's chat template is put around it
   * @throws Fault `tokenizer`
   */
  encode(text: string, options?: { readonly chat?: boolean }): number[];
  /** The id of a text that is exactly one token, spaces and all. @throws Fault `bad-parameter`, `tokenizer` */
  tokenNamed(name: string): number;
  /** The text of tokens one after another. */
  decode(ids: readonly number[]): string;
  /** Whether a token ends a sequence. */
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
  if (files.tokenizerFile === undefined) return without('The model has no tokenizer.json', null, 0, bosOfConfig);
  let json: TokenizerJson;
  try {
    if (statSync(files.tokenizerFile).size > MAX_BYTES) throw new Error('the file is larger than 256 MB');
    json = parseObject(readFileSync(files.tokenizerFile, 'utf8'));
  } catch (error) {
    return without(`tokenizer.json cannot be read (${messageOf(error)})`, files.tokenizerFile, 0, bosOfConfig);
  }
  const vocabulary = readVocabulary(json);
  const size = vocabulary.texts.size;
  // A head is often padded beyond its tokenizer, and a few added tokens may lie beyond the head; more is another model's.
  if (size === 0) return without('tokenizer.json holds no vocabulary', files.tokenizerFile, 0, bosOfConfig);
  if (vocabulary.highest >= vocabularySize * 1.02 + 16 || size < vocabularySize / 4)
    return without(
      `tokenizer.json belongs to another model: it has ${size.toLocaleString('en')} tokens, the model ${vocabularySize.toLocaleString('en')}`,
      files.tokenizerFile,
      size,
      bosOfConfig,
    );
  const bosText = textOf(files.tokenizerConfig.bos_token);
  const bosFromText = bosText === undefined ? undefined : vocabulary.ids.get(bosText);
  const bos = bosFromText ?? bosOfConfig;
  const render = textRule(json);
  let hub: HubTokenizer | undefined;
  const encode = (text: string, special: boolean): number[] => {
    try {
      hub ??= new HubTokenizer(json, files.tokenizerConfig);
      return hub.encode(text, { add_special_tokens: special }).ids.map(Number);
    } catch (error) {
      throw new Fault({
        code: 'tokenizer',
        message: `The model's tokenizer cannot read prompts (${messageOf(error)}).`,
        hint: 'Give the prompt as token ids.',
      });
    }
  };
  const eosText = textOf(files.tokenizerConfig.eos_token);
  let byText: Map<string, number> | undefined;
  const idsByText = (): Map<string, number> =>
    (byText ??= new Map([...vocabulary.texts.keys()].reverse().map((id) => [token(id).text, id])));
  const ends = new Set([...files.config.eos, ...(eosText === undefined ? [] : [vocabulary.ids.get(eosText) ?? -1])]);
  const token = (id: number): Token => {
    const entry = vocabulary.texts.get(id);
    if (entry === undefined) return unknownToken(id);
    if (entry.special) return { id, kind: 'special', text: entry.text };
    return entry.added ? { id, kind: 'text', text: entry.text } : { id, ...render(entry.text) };
  };
  return {
    file: files.tokenizerFile,
    size,
    bos: bos !== null && bos < vocabularySize ? bos : null,
    reason: undefined,
    token,
    tokenNamed(name) {
      const added = vocabulary.ids.get(name);
      if (added !== undefined && vocabulary.texts.get(added)?.added) return added;
      const ids = encode(name, false);
      // Tokenizers of the SentencePiece kind put a space before a text: the token itself is looked for then.
      const only = ids.length === 1 ? ids[0] : undefined;
      if (only !== undefined && token(only).text === name) return only;
      const own = idsByText().get(name);
      if (own !== undefined) return own;
      throw new Fault({
        code: 'bad-parameter',
        message: `"${name}" is ${ids.length} tokens: ${ids.map((id) => `"${token(id).text}"`).join(', ')}.`,
        hint: 'Name one token, with its leading space where it has one, or give its id.',
      });
    },
    decode(ids) {
      const bytes = ids.map((id) => bytesOf(token(id)));
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes.flatMap((b) => [...b])));
    },
    isEnd: (id) => ends.has(id),
    encode(text) {
      const ids = encode(text, true);
      const strange = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabularySize);
      if (strange !== undefined)
        throw new Fault({
          code: 'tokenizer',
          message: `The tokenizer turns the prompt into token ${strange}, but the model knows ${vocabularySize} tokens.`,
          hint: 'The tokenizer belongs to another model; give the prompt as token ids.',
        });
      return ids;
    },
  };
}

function without(reason: string, file: string | null, size: number, bos: number | null): Tokenizer {
  return {
    file,
    size,
    bos,
    reason: `${reason}; tokens are shown as #id.`,
    token: unknownToken,
    encode() {
      throw new Fault({ code: 'tokenizer', message: `${reason}.`, hint: 'Give the prompt as token ids.' });
    },
    tokenNamed() {
      throw new Fault({ code: 'tokenizer', message: `${reason}.`, hint: 'Give the token as its id.' });
    },
    decode: (ids) => ids.map((id) => unknownToken(id).text).join(' '),
    isEnd: () => false,
  };
}

/** What a token stands for in a text. */
const bytesOf = ({ kind, text }: Token): Uint8Array =>
  kind === 'bytes'
    ? Uint8Array.from(text.split(' '), (byte) => Number(byte))
    : new TextEncoder().encode(kind === 'unknown' ? '' : text);

const unknownToken = (id: number): Token => ({ id, kind: 'unknown', text: `#${id}` });
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function parseObject(text: string): TokenizerJson {
  const data: unknown = JSON.parse(text);
  if (typeof data !== 'object' || data === null || Array.isArray(data)) throw new Error('it holds no object');
  return data;
}

function textOf(token: unknown): string | undefined {
  if (typeof token === 'string') return token;
  if (typeof token === 'object' && token !== null && 'content' in token && typeof token.content === 'string')
    return token.content;
  return undefined;
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
      const text = textOf(added);
      if (text === undefined || typeof added !== 'object' || added === null || !('id' in added)) continue;
      const id = added.id;
      if (typeof id === 'number' && Number.isInteger(id) && id >= 0)
        put(id, { text, special: 'special' in added && added.special === true, added: true });
    }
  }
  return { texts, ids, highest };
}

type Rendered = Pick<Token, 'kind' | 'text'>;

/** How a vocabulary entry reads as text, by the kinds of decoder that tokenizer.json names. */
function textRule(json: TokenizerJson): (entry: string) => Rendered {
  const kinds = decoderKinds(json.decoder);
  if (kinds.includes('ByteLevel')) return byteLevelText;
  if (kinds.includes('WordPiece'))
    return (entry) => ({ kind: 'text', text: entry.startsWith('##') ? entry.slice(2) : ` ${entry}` });
  if (kinds.includes('BPEDecoder')) return (entry) => ({ kind: 'text', text: entry.replace(/<\/w>$/, ' ') });
  return (entry) => {
    const byte = /^<0x([0-9A-Fa-f]{2})>$/.exec(entry)?.[1];
    return byte === undefined
      ? { kind: 'text', text: entry.replaceAll('\u2581', ' ') }
      : fromBytes([parseInt(byte, 16)]);
  };
}

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

function byteLevelText(entry: string): Rendered {
  const bytes: number[] = [];
  for (const character of entry) {
    const byte = BYTE_OF_CHARACTER.get(character);
    if (byte === undefined) return { kind: 'text', text: entry };
    bytes.push(byte);
  }
  return fromBytes(bytes);
}

function fromBytes(bytes: readonly number[]): Rendered {
  try {
    return {
      kind: 'text',
      text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes)),
    };
  } catch {
    return {
      kind: 'bytes',
      text: bytes.map((b) => `0x${b.toString(16).toUpperCase().padStart(2, '0')}`).join(' '),
    };
  }
}
