import {
  LIMITS,
  type Layer,
  layerIndex,
  type MapParameters,
  type MapSpecification,
  parseParameters,
} from '../map/specification.js';
import { coordinates, gridWindow } from '../map/grid.js';
import { Fault } from '../map/fault.js';
import { dot, gramOf, pointAt } from '../map/plane.js';
import type { ExactRegions } from '../map/polygons.js';
import { refinement } from '../map/refinement.js';
import type { Norms, Survey } from '../map/survey.js';
import type { Token } from '../map/tokenMap.js';
import { type CallContext, cancelled, type Handlers, stopIfCancelled } from '../protocol/channel.js';
import {
  type Check,
  CONTINUATION_LIMIT,
  type DeviceReport,
  type EngineRequests,
  type Estimate,
  type MapEvent,
  type MapParams,
  type MapResult,
  type ModelDescription,
  type OpenParams,
  type PointParams,
  type Reading as PointReading,
  type Support,
} from '../protocol/engine.js';
import { AffineMap } from './affine.js';
import type { Tops } from './cellRunner.js';
import { BATCH_BYTES, type CellSource, EachCell, ThreeRows } from './cellSource.js';
import { CHECKED_BYTES, runChecks } from './checks.js';
import { chooseDevice } from './device.js';
import { type FoundPlane, HiddenSpace, planeKey } from './hiddenSpace.js';
import { type CellPlan, Model, type Surroundings } from './model.js';
import { readPrompt } from './prompts.js';
import { type Race, readRace } from './question.js';
import { Sweeper } from './sweep.js';
import { version } from './version.js';

/** Planes whose rows are kept: changing the grid over them costs no product with the head again. */
const KEPT_ROWS = 4;

interface Opened {
  readonly model: Model;
  readonly space: HiddenSpace;
  readonly description: ModelDescription;
}

/** A map's parameters read against the model: what is computed, where, and what is asked. */
interface Reading {
  readonly plan: CellPlan;
  readonly found: FoundPlane;
  readonly race: Race;
  /** Names the readout and the plane: what rows depend on, not the grid laid over it. */
  readonly rowsKey: string;
}

/** Answers the requests of one engine process: opens one model, computes maps of it, one at a time. */
export class EngineService {
  private opened: Promise<Opened> | undefined;
  private lastMap: Promise<unknown> = Promise.resolve();
  private readonly affineMaps = new Map<string, AffineMap>();
  private readonly sweeper = new Sweeper();
  /** Measured milliseconds a cell, by layer, readout and context length. */
  private readonly speeds = new Map<string, { milliseconds: number; layer: number }>();

  readonly handlers: Handlers<EngineRequests> = {
    open: async (params) => (await (this.opened ??= this.open(params))).description,
    estimate: async (params) => {
      const { parameters, batchSize } = checkedMap(params);
      return this.estimate(parameters, batchSize);
    },
    map: (params, context) => {
      const checked = checkedMap(params);
      return this.inTurn(context.signal, () => this.map(checked, context));
    },
    survey: ({ parameters }, { signal }) => {
      const checked = parseParameters(parameters);
      return this.inTurn(signal, () => this.survey(checked));
    },
    point: (params, { signal }) => {
      const checked = checkedPoint(params);
      return this.inTurn(signal, () => this.point(checked));
    },
    continue: (params, context) => {
      const checked = checkedPoint(params);
      const tokens = Math.max(1, Math.min(CONTINUATION_LIMIT, Math.floor(params.tokens)));
      return this.inTurn(context.signal, () => this.continue({ ...checked, tokens }, context));
    },
    tokenize: async ({ text }) => {
      const { model } = await this.model();
      return { tokens: model.tokenizer.encode(text).map((id) => model.tokenizer.token(id)) };
    },
  };

