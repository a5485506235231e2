import { isObject, type Json } from '../../json.js';
import { broken, unsupported } from '../../source.js';
import { type CheckpointGraph, checkpointGraph } from '../checkpoint.js';
import { type Kind, KINDS } from './kinds.js';
import { type GgufModel, Metadata } from './metadata.js';
import { named, type Scaling } from './names.js';
import { FACTORS, ropeOf, withoutNothing } from './rotation.js';

/**
 * Decoders as GGUF has them: their configuration stands in the metadata under names of llama.cpp's, and so do their tensors. What
 * is computed is what the table says of the same architecture; what llama.cpp's converter changed is said here.
 */

/** `general.type`s that are no model of their own, for people. */
const PARTS: Readonly<Record<string, string>> = {
  adapter: 'an adapter',
  mmproj: "a picture's encoder",
  imatrix: 'measurements for quantization',
  vocab: 'a vocabulary',
};

/** A GGUF file's decoder as a graph. @throws ModelError naming the architecture, key or tensor that is not described. */
export function ggufGraph(model: GgufModel): CheckpointGraph {
  const { config, kind, scaling, further } = configurationOf(model);
  const tensors = new Map(model.tensors);
  for (const name of Object.values(FACTORS)) tensors.delete(name); // they are a part of the rotation
  for (const [name, tensor] of tensors) tensors.set(name, { ...tensor, shape: shapeOf(name, tensor.shape) });
  return checkpointGraph(config, tensors, (d) => ({ ...named(d, kind, tensors, scaling), further }));
}

/** A tensor's shape with the dimensions of 1 that transformers has and llama.cpp not, and the other way round. */
function shapeOf(name: string, shape: readonly number[]): readonly number[] {
  const [first = 0, second = 1] = shape;
  if (name.endsWith('.ffn_gate_inp_shexp.weight') && shape.length === 1) return [1, first];
  if (/\.(shortconv\.conv|ssm_conv1d)\.weight$/.test(name) && shape.length === 2) return [first, 1, second];
  if (/\.(ssm_a|ssm_d|ssm_norm\.weight)$/.test(name) && shape.length === 2) return [first * second];
  return shape;
}

/** The same as config.json would say it. */
export const ggufConfiguration = (model: GgufModel): Json => configurationOf(model).config;

function configurationOf(model: GgufModel): { config: Json; kind: Kind; scaling: Scaling; further: number } {
  const { metadata } = model;
  const type = metadata.get('general.type');
  if (typeof type === 'string' && type !== 'model')
    throw unsupported(
      `The GGUF file holds ${PARTS[type] ?? `something of the kind "${type.slice(0, 60)}"`}, no model.`,
    );
  const architecture = metadata.get('general.architecture');
  if (typeof architecture !== 'string')
    throw broken('The GGUF file does not say what kind of model this is ("general.architecture").');
  const kind = Object.hasOwn(KINDS, architecture) ? KINDS[architecture] : undefined;
  if (!kind)
    throw unsupported(
      `GGUF files of the architecture "${architecture.slice(0, 60)}" are not described.`,
      "The model's checkpoint of safetensors, or an ONNX export, may be opened instead.",
    );
  const m = new Metadata(architecture, metadata, model.tensors);
  const { rope, divisors } = kind.ownRotation ? { rope: {} } : ropeOf(m, model);
  const heads = m.optionalCount('attention.head_count') ?? m.count('ssm.time_step_rank');
  const further = m.optionalCount('nextn_predict_layers') ?? 0;
  const keyLength = kind.ownHeads ? undefined : m.optionalCount('attention.key_length');
  if (!kind.ownHeads) m.only('attention.value_length', keyLength ?? m.count('embedding_length') / heads);
  if (m.optionalCount('expert_count') === undefined) m.ignore('expert_used_count');
  m.only('attention.causal', true);
  const more = isObject(rope.rope_scaling) ? kind.scaling?.(m) : undefined;
  const stretched = more ? { rope_scaling: { ...(rope.rope_scaling as Json), ...more } } : {};
  const config = {
    model_type: kind.is,
    num_hidden_layers: m.count('block_count') - further,
    hidden_size: m.count('embedding_length'),
    num_attention_heads: heads,
    num_key_value_heads: kind.ownHeads ? undefined : (m.optionalCount('attention.head_count_kv') ?? heads),
    max_position_embeddings: m.count('context_length'),
    ...(keyLength === undefined ? {} : { head_dim: keyLength }),
    tie_word_embeddings: !model.tensors.has('output.weight'),
    ...rope,
    ...stretched,
    ...kind.config?.(m, model),
  };
  m.refuseUnread();
  return { config: withoutNothing(config), kind, scaling: divisors ? { divisors } : {}, further };
}
