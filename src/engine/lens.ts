import { Fault } from '../map/fault.js';
import { vectorInterventions } from '../map/interventions.js';
import type { LensTable, LensToken } from '../map/lens/lensTable.js';
import {
  contextOf,
  isTranslated,
  type Layer,
  layerIndex,
  type MapParameters,
  parseParameters,
} from '../map/specification.js';
import { translated } from '../map/translate.js';
import { stopIfCancelled } from '../protocol/channel.js';
import { VECTORS_BYTES } from '../protocol/engine.js';
import type { LensParams, LensProgress } from '../protocol/lens.js';
import type { GraphIntervention } from '../onnx/intervene.js';
import { BATCH_BYTES } from './cellSource.js';
import { refuseTooLarge } from './estimate.js';
import { readInterventions } from './interventions.js';
import { ENGINE_BYTES, runBytes } from './memory.js';
import type { Model } from './model/model.js';
import { hiddenStates } from './model/running.js';
import type { Opened } from './opened.js';
import { allIds } from './prompts.js';
import { answersOf, graphAnswers } from './answers.js';
import { readRace, tokenId } from './question.js';
import { changeOf, checkBatchSize, planOf } from './reading.js';
import * as translators from './translators.js';
import { tokensOf, topsOfRows } from './vectors.js';
import { version } from './version.js';

/** Bytes of hidden states that are held at once: of a longer prompt the layers are had in groups, each by a pass of its own. */
const STATES_BYTES = 2 ** 27;

/** What was asked for, checked on this side as well. @throws Fault `bad-parameter` */
export function checkedLens({ parameters, batchSize }: LensParams): LensParams {
  checkBatchSize(batchSize);
  // One token is followed: other questions of a map are none of a lens.
  return { parameters: { ...parseParameters(parameters), alsoAsked: [] }, batchSize };
}

/**
 * What the readout says at all layers and positions of a prompt: one pass of the model gives the hidden states, one product with
 * the head all predictions. Each is that of a map's center, laid at that layer through that position.
 * @throws Fault `bad-parameter` where there is no prompt, or the readout or the question is none of a lens; as {@link planOf},
 *   {@link readRace} and `translators.of`
 */
export async function lensOf(
  { model, grounds, description }: Pick<Opened, 'model' | 'grounds' | 'description'>,
  { parameters, batchSize }: LensParams,
  { signal, emit }: { readonly signal: AbortSignal; readonly emit: (event: LensProgress) => void },
): Promise<LensTable> {
  const started = performance.now();
  refuseOthers(parameters);
  const { blocks, hiddenSize: d, weightsBytes } = model.facts;
  const plan = await planOf(model, { ...parameters, layer: 'last' });
  const ids = allIds(plan);
  const { layers, reference } = await layersOf(model, parameters);
  const { topK: k, question, interventions } = parameters;
  const count = layers.length * ids.length;
  refuseMany(count * k, ids.length);
  const bytes = ENGINE_BYTES + weightsBytes + runBytes(model, ids.length) + 2 * STATES_BYTES + BATCH_BYTES;
  refuseTooLarge({ cells: count, bytes, seconds: null }, model.budget, 'This lens takes');
  const { variant } = await grounds.of(interventions);
  const race = await readRace(variant, parameters, undefined, d);
  const [asked] = race.asked;
  const output = { ...plan.output, ranked: asked !== undefined } as const;

  const found = {
    ids: new Int32Array(count * k),
    probabilities: new Float32Array(count * k),
    entropy: new Float32Array(count),
  };
  const named = { probabilities: new Float32Array(asked ? count : 0), ranks: new Int32Array(asked ? count : 0) };
  const group = Math.max(1, Math.floor(STATES_BYTES / (4 * ids.length * d)));
  for (let first = 0; first < layers.length; first += group) {
    const some = layers.slice(first, first + group);
    const rows = await rowsOf({ model, grounds }, parameters, ids, some, signal);
    const runner = await grounds.plain.variant.runner({ ...plan, output, often: true });
    const before = first * ids.length;
    const tops = await topsOfRows(
      runner,
      some.length * ids.length,
      (at, many) => rows.subarray(at * d, (at + many) * d),
      { race: race.feeds, batchSize, signal, progress: (done) => emit({ done: before + done, total: count }) },
    );
    found.ids.set(tops.ids, before * k);
    found.probabilities.set(tops.probabilities, before * k);
    found.entropy.set(tops.entropy, before);
    if (asked) {
      named.probabilities.set(answersOf([asked], tops, graphAnswers(tops)), before);
      named.ranks.set(
        Int32Array.from(tops.above, (above) => above + 1),
        before,
      );
    }
  }
  const { tokenizer } = model;
  const token = question?.kind === 'probability' ? tokenizer.token(await tokenId(model, question.token)) : undefined;
  return {
    model: model.reference,
    parameters: { ...parameters, context: contextOf(parameters), translator: reference },
    blocks,
    layers,
    positions: ids.map((id) => tokenizer.token(id)),
    topK: k,
    ...found,
    named: token ? ({ token, ...named } satisfies LensToken) : null,
    tokens: tokensOf(variant, found.ids),
    version: version(),
    device: description.device.used,
    seconds: (performance.now() - started) / 1000,
  };
}

