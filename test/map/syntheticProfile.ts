import type { Profile } from '../../src/map/profile.js';
import type { Token } from '../../src/map/token.js';
import type { TokenMap } from '../../src/map/tokenMap.js';
import type { ProfileParams } from '../../src/protocol/profile.js';

/** Bumps along a line. */
const BUMPS = 6;

/** A profile of no model: tokens of a map win one after another, each in a bump of its own. */
export function syntheticProfile({ parameters, from, to, steps }: ProfileParams, map: TokenMap): Profile {
  const tokens = [...map.tokens.values()].slice(0, BUMPS) satisfies readonly Token[];
  const scores = tokens.map((_, k) => (t: number) => -40 * (t - (k + 0.5) / tokens.length) ** 2);
  const at = (t: number): number[] => {
    const weights = scores.map((score) => Math.exp(score(t)));
    const all = weights.reduce((a, b) => a + b, 0.25);
    return weights.map((weight) => weight / all);
  };
  const points = Array.from({ length: steps + 1 }, (_, i) => at(i / steps));
  const winners = Int32Array.from(points, (row) => row.indexOf(Math.max(...row)));
  return {
    model: map.specification.model,
    parameters,
    from,
    to,
    steps,
    tokens,
    winners,
    probabilities: tokens.map((_, k) => Float32Array.from(points, (row) => row[k] ?? 0)),
    entropy: Float32Array.from(points, (row) => -row.reduce((sum, p) => sum + p * Math.log(p), 0)),
    changes: tokens.slice(1).map((_, k) => ({ at: (k + 1) / tokens.length, from: k, to: k + 1 })),
    version: '0.0.0',
    device: 'cpu',
    seconds: 0.1,
  };
}
