import { existsSync } from 'node:fs';
import path from 'node:path';
import { isRecord } from '../map/json.js';
import { Fault } from '../map/fault.js';
import { several } from '../map/numbers.js';
import type { Layer } from '../map/specification.js';
import type { StrongFeature, StrongFeatures } from '../map/strongFeatures.js';
import {
  hookOfPlace,
  layerOfHook,
  layoutOf,
  SAE_CONFIGURATION,
  type SaeLayout,
  saeName,
  sizesOf,
  weightsAt,
} from './saeFolder.js';
import { badFile, type GivenFile, wholeFile, withFile } from './vectors/bytes.js';
import { type StoredArray, vectorsOf } from './vectors/storedArray.js';
import { arrayOf, listVectors, readVector, type VectorEntry, type VectorPick } from './vectorFile.js';

/** A feature of a sparse autoencoder, or a probe: `h · vector + bias`, with a threshold 0 where that is not above it. */
export interface ReadFeature {
  readonly vector: Float32Array;
  readonly bias: number;
  readonly threshold: number | null;
  readonly name: string;
}

const CONFIGURATION_BYTES = 2 ** 20;

/** What a sparse autoencoder says of itself, as far as it decides what a feature is. */
interface SaeConfiguration {
  /** Of SAELens, as it stands there. */
  readonly architecture: string | undefined;
  /** The decoder's bias is taken off the vector first. */
  readonly subtracts: boolean;
  /** Sums count in norms of the decoder's rows. */
  readonly rescales: boolean;
  /** So many features of a vector are kept, the strongest. */
  readonly keeps: number | undefined;
  /** Where the vectors are from: `blocks.8.hook_resid_pre`. */
  readonly hook: string | undefined;
}

/**
 * What stands beside the weights, `cfg.json`, of any version of SAELens, or of sparsify; undefined where there is none.
 * @throws Fault `file` where it cannot be read, or says what features here cannot be.
 */
async function configurationBeside(weights: string): Promise<SaeConfiguration | undefined> {
  const file = path.join(path.dirname(weights), SAE_CONFIGURATION);
  if (!existsSync(file)) return undefined;
  let data: unknown;
  try {
    data = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(await wholeFile(file, CONFIGURATION_BYTES)));
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw badFile(SAE_CONFIGURATION, 'is no JSON', 'Write or copy it again.', String(error));
  }
  if (!isRecord(data)) throw badFile(SAE_CONFIGURATION, 'is no configuration of a sparse autoencoder');
  // SAELens has written the number of features from the start.
  if (!('d_sae' in data) && ('expansion_factor' in data || 'num_latents' in data)) return ofSparsify(data);
  const { architecture, apply_b_dec_to_input: subtracts, normalize_activations: normalizes, metadata } = data;
  // Folded into the weights, or none: others scale a vector by what it is itself.
  if (typeof normalizes === 'string' && !['none', 'expected_average_only_in'].includes(normalizes))
    throw badFile(
      SAE_CONFIGURATION,
      `says that vectors are normalized ("${normalizes.slice(0, 60)}"), which features here are not`,
    );
  // Before 6.0 the kind of a "standard" one stood in its activation function.
  const { activation_fn: named = data.activation_fn_str, activation_fn_kwargs: given } = data;
  const old = typeof named === 'string' && !['relu', 'topk'].includes(named) ? named : undefined;
  const k = isRecord(given) && named === 'topk' ? (given.k ?? data.k) : data.k;
  const kind = typeof architecture === 'string' ? architecture : undefined;
  const hook = isRecord(metadata) ? (metadata.hook_name ?? data.hook_name) : (data.hook_name ?? data.hook_point);
  return {
    architecture: kind !== undefined && kind !== 'standard' ? kind : (old ?? (named === 'topk' ? named : kind)),
    subtracts: subtracts !== false,
    rescales: data.rescale_acts_by_decoder_norm === true,
    keeps: typeof k === 'number' ? k : undefined,
    hook: typeof hook === 'string' ? hook.slice(0, 200) : undefined,
  };
}

