/** The bytes [offset, offset + length) of one of a model's files. The view may be reused by the next call. */
export type ReadBytes = (file: string, offset: number, length: number) => Uint8Array;

/** A tensor that is stored in another form than its numbers', and how they come of it. */
export interface PackedTensor {
  readonly name: string;
  /** Of its numbers. */
  readonly shape: readonly number[];
  /** As people call the form: `Q4_K`, `FP8`, `GPTQ 4 bits`. */
  readonly type: string;
  /** Whatever else decides its numbers, beside the bytes that are read: two packed tensors that differ in nothing are the same. */
  readonly form?: string;
  /** Reads what is small, and refuses what would go wrong later. @throws ModelError naming the tensor */
  check?(read: ReadBytes): void;
  /** Its numbers in order, some at a time; each part may be reused for the next. @throws ModelError naming the tensor */
  numbers(read: ReadBytes): Iterable<Float32Array>;
}

/** Numbers that are turned into float32 at once. */
export const CHUNK = 2 ** 20;