  /** One thing at a time: sessions take all cores and much memory. */
  private inTurn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const result = this.lastMap.then(() => {
      stopIfCancelled(signal);
      return work();
    });
    this.lastMap = result.catch(() => undefined);
    return untilCancelled(result, signal);
  }

  private async open({ path, device, skipChecks }: OpenParams): Promise<Opened> {
    const started = performance.now();
    try {
      const report = await chooseDevice(device);
      const model = Model.open(path, report.used);
      const skip = skipChecks ?? model.facts.weightsBytes > CHECKED_BYTES;
      const outcome = skip ? undefined : await runChecks(model);
      if (outcome) model.manner = outcome.manner;
      const checks = outcome?.checks ?? [
        { name: 'run', outcome: 'skipped' as const, detail: 'the model is large; "inspect" runs the checks' },
      ];
      return {
        model,
        space: new HiddenSpace(model),
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
    const { model } = await this.model();
    const plan = planOf(model, parameters);
    const { columns, rows } = parameters.grid;
    const cells = columns * rows;
    const weights = model.weightsOf(plan);
    // Half-width weights are widened for the CPU: both stand in memory.
    const widened =
      model.facts.numberType === 'float16' || model.facts.numberType === 'bfloat16' ? weights * 3 : weights;
    const perCell =
      model.facts.vocabularySize * 4 * 6 +
      (plan.prefix.length + 1 + plan.suffix.length) * model.facts.hiddenSize * 4 * 24;
    const batch = Math.max(1, Math.min(batchSize, cells, Math.floor(BATCH_BYTES / perCell)));
    return {
      cells,
      bytes: 120 * 2 ** 20 + widened + batch * perCell + cells * (parameters.topK * 8 + 16),
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

  /** The map as three rows, where the readout is affine and they prove it; kept for as long as the plane is. */
  private async affine(model: Model, reading: Reading, parameters: MapParameters): Promise<AffineMap | undefined> {
    const { plan, found, race, rowsKey } = reading;
    // Rows are kept by readout and plane: an earlier layer's blocks are never affine, whatever is kept.
    if (plan.readout === 'forward' && layerIndex(plan.layer) !== model.facts.blocks - 1) return undefined;
    const keep = (key: string, map: AffineMap): AffineMap => {
      this.affineMaps.set(key, map);
      const [oldest] = this.affineMaps.keys();
      if (this.affineMaps.size > KEPT_ROWS && oldest !== undefined) this.affineMaps.delete(oldest);
      return map;
    };
    let whole = this.affineMaps.get(rowsKey);
    if (!whole) {
      const rows = await AffineMap.find(model, plan, found.plane, coordinates(parameters.grid), rowsKey);
      if (!(rows instanceof AffineMap)) return undefined;
      whole = keep(rowsKey, rows);
    }
    if (race.masked.length === 0) return whole;
    const key = JSON.stringify([rowsKey, race.masked]);
    return this.affineMaps.get(key) ?? keep(key, whole.without(race.masked));
  }

  private async threeRows(
    model: Model,
    reading: Reading,
    parameters: MapParameters,
    total: number,
  ): Promise<CellSource | undefined> {
    const affine = await this.affine(model, reading, parameters);
    if (!affine) return undefined;
    const { asked } = reading.race;
    const functional = asked && affine.functional(asked.weights);
    if (asked && !functional) return undefined;
    const question = asked && functional ? { asked, functional } : undefined;
    return new ThreeRows(affine, this.sweeper, coordinates(parameters.grid), parameters.topK, total, question);
  }

  private async eachCell(
    model: Model,
    { plan, found, race }: Reading,
    parameters: MapParameters,
    batchSize: number,
    notice: (message: string) => void,
  ): Promise<CellSource> {
    const runner = await model.runner(plan);
    const reuse = model.manner.prefix;
    const mixing = plan.readout === 'forward' && layerIndex(plan.layer) < model.facts.blocks - 1;
    if (plan.prefix.length > 0 && reuse.way === 'recomputed' && mixing)
      notice(`The whole sequence is computed for every cell: ${reuse.reason}.`);
    return new EachCell(runner, found.plane, coordinates(parameters.grid), race, batchSize);
  }

  /** @throws Fault as {@link planOf}, {@link HiddenSpace.plane} and {@link readRace}. */
  private async read(parameters: MapParameters): Promise<Reading> {
    const { model, space } = await this.model();
    const plan = planOf(model, parameters);
    const { hiddenSize } = model.facts;
    const width = plan.readout === 'unembed' ? (model.anatomy.head.width ?? hiddenSize) : hiddenSize;
    const found = await space.plane(parameters.plane, plan.layer, width);
    const { context } = parameters;
    const isPrompt = context.kind === 'prompt' || context.kind === 'tokens';
    const race = await readRace(model, parameters, isPrompt ? plan : undefined);
    const readout = plan.readout === 'unembed' ? 'unembed' : 'lens';
    return { plan, found, race, rowsKey: JSON.stringify([readout, planeKey(parameters.plane, plan.layer, width)]) };
  }

  private async survey(parameters: MapParameters): Promise<Survey> {
    const { space } = await this.model();
    const { plan, found } = await this.read(parameters);
    return this.surveyOf(space, plan, found, parameters, true);
  }

  /** @param measure the norms as well, where they are not known yet; a model without a tokenizer says why it has none. */
  private async surveyOf(
    space: HiddenSpace,
    { layer }: CellPlan,
    found: FoundPlane,
    { plane, overlays, grid }: MapParameters,
    measure: boolean,
  ): Promise<Survey> {
    let norms: Norms | null = space.keptNorms(layer, plane.sample) ?? null;
    let normsReason: string | undefined;
    if (!norms && measure) {
      try {
        norms = await space.norms(layer, plane.sample);
      } catch (error) {
        const fault = Fault.from(error);
        if (fault.code !== 'tokenizer' && fault.code !== 'bad-parameter') throw fault;
        normsReason = fault.message;
      }
    }
    return {
      gram: gramOf(found.plane),
      norms,
      ...(normsReason === undefined ? {} : { normsReason }),
      marks: await space.marks(found, overlays, layer, grid),
      explained: found.explained,
    };
  }

  /** One point, by the way that its map would take. */
  private async point({ parameters, x, y }: PointParams): Promise<PointReading> {
    const { model } = await this.model();
    const reading = await this.read(parameters);
    const { plan, found, race } = reading;
    const vector = pointAt(found.plane, x, y);
    const norm = Math.sqrt(dot(vector, vector));
    const affine = await this.affine(model, reading, parameters);
    const functional = affine && race.asked && affine.functional(race.asked.weights);
    let tops: Tops;
    let logits: Float32Array;
    if (affine && (functional !== undefined) === (race.asked !== undefined)) {
      const one = { columns: 1, rows: 1, spacing: 1, center: [x, y] } as const;
      const question = race.asked && functional ? { asked: race.asked, functional } : undefined;
      const source = new ThreeRows(affine, this.sweeper, coordinates(one), parameters.topK, 1, question);
      tops = await source.cells(Int32Array.of(0));
      logits = affine.logitsOf(tops.ids, x, y);
    } else {
      const runner = await model.runner(plan);
      const whole = await runner.tops(vector, 1, race.feeds);
      ({ logits } = whole);
      const answer = race.asked?.answer(whole.functional[0] ?? 0, whole.probabilities[0] ?? 0);
      tops = { ...whole, ...(answer === undefined ? {} : { answers: Float32Array.of(answer) }) };
    }
    return {
      ids: tops.ids,
      probabilities: tops.probabilities,
      logits,
      entropy: tops.entropy[0] ?? 0,
      answer: tops.answers?.[0] ?? null,
      norm,
      tokens: newTokens(tops.ids, new Set(), model),
    };
  }

  /** Greedy, by the model itself, whatever the readout; of equal logits the lower id. */
  private async continue(
    { parameters, x, y, tokens: most }: PointParams & { readonly tokens: number },
    context: CallContext<{ readonly token: Token }>,
  ): Promise<{ readonly tokens: readonly Token[]; readonly text: string; readonly ended: boolean }> {
    const { model } = await this.model();
    const { plan, found, race } = await this.read({ ...parameters, readout: 'forward' });
    if (model.anatomy.interface.ids === undefined)
      throw new Fault({
        code: 'bad-parameter',
        message: 'This export takes embeddings: no token can follow the vector.',
      });
    const ids: number[] = [];
    let ended = false;
    // Without a context, BOS is what stands where the vector does, up to its layer.
    const own = parameters.context.kind === 'none' ? (model.tokenizer.bos ?? plan.own) : plan.own;
    await model.follow(plan.layer, { ...plan, own }, pointAt(found.plane, x, y), (logits) => {
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
    const { model, space, description } = await this.model();
    const reading = await this.read(parameters);
    const { plan, found } = reading;
    const specification: MapSpecification = { ...parameters, layer: plan.layer, model: model.reference };
    const { columns, rows } = parameters.grid;
    context.emit({ kind: 'started', specification, estimate: await this.estimate(parameters, batchSize) });
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
      (way === 'each-cell' ? undefined : await this.threeRows(model, reading, parameters, total)) ??
      (await this.eachCell(model, reading, parameters, batchSize, notice));

    const sent = new Set<number>();
    const computed = performance.now();
    let done = 0;
    let undefinedCells = 0;
    for (const pass of order.passes) {
      let at = pass.start;
      while (at < pass.end) {
        stopIfCancelled(context.signal);
        const count = Math.min(source.next(), pass.end - at);
        const indices = order.cells.slice(at, at + count);
        let tops: Tops;
        try {
          tops = await source.cells(indices);
        } catch (error) {
          const smaller = source.shrink(error, count);
          if (smaller === undefined) throw error;
          notice(`The batch size was reduced to ${smaller}: ${Fault.from(error).message}`);
          continue;
        }
        at += count;
        done += count;
        const { finite, bad } = finiteCells(indices, tops, parameters.topK);
        undefinedCells += bad;
        context.emit({
          kind: 'cells',
          batch: finite,
          tokens: newTokens(finite.ids, sent, model),
          done,
          total,
          stride: pass.stride,
          secondsLeft: secondsLeft(performance.now() - computed, done, total),
        });
        await new Promise(setImmediate); // lets a cancel in
      }
    }
    if (undefinedCells > 0)
      notice(`${undefinedCells} cells have no prediction: the model's arithmetic leaves its number range there.`);
    const regions = exactRegions(source, parameters, notice);
    const regionIds = Int32Array.from(regions?.polygons ?? [], ({ token }) => token);
    const elapsed = performance.now() - computed;
    if (total > 0) this.speeds.set(speedKey(plan), { milliseconds: elapsed / total, layer: layerIndex(plan.layer) });
    return {
      specification,
      facts: model.facts,
      plane: found.plane,
      survey: await this.surveyOf(space, plan, found, parameters, false),
      runtime: {
        version: version(),
        device: description.device.used,
        batchSize,
        seconds: (performance.now() - started) / 1000,
        finished: new Date().toISOString(),
        way: source.way,
        ...(source.largestDifference === undefined ? {} : { largestDifference: source.largestDifference }),
        notices,
      },
      ...(regions === undefined ? {} : { regions }),
      tokens: newTokens(regionIds, sent, model),
    };
  }
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

/** @throws Fault `bad-parameter` */
function checkedPoint({ parameters, x, y }: PointParams): PointParams {
  if (!Number.isFinite(x) || !Number.isFinite(y))
    throw new Fault({ code: 'bad-parameter', message: 'A point needs two finite coordinates.' });
  return { parameters: parseParameters(parameters), x, y };
}

/** What was asked for, checked on this side as well: a specification can come from anywhere. @throws Fault `bad-parameter`. */
function checkedMap(params: MapParams): MapParams {
  const parameters = parseParameters(params.parameters);
  const { batchSize, only } = params;
  if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > LIMITS.batch)
    throw new Fault({
      code: 'bad-parameter',
      message: `Batch size must be a whole number from 1 to ${LIMITS.batch}.`,
    });
  const cells = parameters.grid.columns * parameters.grid.rows;
  if (only !== undefined && !(only instanceof Int32Array && only.every((cell) => cell >= 0 && cell < cells)))
    throw new Fault({ code: 'bad-parameter', message: 'A wanted cell lies outside the grid.' });
  return {
    parameters,
    batchSize,
    ...(only === undefined ? {} : { only }),
    ...(params.way === 'each-cell' ? { way: params.way } : {}),
  };
}

/** A map that still waits for the one before it ends at once when it is cancelled. */
function untilCancelled<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(cancelled()), { once: true });
    work.then(resolve, reject);
  });
}

/**
 * A map's parameters against this model.
 * @throws Fault `bad-parameter` for a layer, readout or context that it does not have, `tokenizer` for a prompt.
 */
function planOf(model: Model, parameters: MapParameters): CellPlan {
  const { blocks, vocabularySize } = model.facts;
  const layer: Layer = parameters.layer === 'last' ? blocks - 1 : parameters.layer;
  if (layer !== 'embeddings' && layer >= blocks)
    throw new Fault({
      code: 'bad-parameter',
      message: `Layer ${layer} does not exist: the model has ${blocks} blocks.`,
      hint: `Choose 0 to ${blocks - 1}, or "embeddings".`,
    });
  if (parameters.topK > vocabularySize)
    throw new Fault({
      code: 'bad-parameter',
      message: `top-k is ${parameters.topK}, but the model knows only ${vocabularySize} tokens.`,
    });
  const unembed = unembedSupport(model);
  if (parameters.readout === 'unembed' && !unembed.ok)
    throw new Fault({ code: 'bad-parameter', message: unembed.reason, hint: 'Use the readout "lens" or "forward".' });
  const around = contextOf(model, parameters);
  const mixing = parameters.readout === 'forward' && layerIndex(layer) < blocks - 1;
  if (around.suffix.length > 0 && parameters.readout === 'forward' && !mixing)
    throw new Fault({
      code: 'bad-parameter',
      message: 'Behind the last block no position sees another: a vector at an earlier one would change no prediction.',
      hint: 'Replace the last position, or choose an earlier layer.',
    });
  const output = {
    kind: 'top' as const,
    k: parameters.topK,
    masked: parameters.masked.length > 0,
    functional: parameters.question !== null,
  };
  return { layer, readout: parameters.readout, ...around, output };
}

function contextOf(model: Model, { context }: MapParameters): Surroundings {
  const { bos } = model.tokenizer;
  // Some token that is no padding (BOS often is): an export that computes its mask from the ids would hide the vector.
  const own = Math.floor(0.37 * model.facts.vocabularySize);
  const takesIds = idsSupport(model);
  if (context.kind !== 'none' && !takesIds.ok)
    throw new Fault({ code: 'bad-parameter', message: takesIds.reason, hint: 'Use the context "none".' });
  switch (context.kind) {
    case 'none':
      return { prefix: [], own, suffix: [] };
    case 'bos':
      if (bos === null)
        throw new Fault({
          code: 'bad-parameter',
          message: 'The model names no BOS token.',
          hint: 'Use the context "none" or a prompt.',
        });
      return { prefix: [bos], own, suffix: [] };
    case 'prompt':
    case 'tokens':
      return readPrompt(model, context);
  }
}

const idsSupport = (model: Model): Support =>
  model.anatomy.interface.ids === undefined
    ? { ok: false, reason: 'This export takes embeddings instead of token ids: nothing can stand before the vector.' }
    : { ok: true };

function unembedSupport(model: Model): Support {
  const { head, hiddenSize } = model.anatomy;
  if (head.width === undefined || head.width === hiddenSize) return { ok: true };
  return {
    ok: false,
    reason: `The head reads ${head.width} dimensions, the residual stream has ${hiddenSize}: there is no bare unembedding of a hidden state.`,
  };
}

/** Leaves out cells whose numbers are not finite: float16 models overflow far from where they live. */
function finiteCells(
  indices: Int32Array,
  tops: Tops,
  k: number,
): { finite: Extract<MapEvent, { kind: 'cells' }>['batch']; bad: number } {
  const good = [...indices.keys()].filter(
    (i) => Number.isFinite(tops.entropy[i]) && Number.isFinite(tops.probabilities[i * k]),
  );
  if (good.length === indices.length) return { finite: { indices, ...tops }, bad: 0 };
  const rows = <T extends Int32Array | Float32Array>(from: T, to: T): T => {
    good.forEach((i, n) => to.set(from.subarray(i * k, i * k + k), n * k));
    return to;
  };
  return {
    bad: indices.length - good.length,
    finite: {
      indices: Int32Array.from(good, (i) => indices[i] ?? 0),
      ids: rows(tops.ids, new Int32Array(good.length * k)),
      probabilities: rows(tops.probabilities, new Float32Array(good.length * k)),
      entropy: Float32Array.from(good, (i) => tops.entropy[i] ?? 0),
      ...(tops.answers ? { answers: Float32Array.from(good, (i) => tops.answers?.[i] ?? 0) } : {}),
    },
  };
}

function newTokens(ids: Int32Array, sent: Set<number>, model: Model): Token[] {
  const tokens: Token[] = [];
  for (const id of ids) {
    if (sent.has(id)) continue;
    sent.add(id);
    tokens.push(model.tokenizer.token(id));
  }
  return tokens;
}

/** Known after 5 % or 2 s. */
function secondsLeft(elapsed: number, done: number, total: number): number | null {
  if (done === 0 || (done / total < 0.05 && elapsed < 2000)) return null;
  return ((elapsed / done) * (total - done)) / 1000;
}

function describe(
  model: Model,
  device: DeviceReport,
  checks: readonly Check[],
  milliseconds: number,
): ModelDescription {
  const { anatomy, tokenizer } = model;
  const noTokenizer: Support = { ok: false, reason: tokenizer.reason ?? 'The model has no tokenizer.' };
  const ids = idsSupport(model);
  return {
    reference: model.reference,
    path: model.files.file,
    facts: model.facts,
    modelType: model.files.config.modelType,
    opset: anatomy.graph.opsets.get('') ?? 0,
    nodes: anatomy.graph.nodes.length,
    residual: anatomy.residual.map((tensor, i) => ({ layer: i === 0 ? ('embeddings' as const) : i - 1, tensor })),
    finalNorm: anatomy.finalNorm ?? 'none',
    head: {
      operator: anatomy.head.matmul.opType,
      weight: anatomy.head.weight,
      bias: anatomy.head.bias,
      after: anatomy.head.after,
    },
    readouts: { forward: { ok: true }, lens: { ok: true }, unembed: unembedSupport(model) },
    contexts: {
      none: { ok: true },
      bos: !ids.ok
        ? ids
        : tokenizer.bos === null
          ? { ok: false, reason: 'The model names no BOS token.' }
          : { ok: true },
      prompt: !ids.ok ? ids : tokenizer.reason === undefined ? { ok: true } : noTokenizer,
    },
    prefix: model.manner.prefix,
    batching: model.manner.batching,
    tokenizer: {
      file: tokenizer.file === null ? null : 'tokenizer.json',
      size: tokenizer.size,
      bos: tokenizer.bos,
      ...(tokenizer.reason === undefined ? {} : { reason: tokenizer.reason }),
    },
    device,
    checks,
    openedMilliseconds: Math.round(milliseconds),
  };
}
