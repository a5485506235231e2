import { isRecord } from '../map/json.js';
import type { Token } from '../map/token.js';
import { kindsOf } from './tokenizerJson.js';

const utf8 = new TextEncoder();

/** A token for one byte, as SentencePiece writes it. */
export const isByte = (entry: string): boolean => /^<0x[0-9A-Fa-f]{2}>$/.test(entry);

/** What a step of a decoder makes of one token: text for the next step, or the bytes that it stands for. */
type Step = (text: string) => string | Uint8Array;

/** Decoders have four steps or so, tokens a few characters: what has more, or makes more, is left as it is written. */
const MAX_STEPS = 32;
const MAX_TEXT = 1000;

/**
 * The bytes that a vocabulary entry stands for amid a text, by tokenizer.json's decoder. What a decoder does to a text's ends
 * (taking the space before the first word away) or to tokens that follow each other is no token's own, and left out; so are
 * replacements by regular expressions, which are programs.
 */
export function byteRule(decoder: unknown): (entry: string) => Uint8Array {
  const kinds = kindsOf(decoder);
  const steps = kinds === 'deep' || kinds.length > MAX_STEPS ? [] : stepsOf(decoder);
  return (entry) => {
    let text: string | Uint8Array = entry;
    for (const step of steps) {
      if (typeof text !== 'string') return text;
      if (text.length > MAX_TEXT) return utf8.encode(entry);
      text = step(text);
    }
    return typeof text === 'string' ? utf8.encode(text) : text;
  };
}

/** How the hub's library joins tokens: with spaces where nothing says how, and for speech each but once in a row. */
export function joining(decoder: unknown): 'plain' | 'spaced' | 'once' {
  if (!isRecord(decoder)) return 'spaced';
  return decoder.type === 'CTC' ? 'once' : 'plain';
}

/** Each stretch replaced by another, which is no longer than a token may be. */
const replaced = (from: string, to: string): readonly Step[] =>
  from === '' || to.length > MAX_TEXT ? [] : [(text) => text.replaceAll(from, () => to)];

function stepsOf(decoder: unknown): readonly Step[] {
  if (!isRecord(decoder)) return [];
  const { type, decoders } = decoder;
  const text = (key: string, otherwise: string): string =>
    typeof decoder[key] === 'string' ? decoder[key] : otherwise;
  switch (type) {
    case 'Sequence': {
      const parts: readonly unknown[] = Array.isArray(decoders) ? decoders : [];
      const fuse = parts.findIndex((part) => isRecord(part) && part.type === 'Fuse');
      // Behind "Fuse" all tokens are one: what is stripped there are the text's ends.
      return parts.flatMap((part, i) =>
        fuse >= 0 && i > fuse && isRecord(part) && part.type === 'Strip' ? [] : stepsOf(part),
      );
    }
    case 'ByteLevel':
      return [byteLevelBytes];
    case 'ByteFallback':
      return [(entry) => (isByte(entry) ? Uint8Array.of(parseInt(entry.slice(3, 5), 16)) : entry)];
    case 'Metaspace':
      return replaced(text('replacement', '\u2581'), ' ');
    case 'Replace': {
      const { pattern } = decoder;
      return isRecord(pattern) && typeof pattern.String === 'string'
        ? replaced(pattern.String, text('content', ''))
        : [];
    }
    case 'WordPiece': {
      const prefix = text('prefix', '##');
      const joined: Step = (entry) => (entry.startsWith(prefix) ? entry.slice(prefix.length) : ` ${entry}`);
      return decoder.cleanup === false ? [joined] : [joined, cleanedUp];
    }
    case 'BPEDecoder':
      return replaced(text('suffix', '</w>'), ' ');
    case 'CTC': {
      const pad = text('pad_token', '<pad>');
      const words = decoder.cleanup === false ? [] : [cleanedUp, ...replaced(text('word_delimiter_token', '|'), ' ')];
      return [(entry) => (entry === pad ? '' : entry), ...words];
    }
    case 'Strip': {
      const content = text('content', ' ');
      const count = (key: string): number => (typeof decoder[key] === 'number' ? decoder[key] : 0);
      const [start, stop] = [count('start'), count('stop')];
      return [(entry) => stripped(entry, content, start, stop)];
    }
    default:
      return [];
  }
}

/** English as it is written, of the words that WordPiece parts; the hub's library does so to each token. */
const cleanedUp = (text: string): string =>
  [
    ...[' .', ' ?', ' !', ' ,'].map((mark) => [mark, mark.trim()] as const),
    [" ' ", "'"] as const,
    ...[" n't", " 'm"].map((mark) => [mark, mark.trim()] as const),
    [' do not', " don't"] as const,
    ...[" 's", " 've", " 're"].map((mark) => [mark, mark.trim()] as const),
  ].reduce((so, [from, to]) => so.replaceAll(from, to), text);

/** Without up to `start` and `stop` of a character at its ends. */
function stripped(text: string, character: string, start: number, stop: number): string {
  const characters = Array.from(text);
  let [from, to] = [0, characters.length];
  while (from < to && from < start && characters[from] === character) from++;
  while (to > from && characters.length - to < stop && characters[to - 1] === character) to--;
  return characters.slice(from, to).join('');
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
const CHARACTER_OF_BYTE = new Map([...BYTE_OF_CHARACTER].map(([character, byte]) => [byte, character]));

/** Bytes as the characters of GPT-2's table. */
export const byteCharacters = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => CHARACTER_OF_BYTE.get(byte) ?? '').join('');

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
export function fromBytes(bytes: Uint8Array): Pick<Token, 'kind' | 'text'> {
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
