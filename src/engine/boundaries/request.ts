import { parseQuestion } from '../../map/boundaries/directions.js';
import type { Flip } from '../../map/boundaries/rays.js';
import { Fault } from '../../map/fault.js';
import { dot } from '../../map/plane.js';
import { layerIndex, parseParameters } from '../../map/specification.js';
import type { BoundaryParams, NearBoundary, StateBoundaries } from '../../protocol/boundaries.js';
import { affineKind } from '../affine.js';
import type { Opened } from '../opened.js';
import { checkBatchSize, readParameters } from '../reading.js';
import { exactFlips, steppedFlips } from './along.js';
import { directionsOf } from './directions.js';
import { nearestBoundaries, obstacleTo } from './nearest.js';

/** How exactly a flip is found, in parts of its distance: float32's arithmetic shows little more. */
const PRECISION = 1e-6;

/** What was asked for, checked on this side as well. @throws Fault `bad-parameter` */
export function checkedBoundaries(params: BoundaryParams): BoundaryParams {
  const { batchSize } = params;
  checkBatchSize(batchSize);
  const { nearest, directions, steps, reach } = params;
  return {
    ...parseQuestion({ nearest, directions, steps, reach }),
    parameters: parseParameters(params.parameters),
    batchSize,
  };
}

/**
 * The boundaries around the center of a plane.
 * @throws Fault `bad-parameter` where it has no state for its center, and as {@link readParameters} and {@link directionsOf}
 */
export async function boundariesOf(
  opened: Pick<Opened, 'model' | 'grounds'>,
  { parameters, nearest: wanted, directions: sets, steps, reach, batchSize }: BoundaryParams,
  { signal, emit }: { readonly signal: AbortSignal; readonly emit: (event: { readonly probes: number }) => void },
): Promise<StateBoundaries> {
  if (parameters.plane.center.kind === 'origin')
    throw new Fault({
      code: 'bad-parameter',
      message: 'Boundaries are told around a state, and the center is the origin.',
      hint: 'Name a state: --center-prompt TEXT, for example.',
    });
  const { plan, found, seen, center, seenAlong, race, ground, space } = await readParameters(opened, parameters);
  const { variant } = ground;
  const state = seen.c;
  // Through a translator all lengths are those of the states that it translates.
  const own = center.state;
  const norm = Math.sqrt(dot(own, own));
  if (!(norm > 0)) throw new Fault({ code: 'bad-parameter', message: 'The state is zero: it has no norm.' });
  const output = { kind: 'top' as const, k: 2, masked: race.feeds.mask !== undefined, functional: false };
  const runner = await variant.runner({ ...plan, output });
  const tops = await runner.tops(state.slice(), 1, race.feeds.mask ? { mask: race.feeds.mask } : {});
  const [winner = 0, runnerUp = 0] = tops.ids;

  const obstacle = await obstacleTo(variant, plan, center);
  let near: readonly NearBoundary[] | { readonly reason: string } = obstacle ?? [];
  if (!obstacle && wanted > 0) {
    const { boundaries } = await nearestBoundaries(variant, plan, center, wanted, race.masked, signal);
    near = boundaries.map(({ token, distance, hidden, point }) => ({
      token,
      distance,
      relative: distance / norm,
      hidden,
      point: Float32Array.from(point),
    }));
  }

  const named = await directionsOf(variant, space, sets, { layer: plan.layer, state: own, plane: found.plane }, signal);
  const units = named.map(({ unit }) => seenAlong(unit));
  let flips: readonly (Flip | undefined)[] = [];
  const exact = !('reason' in affineKind(variant.model, plan));
  if (named.length > 0)
    flips = exact
      ? await exactFlips(variant, plan, state, units, race.masked, signal)
      : (
          await steppedFlips(variant, plan, state, units, {
            stepping: { steps, reach: reach * norm, precision: PRECISION },
            race: race.feeds,
            batchSize,
            signal,
            progress: (probes) => emit({ probes }),
          })
        ).flips;
  const told = named.map(({ set, name, target }, i) => {
    const flip = flips[i];
    return {
      set,
      name,
      distance: flip?.t ?? null,
      relative: flip ? flip.t / norm : null,
      token: flip?.token ?? null,
      ...(target === undefined ? {} : { target: target / norm }),
    };
  });
  const ids = new Set([
    winner,
    runnerUp,
    ...('reason' in near ? [] : near.map(({ token }) => token)),
    ...told.flatMap(({ token }) => token ?? []),
  ]);
  return {
    layer: layerIndex(plan.layer),
    hiddenSize: state.length,
    norm,
    state: own,
    winner,
    probability: tops.probabilities[0] ?? 0,
    runnerUp,
    margin: (tops.logits[0] ?? 0) - (tops.logits[1] ?? 0),
    nearest: near,
    flips: told,
    way: exact ? 'exact' : 'stepped',
    steps,
    reach,
    tokens: [...ids].map((id) => variant.model.tokenizer.token(id)),
  };
}
