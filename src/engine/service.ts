import { adaptiveSteps, differingAtMost } from '../map/adaptive.js';
import { Fault } from '../map/fault.js';
import { gridWindow } from '../map/grid.js';
import { formatCount, formatPercent, formatPoints } from '../map/numbers.js';
import { dot, gramOf, pointAt } from '../map/plane.js';
import type { ExactRegions } from '../map/polygons.js';
import { refinement } from '../map/refinement.js';
import {
  contextOf,
  layerIndex,
  type MapParameters,
  type MapSpecification,
  parseParameters,
} from '../map/specification.js';
import { ownSurvey, type Survey } from '../map/survey.js';
import type { Token } from '../map/token.js';
import { addBatch, type Approximation, type CellBatch, emptyCellsOf } from '../map/tokenMap.js';
import { type CallContext, type Handlers, stopIfCancelled, unlessAborted } from '../protocol/channel.js';
import {
  CONTINUATION_LIMIT,
  type EngineRequests,
  type Estimate,
  type MapEvent,
  type MapParams,
  type MapResult,
  type ModelDescription,
  type OpenParams,
  type PointParams,
  QUICK_SECONDS,
  type Reading as PointReading,
} from '../protocol/engine.js';
import { affineKind } from './affine.js';
import { BATCH_BYTES, type CellSource } from './cellSource.js';
import { CellSources } from './cellSources.js';
import { isProven, reasonToSkip, runChecks } from './checks.js';
import { describe } from './describe.js';
import { chooseDevice } from './device.js';
import { type FoundPlane, HiddenSpace } from './hiddenSpace.js';
import { ENGINE_BYTES, type MemoryBudget, memoryBudget } from './memory.js';
import { Model } from './model/model.js';
import type { CellPlan } from './model/plan.js';
import { follow } from './model/running.js';
import { Variant } from './model/variant.js';
import { checkedMap, checkedPoint, planOf, readParameters } from './reading.js';
import { runSteps, wholeSteps } from './steps.js';
import { version } from './version.js';

/** On models with more weights, norms that only inform are not measured: the whole model would have to run. */
const MEASURED_BYTES = 2 * 2 ** 30;

interface Opened {
  readonly model: Model;
  readonly variant: Variant;
  readonly space: HiddenSpace;
  readonly description: ModelDescription;
}

/** Answers the requests of one engine process: opens one model, computes maps of it, one at a time. */
export class EngineService {
  private opened: Promise<Opened> | undefined;
  private lastMap: Promise<unknown> = Promise.resolve();
  private readonly sources = new CellSources();
  /** Measured milliseconds a cell, by layer, readout and context length. */
  private readonly speeds = new Map<string, { milliseconds: number; layer: number }>();

  readonly handlers: Handlers<EngineRequests> = {
    open: async (params) => (await (this.opened ??= this.open(params))).description,
    current: async () => (await this.model()).model.isCurrent(),
    estimate: async (params) => {
      const { parameters, batchSize } = checkedMap(params);
      return this.estimate(parameters, batchSize);
    },
    map: (params, context) => {
      const checked = checkedMap(params);
      return this.inTurn(context.signal, () => this.map(checked, context));
    },
    survey: ({ parameters, measure = true }, { signal }) => {
      const checked = parseParameters(parameters);
      return this.inTurn(signal, () => this.survey(checked, measure, signal));
    },
    point: (params, { signal }) => {
      const checked = checkedPoint(params);
      return this.inTurn(signal, () => this.point(checked));
    },
    continue: (params, context) => {
      const checked = checkedPoint(params);
      const { tokens } = params;
      if (!Number.isInteger(tokens) || tokens < 1 || tokens > CONTINUATION_LIMIT)
        throw new Fault({
          code: 'bad-parameter',
          message: `A continuation must have 1 to ${CONTINUATION_LIMIT} tokens.`,
        });
      return this.inTurn(context.signal, () => this.continue({ ...checked, tokens }, context));
    },
    tokenize: async ({ text }) => {
      const { model } = await this.model();
      return { tokens: (await model.tokenizer.encode(text)).map((id) => model.tokenizer.token(id)) };
    },
  };

