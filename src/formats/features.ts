import { existsSync } from 'node:fs';
import path from 'node:path';
import { isRecord } from '../map/json.js';
import { Fault } from '../map/fault.js';
import type { Layer } from '../map/specification.js';
import { badFile, type GivenFile, wholeFile, withFile } from './vectors/bytes.js';
import { listVectors, readVector, type VectorEntry, type VectorPick } from './vectorFile.js';

/** A feature of a sparse autoencoder, or a probe: `h · vector + bias`, with a threshold 0 where that is not above it. */
export interface ReadFeature {
  readonly vector: Float32Array;
  readonly bias: number;
  readonly threshold: number | null;
  readonly name: string;
}

/** The two files of a folder that SAELens writes. */
export const SAE_FILES = { weights: 'sae_weights.safetensors', configuration: 'cfg.json' } as const;
const [ENCODER, DECODER] = ['W_enc', 'W_dec'];

const CONFIGURATION_BYTES = 2 ** 20;

/** The weights of a folder that SAELens writes; undefined where it is none. */
export function saeWeights(folder: string): string | undefined {
  const weights = path.join(folder, SAE_FILES.weights);
  return existsSync(weights) ? weights : undefined;
}

/** What a sparse autoencoder says of itself, as far as it decides what a feature is. */
interface SaeConfiguration {
  readonly architecture: string | undefined;
  /** The decoder's bias is taken off the vector first. */
  readonly subtracts: boolean | undefined;
  /** Where the vectors are from: `blocks.8.hook_resid_pre`. */
  readonly hook: string | undefined;
}

const NOTHING: SaeConfiguration = { architecture: undefined, subtracts: undefined, hook: undefined };

/**
 * What stands beside the weights, `cfg.json`.
 * @throws Fault `file` where it cannot be read, or says what features here cannot be.
 */
async function configurationBeside(weights: string): Promise<SaeConfiguration> {
  const file = path.join(path.dirname(weights), SAE_FILES.configuration);
  if (!existsSync(file)) return NOTHING;
  let data: unknown;
  try {
    data = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(await wholeFile(file, CONFIGURATION_BYTES)));
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw badFile(SAE_FILES.configuration, 'is no JSON', 'Write or copy it again.', String(error));
  }
  if (!isRecord(data)) throw badFile(SAE_FILES.configuration, 'is no configuration of a sparse autoencoder');
  const { architecture, apply_b_dec_to_input: subtracts, normalize_activations: normalizes, metadata } = data;
  const named = isRecord(metadata) ? (metadata.hook_name ?? data.hook_name) : data.hook_name;
  // Folded into the weights, or none: others scale a vector by what it is itself.
  if (typeof normalizes === 'string' && !['none', 'expected_average_only_in'].includes(normalizes))
    throw badFile(
      SAE_FILES.configuration,
      `says that vectors are normalized ("${normalizes}"), which features here are not`,
    );
  return {
    architecture: typeof architecture === 'string' ? architecture : undefined,
    subtracts: typeof subtracts === 'boolean' ? subtracts : undefined,
    hook: typeof named === 'string' ? named.slice(0, 200) : undefined,
  };
}

/** Architectures whose features are a sum and a threshold. Those that keep the largest few are told before that. */
const ARCHITECTURES = ['standard', 'jumprelu', 'topk', 'batchtopk', 'matryoshka_batchtopk'];

/**
 * A feature of a file or of a folder that SAELens writes: with `bias`, `b_dec` and `threshold` where they stand beside it.
 * Only its own numbers are read.
 * @param place a file, or such a folder; in a folder, and in a file with an encoder, a number alone is a feature's.
 * @throws Fault as {@link readVector}, and `file` for an autoencoder of another kind.
 */
export async function readFeature(place: string, pick: VectorPick): Promise<ReadFeature> {
  const weights = saeWeights(place) ?? place;
  const configuration = await configurationBeside(weights);
  const { architecture, hook } = configuration;
  if (architecture !== undefined && !ARCHITECTURES.includes(architecture))
    throw badFile(
      SAE_FILES.configuration,
      `names the architecture "${architecture.slice(0, 60)}", whose features are more than a sum and a threshold`,
      `Take one of ${ARCHITECTURES.slice(0, -1).join(', ')} or ${ARCHITECTURES.at(-1) ?? ''}.`,
    );
  const feature = await withFile(weights, (file) => featureOf(file, pick, configuration));
  const folder = weights === place ? '' : path.basename(place);
  const called = folder ? `${folder}#${pick.column ?? pick.row ?? 0}` : feature.name;
  return { ...feature, name: hook === undefined ? called : `${called} (${hook})` };
}

