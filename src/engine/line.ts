import { Fault } from '../map/fault.js';
import { pointAt } from '../map/plane.js';
import { LIMITS, parseParameters } from '../map/specification.js';
import { stopIfCancelled } from '../protocol/channel.js';
import { type LineParams, type LineResult, MOST_STEPS } from '../protocol/line.js';
import { topTwo } from './boundaries/nearest.js';
import { BATCH_BYTES } from './cellSource.js';
import type { Opened } from './opened.js';
import { readParameters } from './reading.js';

/** What was asked for, checked on this side as well. @throws Fault `bad-parameter` */
export function checkedLine({ parameters, steps, batchSize }: LineParams): LineParams {
  for (const [what, value, most] of [
    ['Steps', steps, MOST_STEPS],
    ['The batch size', batchSize, LIMITS.batch],
  ] as const)
    if (!Number.isInteger(value) || value < 1 || value > most)
      throw new Fault({ code: 'bad-parameter', message: `${what} must be a whole number from 1 to ${most}.` });
  return { parameters: parseParameters(parameters), steps, batchSize };
}

/**
 * The outputs along a line, as Janiak et al., 2024 (arXiv 2409.17113), have their distance: of the hidden states behind the last block.
 * @throws Fault as {@link readParameters}, `bad-parameter` for another readout than `forward`, `cancelled` between two runs
 */
export async function outputsAlong(
  opened: Pick<Opened, 'model' | 'grounds'>,
  { parameters, steps, batchSize }: LineParams,
  signal: AbortSignal,
): Promise<LineResult> {
  if (parameters.readout !== 'forward')
    throw new Fault({
      code: 'bad-parameter',
      message: `Along a line the states go through the remaining blocks; the readout ${parameters.readout} leaves them out.`,
      hint: 'Use the readout forward.',
    });
  const { plan, found, race, ground, seenAs } = await readParameters(opened, parameters);
  const { variant } = ground;
  const d = found.plane.c.length;
  const runner = await variant.runner({ ...plan, output: { kind: 'logits' }, often: true });
  const states = await variant.runner({ ...plan, output: { kind: 'final' }, often: true });
  const masked = new Set(race.masked);
  const count = Math.max(1, Math.min(batchSize, Math.floor(BATCH_BYTES / runner.bytesPerCell)));
  const distances = new Float64Array(steps + 1);
  const winners = new Int32Array(steps + 1);
  let first: Float32Array | undefined;
  for (let at = 0; at <= steps; at += count) {
    stopIfCancelled(signal);
    const some = Math.min(count, steps + 1 - at);
    const points = new Float32Array(some * d);
    for (let i = 0; i < some; i++) points.set(seenAs(pointAt(found.plane, (at + i) / steps, 0)), i * d);
    const logits = await runner.logits(points, some);
    const behind = await states.logits(points, some);
    const [V, width] = [logits.length / some, behind.length / some];
    for (let i = 0; i < some; i++) {
      // An export that joins batch and positions gives those of all positions.
      const row = behind.subarray((i + 1) * width - d, (i + 1) * width);
      first ??= row.slice();
      let squares = 0;
      for (let t = 0; t < d; t++) squares += ((row[t] ?? 0) - (first[t] ?? 0)) ** 2;
      distances[at + i] = Math.sqrt(squares);
      winners[at + i] = topTwo(logits.subarray(i * V, (i + 1) * V), masked)[0];
    }
    await new Promise(setImmediate); // lets a cancel in
  }
  const whole = distances[steps] ?? 0;
  return {
    relative: whole > 0 ? distances.map((distance) => distance / whole) : null,
    winners,
    tokens: [...new Set(winners)].map((id) => variant.model.tokenizer.token(id)),
  };
}
