import { adaptiveSteps, differingAtMost } from '../map/adaptive.js';
import { cellsKey, isRealState } from '../map/dependence.js';
import { Fault } from '../map/fault.js';
import { faithfulness, faithfulWarning } from '../map/faithfulness.js';
import { interventionsAbove } from '../map/interventions.js';
import { interventionWords } from '../map/interventionWords.js';
import { gridWindow } from '../map/grid.js';
import { formatCount, formatPercent, formatPoints } from '../map/numbers.js';
import { dot, gramOf, pointAt } from '../map/plane.js';
import type { ExactRegions } from '../map/polygons.js';
import { PAGE_TOKENS } from '../map/pageFile/pageFile.js';
import { questionsOf } from '../map/questions.js';
import { refinement } from '../map/refinement.js';
import type { CloserLook } from '../map/rows/windowRows.js';
import {
  contextOf,
  DEFAULT_PARAMETERS,
  layerIndex,
  type MapParameters,
  type MapSpecification,
  parseParameters,
} from '../map/specification.js';
import { type CenterBoundary, type Mark, ownSurvey, type Survey } from '../map/survey.js';
import type { Token } from '../map/token.js';
import { addBatch, type Approximation, type CellBatch, emptyCellsOf } from '../map/tokenMap.js';
import { type CallContext, type Handlers, stopIfCancelled, unlessAborted } from '../protocol/channel.js';
import {
  type BesideParams,
  CONTINUATION_LIMIT,
  type DivergenceEvent,
  type DivergenceResult,
  type EngineRequests,
  type MapEvent,
  type MapParams,
  type MapResult,
  type OpenEvent,
  type OpenParams,
  type PointParams,
  QUICK_SECONDS,
  type Reading as PointReading,
} from '../protocol/engine.js';
import { allowRun, whileTrying } from './allowance.js';
import { centerBoundary } from './boundaries/center.js';
import { boundariesOf, checkedBoundaries } from './boundaries/request.js';
import type { CellSource } from './cellSource.js';
import { divergences } from './divergences.js';
import { estimateDivergences, estimateMap, refuseTooLarge } from './estimate.js';
import { predictions, type Says } from './faithfulness.js';
import { checkedFeatures, featuresOf, withTokens } from './features.js';
import { checkedFit, fitTranslator } from './fitTranslator.js';
import { checkedLine, outputsAlong } from './line.js';
import { checkedLens, lensOf } from './lens.js';
import { promptLengths } from './hiddenSpace.js';
import type { Model } from './model/model.js';
import type { CellPlan } from './model/plan.js';
import { follow } from './model/running.js';
import { type Opened, open, prove } from './opened.js';
import { tensorsAt } from './modelTensors.js';
import { checkSampling, type Draw, greedy, sampler } from '../map/sampling.js';
import { checkedProfile, profileOf } from './profile.js';
import type { Depth, MapWork } from './proof.js';
import { checkedMap, checkedPoint, type Reading, readParameters } from './reading.js';
import { finiteCells, runSteps, wholeSteps } from './steps.js';
import { textPoints } from './textPoints.js';
import { checkedStates, checkedVectors, predictVectors, statesOf } from './vectors.js';
import { version } from './version.js';

/** On models with more weights, norms that only inform are not measured: the whole model would have to run. */
const MEASURED_BYTES = 2 * 2 ** 30;

/** Cells of a first picture that are computed before their own graph is there. */
const EARLY_CELLS = 64;

/** A run of so many takes hardly longer than one of a few. */
const FEW_TOKENS = 256;

/** Answers the requests of one engine process: opens one model, computes maps of it, one at a time. */
export class EngineService {
  private opened: Promise<Opened> | undefined;
  private lastMap: Promise<unknown> = Promise.resolve();
  /** The model that was compared with last. */
  private beside: { readonly path: string; readonly opened: Promise<Opened> } | undefined;

  /** What was said last of the texts on a map, and of its center. */
  private said:
    { readonly key: string; readonly says: Says; readonly boundary: CenterBoundary | undefined } | undefined;

