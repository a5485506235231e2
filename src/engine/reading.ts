import { Fault } from '../map/fault.js';
import { statesInterventions, vectorInterventions } from '../map/interventions.js';
import { dot, type Plane } from '../map/plane.js';
import { questionsOf } from '../map/questions.js';
import {
  type Context,
  contextOf,
  isTranslated,
  type Layer,
  layerIndex,
  LIMITS,
  type MapParameters,
  parseParameters,
} from '../map/specification.js';
import { translated, translatePlane, type Translator } from '../map/translate.js';
import type { GraphIntervention } from '../onnx/intervene.js';
import type { MapParams, PointParams } from '../protocol/engine.js';
import { idsSupport, unembedSupport } from './describe.js';
import type { Ground } from './grounds.js';
import type { FoundPlane, HiddenSpace } from './hiddenSpace.js';
import { readInterventions } from './interventions.js';
import type { Model } from './model/model.js';
import type { CellPlan, Surroundings } from './model/plan.js';
import type { Opened } from './opened.js';
import { readPrompt } from './prompts.js';
import { type Race, readRace } from './question.js';
import { fromZero, several } from '../map/numbers.js';
import * as translators from './translators.js';

/** @param isPoint a vector of the hidden space; else a difference of two, which nothing is added to */
type Change = (vector: Float32Array, isPoint: boolean) => Float32Array;

/** A map's parameters read against the model: what is computed, where, and what is asked. */
export interface Reading {
  readonly plan: CellPlan;
  readonly found: FoundPlane;
  /** The plane that cells are computed on: where head or final norm follow at once, what acts on the vector is done to it here. */
  readonly seen: Plane;
  /** The center before a translator, and the translator that it goes through, if any. */
  readonly center: { readonly state: Float32Array; readonly translator: Translator | undefined };
  /** The same of a vector that is given. */
  readonly seenAs: (vector: Float32Array) => Float32Array;
  /** The same of a direction. */
  readonly seenAlong: (direction: Float32Array) => Float32Array;
  /** Where the cells are computed. */
  readonly ground: Ground;
  /** Hidden states of the map's layer. */
  readonly space: HiddenSpace;
  /** The model, and hidden states of all layers, under all interventions that do something. */
  readonly whole: () => Promise<Ground>;
  readonly race: Race;
  /** The parameters as the model reads them: with its layer's number. */
  readonly parameters: MapParameters;
}

/**
 * Reads a map's parameters against a model.
 * @throws Fault as {@link planOf}, {@link Opened.grounds}, {@link HiddenSpace.plane} and {@link readRace}.
 */
export async function readParameters(
  { model, grounds }: Pick<Opened, 'model' | 'grounds'>,
  parameters: MapParameters,
): Promise<Reading> {
  const plan = await planOf(model, parameters);
  const { hiddenSize, blocks } = model.facts;
  const layer = layerIndex(plan.layer);
  const { interventions } = parameters;
  const acting = interventions.filter(({ block }) => plan.readout === 'forward' || block <= layer);
  const below = statesInterventions(acting, layer);
  // Behind the last block nothing mixes positions, but for a head with one scale for all of them.
  const straight = plan.readout !== 'forward' || layer === blocks - 1;
  const { space } = await grounds.of(below);
  const whole = (): Promise<Ground> => grounds.of(acting);
  const ground = !straight ? await whole() : model.manner.perTensorScale ? await grounds.of(below) : grounds.plain;
  const width = plan.readout === 'unembed' ? (model.anatomy.head.width ?? hiddenSize) : hiddenSize;
  const found = await space.plane(parameters, plan.layer, width);
  const onVector = vectorInterventions(acting, layer);
  const changes = straight && onVector.length > 0;
  const change: Change = changes
    ? changeOf((await readInterventions(grounds.plain, onVector)).graph, plan)
    : (vector) => vector;
  const { c, u, v } = found.plane;
  const context = contextOf(parameters);
  const isPrompt = context.kind === 'prompt' || context.kind === 'tokens';
  const asksOwn = questionsOf(parameters).some(({ kind }) => kind === 'divergence');
  const race = await readRace(
    (asksOwn ? await whole() : ground).variant,
    parameters,
    isPrompt ? plan : undefined,
    width,
  );
  const { readout } = parameters;
  const read = isTranslated(readout)
    ? await translators.of(model, { ...parameters, readout }, layerIndex(plan.layer))
    : undefined;
  const through = read?.translator;
  const changed = { c: change(c, true), u: change(u, false), v: change(v, false) };
  return {
    plan,
    found,
    seen: through ? translatePlane(changed, through) : changed,
    center: { state: changed.c, translator: through ?? undefined },
    seenAlong: (direction) =>
      through ? translated(change(direction, false), through, false) : change(direction, false),
    seenAs: (vector) => (through ? translated(change(vector, true), through, true) : change(vector, true)),
    ground,
    space,
    whole,
    race,
    parameters: { ...parameters, translator: read?.reference ?? null, layer: plan.layer },
  };
}

