import { Fault } from '../map/fault.js';
import type { Layer } from '../map/specification.js';
import type { Check } from '../protocol/engine.js';
import { whileTrying } from './allowance.js';
import { checkOwnState, isAlwaysChecked, runChecks } from './checks.js';
import type { Model } from './model/model.js';
import { Variant } from './model/variant.js';

/**
 * What is proven of an open model, and what is not yet. Checks that run behind the first cells of a map are no less than those that
 * run before it: cells that came before them do not count, and a model that fails them gives no others.
 */

/** All checks; the model's own state put back at a map's layer; what the masks mean. Each includes those behind it. */
export type Depth = 'whole' | 'own' | 'masks';

/** What a map has to compute. */
export interface MapWork {
  readonly layer: Layer;
  /** Bytes of the weights behind the layer. */
  readonly weights: number;
  /** Cells that go through them, one by one; 0 where three rows stand for all. */
  readonly cells: number;
  /** Prompts that go through the whole model. */
  readonly prompts: number;
}

/** A run reads all weights, which takes as long as computing so many positions. */
const LEAST_POSITIONS = 10;

/**
 * The rule for large models: how often a check goes through the whole model, and of a map's own work the most that it may be. A
 * map that has run two prompts pays for one more; all checks are a tenth of it at most.
 */
const COSTS = [
  { depth: 'whole', runs: 6.5, most: 0.1 },
  { depth: 'own', runs: 1.2, most: 0.5 },
] as const;

export class Proof {
  private refusal: Fault | undefined;
  private whole: boolean;
  private readonly layers = new Set<Layer>();

  /**
   * @param checked all that is to be proven of the model is, or was left out
   * @param always whether all checks run, whatever a map costs
   */
  constructor(
    private readonly model: Model,
    checked: boolean,
    private readonly always = isAlwaysChecked(model),
  ) {
    this.whole = checked;
  }

  /** What must be proven before anything but a first picture is given. @throws Fault of a check that failed */
  get must(): Depth | undefined {
    if (this.refusal) throw this.refusal;
    if (this.whole) return undefined;
    return this.always ? 'whole' : this.model.assumesMasks ? 'masks' : undefined;
  }

  /** What is to be proven for a map. @throws as {@link must} */
  due({ layer, weights, cells, prompts }: MapWork): Depth | undefined {
    const { must, model } = this;
    if (this.whole || must === 'whole') return must;
    const run = LEAST_POSITIONS * model.facts.weightsBytes;
    const work = prompts * run + Math.max(cells, LEAST_POSITIONS) * weights;
    const [cost] = COSTS.filter(({ runs, most }) => runs * run <= most * work);
    if (cost && (cost.depth === 'whole' || !this.layers.has(layer))) return cost.depth;
    return must === 'masks' && prompts > 0 ? must : undefined;
  }

  /**
   * Runs checks, on sessions of their own.
   * @param pause is awaited between two of them, and may end them: they are then to be run another time
   * @returns what they found, and whether the model was run as they say it must be; it is from now on
   * @throws Fault `model-unsupported` or `model-broken` of a check that failed
   */
  async prove(
    depth: Depth,
    layer: Layer,
    pause: () => Promise<void>,
  ): Promise<{ readonly checks: readonly Check[]; readonly held: boolean }> {
    const { model } = this;
    const variant = Variant.of(model);
    try {
      return await whileTrying(model.facts.weightsBytes, async () => {
        const asAssumed = await model.proveMasks();
        await pause();
        if (depth === 'masks') return { checks: [], held: asAssumed };
        if (depth === 'own') {
          const check = await checkOwnState(variant, layer);
          this.layers.add(layer);
          return { checks: [check], held: asAssumed };
        }
        const { checks, manner } = await runChecks(variant, pause);
        const held = asAssumed && waysOf(manner) === waysOf(model.manner);
        model.manner = manner;
        this.whole = true;
        return { checks, held };
      });
    } catch (error) {
      const fault = Fault.from(error);
      if (fault.code === 'model-unsupported' || fault.code === 'model-broken') this.refusal = fault;
      throw fault;
    } finally {
      await variant.release();
    }
  }
}

const waysOf = ({ prefix, batching }: Model['manner']): string => `${prefix.way} ${batching.way}`;