/** @param data cfg.json as sparsify writes it. @throws Fault `file` for what is no autoencoder of one place, or has other activations. */
function ofSparsify({
  activation,
  k,
  signed,
  transcode,
  skip_connection: skips,
}: Record<string, unknown>): SaeConfiguration {
  const refused = (what: string): Fault => badFile(SAE_CONFIGURATION, what);
  if (transcode === true || skips === true)
    throw refused('describes a transcoder, whose features read one thing and write another');
  if (signed === true) throw refused('says that features may be negative ("signed"), which features here are not');
  return {
    architecture: typeof activation === 'string' ? activation : 'topk',
    subtracts: true,
    rescales: false,
    keeps: typeof k === 'number' ? k : undefined,
    hook: undefined,
  };
}

/** How activations come of an encoder's sums, `h · column + bias`. */
interface Activation {
  /** The decoder's bias is taken off the vector first. */
  readonly centered: boolean;
  /** Sums are multiplied by the norm of the decoder's row. */
  readonly rescaled: boolean;
  /** The array of what they must exceed, one number a feature or one for all; undefined: 0. */
  readonly thresholds: 'threshold' | 'topk_threshold' | undefined;
  /** So many features of a vector are kept, the strongest; Infinity: all. */
  readonly keeps: number;
}

/** Architectures whose features are a sum and a threshold. Those that keep the largest few are told before that. */
const ARCHITECTURES = ['standard', 'jumprelu', 'topk', 'batchtopk', 'matryoshka_batchtopk'];

/**
 * What an autoencoder's activations are, as SAELens defines them for inference: behind a ReLU (`standard`), above a threshold of their
 * own (`jumprelu`), the `k` largest of a vector (`topk`), or above one threshold for all (`batchtopk`, as they are trained; for
 * inference they are saved as `jumprelu`). Without a configuration thresholds say that it is a JumpReLU, which subtracts nothing, as
 * those of Gemma Scope.
 * @param entries the arrays beside each other. @throws Fault `file` for an architecture of another kind.
 */
function activationOf(
  configuration: SaeConfiguration | undefined,
  entries: readonly VectorEntry[],
  layout: SaeLayout,
): Activation {
  const has = (name: string): boolean => entries.some(({ key }) => key === name);
  const plain = { rescaled: false, thresholds: undefined, keeps: Infinity };
  if (configuration === undefined && layout.needsConfiguration)
    throw badFile(
      SAE_CONFIGURATION,
      'is missing beside the weights: it says how many features are kept',
      'Copy it there, and choose the file or its folder.',
    );
  if (configuration === undefined)
    return has('threshold')
      ? { ...plain, centered: false, thresholds: 'threshold' }
      : { ...plain, centered: has(layout.decoderBias) };
  const { architecture = has('threshold') ? 'jumprelu' : 'standard', subtracts, rescales, keeps } = configuration;
  const centered = subtracts && has(layout.decoderBias);
  switch (architecture) {
    case 'standard':
      return { ...plain, centered };
    case 'jumprelu':
      if (!has('threshold')) break;
      return { ...plain, centered, thresholds: 'threshold' };
    case 'topk':
      if (keeps === undefined || !(keeps >= 1)) break;
      return { ...plain, centered, rescaled: rescales, keeps: Math.floor(keeps) };
    case 'batchtopk':
    case 'matryoshka_batchtopk': {
      const thresholds = (['threshold', 'topk_threshold'] as const).find(has);
      if (thresholds === undefined) break;
      return { ...plain, centered, rescaled: rescales, thresholds };
    }
    default:
      throw badFile(
        SAE_CONFIGURATION,
        `names the architecture "${architecture.slice(0, 60)}", whose features are more than a sum and a threshold`,
        `Take one of ${ARCHITECTURES.slice(0, -1).join(', ')} or ${ARCHITECTURES.at(-1) ?? ''}.`,
      );
  }
  throw badFile(
    SAE_CONFIGURATION,
    architecture === 'topk'
      ? 'names the architecture "topk" without the number "k" of features that it keeps'
      : `names the architecture "${architecture}", and there is no "threshold" in the weights beside it`,
  );
}

/**
 * A feature of a file or of an autoencoder's folder: with its bias, the decoder's and a threshold where they stand beside it.
 * Only its own numbers are read.
 * @param place a file, or such a folder; in a folder, and in a file with an encoder, a number alone is a feature's.
 * @throws Fault as {@link readVector}, and `file` for an autoencoder of another kind.
 */