  /** One thing at a time: sessions take all cores and much memory. */
  private inTurn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const result = this.lastMap.then(() => {
      stopIfCancelled(signal);
      return work();
    });
    this.lastMap = result.catch(() => undefined);
    return unlessAborted(result, signal); // a map that still waits for the one before it ends at once
  }

  private async open({ path, device, skipChecks, memory }: OpenParams): Promise<Opened> {
    const started = performance.now();
    try {
      const report = await chooseDevice(device);
      const model = Model.open(path, report.used, memoryBudget(memory));
      const skipped = reasonToSkip(model, report.used, skipChecks);
      if (skipped !== undefined && isProven(model, report.used)) await model.masks(true);
      const variant = Variant.of(model);
      const outcome = skipped === undefined ? await runChecks(variant) : undefined;
      if (outcome) model.manner = outcome.manner;
      const ran = outcome?.checks ?? [{ name: 'run', outcome: 'skipped' as const, detail: skipped ?? '' }];
      const checks = [...model.source.checks, ...ran];
      return {
        model,
        variant,
        space: new HiddenSpace(variant),
        description: describe(model, report, checks, performance.now() - started),
      };
    } catch (error) {
      this.opened = undefined;
      throw error;
    }
  }

  private model(): Promise<Opened> {
    if (!this.opened) throw new Fault({ code: 'internal', message: 'No model is open.' });
    return this.opened;
  }

  private async estimate(parameters: MapParameters, batchSize: number): Promise<Estimate> {
    const { model, variant } = await this.model();
    const plan = await planOf(model, parameters);
    const { columns, rows } = parameters.grid;
    const cells = columns * rows;
    // Three rows need few products with the head, whose weights stay as they are for those.
    const weights = variant.weightsOf(plan, 'reason' in affineKind(model, plan));
    const perCell =
      model.facts.vocabularySize * 4 * 6 +
      (plan.prefix.length + 1 + plan.suffix.length) * model.facts.hiddenSize * 4 * 24;
    const batch = Math.max(1, Math.min(batchSize, cells, Math.floor(BATCH_BYTES / perCell)));
    return {
      cells,
      bytes:
        ENGINE_BYTES +
        weights.bytes +
        batch * perCell +
        (parameters.adaptive ? 2 : 1) * cells * (parameters.topK * 8 + 16),
      ...(weights.half === undefined ? {} : { halfWeights: weights.half }),
      seconds: this.expectedSeconds(model, plan, cells),
    };
  }

  /** From what was measured for this plan, or for another layer of it scaled by the blocks that run. */
  private expectedSeconds(model: Model, plan: CellPlan, cells: number): number | null {
    const exact = this.speeds.get(speedKey(plan));
    if (exact) return (cells * exact.milliseconds) / 1000;
    const layer = layerIndex(plan.layer);
    const work = (l: number): number => model.facts.blocks - l + 4;
    const similar = [...this.speeds].find(([key]) => key.startsWith(`${plan.readout}/${plan.prefix.length > 0}/`));
    return similar ? (cells * similar[1].milliseconds * work(layer)) / work(similar[1].layer) / 1000 : null;
  }

  private async survey(parameters: MapParameters, measure: boolean, signal: AbortSignal): Promise<Survey> {
    const { model, variant, space } = await this.model();
    const { plan, found } = await readParameters(variant, space, parameters);
    if (!measure) return this.surveyOf(space, plan, found, parameters);
    const { layer } = plan;
    const { sample } = parameters.plane;
    let normsReason: string | undefined;
    if (!space.keptNorms(layer, sample) && model.facts.weightsBytes > MEASURED_BYTES)
      normsReason = 'Norms of real text are not measured on a model of this size, unless lengths are counted in them.';
    else
      try {
        await space.norms(layer, sample, signal);
      } catch (error) {
        const fault = Fault.from(error);
        if (fault.code !== 'tokenizer' && fault.code !== 'bad-parameter') throw fault;
        normsReason = fault.message;
      }
    const survey = await this.surveyOf(space, plan, found, parameters);
    return { ...survey, ...(normsReason === undefined ? {} : { normsReason }) };
  }

  /** With the norms, if they are known. */
  private async surveyOf(
    space: HiddenSpace,
    { layer }: CellPlan,
    found: FoundPlane,
    { plane, overlays, grid }: MapParameters,
  ): Promise<Survey> {
    return {
      gram: gramOf(found.plane),
      norms: space.keptNorms(layer, plane.sample) ?? null,
      marks: await space.marks(found, overlays, layer, grid),
      explained: found.explained,
    };
  }

  /** One point, by the way that its map would take. */
  private async point({ parameters, x, y }: PointParams): Promise<PointReading> {
    const { model, variant, space } = await this.model();
    const reading = await readParameters(variant, space, parameters);
    const vector = pointAt(reading.found.plane, x, y);
    const { tops, logits } = await this.sources.point(variant, reading, parameters, x, y);
    return {
      ids: tops.ids,
      probabilities: tops.probabilities,
      logits,
      entropy: tops.entropy[0] ?? 0,
      answer: tops.answers?.[0] ?? null,
      norm: Math.sqrt(dot(vector, vector)),
      tokens: newTokens(tops.ids, new Set(), model),
    };
  }

  /** Greedy, by the model itself, whatever the readout; of equal logits the lower id. */
  private async continue(
    { parameters, x, y, tokens: most }: PointParams & { readonly tokens: number },
    context: CallContext<{ readonly token: Token }>,
  ): Promise<{ readonly tokens: readonly Token[]; readonly text: string; readonly ended: boolean }> {
    const { model, variant, space } = await this.model();
    const { plan, found, race } = await readParameters(variant, space, { ...parameters, readout: 'forward' });
    if (model.anatomy.interface.ids === undefined)
      throw new Fault({
        code: 'bad-parameter',
        message: 'This export takes embeddings: no token can follow the vector.',
      });
    const ids: number[] = [];
    let ended = false;
    // Without a context, BOS is what stands where the vector does, up to its layer.
    const own = contextOf(parameters).kind === 'none' ? (model.tokenizer.bos ?? plan.own) : plan.own;
    await follow(variant, plan.layer, { ...plan, own }, pointAt(found.plane, x, y), (logits) => {
      stopIfCancelled(context.signal);
      let best = -1;
      logits.forEach((z, id) => {
        if (!race.masked.includes(id) && (best < 0 || z > (logits[best] ?? 0))) best = id;
      });
      ids.push(best);
      context.emit({ token: model.tokenizer.token(best) });
      ended = model.tokenizer.isEnd(best);
      return ended || ids.length >= most ? undefined : best;
    });
    return { tokens: ids.map((id) => model.tokenizer.token(id)), text: model.tokenizer.decode(ids), ended };
  }

  private async map(
    { parameters, batchSize, only, way }: MapParams,
    context: CallContext<MapEvent>,
  ): Promise<MapResult> {
    const started = performance.now();
    stopIfCancelled(context.signal);
    const { model, variant, space, description } = await this.model();
    const reading = await readParameters(variant, space, parameters);
    const { plan, found } = reading;
    const specification: MapSpecification = {
      ...parameters,
      layer: plan.layer,
      context: contextOf(parameters),
      model: model.reference,
    };
    const { columns, rows } = parameters.grid;
    const estimate = await this.estimate(parameters, batchSize);
    context.emit({ kind: 'started', specification, estimate });
    refuseTooLarge(estimate, model.budget);
    const notices: string[] = [];
    const notice = (message: string): void => {
      notices.push(message);
      context.emit({ kind: 'notice', message });
    };
    if (description.device.warning !== undefined) notice(description.device.warning);
    if (model.tokenizer.reason !== undefined) notice(model.tokenizer.reason);
    const order = refinement(columns, rows, only);
    const total = order.cells.length;
    const source =
      (way === 'each-cell' ? undefined : await this.sources.threeRows(variant, reading, parameters, total)) ??
      (await this.sources.eachCell(variant, reading, parameters, batchSize, notice));
    // Three rows cost nothing that is worth an approximation.
    const known = parameters.adaptive && source.way === 'each-cell' ? emptyCellsOf(parameters) : undefined;
    if (known && only) throw adaptiveInParts();
    const quick = estimate.seconds !== null && estimate.seconds < QUICK_SECONDS;

    const sent = new Set<number>();
    const computed = performance.now();
    let done = 0;
    const tell = (batch: CellBatch, stride: number, count = batch.indices.length): void => {
      if (known) addBatch(known, batch);
      done += count;
      context.emit({
        kind: 'cells',
        batch,
        tokens: newTokens(batch.ids, sent, model),
        done,
        total,
        stride,
        secondsLeft: secondsLeft(performance.now() - computed, done, total),
      });
    };
    const steps = known ? adaptiveSteps(known, order) : wholeSteps(order, quick);
    const { undefinedCells, approximation } = await runSteps(
      steps,
      source,
      parameters.topK,
      tell,
      notice,
      context.signal,
    );
    if (known) notice(approximationNotice(approximation, total));
    if (undefinedCells > 0)
      notice(`${undefinedCells} cells have no prediction: the model's arithmetic leaves its number range there.`);
    const regions = exactRegions(source, parameters, notice);
    const regionIds = Int32Array.from(regions?.polygons ?? [], ({ token }) => token);
    const half = variant.weightsOf(plan, source.way === 'each-cell').half;
    const elapsed = performance.now() - computed;
    const throughModel = total - (approximation?.filled ?? 0);
    if (throughModel > 0) {
      // One map that something else slowed down does not make the next a slow one.
      const now = elapsed / throughModel;
      const before = this.speeds.get(speedKey(plan))?.milliseconds ?? now;
      const milliseconds = (before + now) / 2;
      this.speeds.set(speedKey(plan), { milliseconds, layer: layerIndex(plan.layer) });
    }
    return {
      specification,
      facts: model.facts,
      plane: found.plane,
      survey: ownSurvey(await this.surveyOf(space, plan, found, parameters), parameters),
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
        notices,
      },
      ...(regions === undefined ? {} : { regions }),
      tokens: newTokens(regionIds, sent, model),
    };
  }
}

