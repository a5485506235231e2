import { Fault } from '../map/fault.js';
import {
  type Context,
  contextOf,
  type Layer,
  layerIndex,
  LIMITS,
  type MapParameters,
  parseParameters,
} from '../map/specification.js';
import type { MapParams, PointParams } from '../protocol/engine.js';
import { idsSupport, unembedSupport } from './describe.js';
import type { FoundPlane, HiddenSpace } from './hiddenSpace.js';
import type { Model } from './model/model.js';
import type { CellPlan, Surroundings } from './model/plan.js';
import type { Variant } from './model/variant.js';
import { readPrompt } from './prompts.js';
import { type Race, readRace } from './question.js';

/** A map's parameters read against the model: what is computed, where, and what is asked. */
export interface Reading {
  readonly plan: CellPlan;
  readonly found: FoundPlane;
  readonly race: Race;
  /** The parameters as the model reads them: with its layer's number. */
  readonly parameters: MapParameters;
}

/**
 * Reads a map's parameters against a model.
 * @throws Fault as {@link planOf}, {@link HiddenSpace.plane} and {@link readRace}.
 */
export async function readParameters(
  variant: Variant,
  space: HiddenSpace,
  parameters: MapParameters,
): Promise<Reading> {
  const { model } = variant;
  const plan = await planOf(model, parameters);
  const { hiddenSize } = model.facts;
  const width = plan.readout === 'unembed' ? (model.anatomy.head.width ?? hiddenSize) : hiddenSize;
  const found = await space.plane(parameters, plan.layer, width);
  const context = contextOf(parameters);
  const isPrompt = context.kind === 'prompt' || context.kind === 'tokens';
  const race = await readRace(variant, parameters, isPrompt ? plan : undefined);
  return { plan, found, race, parameters: { ...parameters, layer: plan.layer } };
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
  const around = await surroundingsOf(model, contextOf(parameters));
  const mixing = parameters.readout === 'forward' && layerIndex(layer) < blocks - 1;
  if (around.suffix.length > 0 && parameters.readout === 'forward' && !mixing)
    throw new Fault({
      code: 'bad-parameter',
      message: 'Behind the last block no position sees another: a vector at an earlier one would change no prediction.',
      hint: 'Replace the last position, or choose an earlier layer or the context "none".',
    });
  const output = {
    kind: 'top' as const,
    k: parameters.topK,
    masked: parameters.masked.length > 0,
    functional: parameters.question !== null,
  };
  return { layer, readout: parameters.readout, ...around, output };
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

/** What was asked for, checked on this side as well: a specification can come from anywhere. @throws Fault `bad-parameter`. */
export function checkedMap(params: MapParams): MapParams {
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

/** @throws Fault `bad-parameter` */
export function checkedPoint({ parameters, x, y }: PointParams): PointParams {
  if (!Number.isFinite(x) || !Number.isFinite(y))
    throw new Fault({ code: 'bad-parameter', message: 'A point needs two finite coordinates.' });
  return { parameters: parseParameters(parameters), x, y };
}
