import { pointAt } from '../map/plane.js';
import type { MapParameters } from '../map/specification.js';
import type { Mark, Said } from '../map/survey.js';
import type { CellRunner } from './cellRunner.js';
import type { Ground } from './grounds.js';
import type { CellPlan } from './model/plan.js';
import type { Variant } from './model/variant.js';
import type { Reading } from './reading.js';

/** Vectors in one run. */
const BATCH = 64;

/** What is said of texts, by the number of the overlay that shows them. */
export type Says = ReadonlyMap<number, NonNullable<Mark['says']>>;

/**
 * What is said of the texts on a map: by the model of the text itself, by the text's state at the map's layer in the map's context,
 * and by its foot on the plane there.
 * @throws Fault
 */
export async function predictions(
  { plan, found, race, ground, space, seenAs, whole }: Reading,
  { overlays }: MapParameters,
  marks: readonly Mark[],
): Promise<Says> {
  const { hiddenSize, blocks } = ground.variant.model.facts;
  const shown = marks.filter(({ kind }) => kind === 'state');
  if (shown.length === 0 || found.plane.c.length !== hiddenSize) return new Map();
  const prompts = shown.flatMap(({ overlay }) => {
    const one = overlays[overlay];
    return one?.kind === 'state' ? [one.prompt] : [];
  });
  const last = blocks - 1;
  const feeds = race.feeds.mask ? { mask: race.feeds.mask } : {};
  const output = { kind: 'top' as const, k: 2, masked: race.feeds.mask !== undefined, functional: false };
  const say = async ({ variant }: Ground, asked: CellPlan, vectors: readonly Float32Array[]): Promise<Said[]> =>
    saidOf(variant, await variant.runner({ ...asked, output }), vectors, feeds);
  // What follows the last block sees one position alone: of its state it says what the model says.
  const alone = { ...plan, layer: last, readout: 'lens' as const, prefix: [], suffix: [] };
  const all = await whole();
  const own = await say(all, alone, await all.space.vectors(prompts, last, hiddenSize));
  const states = await space.vectors(prompts, plan.layer, hiddenSize);
  const state = await say(ground, plan, states.map(seenAs));
  const foot = await say(
    ground,
    plan,
    shown.map(({ x, y }) => seenAs(pointAt(found.plane, x, y))),
  );
  const says = new Map<number, NonNullable<Mark['says']>>();
  shown.forEach(({ overlay }, i) => {
    const [a, b, c] = [own[i], state[i], foot[i]];
    if (a && b && c) says.set(overlay, { own: a, state: b, foot: c });
  });
  return says;
}

async function saidOf(
  { model }: Variant,
  runner: CellRunner,
  vectors: readonly Float32Array[],
  feeds: { readonly mask?: Float32Array },
): Promise<Said[]> {
  const d = model.facts.hiddenSize;
  const said: Said[] = [];
  for (let at = 0; at < vectors.length; at += BATCH) {
    const some = vectors.slice(at, at + BATCH);
    const points = new Float32Array(some.length * d);
    some.forEach((vector, i) => points.set(vector, i * d));
    const { ids, probabilities } = await runner.tops(points, some.length, feeds);
    some.forEach((_, i) => {
      said.push({ token: model.tokenizer.token(ids[2 * i] ?? 0), probability: probabilities[2 * i] ?? 0 });
    });
  }
  return said;
}