export async function readFeature(place: string, pick: VectorPick): Promise<ReadFeature> {
  const weights = weightsAt(place);
  const configuration = await configurationBeside(weights);
  const hook = configuration?.hook ?? hookOfPlace(weights);
  const { isNumber, ...feature } = await withFile(weights, (file) => numberedFeature(file, pick, configuration));
  const name = isNumber ? `${saeName(weights)}#${pick.column ?? pick.row ?? 0}` : feature.name;
  return { ...feature, name: hook === undefined ? name : `${name} (${hook})` };
}

/** The same of a file at hand. */
export async function featureOf(
  file: GivenFile,
  pick: VectorPick,
  configuration?: SaeConfiguration,
): Promise<ReadFeature> {
  const { isNumber: _, ...feature } = await numberedFeature(file, pick, configuration);
  return feature;
}

/** @returns also whether it was asked for by its number alone */
async function numberedFeature(
  file: GivenFile,
  { key, row, column, hiddenSize }: VectorPick,
  configuration: SaeConfiguration | undefined,
): Promise<ReadFeature & { readonly isNumber: boolean }> {
  const entries = await listVectors(file);
  const layout = layoutOf(entries);
  const whole = layout && entries.some((one) => one.key === layout.decoder) ? layout : undefined;
  if (key === undefined && whole && row === undefined && column === undefined)
    throw new Fault({
      code: 'bad-parameter',
      message: `"${file.name}" holds a sparse autoencoder.`,
      hint: 'Say which of its features: a number, such as #17.',
    });
  if (whole && key === whole.encoder && (whole.byRow ? column : row) !== undefined) {
    const [given, right, place] = whole.byRow
      ? ['column', 'rows', `#${column ?? 0}`]
      : ['row', 'columns', `#,${row ?? 0}`];
    throw new Fault({
      code: 'bad-parameter',
      message: `A ${given} of "${file.name}:${key}" is no feature: its ${right} are.`,
      hint: `Write ${key}${place}, or the number alone: #${column ?? row ?? 0}.`,
    });
  }
  const isNumber = key === undefined && whole !== undefined;
  const number = column ?? row ?? 0;
  const encoder = key ?? whole?.encoder;
  const at = isNumber ? (whole.byRow ? { row: number } : { column: number }) : { row, column };
  const { vector, name } = await readVector(file, { key: encoder, ...at, hiddenSize });
  if (encoder === undefined) return { vector, bias: 0, threshold: null, name, isNumber };
  if (!layout || encoder !== layout.encoder) {
    const bias = entries.find((array) => array.key === biasOf(encoder));
    const all =
      bias?.count === 1 && bias.refusal === undefined ? await readVector(file, { key: biasOf(encoder) }) : undefined;
    const threshold = encoder.startsWith('encoder') ? 0 : null;
    return { vector, bias: all?.vector[number] ?? 0, threshold, name, isNumber };
  }
  const { centered, thresholds, rescaled } = activationOf(configuration, entries, layout);
  const { features } = sizesOf(layout, encoderOf(file.name, entries).encoder);
  const bias = await numbersOf(file, entries, layout.encoderBias, features);
  const center = centered ? await readVector(file, { key: layout.decoderBias, hiddenSize: vector.length }) : undefined;
  const scale = rescaled ? norm((await readVector(file, { key: layout.decoder, row: number })).vector) : 1;
  const least = thresholds === undefined ? undefined : await numbersOf(file, entries, thresholds, features);
  return {
    vector: scale === 1 ? vector : vector.map((value) => scale * value),
    bias: scale * ((bias?.[number] ?? 0) - (center ? dot(center.vector, vector) : 0)),
    threshold: least?.[number] ?? 0,
    name,
    isNumber,
  };
}

/**
 * A vector of a file or of an autoencoder's folder: of an autoencoder a number alone is the direction that this feature writes, its
 * decoder's row.
 * @throws Fault as {@link readVector}
 */
export async function readDirection(
  place: string,
  { key, row, column, hiddenSize }: VectorPick,
): Promise<{ readonly vector: Float32Array; readonly name: string }> {
  const weights = weightsAt(place);
  return withFile(weights, async (file) => {
    const layout = key === undefined && row !== undefined ? layoutOf(await listVectors(file)) : undefined;
    if (!layout) return readVector(file, { key, row, column, hiddenSize });
    const { vector } = await readVector(file, { key: layout.decoder, row, hiddenSize });
    return { vector, name: `${saeName(weights)}#${row ?? 0}` };
  });
}

