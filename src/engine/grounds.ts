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
    const key = keyOf(interventions);
    const found = this.kept.get(key) ?? this.make(interventions, this.alike(interventions));
    this.kept.delete(key);
    this.kept.set(key, found);
    found.catch(() => this.kept.delete(key));
    await this.shed(key);
    return found;
  }

  /** The oldest variants make room, none of which is in use: nothing is run before all grounds of it are there. */
  private async shed(used: string): Promise<void> {
    let held = await this.plain.variant.heldBytes();
    const counted: Variant[] = [];
    for (const [key, ground] of [...this.kept].reverse()) {
      if (key === used) continue;
      const variant = await ground.then(
        (found) => found.variant,
        () => undefined,
      );
      if (variant && !counted.some((one) => one.sharesWith(variant))) {
        counted.push(variant);
        held += await variant.heldBytes();
      }
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

  /** A ground that differs in numbers alone, which are fed. */
  private alike(interventions: readonly Intervention[]): Promise<Ground> | undefined {
    const shape = shapeOf(interventions);
    return [...this.kept].findLast(([key]) => key.startsWith(shape))?.[1];
  }

  private async make(interventions: readonly Intervention[], alike: Promise<Ground> | undefined): Promise<Ground> {
    const { variant, space } = this.plain;
    const { graph, fed } = await readInterventions({ variant, space }, interventions);
    const known = await alike?.catch(() => undefined);
    return groundOf(known?.variant.with(fed) ?? Variant.of(variant.model, graph, fed, variant));
  }

  async release(): Promise<void> {
    await this.plain.variant.release();
    for (const ground of this.kept.values()) await (await ground).variant.release();
    this.kept.clear();
  }
}

/** What a graph with interventions is made of: vectors that are added are fed. */
const shapeOf = (interventions: readonly Intervention[]): string =>
  JSON.stringify(interventions.map((one) => (one.kind === 'add' ? { add: one.block, positions: one.positions } : one)));

const keyOf = (interventions: readonly Intervention[]): string =>
  `${shapeOf(interventions)}${JSON.stringify(interventions)}`;

const groundOf = (variant: Variant): Ground => ({
  variant,
  space: new HiddenSpace(variant),
  sources: new CellSources(),
});
