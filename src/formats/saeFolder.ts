import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Layer } from '../map/specification.js';
import { badFile } from './vectors/bytes.js';
import type { VectorEntry } from './vectorFile.js';

/** What stands beside the weights of SAELens and of sparsify. */
export const SAE_CONFIGURATION = 'cfg.json';

/** Weights by the names that SAELens, sparsify and Gemma Scope give them, each in a folder of its own. */
const WEIGHTS = ['sae_weights.safetensors', 'sae.safetensors', 'params.npz', 'params.safetensors'];

/** How the arrays of an autoencoder lie in a file. */
export interface SaeLayout {
  readonly encoder: string;
  readonly decoder: string;
  readonly encoderBias: string;
  readonly decoderBias: string;
  /** Features are the encoder's rows; else its columns. */
  readonly byRow: boolean;
  /** What the file leaves out stands in {@link SAE_CONFIGURATION}, without which it says too little. */
  readonly needsConfiguration: boolean;
}

const biases = { encoderBias: 'b_enc', decoderBias: 'b_dec', byRow: false, needsConfiguration: false };
const SAELENS: SaeLayout = { ...biases, encoder: 'W_enc', decoder: 'W_dec' };
const GEMMA_SCOPE_2: SaeLayout = { ...biases, encoder: 'w_enc', decoder: 'w_dec' };
const SPARSIFY: SaeLayout = {
  encoder: 'encoder.weight',
  decoder: 'W_dec',
  encoderBias: 'encoder.bias',
  decoderBias: 'b_dec',
  byRow: true,
  needsConfiguration: true,
};

/** The layout of a file's arrays; undefined where they are no autoencoder's. */
export function layoutOf(entries: readonly VectorEntry[]): SaeLayout | undefined {
  const has = (name: string): boolean => entries.some(({ key }) => key === name);
  if (has(SAELENS.encoder)) return SAELENS;
  return [GEMMA_SCOPE_2, SPARSIFY].find((one) => has(one.encoder) && has(one.decoder) && has(one.decoderBias));
}

/** Numbers that the encoder takes, and features that it has. */
export const sizesOf = (
  { byRow }: SaeLayout,
  { count, width }: VectorEntry,
): { readonly numbers: number; readonly features: number } =>
  byRow ? { numbers: width, features: count } : { numbers: count, features: width };

/** The weights of an autoencoder's folder; undefined where it is none. */
export const saeWeights = (folder: string): string | undefined =>
  WEIGHTS.map((name) => path.join(folder, name)).find((file) => existsSync(file));

/** What an autoencoder is named by: the folder of weights with a usual name or of a configuration, which says more, else the file. */
export function saePlace(file: string): string {
  const folder = path.dirname(file);
  return path.basename(file) === SAE_CONFIGURATION || saeWeights(folder) === file ? folder : file;
}

/** Gemma Scope's, whose name alone says nothing. */
const ofGemmaScope = (weights: string): boolean => path.basename(weights).startsWith('params.');

/** The file that a place leads to: itself, or a folder's weights. @throws Fault `file` for another folder. */
export function weightsAt(place: string): string {
  const weights = saeWeights(place);
  // Links in a circle lead nowhere, which existsSync() says without throwing.
  if (weights === undefined && existsSync(place) && statSync(place).isDirectory())
    throw badFile(
      path.basename(path.resolve(place)),
      'is a folder without a sparse autoencoder',
      `One that SAELens, sparsify or Gemma Scope has written holds ${WEIGHTS.slice(0, -1).join(', ')} or ${WEIGHTS.at(-1) ?? ''}.`,
    );
  return weights ?? place;
}

/** The folders that say what weights are: the last or, of Gemma Scope, `layer_20/width_16k/average_l0_71`; none of other files. */
function folders(weights: string): readonly string[] {
  if (!WEIGHTS.includes(path.basename(weights))) return [];
  const parts = path.dirname(path.resolve(weights)).split(path.sep);
  if (!ofGemmaScope(weights)) return parts.slice(-1);
  const last = parts.slice(-3);
  const from = last.findIndex((part) => /^(layer_\d{1,5}(_\w+)?|embedding)$/.test(part));
  return from < 0 ? [] : last.slice(from);
}

/** What an autoencoder is called: weights by their usual name after their folder, others as their file. */
export const saeName = (weights: string): string => folders(weights).join('/') || path.basename(weights);

/**
 * What an autoencoder reads, where only its folders say so: sparsify's are called after the model's own module (`layers.20`), Gemma
 * Scope's after the layer, in a repository for the residual stream.
 */
export function hookOfPlace(weights: string): string | undefined {
  const [first = ''] = folders(weights);
  const whole = path.dirname(path.resolve(weights)).split(path.sep);
  if (ofGemmaScope(weights)) {
    const [, layer] = /^layer_(\d{1,5})_/.exec(first) ?? [];
    if (layer !== undefined) return whole.at(-2) === 'resid_post' ? `layer_${layer}` : undefined;
    const elsewhere = whole.some((part) => /gemma-scope-.*-(att|mlp|transcoders)$/.test(part));
    return /^(layer_\d{1,5}|embedding)$/.test(first) && !elsewhere ? first : undefined;
  }
  return /^[\w.]*(layers|h|blocks)\.\d{1,5}[\w.]*$/.test(first) ? first : undefined;
}

/** The layer whose output a hook reads; undefined where it reads something else. */
export function layerOfHook(hook: string): Layer | undefined {
  if (hook === 'embedding') return 'embeddings';
  const [, block, side] = /^blocks\.(\d{1,5})\.hook_resid_(pre|post)$/.exec(hook) ?? [];
  const [, own] = /^(?:(?:[\w.]+\.)?(?:layers|h|blocks)\.|layer_)(\d{1,5})$/.exec(hook) ?? [];
  if (block === undefined) return own === undefined ? undefined : Number(own);
  const layer = Number(block) - (side === 'pre' ? 1 : 0);
  return layer < 0 ? 'embeddings' : layer;
}
