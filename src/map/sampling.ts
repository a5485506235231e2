import { t } from '@vscode/l10n';
import { Fault } from './fault.js';

/** How a text is written that is not the most probable one at each step. */
export interface Sampling {
  /** Logits are divided by it: below 1 surer, above 1 more even. 0.01 ... 10. */
  readonly temperature: number;
  /** Of the most probable tokens as many as have this much together; 1: all. Above 0. */
  readonly topP: number;
  /** The same seed writes the same text. 0 ... 2^32 − 1. */
  readonly seed: number;
}

export const USUAL_SAMPLING: Sampling = { temperature: 0.8, topP: 0.95, seed: 1 };

/** What is wrong with each part, as people enter it; empty where nothing is. */
export function samplingFaults({ temperature, topP, seed }: Sampling): Partial<Record<keyof Sampling, string>> {
  return {
    ...(temperature >= 0.01 && temperature <= 10
      ? {}
      : { temperature: t('A temperature is a number from 0.01 to 10.') }),
    ...(topP > 0 && topP <= 1 ? {} : { topP: t('Top-p is above 0, and 1 at most.') }),
    ...(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32
      ? {}
      : { seed: t('A seed is a whole number from 0 to 4,294,967,295.') }),
  };
}

/** @throws Fault `bad-parameter` */
export function checkSampling(sampling: Sampling): void {
  const [message] = Object.values(samplingFaults(sampling));
  if (message !== undefined) throw new Fault({ code: 'bad-parameter', message });
}

/** Draws a token from logits. */
export type Draw = (logits: Float32Array, masked: ReadonlySet<number>) => number;

/** The most probable token; of equal logits the lower id. */
export const greedy: Draw = (logits, masked) => {
  let best = -1;
  logits.forEach((z, id) => {
    if (!masked.has(id) && (best < 0 || z > (logits[best] ?? 0))) best = id;
  });
  return best;
};

/** Draws token after token, each by its probability among those that are left. */
export function sampler({ temperature, topP, seed }: Sampling): Draw {
  const random = uniform(seed);
  return (logits, masked) => {
    const part = random(); // one for each token, whatever is drawn
    const best = greedy(logits, masked);
    const top = logits[best] ?? NaN;
    const weights = Float64Array.from(logits, (z, id) => (masked.has(id) ? 0 : Math.exp((z - top) / temperature) || 0));
    const all = weights.reduce((a, b) => a + b, 0);
    if (!(all > 0) || !Number.isFinite(all)) return best;
    const ids = Array.from(weights.keys()).filter((id) => (weights[id] ?? 0) > 0);
    ids.sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0) || a - b);
    let left = 0;
    let count = 0;
    while (count < ids.length && (count === 0 || left < topP * all)) left += weights[ids[count++] ?? 0] ?? 0;
    let sum = 0;
    for (const id of ids.slice(0, count)) {
      sum += weights[id] ?? 0;
      if (part * left < sum) return id;
    }
    return ids[count - 1] ?? best;
  };
}

/** Numbers 0 ... 1 (mulberry32): few bits of state, which is enough for some hundred tokens. */
function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
