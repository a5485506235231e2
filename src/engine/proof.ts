import { Fault } from '../map/fault.js';
import type { Layer } from '../map/specification.js';
import type { Check } from '../protocol/engine.js';
import { whileTrying } from './allowance.js';
import { checkWay, isAlwaysChecked, SHORT, runChecks } from './checks.js';
import type { Model } from './model/model.js';
import type { CellPlan } from './model/plan.js';
import { Variant } from './model/variant.js';

/**
 * What is proven of an open model, and what is not yet. Checks that run behind the first cells of a map are no less than those that
 * run before it: cells that came before them do not count, and a model that fails them gives no others.
 */

/** All checks; those of the way that a map's cells go; what the masks mean. Each includes those behind it. */
export type Depth = 'whole' | 'way' | 'masks';

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

/** Opening the whole model for a few positions takes as long as computing so many: measured on SmolLM2-135M. */
const RUN_POSITIONS = 200;
/** Of a map's cells, the most that a check may take. */
const MOST = 0.2;

/**
 * The rule for large models. The way of a map is checked by one run of the whole model: where the map runs it on prompts itself, so
 * that its weights are at hand, and where that is a small part of what the cells take. Never where the weights do not fit into the
 * memory that there is.
 */
function isWorthRun({ facts, budget }: Model, { weights, cells, prompts }: MapWork): boolean {
  if (facts.weightsBytes > budget.bytes) return false;
  return prompts > 0 || RUN_POSITIONS * facts.weightsBytes <= MOST * cells * weights;
}

export class Proof {
  private refusal: Fault | undefined;
  private whole: boolean;
  private readonly layers = new Set<Layer>();
  /** All checks run, whatever a map costs. */
  private readonly always: boolean;

  /**
   * @param checked all that is to be proven of the model is, or was left out
   */
  constructor(
    private readonly model: Model,
    checked: boolean,
  ) {
    this.whole = checked;
    this.always = isAlwaysChecked(model);
  }

  /** What must be proven before anything but a first picture is given. @throws Fault of a check that failed */
  get must(): Depth | undefined {
    if (this.refusal) throw this.refusal;
    if (this.whole) return undefined;
    return this.always ? 'whole' : this.model.assumesMasks ? 'masks' : undefined;
  }

  /** What is to be proven for a map. @throws as {@link must} */
  due(work: MapWork): Depth | undefined {
    const { must } = this;
    if (this.whole || must === 'whole') return must;
    if (!this.layers.has(work.layer) && isWorthRun(this.model, work)) return 'way';
    return work.prompts > 0 ? must : undefined;
  }

  /**
   * Runs checks.
   * @param plain the model as it is: its sessions are shared where a map's own are the ones to check
   * @param plan of the map, whose way is checked
   * @param pause is awaited between two of them, and may end them: they are then to be run another time
   * @returns what they found, and whether the model was run as they say it must be; it is from now on
   * @throws Fault `model-unsupported` or `model-broken` of a check that failed
   */
  async prove(
    depth: Depth,
    plain: Variant,
    plan: CellPlan | undefined,
    pause: () => Promise<void>,
  ): Promise<{ readonly checks: readonly Check[]; readonly held: boolean }> {
    const { model } = this;
    // Runners that a map is using must stay: others are made for a variant that goes with the checks.
    const variant = Variant.of(model);
    try {
      return await whileTrying(model.facts.weightsBytes, async () => {
        const asAssumed = await model.proveMasks();
        await pause();
        if (depth === 'masks' || (depth === 'way' && !asAssumed)) return { checks: [], held: asAssumed };
        if (depth === 'way' && plan) {
          const checks = await checkWay(hasRunner(plan) ? plain : variant, plan);
          this.layers.add(plan.layer);
          return { checks, held: true };
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

/** Whether a map's own runner gives all that its check needs. */
const hasRunner = ({ output, suffix, prefix, readout }: CellPlan): boolean =>
  readout !== 'unembed' &&
  output.kind === 'top' &&
  !output.masked &&
  !output.functional &&
  output.shares !== true &&
  prefix.length + suffix.length < SHORT;