/** The numbers of an array that has one for each feature, or one for all; undefined where there is no such array. @throws Fault */
async function numbersOf(
  file: GivenFile,
  entries: readonly VectorEntry[],
  key: string,
  features: number,
): Promise<Float32Array | undefined> {
  if (!entries.some((array) => array.key === key)) return undefined;
  const { vector, name } = await readVector(file, { key });
  if (vector.length === features) return vector;
  if (vector.length === 1) return new Float32Array(features).fill(vector[0] ?? 0);
  throw badFile(name, `has ${vector.length} numbers for ${features} features`);
}

const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
const norm = (vector: Float32Array): number => Math.sqrt(dot(vector, vector));

/** Where the bias of a probe's matrix is: `probe.bias` beside `probe.weight`. */
const biasOf = (key: string): string | undefined =>
  key.endsWith('weight') ? key.replace(/weight$/, 'bias') : undefined;

/**
 * The layer whose output an autoencoder reads, by its hook: `blocks.8.hook_resid_post` is 8, `blocks.8.hook_resid_pre` 7 or, of block 0,
 * the embeddings; undefined where it names none.
 * @throws Fault `file` where it is no autoencoder whose features can be listed.
 */
export async function hookLayer(place: string): Promise<Layer | undefined> {
  const weights = weightsAt(place);
  const configuration = await configurationBeside(weights);
  await withFile(weights, async (file) => {
    const entries = await listVectors(file);
    activationOf(configuration, entries, encoderOf(file.name, entries).layout);
  });
  return layerOfHook(configuration?.hook ?? hookOfPlace(weights) ?? '');
}

/**
 * The strongest features of a vector, of an autoencoder's folder or file; fewer where not so many are active. The file is read
 * once, in pieces, and nothing of it is kept: what was read lately the system has at hand.
 * @param vector [hiddenSize], a hidden state
 * @param pause is called between pieces of the file, and may throw
 * @throws Fault `bad-parameter` where the vector is not of its width, as {@link readFeature}, and `file` where a number is not finite.
 */
export async function strongestFeatures(
  place: string,
  vector: Float32Array,
  most: number,
  pause: () => void = () => undefined,
): Promise<StrongFeatures> {
  const weights = weightsAt(place);
  const configuration = await configurationBeside(weights);
  const hook = configuration?.hook ?? hookOfPlace(weights) ?? null;
  return withFile(weights, async (file) => {
    const entries = await listVectors(file);
    const { layout, features } = checkedEncoder(file.name, entries, vector.length);
    const { centered, rescaled, thresholds, keeps } = activationOf(configuration, entries, layout);
    const decoder = entries.find(({ key }) => key === layout.decoder);
    if (rescaled && decoder && decoder.count !== features)
      throw badFile(`${file.name}:${layout.decoder}`, `has ${several(decoder.count, 'row')} for ${features} features`);
    const [bias, least, center] = [
      await numbersOf(file, entries, layout.encoderBias, features),
      thresholds === undefined ? undefined : await numbersOf(file, entries, thresholds, features),
      centered ? (await readVector(file, { key: layout.decoderBias, hiddenSize: vector.length })).vector : undefined,
    ];
    const sums = await products(
      await arrayOf(file, layout.encoder),
      vector.map((value, i) => value - (center?.[i] ?? 0)),
      layout.byRow,
      pause,
    );
    const scale = rescaled ? await rowNorms(await arrayOf(file, layout.decoder), pause) : undefined;
    const active: { feature: number; activation: number }[] = [];
    sums.forEach((sum, feature) => {
      const activation = (sum + (bias?.[feature] ?? 0)) * (scale?.[feature] ?? 1);
      if (!Number.isFinite(activation))
        throw badFile(file.name, `holds a number that is not finite, in feature ${feature}`);
      const over = least?.[feature] ?? 0;
      if (activation > Math.max(0, over)) active.push({ feature, activation });
    });
    active.sort((a, b) => b.activation - a.activation || a.feature - b.feature);
    active.splice(keeps);
    const strongest: StrongFeature[] = [];
    for (const one of active.slice(0, most)) {
      pause();
      const row = { key: layout.decoder, row: one.feature, hiddenSize: vector.length };
      strongest.push({ ...one, direction: decoder?.count === features ? (await readVector(file, row)).vector : null });
    }
    const layer = hook === null ? undefined : layerOfHook(hook);
    const sae = { name: saeName(weights), features, hook, layer: layer ?? null };
    return { sae, active: active.length, strongest };
  });
}

