import { Fault } from '../map/fault.js';
import { pointAt } from '../map/plane.js';
import { MOST_PROFILE_STEPS, pointOn, type Profile, type ProfileChange } from '../map/profile.js';
import { parseParameters } from '../map/specification.js';
import { stopIfCancelled } from '../protocol/channel.js';
import { VECTORS_BYTES } from '../protocol/engine.js';
import type { ProfileParams, ProfileProgress } from '../protocol/profile.js';
import { topTwo } from './boundaries/nearest.js';
import { BATCH_BYTES } from './cellSource.js';
import type { Opened } from './opened.js';
import { checkBatchSize, readParameters } from './reading.js';
import { version } from './version.js';

/** How often the piece of a line that a change lies in is halved: to 1 / 4096 of a step. */
const HALVINGS = 12;

/** What was asked for, checked on this side as well. @throws Fault `bad-parameter` */
export function checkedProfile({ parameters, from, to, steps, batchSize }: ProfileParams): ProfileParams {
  checkBatchSize(batchSize);
  if (!Number.isInteger(steps) || steps < 1 || steps > MOST_PROFILE_STEPS)
    throw bad(`A profile has 1 to ${MOST_PROFILE_STEPS} steps.`);
  if (![from.x, from.y, to.x, to.y].every((value) => Number.isFinite(value) && Math.abs(value) <= 1e12))
    throw bad('A line has two ends with finite coordinates.');
  if (from.x === to.x && from.y === to.y) throw bad('The two ends of the line are the same point.');
  return { parameters: parseParameters(parameters), from, to, steps, batchSize };
}

/**
 * What the model says along a line: the winners first, then where they change, then the probabilities of all that win, so that
 * every curve is whole. Rows of logits are gone through twice, and none is kept.
 * @throws Fault as {@link readParameters}; `memory` where too many tokens win; `cancelled` between two runs
 */
export async function profileOf(
  opened: Pick<Opened, 'model' | 'grounds' | 'description'>,
  { parameters, from, to, steps, batchSize }: ProfileParams,
  { signal, emit }: { readonly signal: AbortSignal; readonly emit: (event: ProfileProgress) => void },
): Promise<Profile> {
  const started = performance.now();
  const { plan, found, race, ground, seenAs, parameters: read } = await readParameters(opened, parameters);
  const d = found.plane.c.length;
  const runner = await ground.variant.runner({ ...plan, output: { kind: 'logits' }, often: true });
  const masked = new Set(race.masked);
  const limit = Math.max(1, Math.min(batchSize, Math.floor(BATCH_BYTES / runner.bytesPerCell)));
  const total = 2 * (steps + 1);
  let done = 0;

  /** Goes through the logits at parts of the line. */
  const each = async (parts: readonly number[], take: (row: Float32Array, i: number) => void): Promise<void> => {
    for (let at = 0; at < parts.length; at += limit) {
      stopIfCancelled(signal);
      const some = parts.slice(at, at + limit);
      const points = new Float32Array(some.length * d);
      some.forEach((part, i) => {
        const { x, y } = pointOn({ from, to }, part);
        points.set(seenAs(pointAt(found.plane, x, y)), i * d);
      });
      const logits = await runner.logits(points, some.length);
      const V = logits.length / some.length;
      for (let i = 0; i < some.length; i++) take(logits.subarray(i * V, (i + 1) * V), at + i);
      if (parts.length === steps + 1) emit({ done: (done += some.length), total });
      await new Promise(setImmediate); // lets a cancel in
    }
  };
  const winnersAt = async (parts: readonly number[]): Promise<Int32Array> => {
    const winners = new Int32Array(parts.length);
    await each(parts, (row, i) => (winners[i] = topTwo(row, masked)[0]));
    return winners;
  };

  const parts = Array.from({ length: steps + 1 }, (_, i) => i / steps);
  const ids = await winnersAt(parts);
  const changes = await changesBetween(ids, steps, winnersAt);
  const inOrder = [
    ...[...ids].map((id, i) => ({ id, at: i / steps })),
    ...changes.map(({ at, to: id }) => ({ id, at })),
  ].sort((a, b) => a.at - b.at);
  const wins = [...new Set(inOrder.map(({ id }) => id))];
  if (wins.length * (steps + 1) * 4 > VECTORS_BYTES)
    throw new Fault({
      code: 'memory',
      message: `${wins.length} tokens win along this line: their curves take more than ${VECTORS_BYTES / 2 ** 20} MB.`,
      hint: 'Ask for fewer steps.',
    });
  const place = new Map(wins.map((id, i) => [id, i]));
  const probabilities = wins.map(() => new Float32Array(steps + 1));
  const entropy = new Float32Array(steps + 1);
  await each(parts, (row, i) => {
    const { log, nats } = softmax(row, masked);
    entropy[i] = nats;
    wins.forEach((id, token) => {
      const curve = probabilities[token];
      if (curve) curve[i] = Math.exp(log(id));
    });
  });
  const { tokenizer, reference } = opened.model;
  return {
    model: reference,
    parameters: read,
    from,
    to,
    steps,
    tokens: wins.map((id) => tokenizer.token(id)),
    winners: ids.map((id) => place.get(id) ?? 0),
    probabilities,
    entropy,
    changes: changes.map(({ at, from: a, to: b }) => ({ at, from: place.get(a) ?? 0, to: place.get(b) ?? 0 })),
    version: version(),
    device: opened.description.device.used,
    seconds: (performance.now() - started) / 1000,
  };
}

