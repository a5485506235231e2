import { firstFlip, type Flip, type Ray } from '../../map/boundaries/rays.js';
import { SteppedFlips, type Stepping } from '../../map/boundaries/stepping.js';
import { stopIfCancelled } from '../../protocol/channel.js';
import { BATCH_BYTES } from '../cellSource.js';
import type { RaceFeeds } from '../cellRunner.js';
import type { CellPlan } from '../model/plan.js';
import type { Variant } from '../model/variant.js';
import { type ReadHead, readHead } from './head.js';

/** Directions whose logits stand in memory at once. */
const RAYS = 32;
/** Where a direction's root mean square is far above any norm's epsilon. */
const FAR = 100;

/**
 * Where the winner flips along directions, exactly, by the rays' logits; for readouts that are affine up to one scale.
 * @param directions [hiddenSize] each, whatever their length
 * @throws Fault `bad-parameter` where the readout is not affine
 */
export async function exactFlips(
  variant: Variant,
  plan: CellPlan,
  state: Float32Array,
  directions: readonly Float32Array[],
  masked: readonly number[],
  signal: AbortSignal,
): Promise<readonly (Flip | undefined)[]> {
  const head = await readHead(variant, plan);
  const runner = await variant.runner({ ...plan, output: { kind: 'head' } });
  const out = new Set(masked);
  const x = seen(head, state);
  const own = await linearParts(runner, head, [x]);
  const [from] = own.parts;
  if (!from) return directions.map(() => undefined);
  const s0 = Math.sqrt(inner(x, x) / x.length + head.epsilon);
  let winner = -1;
  const logit = (i: number): number => (from[i] ?? 0) / (head.norm === 'none' ? 1 : s0) + (own.constant[i] ?? 0);
  for (let i = 0; i < from.length; i++) if (!out.has(i) && (winner < 0 || logit(i) > logit(winner))) winner = i;
  const flips: (Flip | undefined)[] = [];
  for (let at = 0; at < directions.length; at += RAYS) {
    stopIfCancelled(signal);
    const some = directions.slice(at, at + RAYS).map((direction) => seen(head, direction));
    const { parts } = await linearParts(runner, head, some);
    parts.forEach((along, i) => {
      const v = some[i] ?? x;
      const d = x.length;
      const ray: Ray = {
        from,
        along,
        constant: own.constant,
        scale: head.norm === 'none' ? undefined : [inner(x, x) / d + head.epsilon, inner(x, v) / d, inner(v, v) / d],
      };
      flips.push(firstFlip(ray, winner, (token) => !out.has(token)));
    });
  }
  return flips;
}

/** A vector as the norm sees it. */
function seen({ norm }: ReadHead, vector: Float32Array): Float64Array {
  const mean = norm === 'layer' ? vector.reduce((sum, value) => sum + value, 0) / vector.length : 0;
  return Float64Array.from(vector, (value) => value - mean);
}

/**
 * What the logits have of vectors before the scale, [vocabulary] each, had from the graph: both ways and far out, so that the
 * constants part from them; and these, which are exactly 0 where the head adds nothing behind its scale.
 */
async function linearParts(
  runner: { logits(points: Float32Array, count: number): Promise<Float32Array> },
  head: ReadHead,
  vectors: readonly Float64Array[],
): Promise<{ readonly parts: Float64Array[]; readonly constant: Float64Array }> {
  const d = vectors[0]?.length ?? 0;
  const sizes = vectors.map((v) => Math.sqrt(inner(v, v) / d));
  const factors = sizes.map((size) => (head.norm === 'none' || size === 0 ? 1 : FAR / size));
  const points = new Float32Array(2 * vectors.length * d);
  vectors.forEach((v, i) =>
    v.forEach((value, j) => {
      points[2 * i * d + j] = value * (factors[i] ?? 1);
      points[(2 * i + 1) * d + j] = -value * (factors[i] ?? 1);
    }),
  );
  const logits = await runner.logits(points, 2 * vectors.length);
  const V = logits.length / (2 * vectors.length);
  const flat = head.bias.every((value) => value === 0) && head.shift.every((value) => value === 0);
  const constant = new Float64Array(V);
  const parts = vectors.map((_, i) => {
    const k = factors[i] ?? 1;
    const s = head.norm === 'none' ? 1 : Math.sqrt((k * (sizes[i] ?? 0)) ** 2 + head.epsilon);
    const [plus, minus] = [
      logits.subarray(2 * i * V, (2 * i + 1) * V),
      logits.subarray((2 * i + 1) * V, (2 * i + 2) * V),
    ];
    return Float64Array.from(plus, (z, t) => {
      if (i === 0 && !flat) constant[t] = (z + (minus[t] ?? 0)) / 2;
      return (s * (z - (minus[t] ?? 0))) / (2 * k);
    });
  });
  return { parts, constant };
}

/**
 * Where the winner flips along directions, by stepping through the model: any layer, any readout.
 * @param stepping its reach and t count the directions as they are given
 */
export async function steppedFlips(
  variant: Variant,
  plan: CellPlan,
  state: Float32Array,
  directions: readonly Float32Array[],
  {
    stepping,
    race,
    batchSize,
    signal,
    progress,
  }: {
    readonly stepping: Stepping;
    readonly race: RaceFeeds;
    readonly batchSize: number;
    readonly signal: AbortSignal;
    readonly progress: (probes: number) => void;
  },
): Promise<{ readonly winner: number; readonly flips: readonly (Flip | undefined)[] }> {
  const output = { kind: 'top' as const, k: 2, masked: race.mask !== undefined, functional: false };
  const runner = await variant.runner({ ...plan, output });
  const feeds: RaceFeeds = race.mask ? { mask: race.mask } : {};
  const d = state.length;
  const winnersAt = async (points: Float32Array, count: number): Promise<Int32Array> => {
    const { ids } = await runner.tops(points, count, feeds);
    return Int32Array.from({ length: count }, (_, i) => ids[2 * i] ?? -1);
  };
  const [winner = -1] = await winnersAt(state.slice(), 1);
  const search = new SteppedFlips(directions.length, winner, stepping);
  const limit = Math.max(1, Math.min(batchSize, Math.floor(BATCH_BYTES / runner.bytesPerCell)));
  for (;;) {
    stopIfCancelled(signal);
    const probes = search.wanted(runner.batchSize.next(limit));
    if (probes.length === 0) break;
    const winners = new Int32Array(probes.length);
    for (let at = 0; at < probes.length; at += limit) {
      stopIfCancelled(signal);
      const some = probes.slice(at, at + limit);
      const points = new Float32Array(some.length * d);
      some.forEach(({ direction, t }, i) => {
        const along = directions[direction];
        for (let j = 0; j < d; j++) points[i * d + j] = (state[j] ?? 0) + t * (along?.[j] ?? 0);
      });
      const before = performance.now();
      winners.set(await winnersAt(points, some.length), at);
      runner.batchSize.took(some.length, performance.now() - before, limit);
      progress(some.length);
    }
    search.tell(probes, winners);
  }
  return { winner, flips: search.flips() };
}

function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}
