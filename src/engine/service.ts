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
import { gramOf, type Plane } from '../map/plane.js';
import type { ExactRegions } from '../map/polygons.js';
import { refinement } from '../map/refinement.js';
import type { Token } from '../map/tokenMap.js';
import { type CallContext, cancelled, type Handlers, stopIfCancelled } from '../protocol/channel.js';
import type {
  Check,
  DeviceReport,
  EngineRequests,
  Estimate,
  MapEvent,
  MapParams,
  MapResult,
  ModelDescription,
  OpenParams,
  Support,
} from '../protocol/engine.js';
import { AffineMap } from './affine.js';
import type { Tops } from './cellRunner.js';
import { BATCH_BYTES, type CellSource, EachCell, ThreeRows } from './cellSource.js';
import { CHECKED_BYTES, runChecks } from './checks.js';
import { chooseDevice } from './device.js';
import { resolvePlane } from './planes.js';
import { type CellPlan, Model } from './model.js';
import { Sweeper } from './sweep.js';
import { version } from './version.js';

/** Planes whose rows are kept: changing the grid over them costs no product with the head again. */
const KEPT_ROWS = 4;

interface Opened {
  readonly model: Model;
  readonly description: ModelDescription;
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
      const map = this.lastMap.then(() => this.map(checked, context));
      this.lastMap = map.catch(() => undefined);
      return untilCancelled(map, context.signal);
    },
    survey: () => Promise.reject(new Fault({ code: 'internal', message: 'Not yet.' })),
    point: () => Promise.reject(new Fault({ code: 'internal', message: 'Not yet.' })),
    continue: () => Promise.reject(new Fault({ code: 'internal', message: 'Not yet.' })),
    tokenize: async ({ text }) => {
      const { model } = await this.model();
      return { tokens: model.tokenizer.encode(text).map((id) => model.tokenizer.token(id)) };
    },
  };

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
      return { model, description: describe(model, report, checks, performance.now() - started) };
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
    const perCell = model.facts.vocabularySize * 4 * 6 + (plan.prefix.length + 1) * model.facts.hiddenSize * 4 * 24;
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

  /** Three rows where the readout is affine and they prove it; kept for as long as the plane is. */
  private async threeRows(
    model: Model,
    plan: CellPlan,
    plane: Plane,
    parameters: MapParameters,
    total: number,
  ): Promise<CellSource | undefined> {
    // Rows are kept by readout and plane: an earlier layer's blocks are never affine, whatever is kept.
    if (plan.readout === 'forward' && layerIndex(plan.layer) !== model.facts.blocks - 1) return undefined;
    const grid = coordinates(parameters.grid);
    const key = rowsKey(plan, parameters);
    let affine = this.affineMaps.get(key);
    if (!affine) {
      const found = await AffineMap.find(model, plan, plane, grid, key);
      if (!(found instanceof AffineMap)) return undefined;
      affine = found;
      this.affineMaps.set(key, found);
      const [oldest] = this.affineMaps.keys();
      if (this.affineMaps.size > KEPT_ROWS && oldest !== undefined) this.affineMaps.delete(oldest);
    }
    return new ThreeRows(affine, this.sweeper, grid, parameters.topK, total);
  }

  private async eachCell(
    model: Model,
    plan: CellPlan,
    plane: Plane,
    parameters: MapParameters,
    batchSize: number,
    notice: (message: string) => void,
  ): Promise<CellSource> {
    const runner = await model.runner(plan);
    const reuse = model.manner.prefix;
    const mixing = plan.readout === 'forward' && layerIndex(plan.layer) < model.facts.blocks - 1;
    if (plan.prefix.length > 0 && reuse.way === 'recomputed' && mixing)
      notice(`The whole sequence is computed for every cell: ${reuse.reason}.`);
    return new EachCell(runner, plane, coordinates(parameters.grid), batchSize);
  }

  private async map(
    { parameters, batchSize, only, way }: MapParams,
    context: CallContext<MapEvent>,
  ): Promise<MapResult> {
    const started = performance.now();
    stopIfCancelled(context.signal);
    const { model, description } = await this.model();
    const plan = planOf(model, parameters);
    const specification: MapSpecification = { ...parameters, layer: plan.layer, model: model.reference };
    const { columns, rows } = parameters.grid;
    const dimensions =
      plan.readout === 'unembed' ? (model.anatomy.head.width ?? model.facts.hiddenSize) : model.facts.hiddenSize;
    const plane = await resolvePlane(parameters.plane, dimensions);
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
      (way === 'each-cell' ? undefined : await this.threeRows(model, plan, plane, parameters, total)) ??
      (await this.eachCell(model, plan, plane, parameters, batchSize, notice));

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
      plane,
      survey: { gram: gramOf(plane), norms: null, marks: [], explained: null },
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

/** What rows depend on: the readout and the plane, not the grid laid over it. */
const rowsKey = (plan: CellPlan, parameters: MapParameters): string =>
  JSON.stringify([plan.readout === 'unembed' ? 'unembed' : 'lens', parameters.plane]);

const speedKey = (plan: CellPlan): string =>
  `${plan.readout}/${plan.prefix.length > 0}/${plan.layer}/${plan.prefix.length}`;

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
  const { prefix, last } = contextIds(model, parameters);
  return { layer, readout: parameters.readout, prefix, last, output: { kind: 'top', k: parameters.topK } };
}

function contextIds(model: Model, { context }: MapParameters): { prefix: readonly number[]; last: number } {
  const { bos } = model.tokenizer;
  // Some token that is no padding (BOS often is): an export that computes its mask from the ids would hide the vector.
  const ordinary = Math.floor(0.37 * model.facts.vocabularySize);
  const takesIds = idsSupport(model);
  if (context.kind !== 'none' && !takesIds.ok)
    throw new Fault({ code: 'bad-parameter', message: takesIds.reason, hint: 'Use the context "none".' });
  switch (context.kind) {
    case 'none':
      return { prefix: [], last: ordinary };
    case 'bos':
      if (bos === null)
        throw new Fault({
          code: 'bad-parameter',
          message: 'The model names no BOS token.',
          hint: 'Use the context "none" or a prompt.',
        });
      return { prefix: [bos], last: ordinary };
    case 'prompt':
    case 'tokens': {
      const ids = context.kind === 'prompt' ? model.tokenizer.encode(context.text) : context.ids;
      const last = ids.at(-1);
      if (last === undefined) throw new Fault({ code: 'bad-parameter', message: 'The prompt has no tokens.' });
      const strange = ids.find((id) => id >= model.facts.vocabularySize);
      if (strange !== undefined)
        throw new Fault({
          code: 'bad-parameter',
          message: `Token ${strange} does not exist: the model knows ${model.facts.vocabularySize}.`,
        });
      if (ids.length > LIMITS.promptTokens)
        throw new Fault({
          code: 'bad-parameter',
          message: `The prompt has ${ids.length} tokens; at most ${LIMITS.promptTokens} are computed.`,
        });
      return { prefix: ids.slice(0, -1), last };
    }
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