/** What a map can be asked and a lens not. */
function refuseOthers(parameters: MapParameters): void {
  const { readout, question } = parameters;
  const context = contextOf(parameters);
  if (context.kind !== 'prompt' && context.kind !== 'tokens')
    throw bad('A lens over layers and positions reads a prompt.', 'Give one: --prompt TEXT.');
  if (readout === 'forward')
    throw bad(
      'The readout forward says the same at every layer: what the model itself predicts.',
      'Use lens, tuned, jacobian or unembed.',
    );
  if (question !== null && question.kind !== 'probability')
    throw bad('A lens follows one token: its rank and its probability.', 'Leave the question out, or name a token.');
}

function refuseMany(numbers: number, positions: number): void {
  if (numbers * 8 > VECTORS_BYTES)
    throw new Fault({
      code: 'memory',
      message: `What is recorded at ${positions} positions is more than ${VECTORS_BYTES / 2 ** 20} MB.`,
      hint: 'Record fewer tokens (--top-k), or read a shorter prompt.',
    });
}

/** The layers that the readout can be had at, and its translator as it was read. */
async function layersOf(
  model: Model,
  { readout, translator }: MapParameters,
): Promise<{ readonly layers: readonly Layer[]; readonly reference: MapParameters['translator'] }> {
  const { blocks } = model.facts;
  const named = (index: number): Layer => (index < 0 ? 'embeddings' : index);
  if (!isTranslated(readout))
    return { layers: Array.from({ length: blocks + 1 }, (_, i) => named(i - 1)), reference: null };
  const { layers, reference } = await translators.of(model, { readout, translator }, blocks - 1);
  return { layers: layers.map(named), reference };
}

/** What the head is given for each layer and position, [layers * positions * hiddenSize]. */
async function rowsOf(
  { model, grounds }: Pick<Opened, 'model' | 'grounds'>,
  { readout, translator, interventions }: MapParameters,
  ids: readonly number[],
  layers: readonly Layer[],
  signal: AbortSignal,
): Promise<Float32Array> {
  stopIfCancelled(signal);
  const { variant } = await grounds.of(interventions);
  const rows = new Float32Array(layers.length * ids.length * model.facts.hiddenSize);
  const each = rows.length / layers.length;
  await hiddenStates(variant, [ids], layers, (states) => {
    states.forEach((values, i) => rows.set(values, i * each));
  });
  for (const [i, layer] of layers.entries()) {
    stopIfCancelled(signal);
    const index = layerIndex(layer);
    const part = rows.subarray(i * each, (i + 1) * each);
    // What acts on a block's output acts behind the hidden state.
    const behind = vectorInterventions(interventions, index);
    if (behind.length > 0) changeRows(part, ids.length, (await readInterventions(grounds.plain, behind)).graph);
    if (!isTranslated(readout)) continue;
    const through = (await translators.of(model, { readout, translator }, index)).translator;
    if (!through) continue;
    const d = each / ids.length;
    for (let at = 0; at < each; at += d) {
      part.set(translated(part.subarray(at, at + d), through, true), at);
      await new Promise(setImmediate); // lets a cancel in
      stopIfCancelled(signal);
    }
  }
  return rows;
}

function changeRows(rows: Float32Array, positions: number, interventions: readonly GraphIntervention[]): void {
  const d = rows.length / positions;
  for (let position = 0; position < positions; position++) {
    // As many positions follow as make the last one the last.
    const suffix = Array.from({ length: positions - 1 - position }, () => 0);
    const row = rows.subarray(position * d, (position + 1) * d);
    row.set(changeOf(interventions, { suffix })(row, true));
  }
}

const bad = (message: string, hint?: string): Fault =>
  new Fault({ code: 'bad-parameter', message, ...(hint === undefined ? {} : { hint }) });
