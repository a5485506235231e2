import { adaptiveSteps, differingAtMost } from '../map/adaptive.js';
import { faithfulness, faithfulWarning } from '../map/faithfulness.js';
import { Fault } from '../map/fault.js';
import { gridWindow } from '../map/grid.js';
import { interventionsAbove } from '../map/interventions.js';
import { interventionWords } from '../map/interventionWords.js';
import { formatCount, formatPercent, formatPoints, several } from '../map/numbers.js';
import type { ExactRegions } from '../map/polygons.js';
import { type Refinement, refinement } from '../map/refinement.js';
import { contextOf, layerIndex, type MapParameters, type MapSpecification } from '../map/specification.js';
import { ownSurvey, type Survey } from '../map/survey.js';
import { addBatch, type Approximation, type CellBatch, emptyCellsOf } from '../map/tokenMap.js';
import type { CallContext } from '../protocol/channel.js';
import { type MapEvent, type MapParams, type MapResult, QUICK_SECONDS } from '../protocol/engine.js';
import { allowRun } from './allowance.js';
import type { CellSource } from './cellSource.js';
import { estimateMap, refuseTooLarge } from './estimate.js';
import { promptLengths } from './hiddenSpace.js';
import { MapTelling } from './mapTelling.js';
import type { CellPlan } from './model/plan.js';
import type { Opened } from './opened.js';
import type { Depth, MapWork } from './proof.js';
import { type Reading, readParameters } from './reading.js';
import { finiteCells, runSteps, type StepsRun, wholeSteps } from './steps.js';
import { trying } from './trying.js';
import { version } from './version.js';

/** Cells of a first picture that are computed before their own graph is there. */
const EARLY_CELLS = 64;

/** What a map is run with. */
export interface RunWith {
  readonly opened: Opened;
  /** What is not yet proven of the model, and must be before any cell counts. */
  readonly must: Depth | undefined;
  /** @returns whether what was computed of the model holds. @throws Fault of a check */
  readonly prove: (depth: Depth, plan: CellPlan) => Promise<boolean>;
  /** What stands on the plane. */
  readonly survey: (reading: Reading) => Promise<Survey>;
  /** When the map was asked for, in ms of `performance.now`. */
  readonly started: number;
}

/**
 * Runs a map once: its cells as they come, then what is known of all.
 * @returns undefined where it turned out that the model is to be run otherwise: then all of it is to be done again
 * @throws Fault of what was asked for, the model, memory; `cancelled`
 */
export async function runMap(
  params: MapParams,
  run: RunWith,
  context: CallContext<MapEvent>,
): Promise<MapResult | undefined> {
  const { parameters, batchSize, only } = params;
  const { opened, must, survey, started } = run;
  const { model, speeds, description } = opened;
  const reading = await trying(opened, must, parameters, () => readParameters(opened, parameters));
  const { plan, found } = reading;
  const specification: MapSpecification = {
    ...parameters,
    translator: reading.parameters.translator,
    layer: plan.layer,
    context: contextOf(parameters),
    model: model.reference,
  };
  const estimate = await estimateMap({ ...opened, parameters }, batchSize);
  context.emit({ kind: 'started', specification, estimate });
  refuseTooLarge(estimate, model.budget);
  allowRun(estimate.bytes);
  const order = refinement(parameters.grid.columns, parameters.grid.rows, only);
  const telling = new MapTelling(context, model, order.cells.length);
  const { notice } = telling;
  const course = { order, telling, signal: context.signal };
  for (const note of [
    description.device.warning,
    ...idleInterventions(parameters, layerIndex(plan.layer)),
    model.tokenizer.reason,
  ])
    if (note !== undefined) notice(note);
  const source = await provenSource(params, run, reading, course);
  if (!source) return undefined;
  const quick = estimate.seconds !== null && estimate.seconds < QUICK_SECONDS;
  const { approximation, batches } = await allCells(params, source, quick, course);
  const regions = exactRegions(source, parameters, notice);
  const regionIds = Int32Array.from(regions?.polygons ?? [], ({ token }) => token);
  const told = ownSurvey(await survey(reading), parameters);
  const counts = faithfulness(told);
  const unfaithful = counts && faithfulWarning(counts);
  if (unfaithful !== undefined) notice(unfaithful);
  const half = reading.ground.variant.weightsOf(plan, source.way === 'each-cell').half;
  speeds.took(parameters, plan, batches);
  return {
    specification,
    facts: model.facts,
    plane: found.plane,
    survey: told,
    runtime: {
      version: version(),
      device: description.device.used,
      batchSize,
      seconds: (performance.now() - started) / 1000,
      finished: new Date().toISOString(),
      way: source.way,
      ...(source.largestDifference === undefined ? {} : { largestDifference: source.largestDifference }),
      ...(half === undefined ? {} : { halfWeights: half }),
      ...(approximation ? { approximation } : {}),
      notices: telling.notices,
    },
    ...(regions === undefined ? {} : { regions }),
    tokens: telling.tokensOf(regionIds),
  };
}

