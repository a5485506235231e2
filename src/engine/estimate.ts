import { Fault } from '../map/fault.js';
import type { MapParameters } from '../map/specification.js';
import type { ModelFacts } from '../map/tokenMap.js';
import type { Estimate } from '../protocol/engine.js';
import { affineKind } from './affine.js';
import { BATCH_BYTES } from './cellSource.js';
import { ENGINE_BYTES, type MemoryBudget, scoreBytes } from './memory.js';
import type { CellPlan } from './model/plan.js';
import type { Variant } from './model/variant.js';
import type { Opened } from './opened.js';
import { planOf } from './reading.js';

type Asked = Pick<Opened, 'model' | 'speeds' | 'grounds'> & { readonly parameters: MapParameters };

/** What a map takes, before it is computed. @throws Fault as {@link planOf}. */
export async function estimateMap(asked: Asked, batchSize: number): Promise<Estimate> {
  const { model, grounds, parameters, speeds } = asked;
  const plan = await planOf(model, parameters);
  const cells = parameters.grid.columns * parameters.grid.rows;
  const weights = weightsOf(grounds.plain.variant, plan);
  const { batch, perCell } = batchOf(asked, plan, batchSize);
  return {
    cells,
    bytes:
      ENGINE_BYTES +
      weights.bytes +
      scoreBytes(model, plan.prefix.length + 1 + plan.suffix.length, model.manner.prefix.way === 'reused') +
      batch * perCell +
      (parameters.adaptive ? 2 : 1) * cells * (parameters.topK * 8 + 16),
    ...(weights.half === undefined ? {} : { halfWeights: weights.half }),
    seconds:
      speeds.expected(parameters, plan, cells, model.facts.blocks) ??
      ('reason' in affineKind(model, plan) ? null : rowsSeconds(model.facts, cells)),
  };
}

/** Three rows and a scan of them, on a slow machine: so that a lens that was never drawn here is drawn at once where that is quick. */
const rowsSeconds = ({ vocabularySize, hiddenSize }: ModelFacts, cells: number): number =>
  vocabularySize * (cells * 3e-9 + hiddenSize * 2e-8);

/** What the divergences between two maps take: both models' weights, both sides' logits. @throws Fault as {@link planOf}. */
export async function estimateDivergences(a: Asked, b: Asked, batchSize: number): Promise<Estimate> {
  const cells = a.parameters.grid.columns * a.parameters.grid.rows;
  const sides = await Promise.all(
    [a, b].map(async (side) => {
      const plan = await planOf(side.model, side.parameters);
      const { batch, perCell } = batchOf(side, plan, batchSize);
      const { bytes, half } = weightsOf(side.grounds.plain.variant, plan);
      return {
        bytes: bytes + batch * perCell,
        half,
        seconds: side.speeds.expected(side.parameters, plan, cells, side.model.facts.blocks),
      };
    }),
  );
  const half = sides.find((side) => side.half !== undefined)?.half;
  const seconds = sides.map((side) => side.seconds);
  return {
    cells,
    bytes: ENGINE_BYTES + sides.reduce((sum, { bytes }) => sum + bytes, 0) + cells * 12,
    ...(half === undefined ? {} : { halfWeights: half }),
    seconds: seconds.includes(null) ? null : seconds.reduce<number>((sum, one) => sum + (one ?? 0), 0),
  };
}

/** As of the model without interventions. Three rows need few products with the head, whose weights stay as they are for those. */
const weightsOf = (variant: Variant, plan: CellPlan): ReturnType<Variant['weightsOf']> =>
  variant.weightsOf(plan, 'reason' in affineKind(variant.model, plan));

function batchOf({ model, parameters }: Asked, plan: CellPlan, batchSize: number): { batch: number; perCell: number } {
  const cells = parameters.grid.columns * parameters.grid.rows;
  const perCell =
    model.facts.vocabularySize * 4 * 6 +
    (plan.prefix.length + 1 + plan.suffix.length) * model.facts.hiddenSize * 4 * 24;
  return { batch: Math.max(1, Math.min(batchSize, cells, Math.floor(BATCH_BYTES / perCell))), perCell };
}

/** @throws Fault `memory` where a person's limit does not hold it. */
export function refuseTooLarge({ bytes }: Estimate, budget: MemoryBudget, what = 'This map takes'): void {
  if (!budget.isLimit || bytes <= budget.bytes) return;
  throw new Fault({
    code: 'memory',
    message: `${what} about ${gigabytes(bytes)} of memory, and ${gigabytes(budget.bytes)} are allowed.`,
    hint: 'Allow more (--memory, or the setting "Memory"), or choose a later layer or a smaller batch size.',
  });
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(bytes < 1e9 ? 2 : 1)} GB`;
