import { Configuration } from '../../architectures/configuration.js';
import { isObject, type Json } from '../../json.js';
import { broken, unsupported } from '../../source.js';
import type { PackedTensor, ReadBytes } from '../packedTensor.js';
import type { StoredTensor } from '../safetensors.js';
import { compressedTensors } from './compressedTensors.js';
import { fbgemm, float8, modelOptimizer } from './float8.js';
import { awq, gptq } from './grouped.js';
import type { Method } from './method.js';

/** A checkpoint whose weights are quantized, as one whose weights are not. */
export interface Unquantized {
  /** config.json without what is said of the quantization. */
  readonly config: Json;
  /** The tensors that lie there as they are computed with. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Weights that others are made of. */
  readonly packed: readonly PackedTensor[];
  /** Matrices come as [outputs, inputs], whatever the layer stores. */
  readonly turned: boolean;
  /** What is said of activations, which are not rounded here; undefined where the checkpoint rounds none. */
  readonly activations: string | undefined;
}

const METHODS: Readonly<Record<string, (c: Configuration) => Method>> = {
  fp8: float8,
  fbgemm_fp8: fbgemm,
  modelopt: modelOptimizer,
  'compressed-tensors': compressedTensors,
  gptq,
  awq,
};

/** What a server rounds activations and keys by; nothing here does. */
const OF_ACTIVATIONS =
  /\.(input_scale|input_scale_ub|input_zero_point|input_global_scale|activation_scale|output_scale|output_zero_point|[qkv]_scale|[qkv]_zero_point|kv_scale|prob_output_scale)$/;

/**
 * What a checkpoint says of its quantization, all of it understood; undefined where it says nothing, or names a method that is not
 * described.
 * @param config config.json
 * @param tensors by name
 * @param read of their files
 * @throws ModelError naming the key, or the tensor that is missing or does not fit.
 */
export function unquantized(
  config: Json,
  tensors: ReadonlyMap<string, StoredTensor>,
  read: ReadBytes,
): Unquantized | undefined {
  const stated = statedOf(config);
  const name = stated?.quant_method;
  if (!stated || typeof name !== 'string' || !Object.hasOwn(METHODS, name)) return undefined;
  const c = new Configuration(name, stated, {});
  c.ignore('quant_method', 'modules_to_not_convert', 'ignore', 'ignored_layers', 'quantization_status', 'producer');
  const method = METHODS[name]?.(c);
  if (!method) return undefined;
  c.refuseUnread();
  const left = new Map(tensors);
  const packed: PackedTensor[] = [];
  for (const [own, tensor] of tensors) {
    const found = method.weight(own, tensor, {
      read,
      tensor: (other) => {
        const beside = tensors.get(other);
        return beside && { ...beside, name: other };
      },
      take: (other) => void left.delete(other),
    });
    if (!found) continue;
    left.delete(own);
    if (left.has(found.name) || packed.some((one) => one.name === found.name))
      throw broken(`The files hold both "${own}" and "${found.name}".`);
    packed.push(found);
  }
  if (packed.length === 0)
    throw broken(`config.json says that weights are quantized (${name}), but the files hold none that is.`);
  const rounding = [...left.keys()].filter((one) => OF_ACTIVATIONS.test(one));
  for (const one of rounding) left.delete(one);
  return {
    config: { ...config, quantization_config: undefined, ...withoutInner(config) },
    tensors: left,
    packed,
    turned: method.turned,
    activations:
      method.roundsActivations || rounding.length > 0
        ? `computed in float32, where servers round them to ${method.turned ? 'fewer' : '8'} bits${rounding.length > 0 ? ` (${rounding.length} tensors that say how are not used)` : ''}`
        : undefined,
  };
}

/** Models of several kinds of input say it around the text's part, in it, or both. */
function statedOf({ quantization_config: outer, text_config: text }: Json): Json | undefined {
  const inner = isObject(text) ? text.quantization_config : undefined;
  const [first, second] = [outer, inner].filter(isObject);
  if (first && second && JSON.stringify(first) !== JSON.stringify(second))
    throw unsupported('config.json says in two places how weights are quantized, and not the same.');
  return first;
}

const withoutInner = ({ text_config: text }: Json): Json =>
  isObject(text) ? { text_config: { ...text, quantization_config: undefined } } : {};