/** The same of a file at hand. */
export async function featureOf(
  file: GivenFile,
  { key, row, column, hiddenSize }: VectorPick,
  { subtracts, architecture }: SaeConfiguration = NOTHING,
): Promise<ReadFeature> {
  const entries = await listVectors(file);
  const has = (name: string): boolean => entries.some((one) => one.key === name);
  const encoder = key ?? (has(ENCODER) && has(DECODER) ? ENCODER : undefined);
  const ofEncoder = encoder === ENCODER && row !== undefined && key === undefined;
  const at = ofEncoder ? { column: row } : { row, column };
  if (key === undefined && encoder === ENCODER && row === undefined && column === undefined)
    throw new Fault({
      code: 'bad-parameter',
      message: `"${file.name}" holds a sparse autoencoder.`,
      hint: 'Say which of its features: a number, such as #17.',
    });
  const { vector, name } = await readVector(file, { key: encoder, ...at, hiddenSize });
  const number = column ?? row ?? 0;
  /** The number of this feature in an array of one number each. */
  const numberOf = async (array: string): Promise<number | undefined> => {
    const entry = entries.find((one) => one.key === array);
    if (!entry || entry.refusal !== undefined || entry.count !== 1 || number >= entry.width) return undefined;
    const { vector: all } = await readVector(file, { key: array });
    return all[number];
  };
  if (encoder === undefined) return { vector, bias: 0, threshold: null, name };
  const bias = (await numberOf(biasOf(encoder))) ?? 0;
  if (encoder !== ENCODER) return { vector, bias, threshold: encoder.startsWith('encoder') ? 0 : null, name };
  const jump = await numberOf('threshold');
  const jumps = jump !== undefined && (architecture ?? 'jumprelu') === 'jumprelu';
  const centered = subtracts ?? !jumps;
  const center =
    centered && has('b_dec') ? await readVector(file, { key: 'b_dec', hiddenSize: vector.length }) : undefined;
  const shift = center ? center.vector.reduce((sum, value, i) => sum + value * (vector[i] ?? 0), 0) : 0;
  return { vector, bias: bias - shift, threshold: jumps ? jump : 0, name };
}

const biasOf = (key: string): string => (key === ENCODER ? 'b_enc' : key.replace(/weight$/, 'bias'));

/**
 * The layer whose output an autoencoder reads, by its hook: `blocks.8.hook_resid_post` is 8, `blocks.8.hook_resid_pre` 7 or, of block 0,
 * the embeddings; undefined where it names none.
 */
export async function hookLayer(place: string): Promise<Layer | undefined> {
  const { hook = '' } = await configurationBeside(saeWeights(place) ?? place);
  const [, block, side] = /^blocks\.(\d{1,5})\.hook_resid_(pre|post)$/.exec(hook) ?? [];
  if (block === undefined) return undefined;
  const layer = Number(block) - (side === 'pre' ? 1 : 0);
  return layer < 0 ? 'embeddings' : layer;
}

/** Where a direction of a folder's autoencoder is: its decoder's row of that number. */
export const decoderPick = ({ key, row, column }: VectorPick): VectorPick =>
  key === undefined && column === undefined ? { key: DECODER, row } : { key, row, column };

/** Features that are strongest somewhere, strongest first. */
export interface StrongFeature {
  readonly feature: number;
  readonly activation: number;
}

/** Features of an autoencoder at most; numbers of its encoder are gone through row by row. */
const MOST_FEATURES = 2 ** 22;

/**
 * The strongest features of a vector, of an autoencoder's folder or file; fewer where not so many are active.
 * @throws Fault `bad-parameter` where the vector is not of its width, as {@link readFeature}.
 */
export async function strongestFeatures(place: string, vector: Float32Array, most: number): Promise<StrongFeature[]> {
  const weights = saeWeights(place) ?? place;
  const { subtracts, architecture } = await configurationBeside(weights);
  if (architecture !== undefined && !ARCHITECTURES.includes(architecture))
    throw badFile(
      SAE_FILES.configuration,
      `names the architecture "${architecture.slice(0, 60)}", which is not known here`,
    );
  return withFile(weights, async (file) => {
    const entries = await listVectors(file);
    const encoder = entries.find(({ key }) => key === ENCODER);
    if (!encoder || encoder.refusal !== undefined)
      throw badFile(file.name, `holds no encoder "${ENCODER}"`, 'Choose a folder that SAELens has written.');
    const { count, width } = encoder;
    checkWidth(file.name, encoder, vector);
    const one = async (key: string): Promise<Float32Array | undefined> => {
      const entry = entries.find((array) => array.key === key);
      return entry?.count === 1 && entry.refusal === undefined ? (await readVector(file, { key })).vector : undefined;
    };
    const [bias, threshold, center] = [await one('b_enc'), await one('threshold'), await one('b_dec')];
    const jumps = threshold !== undefined && (architecture ?? 'jumprelu') === 'jumprelu';
    const from = (subtracts ?? !jumps) ? center : undefined;
    const sums = new Float64Array(width);
    for (let row = 0; row < count; row++) {
      const h = (vector[row] ?? 0) - (from?.[row] ?? 0);
      const { vector: numbers } = await readVector(file, { key: ENCODER, row });
      for (let i = 0; i < width; i++) sums[i] = (sums[i] ?? 0) + h * (numbers[i] ?? 0);
    }
    const strong: StrongFeature[] = [];
    sums.forEach((sum, feature) => {
      const activation = sum + (bias?.[feature] ?? 0);
      if (activation > (jumps ? (threshold[feature] ?? 0) : 0) && activation > 0) strong.push({ feature, activation });
    });
    return strong.sort((a, b) => b.activation - a.activation || a.feature - b.feature).slice(0, most);
  });
}

function checkWidth(name: string, { count, width }: VectorEntry, vector: Float32Array): void {
  if (width > MOST_FEATURES) throw badFile(name, `has more than ${MOST_FEATURES} features`);
  if (count !== vector.length)
    throw new Fault({
      code: 'bad-parameter',
      message: `The autoencoder takes vectors of ${count} numbers; the hidden states of this model have ${vector.length}.`,
      hint: 'Choose one that was trained on this model.',
    });
}
