import type { Intervention } from '../map/interventions.js';
import { CellSources } from './cellSources.js';
import { HiddenSpace } from './hiddenSpace.js';
import { readInterventions } from './interventions.js';
import type { Model } from './model/model.js';
import { Variant } from './model/variant.js';

/** A variant of a model, the hidden space that it has, and the ways to its cells. */
export interface Ground {
  readonly variant: Variant;
  readonly space: HiddenSpace;
  readonly sources: CellSources;
}

/** Variants with interventions whose hidden states are kept. */
const KEPT = 8;
/** Weights that the sessions of all variants but one may hold. */
const KEPT_BYTES = 2 ** 30;

/** The variants of one model: the model as it is, and the latest with interventions. */
export class Grounds {
  private readonly kept = new Map<string, Promise<Ground>>();

  private constructor(readonly plain: Ground) {}

  static of(model: Model): Grounds {
    return new Grounds(groundOf(Variant.of(model)));
  }

  /** The ground of some interventions, which act in their order. @throws Fault as {@link readInterventions} and {@link Variant.of}. */
  async of(interventions: readonly Intervention[]): Promise<Ground> {
    if (interventions.length === 0) return this.plain;
    const key = JSON.stringify(interventions);
    const found = this.kept.get(key) ?? this.make(interventions);
    this.kept.delete(key);
    this.kept.set(key, found);
    found.catch(() => this.kept.delete(key));
    await this.shed(key);
    return found;
  }

  /** The oldest variants make room, none of which is in use: nothing is run before all grounds of it are there. */
  private async shed(used: string): Promise<void> {
    let held = await this.plain.variant.heldBytes();
    for (const [key, ground] of [...this.kept].reverse()) {
      if (key === used) continue;
      const variant = await ground.then(
        (found) => found.variant,
        () => undefined,
      );
      held += (await variant?.heldBytes()) ?? 0;
      if (held > KEPT_BYTES) await variant?.release();
    }
    if (held > KEPT_BYTES) await this.plain.variant.release();
    for (const [key, ground] of this.kept) {
      if (this.kept.size <= KEPT) break;
      this.kept.delete(key);
      await ground.then(
        ({ variant }) => variant.release(),
        () => undefined,
      );
    }
  }

  private async make(interventions: readonly Intervention[]): Promise<Ground> {
    const { variant, space } = this.plain;
    const { graph, frozen } = await readInterventions({ variant, space }, interventions);
    return groundOf(Variant.of(variant.model, graph, frozen, variant));
  }

  async release(): Promise<void> {
    await this.plain.variant.release();
    for (const ground of this.kept.values()) await (await ground).variant.release();
    this.kept.clear();
  }
}

const groundOf = (variant: Variant): Ground => ({
  variant,
  space: new HiddenSpace(variant),
  sources: new CellSources(),
});