  readonly handlers: Handlers<EngineRequests> = {
    open: async (params, context) => (await this.openOnce(params, (event) => context.emit(event))).description,
    current: async () => (await this.model()).model.isCurrent(),
    estimate: async ({ beside, ...params }) => {
      const { parameters, batchSize } = checkedMap(params);
      const opened = await this.model();
      if (!beside) return estimateMap({ ...opened, parameters }, batchSize);
      const other = { ...(await this.besideOf(beside)), parameters: parseParameters(beside.parameters) };
      return estimateDivergences({ ...opened, parameters }, other, batchSize);
    },
    map: (params, context) => {
      const checked = checkedMap(params);
      return this.inTurn(context.signal, () => this.map(checked, context));
    },
    survey: ({ parameters, measure = true }, { signal }) => {
      const checked = parseParameters(parameters);
      return this.inTurn(signal, () => this.survey(checked, measure, signal));
    },
    divergences: ({ beside, ...params }, context) => {
      const checked = checkedMap(params);
      const other = { ...beside, parameters: parseParameters(beside.parameters) };
      return this.inTurn(context.signal, () => this.divergences(checked, other, context));
    },
    point: (params, { signal }) => {
      const checked = checkedPoint(params);
      return this.inTurn(signal, () => this.point(checked, signal));
    },
    closer: ({ parameters }, { signal }) => {
      const checked = parseParameters(parameters);
      return this.inTurn(signal, () => this.closer(checked, signal));
    },
    boundaries: (params, context) => {
      const checked = checkedBoundaries(params);
      return this.inTurn(context.signal, async () => boundariesOf(await this.proven(context.signal), checked, context));
    },
    line: (params, { signal }) => {
      const checked = checkedLine(params);
      return this.inTurn(signal, async () => outputsAlong(await this.proven(signal), checked, signal));
    },
    profile: (params, context) => {
      const checked = checkedProfile(params);
      return this.inTurn(context.signal, async () => profileOf(await this.proven(context.signal), checked, context));
    },
    fitTranslator: (params, context) => {
      const checked = checkedFit(params);
      return this.inTurn(context.signal, async () =>
        fitTranslator(await this.proven(context.signal), checked, context),
      );
    },
    features: async (params, context) => {
      const checked = checkedFeatures(params);
      const { signal } = context;
      // A file is read beside whatever the model does.
      const found = await featuresOf((await this.model()).model, checked, signal);
      context.emit(found);
      return this.inTurn(signal, async () => withTokens(await this.proven(signal), found, signal));
    },
    lens: (params, context) => {
      const checked = checkedLens(params);
      return this.inTurn(context.signal, async () => lensOf(await this.proven(context.signal), checked, context));
    },
    continue: (params, context) => {
      const checked = checkedPoint(params);
      const { tokens, sampling } = params;
      if (sampling) checkSampling(sampling);
      if (!Number.isInteger(tokens) || tokens < 1 || tokens > CONTINUATION_LIMIT)
        throw new Fault({
          code: 'bad-parameter',
          message: `A continuation must have 1 to ${CONTINUATION_LIMIT} tokens.`,
        });
      return this.inTurn(context.signal, () =>
        this.continue({ ...checked, tokens }, sampling ? sampler(sampling) : greedy, context),
      );
    },
    predict: (params, { signal }) => {
      const checked = checkedVectors(params);
      return this.inTurn(signal, async () => predictVectors(await this.proven(signal), checked, signal));
    },
    states: (params, { signal }) => {
      const checked = checkedStates(params);
      return this.inTurn(signal, async () => statesOf((await this.proven(signal)).grounds.plain.variant, checked));
    },
    tensors: ({ path }) => Promise.resolve().then(() => tensorsAt(path)),
    tokenize: async ({ text, chat = false }) => {
      const { model } = await this.model();
      return { tokens: (await model.tokenizer.encode(text, { chat })).map((id) => model.tokenizer.token(id)) };
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

  private openOnce(params: OpenParams, emit: (event: OpenEvent) => void): Promise<Opened> {
    const opened = (this.opened ??= open(params, emit));
    opened.catch(() => (this.opened = undefined));
    return opened;
  }

  /** The model of a map that is compared with one of the open model: that one itself, or one more, kept until another is named. */
  private async besideOf({ model }: BesideParams): Promise<Opened> {
    const own = await this.model();
    if (!model || model.path === own.description.path) return own;
    const kept = this.beside;
    if (kept?.path === model.path) {
      const opened = await kept.opened;
      if (opened.model.isCurrent()) return opened;
    }
    if (this.beside === kept) {
      this.beside = { path: model.path, opened: open(model) };
      this.beside.opened.catch(() => (this.beside = undefined));
      await kept?.opened.then(({ grounds }) => grounds.release());
    }
    return this.beside?.opened ?? own;
  }

  private model(): Promise<Opened> {
    if (!this.opened) throw new Fault({ code: 'internal', message: 'No model is open.' });
    return this.opened;
  }

  /** The model, once all is proven that must be before anything but a first picture is given. @throws Fault of a check */
  private async proven(signal: AbortSignal): Promise<Opened> {
    const opened = await this.model();
    const depth = opened.proof.must;
    if (depth) await this.prove(opened, depth, undefined, signal);
    return this.model();
  }

  /** Does what runs a model that has still to prove itself, within the time that its calls may take. */
  private trying<T>(
    { model }: Opened,
    must: Depth | undefined,
    parameters: MapParameters,
    work: () => Promise<T>,
  ): Promise<T> {
    return must === undefined ? work() : whileTrying(model.facts.weightsBytes, work, longerThanFew(parameters));
  }

  /** @returns whether what was computed of the model holds. @throws Fault of a check */
  private async prove(opened: Opened, depth: Depth, plan: CellPlan | undefined, signal: AbortSignal): Promise<boolean> {
    const pause = async (): Promise<void> => {
      await new Promise(setImmediate); // lets a cancel in
      stopIfCancelled(signal);
    };
    const outcome = await prove(opened, depth, plan, pause).catch((error: unknown) => {
      // What the map itself does not need may ask for more memory than there is.
      if (Fault.from(error).code === 'memory' && opened.proof.must === undefined) return { opened, held: true };
      throw error;
    });
    this.opened = Promise.resolve(outcome.opened);
    if (!outcome.held) this.said = undefined;
    return outcome.held;
  }

  private async survey(parameters: MapParameters, measure: boolean, signal: AbortSignal): Promise<Survey> {
    if (!measure) {
      // It is shown with a first picture, and asked for anew where that is taken back: no more is proven for it.
      const opened = await this.model();
      return this.trying(opened, opened.proof.must, parameters, async () =>
        this.surveyOf(await readParameters(opened, parameters), parameters, signal, false),
      );
    }
    const opened = await this.proven(signal);
    const { model } = opened;
    const reading = await readParameters(opened, parameters);
    const { space } = reading;
    const { layer } = reading.plan;
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
    const survey = await this.surveyOf(reading, parameters, signal);
    return { ...survey, ...(normsReason === undefined ? {} : { normsReason }) };
  }

  /** With the norms, if they are known; and what is said of texts, kept for as long as the same are shown. */
  private async surveyOf(
    reading: Reading,
    parameters: MapParameters,
    signal: AbortSignal,
    say = true,
  ): Promise<Survey> {
    const { plan, found, space, whole } = reading;
    const { plane, overlays, grid } = parameters;
    const marks = await space.marks(found, overlays, plan.layer, grid, async () => (await whole()).space);
    const points = await textPoints(space, found, parameters, plan.layer, signal);
    const { grid: usual, topK, question, alsoAsked, adaptive } = DEFAULT_PARAMETERS;
    const key = `${cellsKey({ ...reading.parameters, grid: usual, topK, question, alsoAsked, adaptive })}${JSON.stringify(overlays)}`;
    if (say && this.said?.key !== key) {
      const says = await predictions(reading, parameters, marks);
      this.said = { key, says, boundary: await centerBoundary(reading, parameters, signal) };
    }
    const said = this.said?.key === key ? this.said : undefined;
    const tells = isRealState(plane.center) || marks.some(({ kind }) => kind === 'state');
    const boundary = said?.boundary;
    return {
      gram: gramOf(found.plane),
      norms: space.keptNorms(plan.layer, plane.sample) ?? null,
      marks: said ? marks.map((mark) => withSaid(mark, said.says)) : marks,
      ...(points.length > 0 ? { points } : {}),
      explained: found.explained,
      ...(boundary ? { boundary } : {}),
      ...(said || !tells ? {} : { untold: true }),
    };
  }

  private async divergences(
    { parameters, batchSize, only }: MapParams,
    beside: BesideParams,
    context: CallContext<DivergenceEvent>,
  ): Promise<DivergenceResult> {
    const [opened, other] = [await this.proven(context.signal), await this.besideOf(beside)];
    const [a, b] = [
      { ...opened, parameters },
      { ...other, parameters: beside.parameters },
    ];
    const estimate = await estimateDivergences(a, b, batchSize);
    context.emit({ kind: 'started', estimate });
    refuseTooLarge(estimate, opened.model.budget, 'The divergences take');
    allowRun(estimate.bytes);
    return divergences(
      { opened, parameters },
      { opened: other, parameters: beside.parameters },
      batchSize,
      only,
      context,
    );
  }

  /** One point, by the way that its map would take. */
  private async point({ parameters, x, y }: PointParams, signal: AbortSignal): Promise<PointReading> {
    const opened = await this.proven(signal);
    const { model } = opened;
    const reading = await readParameters(opened, parameters);
    const { sources } = reading.ground;
    const vector = pointAt(reading.found.plane, x, y);
    const { tops, logits } = await sources.point(reading, parameters, x, y);
    return {
      ids: tops.ids,
      probabilities: tops.probabilities,
      logits,
      entropy: tops.entropy[0] ?? 0,
      answers: tops.answers ?? null,
      norm: Math.sqrt(dot(vector, vector)),
      tokens: newTokens(tops.ids, new Set(), model),
    };
  }

  /** The rows of a map that is three of them and asks nothing: an answer needs more than its tokens' rows. */
  private async closer(parameters: MapParameters, signal: AbortSignal): Promise<CloserLook | null> {
    const opened = await this.proven(signal);
    const reading = await readParameters(opened, parameters);
    const affine =
      questionsOf(parameters).length > 0 ? undefined : await reading.ground.sources.affine(reading, parameters);
    if (!affine) return null;
    const rows = affine.windowRows(gridWindow(parameters.grid), Math.min(parameters.topK, PAGE_TOKENS));
    const near = Int32Array.from(rows.near, (place) => rows.ids[place] ?? 0);
    return { rows, tokens: newTokens(near, new Set(), opened.model) };
  }

  /** By the model itself, whatever the readout. */
  private async continue(
    { parameters, x, y, tokens: most }: PointParams & { readonly tokens: number },
    draw: Draw,
    context: CallContext<{ readonly token: Token }>,
  ): Promise<{ readonly tokens: readonly Token[]; readonly text: string; readonly ended: boolean }> {
    const opened = await this.proven(context.signal);
    const { model, grounds } = opened;
    const { plan, found, race } = await readParameters(opened, { ...parameters, readout: 'forward' });
    if (model.anatomy.interface.ids === undefined)
      throw new Fault({
        code: 'bad-parameter',
        message: 'This export takes embeddings: no token can follow the vector.',
      });
    const ids: number[] = [];
    const masked = new Set(race.masked);
    let ended = false;
    // Without a context, BOS is what stands where the vector does, up to its layer.
    const own = contextOf(parameters).kind === 'none' ? (model.tokenizer.bos ?? plan.own) : plan.own;
    await follow(
      (await grounds.of(parameters.interventions)).variant,
      plan.layer,
      { ...plan, own },
      pointAt(found.plane, x, y),
      (logits) => {
        stopIfCancelled(context.signal);
        const drawn = draw(logits, masked);
        ids.push(drawn);
        context.emit({ token: model.tokenizer.token(drawn) });
        ended = model.tokenizer.isEnd(drawn);
        return ended || ids.length >= most ? undefined : drawn;
      },
    );
    return { tokens: ids.map((id) => model.tokenizer.token(id)), text: model.tokenizer.decode(ids), ended };
  }

  private async map(params: MapParams, context: CallContext<MapEvent>): Promise<MapResult> {
    const started = performance.now();
    for (;;) {
      stopIfCancelled(context.signal);
      const opened = isEarly(params) ? await this.model() : await this.proven(context.signal);
      const { must } = opened.proof;
      try {
        const result = await this.mapOf(opened, params, must, context, started);
        if (result) return result;
      } catch (error) {
        // What a model ends with that is not yet proven may come of what was assumed of it: its checks say.
        if (must === undefined || opened.proof.must === undefined || Fault.from(error).code === 'cancelled')
          throw error;
        if (await this.prove(opened, must, undefined, context.signal)) throw error;
      }
      context.emit({ kind: 'anew' });
    }
  }

  /**
   * @param must what is not yet proven of the model, and must be before any cell counts
   * @returns undefined where it turned out that the model is to be run otherwise: then all of it is to be done again
   */
  private async mapOf(
    opened: Opened,
    params: MapParams,
    must: Depth | undefined,
    context: CallContext<MapEvent>,
    started: number,
  ): Promise<MapResult | undefined> {
    const { parameters, batchSize, only, way } = params;
    const { model, speeds, description, proof } = opened;
    const trying = <T>(work: () => Promise<T>): Promise<T> => this.trying(opened, must, parameters, work);
    const reading = await trying(() => readParameters(opened, parameters));
    const { plan, found } = reading;
    const { variant, sources } = reading.ground;
    const specification: MapSpecification = {
      ...parameters,
      translator: reading.parameters.translator,
      layer: plan.layer,
      context: contextOf(parameters),
      model: model.reference,
    };
    const { columns, rows } = parameters.grid;
    const estimate = await estimateMap({ ...opened, parameters }, batchSize);
    context.emit({ kind: 'started', specification, estimate });
    refuseTooLarge(estimate, model.budget);
    allowRun(estimate.bytes);
    const notices: string[] = [];
    const notice = (message: string): void => {
      notices.push(message);
      context.emit({ kind: 'notice', message });
    };
    if (description.device.warning !== undefined) notice(description.device.warning);
    for (const idle of idleInterventions(parameters, layerIndex(plan.layer))) notice(idle);
    if (model.tokenizer.reason !== undefined) notice(model.tokenizer.reason);
    const order = refinement(columns, rows, only);
    const total = order.cells.length;
    const sent = new Set<number>();
    const first = order.cells.slice(0, order.passes[0]?.end);
    const work = (cells: number): MapWork => {
      const weights = variant.weightsOf(plan, false).bytes;
      return { layer: plan.layer, weights, cells, prompts: promptLengths(parameters.plane).length };
    };
    let pictures = 0;
    const pass = (batch: CellBatch, unverified: boolean): void => {
      pictures++;
      const nothing = { done: 0, total, stride: 16, secondsLeft: null };
      const tokens = newTokens(batch.ids, sent, model);
      context.emit({ kind: 'cells', batch, passing: true, ...(unverified && { unverified }), tokens, ...nothing });
    };
    const seen = async (cells: CellSource): Promise<void> => {
      const { finite } = finiteCells(first, await cells.cells(first), parameters.topK);
      pass(finite, proof.due(work(total)) !== undefined);
    };
    const wanted = isEarly(params) && first.length > 0 && first.length <= EARLY_CELLS;
    const source = await trying(
      async () =>
        (way === 'each-cell' ? undefined : await sources.threeRows(reading, parameters, total)) ??
        sources.eachCell(reading, parameters, batchSize, notice, wanted ? seen : undefined),
    );
    const due = proof.due(work(source.way === 'each-cell' ? total : 0));
    if (due) {
      const steps = wholeSteps({ cells: first, passes: order.passes.slice(0, 1) }, false);
      const show = (batch: CellBatch): void => pass(batch, true);
      if (isEarly(params) && pictures === 0)
        await trying(() => runSteps(steps, source, parameters.topK, show, notice, context.signal));
      if (!(await this.prove(opened, due, plan, context.signal))) return undefined;
      context.emit({ kind: 'verified' });
    }
    // Three rows cost nothing that is worth an approximation.
    const known = parameters.adaptive && source.way === 'each-cell' ? emptyCellsOf(parameters) : undefined;
    if (known && only) throw adaptiveInParts();
    const quick = estimate.seconds !== null && estimate.seconds < QUICK_SECONDS;

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
    const survey = ownSurvey(await this.surveyOf(reading, parameters, context.signal), parameters);
    const counts = faithfulness(survey);
    const unfaithful = counts && faithfulWarning(counts);
    if (unfaithful !== undefined) notice(unfaithful);
    const half = variant.weightsOf(plan, source.way === 'each-cell').half;
    const elapsed = performance.now() - computed;
    speeds.took(parameters, plan, total - (approximation?.filled ?? 0), elapsed);
    return {
      specification,
      facts: model.facts,
      plane: found.plane,
      survey,
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

function withSaid(mark: Mark, says: Says): Mark {
  const told = mark.kind === 'state' ? says.get(mark.overlay) : undefined;
  return told ? { ...mark, says: told } : mark;
}

/** What is asked for and does nothing is said. */
const idleInterventions = ({ interventions, readout }: MapParameters, layer: number): string[] =>
  readout === 'forward'
    ? []
    : interventionsAbove(interventions, layer).map(
        (one) =>
          `The readout ${readout} leaves out all blocks behind the layer: ${interventionWords(one)} does nothing.`,
      );

/** A first picture is wanted, before the checks if need be. */
const isEarly = ({ early, only }: MapParams): boolean => early === true && !only;

/** How much longer than a few positions the prompts of a map may take. */
const longerThanFew = ({ plane, context }: MapParameters): number =>
  Math.max(...promptLengths(plane), context.kind === 'prompt' ? context.text.length : 0, FEW_TOKENS) / FEW_TOKENS;

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
