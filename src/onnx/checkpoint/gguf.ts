import { broken, type ByteSource, unsupported } from '../source.js';
import { blockOf } from './ggufTypes.js';

/**
 * The header of a GGUF file, read here and not by a library: those that there are believe what a file says of its own sizes.
 */

/** What a key of the metadata holds. Integers of 64 bits lose what float64 cannot hold. */
export type GgufValue = number | boolean | string | readonly string[] | ArrayLike<number>;

/** A tensor as it lies in a GGUF file. */
export interface GgufTensor {
  readonly name: string;
  /** ggml's number of its type. */
  readonly type: number;
  /** The last dimension is contiguous, as everywhere here; the file has them the other way round. */
  readonly shape: readonly number[];
  /** From the start of the file. */
  readonly offset: number;
  readonly length: number;
}

export interface GgufHeader {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

const MAGIC = 'GGUF';
/** What came before began with, as the bytes stand there. */
const OLDER = new Set(['lmgg', 'fmgg', 'tjgg', 'algg']);
const VERSIONS: readonly number[] = [2, 3];
/** Vocabularies of 262,144 tokens with their merges take 15 MB. */
const MAX_HEADER = 2 ** 27;
const MAX_KEYS = 2 ** 16;
const MAX_TENSORS = 150_000;
const MAX_NAME = 1024;
/** Of all lists together: each takes some 50 bytes. */
const MAX_STRINGS = 2 ** 21;
/** Of all lists of numbers together: a vocabulary has two for each token. */
const MAX_NUMBERS = 2 ** 22;
const MAX_RANK = 4;
const MAX_ELEMENTS = 2 ** 46;
/** Bytes that are read at once. */
const WINDOW = 2 ** 20;

/**
 * Metadata and tensors of a GGUF file. No weight is read, and nothing of it is believed: every count and length is held against
 * what is left of the file before memory is taken.
 * @param file its name, for messages
 * @throws ModelError `broken` or `unsupported`, one sentence naming the file and what is wrong.
 */
export function readGguf(source: ByteSource, file: string): GgufHeader {
  const cursor = new Cursor(source, file);
  const magic = cursor.ascii(4);
  if (magic !== MAGIC) {
    if (OLDER.has(magic))
      throw unsupported(`"${file}" is of the format that came before GGUF, which is not read.`, 'Convert it to GGUF.');
    throw cursor.damaged('it does not begin as one');
  }
  const version = cursor.u32();
  if ((version & 0xffff) === 0 && version !== 0)
    throw unsupported(`"${file}" is a GGUF file for machines of the other byte order, which is not read.`);
  if (!VERSIONS.includes(version))
    throw unsupported(`"${file}" is of version ${version} of GGUF; versions 2 and 3 are read.`);
  const tensorCount = cursor.count('tensors', MAX_TENSORS, 24);
  const keyCount = cursor.count('keys', MAX_KEYS, 13);
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < keyCount; i++) {
    const key = cursor.text('a key', MAX_NAME);
    if (metadata.has(key)) throw cursor.damaged(`it states "${key}" twice`);
    metadata.set(key, cursor.value(cursor.u32(), key));
  }
  const found = Array.from({ length: tensorCount }, () => cursor.tensor());
  const alignment = metadata.get('general.alignment') ?? 32;
  if (typeof alignment !== 'number' || alignment < 1 || alignment > 2 ** 20 || !Number.isInteger(Math.log2(alignment)))
    throw cursor.damaged('its alignment is no power of two');
  const begin = Math.ceil(cursor.at / alignment) * alignment;
  const tensors = new Map<string, GgufTensor>();
  for (const tensor of found) {
    if (tensors.has(tensor.name)) throw cursor.damaged(`it holds "${tensor.name}" twice`);
    const offset = begin + tensor.offset;
    if (!(offset + tensor.length <= source.size))
      throw broken(
        `"${file}" is too short: its tensor "${tensor.name}" should end at byte ${offset + tensor.length} of ${source.size}.`,
        'The download may be incomplete.',
      );
    tensors.set(tensor.name, { ...tensor, offset });
  }
  refuseOverlaps([...tensors.values()], cursor);
  return { metadata, tensors };
}

function refuseOverlaps(tensors: readonly GgufTensor[], cursor: Cursor): void {
  const ordered = tensors.filter(({ length }) => length > 0).sort((a, b) => a.offset - b.offset);
  ordered.forEach((tensor, i) => {
    const before = ordered[i - 1];
    if (before && tensor.offset < before.offset + before.length)
      throw cursor.damaged(`its tensors "${before.name}" and "${tensor.name}" claim the same bytes`);
  });
}

/** Sizes of the plain types, by GGUF's numbers. */
const PLAIN: Readonly<Record<number, number>> = {
  ...{ 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 },
};
const STRING = 8;
const ARRAY = 9;

/** Reads a header from its beginning to its end, a window of the file at a time. */
class Cursor {
  at = 0;
  private strings = 0;
  private numbers = 0;
  private window = new Uint8Array(0);
  private view = new DataView(this.window.buffer);
  private start = 0;
  private readonly utf8 = new TextDecoder('utf-8', { ignoreBOM: true }); // there are tokens of it

