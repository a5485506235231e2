import { speedKey } from '../map/dependence.js';
import { type Layer, layerIndex, type MapParameters } from '../map/specification.js';
import type { CellPlan } from './model/plan.js';

/** How fast a model's cells were. */
export class Speeds {
  /** The latest last. */
  private readonly measured = new Map<string, { readonly milliseconds: number; readonly plan: CellPlan }>();

  /**
   * Seconds that cells are expected to take, from what was measured of such a map, or of one like it, scaled by the blocks that
   * run; null where nothing was.
   */
  expected(parameters: MapParameters, plan: CellPlan, cells: number, blocks: number): number | null {
    const exact = this.measured.get(keyOf(parameters, plan));
    if (exact) return (cells * exact.milliseconds) / 1000;
    const work = (layer: Layer): number => blocks - layerIndex(layer) + 4;
    const similar = [...this.measured.values()]
      .reverse()
      .filter((one) => one.plan.readout === plan.readout && one.plan.prefix.length > 0 === plan.prefix.length > 0);
    const like = similar.find((one) => one.plan.layer === plan.layer) ?? similar[0];
    return like ? (cells * like.milliseconds * work(plan.layer)) / work(like.plan.layer) / 1000 : null;
  }

  /** Cells that went through the model took so long. One map that something else slowed down does not make the next a slow one. */
  took(parameters: MapParameters, plan: CellPlan, cells: number, milliseconds: number): void {
    if (cells === 0) return;
    const key = keyOf(parameters, plan);
    const now = milliseconds / cells;
    const before = this.measured.get(key)?.milliseconds ?? now;
    this.measured.delete(key);
    this.measured.set(key, { milliseconds: (before + now) / 2, plan });
  }
}

/** With the layer and the tokens that were read from the parameters. */
const keyOf = (parameters: MapParameters, { layer, prefix, own, suffix }: CellPlan): string =>
  speedKey({
    ...parameters,
    layer,
    context: { kind: 'tokens', ids: [...prefix, own, ...suffix], position: prefix.length },
  });
