/**
 * How much memory of its own this process may take, for the thread that watches it (leash.ts): bytes, 0 while nothing is known.
 * Files that are mapped do not count.
 */
export const allowance = new Float64Array(new SharedArrayBuffer(8));

/** What an engine takes whatever its model is: onnxruntime's buffers, V8's heap, the libraries of a graphics processor. */
const ANY_MODEL = 1.4e9;
const ANY_DEVICE = 4e9;
/** Weights may be unpacked from few bits to float32, and stand in two sessions at once. */
const UNPACKED = 12;
/** An estimate may be as far from the truth as this. */
const MISTAKEN = 3;

/** Allows what one more model takes. @param weights bytes of its weights */
export function allowModel(weights: number, device: string): void {
  allowance[0] = (allowance[0] ?? 0) + (device === 'cpu' ? ANY_MODEL : ANY_DEVICE) + UNPACKED * weights;
}

/** Allows what a map or a run takes besides. */
export function allowRun(estimated: number): void {
  allowance[0] = Math.max(allowance[0] ?? 0, ANY_MODEL + MISTAKEN * estimated);
}