  constructor(
    private readonly source: ByteSource,
    private readonly file: string,
  ) {}

  damaged(what: string): Error {
    return broken(`"${this.file}" is no GGUF file, or it is damaged: ${what}.`, 'The download may be incomplete.');
  }

  /** Place in the window of the next `length` bytes, behind which the cursor then stands. */
  private take(length: number): number {
    const end = this.at + length;
    if (end > this.source.size) throw this.damaged(`its header goes on behind its last byte, ${this.source.size}`);
    if (end > MAX_HEADER) throw this.damaged(`its header is longer than any (${MAX_HEADER / 2 ** 20} MB)`);
    if (end > this.start + this.window.length) {
      const size = Math.min(Math.max(WINDOW, length), this.source.size - this.at);
      this.window = this.source.read(this.at, size).slice();
      this.view = new DataView(this.window.buffer);
      this.start = this.at;
    }
    const place = this.at - this.start;
    this.at = end;
    return place;
  }

  ascii(length: number): string {
    const from = this.take(length);
    return String.fromCharCode(...this.window.subarray(from, from + length));
  }

  u32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  private u64(): number {
    return Number(this.view.getBigUint64(this.take(8), true));
  }

  /** @param least bytes that each takes at the least */
  count(what: string, most: number, least: number): number {
    const count = this.u64();
    if (count > most || count * least > this.source.size - this.at)
      throw this.damaged(`it claims to hold ${count} ${what}`);
    return count;
  }

  text(what: string, most: number): string {
    const length = this.u64();
    if (length > most || length > this.source.size - this.at)
      throw this.damaged(`${what} would be ${length} bytes long`);
    const from = this.take(length);
    return this.utf8.decode(this.window.subarray(from, from + length));
  }

  value(type: number, key: string): GgufValue {
    if (type === STRING) return this.text(`"${key}"`, MAX_HEADER);
    if (type === ARRAY) return this.list(key);
    const size = PLAIN[type];
    if (size === undefined) throw this.damaged(`"${key}" has a value of an unknown type, ${type}`);
    const place = this.take(size);
    return type === 7 ? this.view.getUint8(place) !== 0 : this.number(type, place);
  }

  private list(key: string): GgufValue {
    const type = this.u32();
    const size = type === STRING ? 8 : PLAIN[type];
    if (size === undefined)
      throw this.damaged(`"${key}" is a list of ${type === ARRAY ? 'lists' : `values of an unknown type, ${type}`}`);
    const count = this.count(`values of "${key}"`, MAX_HEADER, size);
    if (type === STRING) {
      this.strings += count;
      if (this.strings > MAX_STRINGS) throw this.damaged(`it claims to hold ${this.strings} texts`);
      return Array.from({ length: count }, () => this.text(`a text of "${key}"`, MAX_HEADER));
    }
    this.numbers += count;
    if (this.numbers > MAX_NUMBERS) throw this.damaged(`it claims to hold ${this.numbers} numbers in lists`);
    const place = this.take(count * size);
    return Float64Array.from({ length: count }, (_, i) => this.number(type, place + i * size));
  }

  private number(type: number, place: number): number {
    const { view } = this;
    switch (type) {
      case 1:
        return view.getInt8(place);
      case 2:
        return view.getUint16(place, true);
      case 3:
        return view.getInt16(place, true);
      case 4:
        return view.getUint32(place, true);
      case 5:
        return view.getInt32(place, true);
      case 6:
        return view.getFloat32(place, true);
      case 10:
        return Number(view.getBigUint64(place, true));
      case 11:
        return Number(view.getBigInt64(place, true));
      case 12:
        return view.getFloat64(place, true);
      default:
        return view.getUint8(place);
    }
  }

  /** What is said of a tensor; its offset is from where the weights begin. */
  tensor(): GgufTensor {
    const name = this.text("a tensor's name", MAX_NAME);
    const rank = this.u32();
    if (rank > MAX_RANK) throw this.damaged(`its tensor "${name}" has ${rank} dimensions`);
    const dims = Array.from({ length: rank }, () => this.u64());
    const type = this.u32();
    const offset = this.u64();
    const elements = dims.reduce((product, d) => product * d, 1);
    if (!(elements <= MAX_ELEMENTS)) throw this.damaged(`its tensor "${name}" would be ${dims.join(' x ')} numbers`);
    const block = blockOf(type);
    if (!block)
      throw unsupported(`The tensor "${name}" of "${this.file}" has numbers of a type that is not known, ${type}.`);
    const [row = 1] = dims;
    if (row % block.numbers !== 0)
      throw this.damaged(`rows of its tensor "${name}" have ${row} numbers, which ${block.name} cannot hold`);
    if (!Number.isSafeInteger(offset)) throw this.damaged(`its tensor "${name}" would lie at byte ${offset}`);
    return { name, type, shape: [...dims].reverse(), offset, length: (elements / block.numbers) * block.bytes };
  }
}
