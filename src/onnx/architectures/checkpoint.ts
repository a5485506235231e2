import type { StoredTensor } from '../checkpoint/safetensors.js';
import type { Graph } from '../graph.js';
import { broken, unsupported } from '../source.js';
import { Configuration, isObject, type Json } from './configuration.js';
import type { Description } from './description.js';
import { checkSizes, writeDecoder } from './generator/decoder.js';
import type { Rotary } from './rotary.js';
import { ARCHITECTURES, UNDESCRIBED } from './table.js';

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
 * @throws ModelError naming the kind, the key or the tensor that is not described, is missing or does not fit.
 */
export function checkpointGraph(config: Json, tensors: ReadonlyMap<string, StoredTensor>): CheckpointGraph {
  const c = configurationOf(config);
  const description = describe(c);
  checkSizes(description, tensors);
  const layers = Array.from({ length: description.layers }, (_, layer) => description.attention.rotary(layer));
  const rotaries = [...new Set(layers.filter((rotary) => rotary !== undefined))];
  c.refuseUnread();
  const { graph, unread, prefix, tied } = writeDecoder(description, tensors);
  const own = unread.filter((name) => name.startsWith(`${prefix}${description.blocks}`) && !isBuffer(name));
  const beyond = (name: string): boolean => layerOf(name, `${prefix}${description.blocks}`) >= description.layers;
  const strange = own.filter((name) => !beyond(name));
  if (strange.length > 0)
    throw unsupported(
      `The checkpoint holds "${strange[0] ?? ''}"${strange.length > 1 ? ` and ${strange.length - 1} more tensors` : ''}, which ${c.modelType} is not known to have: the model is not computed by guess.`,
    );
  return {
    graph,
    unread: unread.filter((name) => !isBuffer(name) && name !== tied?.head),
    tied,
    keepsPrefix: (prefixLength, whole) => rotaries.every((rotary) => keeps(rotary, prefixLength, whole)),
  };
}

/** Buffers that older releases stored: masks and frequencies, which follow from the configuration. */
const isBuffer = (name: string): boolean =>
  /(^|\.)(rotary_emb\.(inv_freq|cos_cached|sin_cached)|attn\.(attention\.)?(bias|masked_bias)|attention\.(bias|masked_bias)|masked_bias|embed_positions|causal_mask)$/.test(
    name,
  );

/** The number behind a beginning, as in "model.layers.12.mlp"; -1 where there is none. */
function layerOf(name: string, blocks: string): number {
  const number = /^\d+/.exec(name.slice(blocks.length))?.[0];
  return number === undefined ? -1 : Number(number);
}

const keeps = ({ beyond, stretch }: Rotary, prefix: number, whole: number): boolean =>
  (beyond === undefined || prefix > beyond.length || whole <= beyond.length) &&
  (stretch === undefined || whole <= stretch.length);

/** The part of a configuration that is about text. */
function configurationOf(whole: Json): Configuration {
  const text = ['text_config', 'llm_config', 'language_config'].map((name) => whole[name]).find(isObject);
  const outer = wordOf(whole.model_type);
  if (outer !== undefined && Object.hasOwn(UNDESCRIBED, outer)) throw undescribed(outer);
  const stated: Json = text ? { ...shared(whole), ...text } : whole;
  const type = wordOf(stated.model_type);
  if (type === undefined) throw broken('config.json does not say what kind of model this is ("model_type").');
  if (whole.quantization_config !== undefined && whole.quantization_config !== null) {
    const method = isObject(whole.quantization_config) ? wordOf(whole.quantization_config.quant_method) : undefined;
    throw unsupported(
      `The weights are quantized${method === undefined ? '' : ` (${method})`}, which is not described for checkpoints.`,
      'Use the checkpoint that it was made from, or an ONNX export that is quantized.',
    );
  }
  if (!Object.hasOwn(ARCHITECTURES, type)) throw undescribed(type);
  return new Configuration(type, stated, ARCHITECTURES[type]?.defaults ?? {});
}

/** What a model of several kinds of input says of all its parts. */
const shared = (whole: Json): Json =>
  whole.tie_word_embeddings === undefined ? {} : { tie_word_embeddings: whole.tie_word_embeddings };

const wordOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

function undescribed(type: string): Error {
  const reason = Object.hasOwn(UNDESCRIBED, type) ? UNDESCRIBED[type] : undefined;
  return unsupported(
    `Checkpoints of the kind "${type}" are not described${reason === undefined ? '' : `: ${reason}`}.`,
    'An ONNX export of the model may be opened instead.',
  );
}

function describe(c: Configuration): Description {
  const architecture = ARCHITECTURES[c.modelType];
  if (!architecture) throw undescribed(c.modelType);
  return architecture.describe(c);
}
