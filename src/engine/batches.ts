import type { Token } from '../map/token.js';
import type { MapEvent } from '../protocol/engine.js';
import type { Tops } from './cellRunner.js';
import type { Model } from './model.js';

/** Leaves out cells whose numbers are not finite: float16 models overflow far from where they live. */
export function finiteCells(
  indices: Int32Array,
  tops: Tops,
  k: number,
): { finite: Extract<MapEvent, { kind: 'cells' }>['batch']; bad: number } {
  const good = [...indices.keys()].filter(
    (i) => Number.isFinite(tops.entropy[i]) && Number.isFinite(tops.probabilities[i * k]),
  );
  if (good.length === indices.length) return { finite: { indices, ...tops }, bad: 0 };
  const rows = <T extends Int32Array | Float32Array>(from: T, to: T): T => {
    good.forEach((i, n) => to.set(from.subarray(i * k, i * k + k), n * k));
    return to;
  };
  return {
    bad: indices.length - good.length,
    finite: {
      indices: Int32Array.from(good, (i) => indices[i] ?? 0),
      ids: rows(tops.ids, new Int32Array(good.length * k)),
      probabilities: rows(tops.probabilities, new Float32Array(good.length * k)),
      entropy: Float32Array.from(good, (i) => tops.entropy[i] ?? 0),
      ...(tops.answers ? { answers: Float32Array.from(good, (i) => tops.answers?.[i] ?? 0) } : {}),
    },
  };
}

/** Tokens of `ids` that are not in `sent` yet; they are put there. */
export function newTokens(ids: Int32Array, sent: Set<number>, model: Model): Token[] {
  const tokens: Token[] = [];
  for (const id of ids) {
    if (sent.has(id)) continue;
    sent.add(id);
    tokens.push(model.tokenizer.token(id));
  }
  return tokens;
}