/** A piece of the line with another winner at either end; `last` is where it began to end, `end` what wins there. */
interface Piece {
  readonly low: number;
  readonly high: number;
  readonly from: number;
  readonly to: number;
  readonly last: number;
  readonly end: number;
}

/**
 * Where the winner changes between neighboring points, by halving; what wins on a sliver between two points is found with it, as far
 * as a halving meets it. Tokens are ids.
 */
async function changesBetween(
  ids: Int32Array,
  steps: number,
  winnersAt: (parts: readonly number[]) => Promise<Int32Array>,
): Promise<readonly ProfileChange[]> {
  let open: Piece[] = [];
  for (let i = 0; i < steps; i++) {
    const [from = 0, to = 0] = [ids[i], ids[i + 1]];
    const [low, high] = [i / steps, (i + 1) / steps];
    if (from !== to) open.push({ low, high, from, to, last: high, end: to });
  }
  const finest = 1 / (steps * 2 ** HALVINGS);
  const changes: ProfileChange[] = [];
  while (open.length > 0) {
    const winners = await winnersAt(open.map(({ low, high }) => (low + high) / 2));
    open = open.flatMap((piece, i): Piece[] => {
      const middle = (piece.low + piece.high) / 2;
      const winner = winners[i] ?? piece.from;
      const next: Piece = winner === piece.from ? { ...piece, low: middle } : { ...piece, high: middle, to: winner };
      if (next.high - next.low > finest) return [next];
      changes.push({ at: next.high, from: next.from, to: next.to });
      return next.to === next.end || next.last - next.high <= finest
        ? []
        : [{ low: next.high, high: next.last, from: next.to, to: next.end, last: next.last, end: next.end }];
    });
  }
  return changes.sort((a, b) => a.at - b.at);
}

/** Log-probabilities in float64 over the tokens that run, and the entropy in nats; NaN where a logit is none. */
function softmax(
  row: Float32Array,
  masked: ReadonlySet<number>,
): { readonly log: (id: number) => number; readonly nats: number } {
  let top = -Infinity;
  row.forEach((z, id) => {
    if (!masked.has(id)) top = Math.max(top, z);
  });
  let [sum, weighted] = [0, 0];
  row.forEach((z, id) => {
    if (masked.has(id)) return;
    const weight = Math.exp(z - top);
    sum += weight;
    if (weight > 0 || Number.isNaN(weight)) weighted += weight * (z - top);
  });
  const all = top + Math.log(sum);
  return { log: (id) => (row[id] ?? NaN) - all, nats: Math.log(sum) - weighted / sum };
}

const bad = (message: string): Fault => new Fault({ code: 'bad-parameter', message });
