import { layerIndex } from '../map/specification.js';
import type { CellPlan } from './model/plan.js';

/** How fast a model's cells were, by layer, readout and context length. */
export class Speeds {
  private readonly measured = new Map<string, { readonly milliseconds: number; readonly layer: number }>();

  /**
   * Seconds that cells are expected to take, from what was measured for this plan, or for another layer of it scaled by the blocks
   * that run; null where nothing was.
   */
  expected(plan: CellPlan, cells: number, blocks: number): number | null {
    const exact = this.measured.get(keyOf(plan));
    if (exact) return (cells * exact.milliseconds) / 1000;
    const work = (layer: number): number => blocks - layer + 4;
    const similar = [...this.measured].find(([key]) => key.startsWith(`${plan.readout}/${plan.prefix.length > 0}/`));
    if (!similar) return null;
    return (cells * similar[1].milliseconds * work(layerIndex(plan.layer))) / work(similar[1].layer) / 1000;
  }

  /** Cells that went through the model took so long. One map that something else slowed down does not make the next a slow one. */
  took(plan: CellPlan, cells: number, milliseconds: number): void {
    if (cells === 0) return;
    const now = milliseconds / cells;
    const before = this.measured.get(keyOf(plan))?.milliseconds ?? now;
    this.measured.set(keyOf(plan), { milliseconds: (before + now) / 2, layer: layerIndex(plan.layer) });
  }
}

const keyOf = ({ readout, layer, prefix }: CellPlan): string =>
  `${readout}/${prefix.length > 0}/${layer}/${prefix.length}`;