/** How the cells of a run come. */
interface Course {
  readonly order: Refinement;
  readonly telling: MapTelling;
  readonly signal: AbortSignal;
}

/**
 * What computes a map's cells, with all proven that must be. Where a first picture is wanted it is shown before that.
 * @returns undefined where the model is to be run otherwise
 */
async function provenSource(
  params: MapParams,
  { opened, must, prove }: RunWith,
  reading: Reading,
  { order, telling, signal }: Course,
): Promise<CellSource | undefined> {
  const { parameters, batchSize, way } = params;
  const { plan } = reading;
  const { variant, sources } = reading.ground;
  const { proof } = opened;
  const tried = <T>(work: () => Promise<T>): Promise<T> => trying(opened, must, parameters, work);
  const total = order.cells.length;
  const first = order.cells.slice(0, order.passes[0]?.end);
  const work = (cells: number): MapWork => {
    const weights = variant.weightsOf(plan, false).bytes;
    return { layer: plan.layer, weights, cells, prompts: promptLengths(parameters.plane).length };
  };
  const seen = async (cells: CellSource): Promise<void> => {
    const { finite } = finiteCells(first, await cells.cells(first), parameters.topK);
    telling.passing(finite, proof.due(work(total)) !== undefined);
  };
  const wanted = isEarly(params) && first.length > 0 && first.length <= EARLY_CELLS;
  const source = await tried(
    async () =>
      (way === 'each-cell' ? undefined : await sources.threeRows(reading, parameters, total)) ??
      sources.eachCell(reading, parameters, batchSize, telling.notice, wanted ? seen : undefined),
  );
  const due = proof.due(work(source.way === 'each-cell' ? total : 0));
  if (!due) return source;
  const steps = wholeSteps({ cells: first, passes: order.passes.slice(0, 1) }, false);
  const show = (batch: CellBatch): void => telling.passing(batch, true);
  if (isEarly(params) && !telling.hasPassed)
    await tried(() => runSteps(steps, source, parameters.topK, show, telling.notice, signal));
  if (!(await prove(due, plan))) return undefined;
  telling.verified();
  return source;
}

/** Computes a map's cells. @param quick all in one picture */
async function allCells(
  { parameters, only }: MapParams,
  source: CellSource,
  quick: boolean,
  { order, telling, signal }: Course,
): Promise<StepsRun> {
  const total = order.cells.length;
  // Three rows cost nothing that is worth an approximation.
  const known = parameters.adaptive && source.way === 'each-cell' ? emptyCellsOf(parameters) : undefined;
  if (known && only) throw adaptiveInParts();
  const tell = (batch: CellBatch, stride: number, count = batch.indices.length): void => {
    if (known) addBatch(known, batch);
    telling.cells(batch, stride, count);
  };
  const steps = known ? adaptiveSteps(known, order) : wholeSteps(order, quick);
  telling.begin();
  const ran = await runSteps(steps, source, parameters.topK, tell, telling.notice, signal);
  if (known) telling.notice(approximationNotice(ran.approximation, total));
  const { undefinedCells } = ran;
  if (undefinedCells > 0)
    telling.notice(
      `${several(undefinedCells, 'cell has', 'cells have')} no prediction: the model's arithmetic leaves its number range there.`,
    );
  return ran;
}

/** A first picture is wanted, before the checks if need be. */
export const isEarly = ({ early, only }: MapParams): boolean => early === true && !only;

/** What is asked for and does nothing is said. */
const idleInterventions = ({ interventions, readout }: MapParameters, layer: number): string[] =>
  readout === 'forward'
    ? []
    : interventionsAbove(interventions, layer).map(
        (one) =>
          `The readout ${readout} leaves out all blocks behind the layer: ${interventionWords(one)} does nothing.`,
      );

const adaptiveInParts = (): Fault =>
  new Fault({
    code: 'bad-parameter',
    message: 'Cells of an adaptive map follow from each other: it is computed as a whole.',
  });

function approximationNotice(approximation: Approximation | undefined, total: number): string {
  if (!approximation) return 'No cell was filled in: there are not enough that agree.';
  const { filled, checked, differing, largestDifference } = approximation;
  return [
    `Approximate: ${formatCount(filled)} of ${formatCount(total)} cells are filled in from the cells around them.`,
    `Of ${formatCount(checked)} that were computed as a check ${formatCount(differing)} ${differing === 1 ? 'has' : 'have'} another token`,
    `(so at most ${formatPercent(differingAtMost(approximation))} of those filled in, with 95% confidence);`,
    `the others' probabilities differ by up to ${formatPoints(largestDifference)}.`,
  ].join(' ');
}

/** A window or rows that exact arithmetic cannot hold cost the regions, not the map. */
function exactRegions(
  source: CellSource,
  { grid }: MapParameters,
  notice: (message: string) => void,
): ExactRegions | undefined {
  try {
    return source.regions(gridWindow(grid));
  } catch (error) {
    notice(`There are no exact regions: ${Fault.from(error).message}`);
    return undefined;
  }
}
