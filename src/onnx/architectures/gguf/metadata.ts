import type { GgufValue } from '../../checkpoint/gguf.js';
import type { StoredTensor } from '../../checkpoint/safetensors.js';
import { broken, unsupported } from '../../source.js';

/** A GGUF file's own words, and its small tensors' numbers. */
export interface GgufModel {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  /** By the file's names. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** The numbers of a float32 tensor of at most `most`. @throws ModelError for any other. */
  numbers(name: string, most: number): Float32Array;
}

/** Of a model; they come from a file. */
const MOST_LAYERS = 2 ** 16;

/** What the metadata say of an architecture; every key that is read is remembered, so that one that nobody read can be refused. */
export class Metadata {
  private readonly seen = new Set<string>();
  /** Names of blocks' tensors, without their numbers. */
  readonly inBlocks: ReadonlySet<string>;

  constructor(
    readonly architecture: string,
    private readonly all: ReadonlyMap<string, GgufValue>,
    tensors: ReadonlyMap<string, StoredTensor>,
  ) {
    this.inBlocks = namesInBlocks(tensors);
  }

  value(name: string): GgufValue | undefined {
    this.seen.add(name);
    return this.all.get(`${this.architecture}.${name}`);
  }

  ignore(...names: readonly string[]): void {
    for (const name of names) this.seen.add(name);
  }

  optionalNumber(name: string): number | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    throw this.undescribed(name, value);
  }

  number(name: string): number {
    return this.optionalNumber(name) ?? this.missing(name);
  }

  /** A whole number above 0; of a list with one for each layer the one that all layers have. 0 says that there is none. */
  optionalCount(name: string): number | undefined {
    const value = this.value(name);
    const one = typeof value === 'object' ? sameInAll(value) : value;
    if (one === undefined ? value === undefined : one === 0) return undefined;
    if (typeof one === 'number' && Number.isSafeInteger(one) && one > 0) return one;
    throw this.undescribed(name, value ?? one);
  }

  /** Whole numbers, one for each layer; where one is stated, it is all layers'. */
  counts(name: string): number[] {
    const value = this.value(name);
    const layers = this.count('block_count');
    const list =
      typeof value === 'object' ? Array.from<string | number, number>(value, Number) : [Number(value ?? NaN)];
    const all = list.length === 1 && layers <= MOST_LAYERS ? Array.from({ length: layers }, () => list[0] ?? 0) : list;
    if (all.length === layers && all.every((one) => Number.isSafeInteger(one) && one >= 0)) return all;
    throw this.undescribed(name, value);
  }

  count(name: string): number {
    return this.optionalCount(name) ?? this.missing(name);
  }

  optionalText(name: string): string | undefined {
    const value = this.value(name);
    if (value === undefined || typeof value === 'string') return value;
    throw this.undescribed(name, value);
  }

  optionalFlag(name: string): boolean | undefined {
    const value = this.value(name);
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.undescribed(name, value);
  }

  /** One for each layer, or undefined. */
  flags(name: string): boolean[] | undefined {
    const value = this.value(name);
    return typeof value === 'object'
      ? Array.from<string | number, boolean>(value, (one) => Number(one) !== 0)
      : undefined;
  }

  only(name: string, described: number | boolean): void {
    const value = this.value(name);
    if (value !== undefined && value !== described) throw this.undescribed(name, value);
  }

  refuseUnread(): void {
    const own = `${this.architecture}.`;
    for (const [key, value] of this.all)
      if (key.startsWith(own) && !this.seen.has(key.slice(own.length)) && !BOOKKEEPING.test(key.slice(own.length)))
        throw this.undescribed(key.slice(own.length), value);
  }

  undescribed(name: string, value: GgufValue | undefined): Error {
    const shown = typeof value === 'object' ? 'a list' : String(value).slice(0, 80);
    return unsupported(
      `The GGUF file has "${this.architecture}.${name}": ${shown}, which is not described and may change what the model computes.`,
    );
  }

  private missing(name: string): never {
    throw broken(`The GGUF file does not state "${this.architecture}.${name}".`);
  }
}

/** What a list holds at every place; undefined for one that differs or is empty. */
function sameInAll(list: readonly string[] | ArrayLike<number>): number | string | undefined {
  const [first] = Array.from<string | number>(list);
  return Array.from<string | number>(list).every((one) => one === first) ? first : undefined;
}

/** Keys that say nothing that the tensors do not. */
const BOOKKEEPING =
  /^(vocab_size|feed_forward_length|expert_feed_forward_length|expert_shared_feed_forward_length|tensor_data_layout)$/;

/** Names of blocks' tensors, without their numbers. */
export const namesInBlocks = (tensors: ReadonlyMap<string, StoredTensor>): ReadonlySet<string> =>
  new Set([...tensors.keys()].map((name) => name.replace(/^blk\.\d+\./, '')));