/** An autoencoder's encoder. @throws Fault where there is none, or none of use */
function encoderOf(
  name: string,
  entries: readonly VectorEntry[],
): { readonly layout: SaeLayout; readonly encoder: VectorEntry } {
  const layout = layoutOf(entries);
  const encoder = entries.find(({ key }) => key === layout?.encoder);
  if (!layout || !encoder)
    throw badFile(
      name,
      'holds no encoder "W_enc"',
      'Choose a folder that SAELens, sparsify or Gemma Scope has written.',
    );
  if (encoder.refusal !== undefined) throw badFile(name, `has an encoder of no use: ${encoder.refusal}`);
  return { layout, encoder };
}

/** The same, of vectors of so many numbers. @throws Fault */
function checkedEncoder(
  name: string,
  entries: readonly VectorEntry[],
  numbers: number,
): { readonly layout: SaeLayout; readonly features: number } {
  const { layout, encoder } = encoderOf(name, entries);
  const own = sizesOf(layout, encoder);
  if (own.numbers === numbers) return { layout, features: own.features };
  throw new Fault({
    code: 'bad-parameter',
    message: `The autoencoder takes vectors of ${own.numbers} numbers; the hidden states of this model have ${numbers}.`,
    hint: 'Choose one that was trained on this model.',
  });
}

/**
 * A vector times each feature's part of an encoder: its column or, `byRow`, its row.
 * @param pause is called between pieces of it, and may throw
 */
async function products(
  matrix: StoredArray,
  vector: Float32Array,
  byRow: boolean,
  pause: () => void,
): Promise<Float64Array> {
  const { count, width } = vectorsOf(matrix.shape);
  const [inputs, features] = byRow ? [width, count] : [count, width];
  const sums = new Float64Array(features);
  const together = byRow !== (matrix.byColumn === true); // a feature's numbers
  for await (const { first, many, numbers } of pieces(matrix, pause))
    for (let i = 0; i < many; i++) {
      if (together) {
        let sum = 0;
        for (let at = 0; at < inputs; at++) sum += (vector[at] ?? 0) * (numbers[i * inputs + at] ?? NaN);
        sums[first + i] = sum;
      } else {
        const h = vector[first + i] ?? 0;
        const start = i * features;
        for (let at = 0; at < features; at++) sums[at] = (sums[at] ?? 0) + h * (numbers[start + at] ?? NaN);
      }
    }
  return sums;
}

/** The norms of a matrix's rows. @param pause is called between pieces of it, and may throw */
async function rowNorms(matrix: StoredArray, pause: () => void): Promise<Float64Array> {
  const { count, width } = vectorsOf(matrix.shape);
  const squares = new Float64Array(count);
  const length = matrix.byColumn ? count : width;
  for await (const { first, many, numbers } of pieces(matrix, pause))
    for (let i = 0; i < many; i++)
      for (let at = 0; at < length; at++) {
        const row = matrix.byColumn ? at : first + i;
        squares[row] = (squares[row] ?? 0) + (numbers[i * length + at] ?? NaN) ** 2;
      }
  return squares.map(Math.sqrt);
}

/** Numbers that are read at once: 4 MB of float32. */
const PIECE = 2 ** 20;

/** Rows of a matrix or, `byColumn`, columns that follow one another. */
interface Piece {
  readonly first: number;
  readonly many: number;
  /** One after another. */
  readonly numbers: ArrayLike<number>;
}

/** A whole matrix, as it lies. */
async function* pieces(matrix: StoredArray, pause: () => void): AsyncGenerator<Piece> {
  const { count, width } = vectorsOf(matrix.shape);
  const [all, length] = matrix.byColumn ? [width, count] : [count, width];
  const most = Math.max(1, Math.floor(PIECE / length));
  for (let first = 0; first < all; first += most) {
    pause();
    const many = Math.min(most, all - first);
    yield { first, many, numbers: await matrix.readMany(first, many) };
  }
}
