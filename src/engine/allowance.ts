/**
 * What this process may take, for the thread that watches it (leash.ts). [0]: memory of its own in bytes, 0 while nothing is known;
 * files that are mapped do not count. [1]: when the native call that runs has to be over, in ms since 1970; 0: it has its time.
 */
export const allowance = new Float64Array(new SharedArrayBuffer(16));

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

/** A call of a few positions takes milliseconds on a tiny model, seconds on a busy machine, and reads all weights from a slow disk. */
const ANY_CALL_MS = 12_000;
const GIGABYTE_MS = 120_000;

let callMs = 0;

/**
 * Does what only tries a model: a native call that goes on and on, as a loop in a graph may, ends the process, since nothing else
 * can end it. @param weights bytes of the model's @param longer how much longer a call may take than one of a few positions
 */
export async function whileTrying<T>(weights: number, work: () => Promise<T>, longer = 1): Promise<T> {
  callMs = (ANY_CALL_MS + (weights / 1e9) * GIGABYTE_MS) * longer;
  try {
    return await work();
  } finally {
    callMs = 0;
  }
}

/** Makes a native call, within the time that it has. */
export async function inTime<T>(call: () => Promise<T>): Promise<T> {
  allowance[1] = callMs === 0 ? 0 : Date.now() + callMs;
  try {
    return await call();
  } finally {
    allowance[1] = 0;
  }
}