/** @throws Fault `memory` where a person's limit does not hold a map. */
function refuseTooLarge({ bytes }: Estimate, budget: MemoryBudget): void {
  if (!budget.isLimit || bytes <= budget.bytes) return;
  throw new Fault({
    code: 'memory',
    message: `This map takes about ${gigabytes(bytes)} of memory, and ${gigabytes(budget.bytes)} are allowed.`,
    hint: 'Allow more (--memory, or the setting "Memory"), or choose a later layer or a smaller batch size.',
  });
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(bytes < 1e9 ? 2 : 1)} GB`;

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

const speedKey = (plan: CellPlan): string =>
  `${plan.readout}/${plan.prefix.length > 0}/${plan.layer}/${plan.prefix.length}`;

/** Known after 5 % or 2 s. */
function secondsLeft(elapsed: number, done: number, total: number): number | null {
  if (done === 0 || (done / total < 0.05 && elapsed < 2000)) return null;
  return ((elapsed / done) * (total - done)) / 1000;
}

/** Tokens of `ids` that are not in `sent` yet; they are put there. */
function newTokens(ids: Int32Array, sent: Set<number>, model: Model): Token[] {
  const tokens: Token[] = [];
  for (const id of ids) {
    if (sent.has(id)) continue;
    sent.add(id);
    tokens.push(model.tokenizer.token(id));
  }
  return tokens;
}