/** What is done to a vector that stands at a plan's position, in order; added to or taken out of it. */
export function changeOf(interventions: readonly GraphIntervention[], { suffix }: Pick<CellPlan, 'suffix'>): Change {
  const acting = interventions.filter(
    (one) => one.kind !== 'add' || one.positions === 'all' || (one.positions === 'last' && suffix.length === 0),
  );
  return (vector, isPoint) =>
    acting.reduce((changed, one) => {
      if (one.kind === 'add') return isPoint ? changed.map((x, i) => x + (one.vector[i] ?? 0)) : changed;
      if (one.kind !== 'project') return changed;
      const share = dot(changed, one.direction) / dot(one.direction, one.direction);
      return changed.map((x, i) => x - share * (one.direction[i] ?? 0));
    }, vector);
}

/**
 * A map's parameters against this model.
 * @throws Fault `bad-parameter` for a layer, readout or context that it does not have, `tokenizer` for a prompt.
 */
export async function planOf(model: Model, parameters: MapParameters): Promise<CellPlan> {
  const { blocks, vocabularySize } = model.facts;
  const layer: Layer = parameters.layer === 'last' ? blocks - 1 : parameters.layer;
  if (layer !== 'embeddings' && layer >= blocks)
    throw new Fault({
      code: 'bad-parameter',
      message: `Layer ${layer} does not exist: the model has ${several(blocks, 'block')}.`,
      hint: `Choose ${fromZero(blocks)}, or "embeddings".`,
    });
  if (parameters.topK > vocabularySize)
    throw new Fault({
      code: 'bad-parameter',
      message: `top-k is ${parameters.topK}, but the model knows only ${several(vocabularySize, 'token')}.`,
    });
  const strange = parameters.interventions.find(({ block }) => block >= blocks);
  if (strange)
    throw new Fault({
      code: 'bad-parameter',
      message: `Block ${strange.block}, where an intervention should act, does not exist: the model has ${several(blocks, 'block')}.`,
      hint: `Choose ${fromZero(blocks)}.`,
    });
  const unembed = unembedSupport(model);
  if (parameters.readout === 'unembed' && !unembed.ok)
    throw new Fault({ code: 'bad-parameter', message: unembed.reason, hint: 'Use the readout "lens" or "forward".' });
  const { readout, translator } = parameters;
  if (isTranslated(readout) && !translator) throw translators.noneNamed(readout);
  const around = await surroundingsOf(model, contextOf(parameters));
  const mixing = parameters.readout === 'forward' && layerIndex(layer) < blocks - 1;
  if (around.suffix.length > 0 && parameters.readout === 'forward' && !mixing)
    throw new Fault({
      code: 'bad-parameter',
      message: 'Behind the last block no position sees another: a vector at an earlier one would change no prediction.',
      hint: 'Replace the last position, or choose an earlier layer or the context "none".',
    });
  const questions = questionsOf(parameters);
  const output = {
    kind: 'top' as const,
    k: parameters.topK,
    masked: parameters.masked.length > 0,
    functional: questions.some(({ kind }) => kind === 'probability' || kind === 'difference' || kind === 'divergence'),
    shares: questions.some(({ kind }) => kind === 'set' || kind === 'pattern'),
  };
  return { layer, readout: isTranslated(readout) ? 'lens' : readout, ...around, output };
}

async function surroundingsOf(model: Model, context: Context): Promise<Surroundings> {
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

/** @throws Fault `bad-parameter` */
export function checkBatchSize(size: number): void {
  if (Number.isInteger(size) && size >= 1 && size <= LIMITS.batch) return;
  throw new Fault({ code: 'bad-parameter', message: `Batch size must be a whole number from 1 to ${LIMITS.batch}.` });
}

/** What was asked for, checked on this side as well: a specification can come from anywhere. @throws Fault `bad-parameter`. */
export function checkedMap(params: MapParams): MapParams {
  const parameters = parseParameters(params.parameters);
  const { batchSize, only } = params;
  checkBatchSize(batchSize);
  const cells = parameters.grid.columns * parameters.grid.rows;
  if (only !== undefined && !(only instanceof Int32Array && only.every((cell) => cell >= 0 && cell < cells)))
    throw new Fault({ code: 'bad-parameter', message: 'A wanted cell lies outside the grid.' });
  return {
    parameters,
    batchSize,
    ...(only === undefined ? {} : { only }),
    ...(params.way === 'each-cell' ? { way: params.way } : {}),
    ...(params.early === true ? { early: params.early } : {}),
  };
}

/** @throws Fault `bad-parameter` */
export function checkedPoint({ parameters, x, y }: PointParams): PointParams {
  if (!Number.isFinite(x) || !Number.isFinite(y))
    throw new Fault({ code: 'bad-parameter', message: 'A point needs two finite coordinates.' });
  return { parameters: parseParameters(parameters), x, y };
}
