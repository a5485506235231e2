import type { StoredTensor } from '../checkpoint/safetensors.js';
import type { Graph } from '../graph.js';
import { broken, unsupported } from '../source.js';
import { isObject, type Json } from '../json.js';
import { Configuration } from './configuration.js';
import { atLayer, type Description } from './description.js';
import { checkSizes, writeDecoder } from './generator/decoder.js';
import type { Rotary } from './rotary.js';
import { ARCHITECTURES, AROUND, UNDESCRIBED } from './table.js';

/** A checkpoint's decoder as a graph. */
export interface CheckpointGraph {
  /** Weights are external data at their places in the checkpoint's files. */
  readonly graph: Graph;
  /** Tensors outside the decoder that are not read: a picture's encoder, another head. */
  readonly unread: readonly string[];
  /** A stored head, and the embedding that the configuration says is the head: their numbers must be the same. */
  readonly tied: { readonly head: string; readonly embedding: string } | undefined;
  /**
   * Whether keys and values of the first positions are the same when more follow. Some rotations change with the length of the
   * whole sequence.
   */
  readonly keepsPrefix: (prefix: number, whole: number) => boolean;
}

/**
 * The graph of a checkpoint: what its configuration says, made of its tensors. Nothing is guessed.
 * @param config config.json
 * @param tensors by name
 * @param adapt for files that store the same under other names, or with changes
 * @throws ModelError naming the kind, the key or the tensor that is not described, is missing or does not fit.
 */
export function checkpointGraph(
  config: Json,
  tensors: ReadonlyMap<string, StoredTensor>,
  adapt: (description: Description) => Description = (same) => same,
): CheckpointGraph {
  const c = configurationOf(config, tensors);
  const description = adapt(describeConfiguration(c, tensors.size));
  const layers = Array.from({ length: description.layers }, (_, layer) => description.attention.rotary(layer));
  const rotaries = [...new Set(layers.filter((rotary) => rotary !== undefined))];
  const { graph, unread, prefix, tied } = writeDecoder(description, tensors);
  refuseStrange(c, description, { prefix, alone: !isObject(config.text_config) }, unread);
  return {
    graph,
    unread: unread.filter((name) => !isBuffer(name) && name !== tied?.head),
    tied,
    keepsPrefix: (prefixLength, whole) => rotaries.every((rotary) => keeps(rotary, prefixLength, whole)),
  };
}

/**
 * What a configuration says, all of it understood.
 * @param tensors how many the files hold: there are no more layers
 * @throws ModelError naming the key that is not described.
 */
function describeConfiguration(c: Configuration, tensors: number): Description {
  const architecture = ARCHITECTURES[c.modelType];
  if (!architecture) throw undescribed(c.modelType);
  const description = architecture.describe(c);
  checkSizes(description, tensors);
  for (let layer = 0; layer < description.layers; layer++) {
    description.attention.rotary(layer);
    if (description.perLayer) checkSizes(atLayer(description, layer), tensors);
  }
  c.refuseUnread();
  return description;
}

/** How many layers config.json describes. @throws ModelError as {@link checkpointGraph} does, but for the tensors. */
export const layersDescribed = (config: Json): number =>
  describeConfiguration(configurationOf(config, new Map()), Infinity).layers;

/** Buffers that older releases stored: masks and frequencies, which follow from the configuration. */
const isBuffer = (name: string): boolean =>
  /(^|\.)(rotary_emb\.(inv_freq|cos_cached|sin_cached)|attn\.(attention\.)?(bias|masked_bias)|attention\.(bias|masked_bias)|masked_bias|embed_positions|causal_mask)$/.test(
    name,
  );

/**
 * Refuses tensors of the decoder that nobody read: something is computed with them that is not described.
 * @param where the decoder's tensors are, and whether nothing but the decoder is there
 */
function refuseStrange(
  { modelType }: Configuration,
  { layers, blocks, further = 0 }: Description,
  where: { readonly prefix: string; readonly alone: boolean },
  unread: readonly string[],
): void {
  const inBlocks = `${where.prefix}${blocks}`;
  const own = where.alone && where.prefix !== '' ? where.prefix : inBlocks;
  const layerOf = (name: string): number =>
    name.startsWith(inBlocks) ? Number(/^\d+/.exec(name.slice(inBlocks.length))?.[0] ?? -1) : -1;
  const isFurther = (name: string): boolean => layerOf(name) >= layers && layerOf(name) < layers + further;
  const strange = unread.filter((name) => name.startsWith(own) && !isBuffer(name) && !isFurther(name));
  const [first, ...others] = strange;
  if (first === undefined) return;
  const which = `"${first}"${others.length > 0 ? ` and ${others.length} more tensors` : ''}`;
  throw layerOf(first) >= layers
    ? unsupported(`The checkpoint holds ${which} of layers that are more than the configuration's ${layers}.`)
    : unsupported(
        `The checkpoint holds ${which}, which ${modelType} is not known to have: the model is not computed by guess.`,
      );
}

const keeps = ({ beyond, stretch }: Rotary, prefix: number, whole: number): boolean =>
  (beyond === undefined || prefix > beyond.length || whole <= beyond.length) &&
  (stretch === undefined || whole <= stretch.length);

/** The part of a configuration that is about text. */
function configurationOf(whole: Json, tensors: ReadonlyMap<string, StoredTensor>): Configuration {
  const outer = wordOf(whole.model_type);
  const text = isObject(whole.text_config) ? whole.text_config : undefined;
  const type = text ? wordOf(text.model_type) : outer;
  if (outer === undefined || type === undefined)
    throw broken('config.json does not say what kind of model this is ("model_type").');
  if (text ? !AROUND.has(outer) : !Object.hasOwn(ARCHITECTURES, outer)) throw undescribed(outer);
  const architecture = Object.hasOwn(ARCHITECTURES, type) ? ARCHITECTURES[type] : undefined;
  if (!architecture) throw undescribed(type);
  for (const one of text ? [whole, text] : [whole]) refuseQuantized(one, architecture.quantized);
  const { defaults } = architecture;
  return new Configuration(type, text ? { ...text, ...tiedHead(whole, text, defaults, tensors) } : whole, defaults);
}

/**
 * Whether the embedding is the head where a configuration says it twice. Releases of transformers differ in which they believe, but
 * where the two disagree all of them take a head that is stored.
 */
function tiedHead(whole: Json, text: Json, defaults: Json, tensors: ReadonlyMap<string, StoredTensor>): Json {
  const [outer, inner] = [whole.tie_word_embeddings, text.tie_word_embeddings ?? defaults.tie_word_embeddings];
  if (outer === undefined || outer === inner) return {};
  return { tie_word_embeddings: ![...tensors.keys()].some((name) => /(^|\.)lm_head\.weight$/.test(name)) };
}

function refuseQuantized({ quantization_config: quantization }: Json, described: string | undefined): void {
  if (quantization === undefined || quantization === null) return;
  const method = isObject(quantization) ? wordOf(quantization.quant_method) : undefined;
  if (method !== undefined && method === described) return;
  throw unsupported(
    `The weights are quantized${method === undefined ? '' : ` (${method})`}, which is not described for checkpoints.`,
    'FP8, compressed-tensors, GPTQ and AWQ are described; or use the checkpoint that it was made from.',
  );
}

const wordOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

function undescribed(type: string): Error {
  const reason = Object.hasOwn(UNDESCRIBED, type) ? UNDESCRIBED[type] : undefined;
  return unsupported(
    `Checkpoints of the kind "${type}" are not described${reason === undefined ? '' : `: ${reason}`}.`,
    'An ONNX export of the model may be opened instead.',
  );
}
