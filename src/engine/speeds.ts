import { speedKey } from '../map/dependence.js';
import { type Layer, layerIndex, type MapParameters } from '../map/specification.js';
import type { CellPlan } from './model/plan.js';

/** Cells that were computed together. */
export interface Batch {
  readonly cells: number;
  readonly milliseconds: number;
}

/** Batches of the same kind that are remembered, the latest. */
const REMEMBERED = 24;

/** How fast a model's cells were. */
export class Speeds {
  /** The latest last. */
  private readonly measured = new Map<string, { readonly batches: readonly Batch[]; readonly plan: CellPlan }>();

  /**
   * Seconds that cells are expected to take, from what was measured of such a map, or of one like it, scaled by the blocks that
   * run; null where nothing was.
   */
  expected(parameters: MapParameters, plan: CellPlan, cells: number, blocks: number): number | null {
    const exact = this.measured.get(keyOf(parameters, plan));
    if (exact && exact.batches.length > 0) return (cells * usual(exact.batches)) / 1000;
    const work = (layer: Layer): number => blocks - layerIndex(layer) + 4;
    const similar = [...this.measured.values()]
      .reverse()
      .filter(
        (one) =>
          one.batches.length > 0 &&
          one.plan.readout === plan.readout &&
          one.plan.prefix.length > 0 === plan.prefix.length > 0,
      );
    const like = similar.find((one) => one.plan.layer === plan.layer) ?? similar[0];
    return like ? (cells * usual(like.batches) * work(plan.layer)) / work(like.plan.layer) / 1000 : null;
  }

  /**
   * Batches of a map took so long, in their order. The very first of its kind tells nothing: weights are read with it and memory is
   * taken, which for a picture of few cells is nearly all of it.
   */
  took(parameters: MapParameters, plan: CellPlan, batches: readonly Batch[]): void {
    if (batches.length === 0) return;
    const key = keyOf(parameters, plan);
    const before = this.measured.get(key)?.batches;
    this.measured.delete(key);
    this.measured.set(key, {
      batches: [...(before ?? []), ...(before ? batches : batches.slice(1))].slice(-REMEMBERED),
      plan,
    });
  }
}

/** Milliseconds of a cell, as half of all cells took no longer: what something else slowed down for a while does not count. */
function usual(batches: readonly Batch[]): number {
  const paces = batches.map(({ cells, milliseconds }) => ({ cells, pace: milliseconds / cells }));
  paces.sort((a, b) => a.pace - b.pace);
  const half = paces.reduce((sum, { cells }) => sum + cells, 0) / 2;
  let passed = 0;
  return paces.find(({ cells }) => (passed += cells) >= half)?.pace ?? 0;
}

/** With the layer and the tokens that were read from the parameters. */
const keyOf = (parameters: MapParameters, { layer, prefix, own, suffix }: CellPlan): string =>
  speedKey({
    ...parameters,
    layer,
    context: { kind: 'tokens', ids: [...prefix, own, ...suffix], position: prefix.length },
  });
