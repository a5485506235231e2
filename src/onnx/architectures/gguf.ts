import type { GgufValue } from '../checkpoint/gguf.js';
import type { StoredTensor } from '../checkpoint/safetensors.js';
import { broken, unsupported } from '../source.js';
import { type CheckpointGraph, checkpointGraph } from './checkpoint.js';
import { isObject, type Json } from '../json.js';
import type { Description, Latent, Recurrence } from './description.js';
import type { Rotary } from './rotary.js';

/**
 * Decoders as GGUF has them: their configuration stands in the metadata under names of llama.cpp's, and so do their tensors. What
 * is computed is what the table says of the same architecture; what llama.cpp's converter changed is said here.
 */

/** A GGUF file's own words, and its small tensors' numbers. */
export interface GgufModel {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  /** By the file's names. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** The numbers of a float32 tensor of at most `most`. @throws ModelError for any other. */
  numbers(name: string, most: number): Float32Array;
}

/** What an architecture of GGUF is. */
interface Kind {
  /** The `model_type` that the table has it under. */
  readonly is: string;
  /** Rows of queries and keys were reordered, so that neighbouring dimensions turn together. */
  readonly permuted?: boolean;
  /** Norms hold what is added to 1 elsewhere. */
  readonly wholeNorms?: boolean;
  /** What config.json would say besides. */
  readonly config?: (m: Metadata) => Json;
  /** It says itself what heads are like. */
  readonly ownHeads?: boolean;
  /** What a stretched rotation has besides. */
  readonly scaling?: (m: Metadata) => Json;
  /** What is named otherwise than everywhere. */
  readonly names?: (d: Description, has: (name: string) => boolean) => Partial<Names>;
}

interface Names {
  readonly attentionNorm: string;
  readonly feedForwardNorm: string;
  readonly finalNorm: string;
}

const NAMES: Names = { attentionNorm: 'attn_norm', feedForwardNorm: 'ffn_norm', finalNorm: 'output_norm' };

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

interface Scaling {
  /** What each frequency is divided by. */
  readonly divisors?: Float32Array;
}

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
  const { rope, divisors } = ropeOf(m, model);
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
    ...kind.config?.(m),
  };
  m.refuseUnread();
  return { config: withoutNothing(config), kind, scaling: divisors ? { divisors } : {}, further };
}

const withoutNothing = (config: Json): Json =>
  Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));

/** Tensors that scale frequencies. */
const FACTORS = { all: 'rope_freqs.weight', long: 'rope_factors_long.weight', short: 'rope_factors_short.weight' };
/** Of a model; they come from a file. */
const MOST_LAYERS = 2 ** 16;
/** Of a head. */
const MOST_DIMENSIONS = 2 ** 16;

/** What is said of rotation. */
function ropeOf(m: Metadata, model: GgufModel): { rope: Json; divisors?: Float32Array } {
  const type = m.optionalText('rope.scaling.type') ?? 'none';
  const older = m.optionalNumber('rope.scale_linear');
  const factor = m.optionalNumber('rope.scaling.factor') ?? older;
  const original = m.optionalCount('rope.scaling.original_context_length');
  const attention = m.optionalNumber('rope.scaling.attn_factor');
  m.ignore('rope.scaling.finetuned');
  const theta = m.optionalNumber('rope.freq_base');
  const rope: Json = { rope_theta: theta ?? 10000 };
  const numbers = (name: string): number[] => [...model.numbers(name, MOST_DIMENSIONS)];
  const has = (name: string): boolean => model.tensors.has(name);
  if (has(FACTORS.long) !== has(FACTORS.short))
    throw broken(`The GGUF file holds one of "${FACTORS.long}" and "${FACTORS.short}", but not the other.`);
  if (has(FACTORS.long))
    return {
      rope: {
        ...rope,
        original_max_position_embeddings: original,
        rope_scaling: {
          rope_type: 'longrope',
          short_factor: numbers(FACTORS.short),
          long_factor: numbers(FACTORS.long),
          attention_factor: attention ?? 1,
        },
      },
    };
  if (attention !== undefined && attention !== 1) throw m.undescribed('rope.scaling.attn_factor', attention);
  if (has(FACTORS.all)) {
    if (type !== 'none') throw m.undescribed('rope.scaling.type', type);
    return { rope, divisors: model.numbers(FACTORS.all, MOST_DIMENSIONS) };
  }
  switch (type) {
    case 'none':
      if (older === undefined || older === 1) return { rope };
      return { rope: { ...rope, rope_scaling: { rope_type: 'linear', factor: older } } };
    case 'linear':
      return factor === undefined || factor === 1
        ? { rope }
        : { rope: { ...rope, rope_scaling: { rope_type: 'linear', factor } } };
    case 'yarn':
      return {
        rope: {
          ...rope,
          rope_scaling: withoutNothing({
            rope_type: 'yarn',
            factor,
            original_max_position_embeddings: original,
            beta_fast: m.optionalNumber('rope.scaling.yarn_beta_fast'),
            beta_slow: m.optionalNumber('rope.scaling.yarn_beta_slow'),
          }),
        },
      };
    default:
      throw m.undescribed('rope.scaling.type', type);
  }
}

/** A description under the file's own names, with what the converter changed. */
function named(
  d: Description,
  kind: Kind,
  tensors: ReadonlyMap<string, StoredTensor>,
  { divisors }: Scaling,
): Description {
  const has = (name: string): boolean => tensors.has(name);
  const own = namesInBlocks(tensors);
  const inBlock = (name: string): boolean => own.has(name);
  const { attention: a, feedForward: f } = d;
  const names = { ...NAMES, ...kind.names?.(d, inBlock) };
  const given = (name: string | undefined, own: string): string | undefined => (name === undefined ? undefined : own);
  const gated = f.gate !== undefined || f.gateUp !== undefined;
  const fused = inBlock('attn_qkv.weight') && !inBlock('attn_q.weight');
  const turns = new Map<Rotary, Rotary>();
  const turned = (rotary: Rotary): Rotary => {
    const made = turns.get(rotary) ?? adapted(rotary, kind.permuted === true, divisors);
    turns.set(rotary, made);
    return made;
  };
  const norm = kind.wholeNorms ? { ...d.norm, offset: 0 } : d.norm;
  return {
    ...d,
    norm,
    embedding: {
      ...d.embedding,
      name: 'token_embd',
      ...(d.embedding.norm === undefined ? {} : { norm: 'token_embd_norm' }),
      positions: d.embedding.positions && { ...d.embedding.positions, name: 'position_embd' },
    },
    blocks: 'blk.',
    attention: {
      ...a,
      before: given(a.before, names.attentionNorm),
      after: given(a.after, 'post_attention_norm'),
      q: 'attn_q',
      k: 'attn_k',
      v: 'attn_v',
      o: 'attn_output',
      fused: fused ? { name: 'attn_qkv', layout: 'blocks' } : undefined,
      bias: { qkv: inBlock(fused ? 'attn_qkv.bias' : 'attn_q.bias'), o: inBlock('attn_output.bias') },
      norms: a.norms && {
        ...a.norms,
        over: a.norms.over === 'numbered heads' ? 'each head' : a.norms.over,
        norm: kind.wholeNorms ? { ...a.norms.norm, offset: 0 } : a.norms.norm,
        q: 'attn_q_norm',
        k: 'attn_k_norm',
      },
      rotary: (layer) => {
        const rotary = a.rotary(layer);
        return rotary && turned(rotary);
      },
      sinks: given(a.sinks, 'attn_sinks.weight'),
      latent: a.latent && latentNames(a.latent, inBlock('attn_k_b.weight')),
    },
    recurrence:
      d.recurrence &&
      ((layer) => {
        const own = d.recurrence?.(layer);
        return own && recurrenceNames(own, inBlock);
      }),
    feedForward: {
      ...f,
      before: given(f.before, names.feedForwardNorm),
      after: given(f.after, 'post_ffw_norm'),
      gate: gated && inBlock('ffn_gate.weight') ? 'ffn_gate' : undefined,
      up: 'ffn_up',
      down: 'ffn_down',
      gateUp: gated && !inBlock('ffn_gate.weight') ? 'ffn_up' : undefined,
      bias: inBlock('ffn_up.bias'),
    },
    experts:
      d.experts &&
      ((layer) => {
        const own = d.experts?.(layer);
        return (
          own && {
            ...own,
            router: 'ffn_gate_inp',
            gate: 'ffn_gate_exps',
            up: 'ffn_up_exps',
            down: 'ffn_down_exps',
            stacked: true,
            correction: given(own.correction, 'exp_probs_b.bias'),
            shared: own.shared && {
              matrices: { gate: 'ffn_gate_shexp', up: 'ffn_up_shexp', down: 'ffn_down_shexp' },
              ...(own.shared.gate === undefined ? {} : { gate: 'ffn_gate_inp_shexp' }),
            },
          }
        );
      }),
    finalNorm: given(d.finalNorm, names.finalNorm),
    head: { ...d.head, name: 'output', bias: has('output.bias') },
    transposed: false,
  };
}

/** @param inBlock whether some block has a tensor */
function recurrenceNames(r: Recurrence, inBlock: (name: string) => boolean): Recurrence {
  const state = {
    convolution: 'ssm_conv1d',
    stepBias: 'ssm_dt.bias',
    rate: { name: 'ssm_a', stored: 'negative' },
    norm: 'ssm_norm',
    output: 'ssm_out',
  } as const;
  switch (r.kind) {
    case 'convolution':
      return { ...r, input: 'shortconv.in_proj', convolution: 'shortconv.conv', output: 'shortconv.out_proj' };
    case 'state space':
      return { ...r, ...state, input: 'ssm_in', skip: 'ssm_d' };
    case 'delta rule':
      return {
        ...r,
        ...state,
        inputs: inBlock('ssm_in.weight') ? 'ssm_in' : { mixed: 'attn_qkv', gate: 'attn_gate' },
        rates: inBlock('ssm_ba.weight') ? 'ssm_ba' : { write: 'ssm_beta', step: 'ssm_alpha' },
        order: inBlock('ssm_ba.weight') ? 'by keys' : 'in turn',
      };
  }
}

/** Names of blocks' tensors, without their numbers. */
const namesInBlocks = (tensors: ReadonlyMap<string, StoredTensor>): ReadonlySet<string> =>
  new Set([...tensors.keys()].map((name) => name.replace(/^blk\.\d+\./, '')));

/** @param apart whether keys and values have a matrix each */
function latentNames(l: Latent, apart: boolean): Latent {
  return {
    ...l,
    queries: l.queries && { ...l.queries, down: 'attn_q_a', norm: 'attn_q_a_norm', up: 'attn_q_b' },
    keysAndValues: {
      ...l.keysAndValues,
      down: 'attn_kv_a_mqa',
      norm: 'attn_kv_a_norm',
      up: 'attn_kv_b',
      apart: apart ? { k: 'attn_k_b', v: 'attn_v_b' } : undefined,
    },
  };
}

function adapted(rotary: Rotary, permuted: boolean, divisors: Float32Array | undefined): Rotary {
  if (divisors && divisors.length !== rotary.frequencies.length)
    throw broken(
      `"${FACTORS.all}" of the GGUF file holds ${divisors.length} numbers, where ${rotary.frequencies.length} frequencies turn.`,
    );
  return {
    ...rotary,
    interleaved: rotary.interleaved || permuted,
    frequencies: divisors ? rotary.frequencies.map((f, i) => f / (divisors[i] ?? 1)) : rotary.frequencies,
  };
}

/** What the metadata say of an architecture; every key that is read is remembered, so that one that nobody read can be refused. */
class Metadata {
  private readonly seen = new Set<string>();
  /** Names of blocks' tensors, without their numbers. */
  readonly inBlocks: ReadonlySet<string>;

  constructor(
    readonly architecture: string,
    private readonly all: ReadonlyMap<string, GgufValue>,
    tensors: ReadonlyMap<string, StoredTensor>,
  ) {
    this.inBlocks = namesInBlocks(tensors);
  }

  value(name: string): GgufValue | undefined {
    this.seen.add(name);
    return this.all.get(`${this.architecture}.${name}`);
  }

  ignore(...names: readonly string[]): void {
    for (const name of names) this.seen.add(name);
  }

  optionalNumber(name: string): number | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    throw this.undescribed(name, value);
  }

  number(name: string): number {
    return this.optionalNumber(name) ?? this.missing(name);
  }

  /** A whole number above 0; of a list with one for each layer the one that all layers have. 0 says that there is none. */
  optionalCount(name: string): number | undefined {
    const value = this.value(name);
    const one = typeof value === 'object' ? sameInAll(value) : value;
    if (one === undefined ? value === undefined : one === 0) return undefined;
    if (typeof one === 'number' && Number.isSafeInteger(one) && one > 0) return one;
    throw this.undescribed(name, value ?? one);
  }

  /** Whole numbers, one for each layer; where one is stated, it is all layers'. */
  counts(name: string): number[] {
    const value = this.value(name);
    const layers = this.count('block_count');
    const list =
      typeof value === 'object' ? Array.from<string | number, number>(value, Number) : [Number(value ?? NaN)];
    const all = list.length === 1 && layers <= MOST_LAYERS ? Array.from({ length: layers }, () => list[0] ?? 0) : list;
    if (all.length === layers && all.every((one) => Number.isSafeInteger(one) && one >= 0)) return all;
    throw this.undescribed(name, value);
  }

  count(name: string): number {
    return this.optionalCount(name) ?? this.missing(name);
  }

  optionalText(name: string): string | undefined {
    const value = this.value(name);
    if (value === undefined || typeof value === 'string') return value;
    throw this.undescribed(name, value);
  }

  optionalFlag(name: string): boolean | undefined {
    const value = this.value(name);
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.undescribed(name, value);
  }

  /** One for each layer, or undefined. */
  flags(name: string): boolean[] | undefined {
    const value = this.value(name);
    return typeof value === 'object'
      ? Array.from<string | number, boolean>(value, (one) => Number(one) !== 0)
      : undefined;
  }

  only(name: string, described: number | boolean): void {
    const value = this.value(name);
    if (value !== undefined && value !== described) throw this.undescribed(name, value);
  }

  refuseUnread(): void {
    const own = `${this.architecture}.`;
    for (const [key, value] of this.all)
      if (key.startsWith(own) && !this.seen.has(key.slice(own.length)) && !BOOKKEEPING.test(key.slice(own.length)))
        throw this.undescribed(key.slice(own.length), value);
  }

  undescribed(name: string, value: GgufValue | undefined): Error {
    const shown = typeof value === 'object' ? 'a list' : String(value).slice(0, 80);
    return unsupported(
      `The GGUF file has "${this.architecture}.${name}": ${shown}, which is not described and may change what the model computes.`,
    );
  }

  private missing(name: string): never {
    throw broken(`The GGUF file does not state "${this.architecture}.${name}".`);
  }
}

/** What a list holds at every place; undefined for one that differs or is empty. */
function sameInAll(list: readonly string[] | ArrayLike<number>): number | string | undefined {
  const [first] = Array.from<string | number>(list);
  return Array.from<string | number>(list).every((one) => one === first) ? first : undefined;
}

/** Keys that say nothing that the tensors do not. */
const BOOKKEEPING =
  /^(vocab_size|feed_forward_length|expert_feed_forward_length|expert_shared_feed_forward_length|tensor_data_layout)$/;

const rms = (m: Metadata): Json => ({ rms_norm_eps: m.number('attention.layer_norm_rms_epsilon') });
const layerNormEpsilon = (m: Metadata): number => m.number('attention.layer_norm_epsilon');

/** How many dimensions of a head turn, all where nothing is said, as the share that config.json states. */
function partial(m: Metadata): Json {
  const dims = m.optionalCount('rope.dimension_count');
  const head = m.optionalCount('attention.key_length') ?? m.count('embedding_length') / m.count('attention.head_count');
  // Rounded down to whole dimensions again: a little more than the share keeps it from falling below.
  return { partial_rotary_factor: dims === undefined || dims === head ? 1 : (dims + 1e-6) / head };
}

/** All of a head turns. */
function whole(m: Metadata): Json {
  const head = m.optionalCount('attention.key_length') ?? m.count('embedding_length') / m.count('attention.head_count');
  m.only('rope.dimension_count', head);
  return {};
}

const usual = (m: Metadata): Json => ({ ...rms(m), ...whole(m) });

/** Experts of which each position chooses some, by softmax. */
function experts(m: Metadata): Json {
  m.only('expert_gating_func', 1);
  m.only('expert_weights_scale', 1);
  const count = m.count('expert_count');
  return { num_experts: count, num_local_experts: count, num_experts_per_tok: m.count('expert_used_count') };
}

/** llama.cpp knows by its number of layers the one size whose scores are scaled by the width and not by the head. */
const gemmaScale = (m: Metadata, layers: number): number =>
  m.count('block_count') === layers
    ? m.count('embedding_length') / m.count('attention.head_count')
    : m.count('attention.key_length');

/** Layers with a window, as transformers 5 lists them. */
const layerTypes = (flags: readonly boolean[] | undefined): Json =>
  flags ? { layer_types: flags.map((local) => (local ? 'sliding_attention' : 'full_attention')) } : {};

const gpt = (m: Metadata): Json => ({
  n_embd: m.count('embedding_length'),
  n_layer: m.count('block_count'),
  n_head: m.count('attention.head_count'),
  layer_norm_epsilon: layerNormEpsilon(m),
  rope_theta: undefined,
  head_dim: undefined,
  num_key_value_heads: undefined,
});

const llama: Kind = {
  is: 'llama',
  permuted: true,
  config: (m) => {
    if (m.optionalCount('expert_count') === undefined) {
      m.ignore('expert_used_count');
      return usual(m);
    }
    return { ...usual(m), ...experts(m), model_type: 'mixtral' };
  },
};

/** How DeepSeek's heads are made, and its experts chosen. Newer files have keys and values as the narrow row they come of. */
function deepseek(m: Metadata): Json {
  m.ignore('attention.key_length', 'attention.value_length', 'attention.head_count_kv', 'expert_shared_count');
  const turning = m.count('rope.dimension_count');
  const wide = m.optionalCount('attention.key_length_mla') ?? m.count('attention.key_length');
  const sigmoid = m.optionalNumber('expert_gating_func') === 2;
  if (!sigmoid) m.only('expert_gating_func', 1);
  const normalized = m.optionalFlag('expert_weights_norm') ?? false;
  const [groups, used] = [m.optionalCount('expert_group_count') ?? 1, m.optionalCount('expert_group_used_count') ?? 1];
  return {
    ...rms(m),
    model_type: sigmoid ? 'deepseek_v3' : 'deepseek_v2',
    q_lora_rank: m.optionalCount('attention.q_lora_rank') ?? null,
    kv_lora_rank: m.count('attention.kv_lora_rank'),
    qk_rope_head_dim: turning,
    qk_nope_head_dim: wide - turning,
    v_head_dim: m.optionalCount('attention.value_length_mla') ?? m.count('attention.value_length'),
    first_k_dense_replace: m.optionalCount('leading_dense_block_count') ?? 0,
    n_routed_experts: m.count('expert_count'),
    num_experts_per_tok: m.count('expert_used_count'),
    routed_scaling_factor: m.optionalNumber('expert_weights_scale') ?? 1,
    norm_topk_prob: normalized,
    n_group: groups,
    topk_group: used,
    ...(sigmoid || groups === 1 ? {} : { topk_method: 'group_limited_greedy' }),
  };
}

/** By `general.architecture`. */
const KINDS: Readonly<Record<string, Kind>> = {
  llama,
  qwen2: { is: 'qwen2', config: usual },
  qwen2vl: {
    is: 'qwen2_vl_text',
    config: (m) => {
      m.ignore('rope.dimension_sections'); // text has the same position on all axes
      return usual(m);
    },
  },
  qwen3: { is: 'qwen3', config: usual },
  qwen2moe: { is: 'qwen2_moe', config: (m) => ({ ...usual(m), ...experts(m), norm_topk_prob: false }) },
  qwen3moe: { is: 'qwen3_moe', config: (m) => ({ ...usual(m), ...experts(m), norm_topk_prob: true }) },
  gemma: { is: 'gemma', wholeNorms: true, config: usual },
  gemma2: {
    is: 'gemma2',
    wholeNorms: true,
    config: (m) => ({
      ...usual(m),
      query_pre_attn_scalar: gemmaScale(m, 46),
      sliding_window: m.optionalCount('attention.sliding_window'),
      attn_logit_softcapping: m.optionalNumber('attn_logit_softcapping') ?? 50,
      final_logit_softcapping: m.optionalNumber('final_logit_softcapping') ?? 30,
    }),
  },
  gemma3: {
    is: 'gemma3_text',
    wholeNorms: true,
    config: (m) => ({
      ...usual(m),
      query_pre_attn_scalar: gemmaScale(m, 62),
      sliding_window: m.optionalCount('attention.sliding_window'),
      rope_local_base_freq: m.optionalNumber('rope.freq_base_swa') ?? 10000,
      final_logit_softcapping: m.optionalNumber('final_logit_softcapping'),
      ...layerTypes(m.flags('attention.sliding_window_pattern')),
    }),
  },
  phi2: {
    is: 'phi',
    config: (m) => ({ ...partial(m), layer_norm_eps: layerNormEpsilon(m) }),
  },
  phi3: {
    is: 'phi3',
    config: (m) => ({ ...rms(m), ...partial(m), sliding_window: m.optionalCount('attention.sliding_window') }),
  },
  gpt2: { is: 'gpt2', config: gpt },
  starcoder: {
    is: 'gpt_bigcode',
    config: (m) => ({ ...gpt(m), multi_query: m.optionalCount('attention.head_count_kv') === 1 }),
  },
  gptneox: {
    is: 'gpt_neox',
    config: (m) => ({
      layer_norm_eps: layerNormEpsilon(m),
      use_parallel_residual: m.optionalFlag('use_parallel_residual') ?? true,
      rotary_pct: partial(m).partial_rotary_factor,
    }),
  },
  falcon: {
    is: 'falcon',
    config: (m) => {
      const groups = m.optionalCount('attention.head_count_kv') ?? 1;
      const fresh = groups > 1;
      return {
        ...whole(m),
        layer_norm_epsilon: layerNormEpsilon(m),
        multi_query: !fresh,
        new_decoder_architecture: fresh,
        num_kv_heads: groups,
        ...(fresh ? { num_ln_in_parallel_attn: m.inBlocks.has('attn_norm_2.weight') ? 2 : 1 } : {}),
      };
    },
    names: (_, has) =>
      has('attn_norm_2.weight') ? { attentionNorm: 'attn_norm_2', feedForwardNorm: 'attn_norm' } : {},
  },
  bloom: { is: 'bloom', config: (m) => ({ ...gpt(m), n_embed: m.count('embedding_length') }) },
  mpt: {
    is: 'mpt',
    config: (m) => {
      m.only('attention.max_alibi_bias', 8);
      return {
        d_model: m.count('embedding_length'),
        n_layers: m.count('block_count'),
        n_heads: m.count('attention.head_count'),
        layer_norm_epsilon: layerNormEpsilon(m),
        attn_config: { alibi: true, clip_qkv: m.optionalNumber('attention.clamp_kqv') ?? null },
        rope_theta: undefined,
      };
    },
  },
  stablelm: {
    is: 'stablelm',
    config: (m) => ({
      ...partial(m),
      layer_norm_eps: layerNormEpsilon(m),
      use_parallel_residual: m.optionalFlag('use_parallel_residual') ?? true,
      qk_layernorm: m.inBlocks.has('attn_q_norm.weight'),
    }),
  },
  starcoder2: { is: 'starcoder2', config: (m) => ({ ...whole(m), norm_epsilon: layerNormEpsilon(m) }) },
  olmo: {
    is: 'olmo',
    permuted: true,
    config: (m) => {
      m.ignore('attention.layer_norm_epsilon');
      return { ...whole(m), clip_qkv: m.optionalNumber('attention.clamp_kqv') };
    },
  },
  olmo2: {
    is: 'olmo2',
    config: (m) => {
      const window = m.optionalCount('attention.sliding_window');
      const types = layerTypes(m.flags('attention.sliding_window_pattern'));
      return {
        ...usual(m),
        ...(window === undefined ? {} : { model_type: 'olmo3', sliding_window: window, ...types }),
      };
    },
  },
  olmoe: { is: 'olmoe', config: (m) => ({ ...usual(m), ...experts(m), norm_topk_prob: false }) },
  'command-r': {
    is: 'cohere',
    config: (m) => ({
      ...whole(m),
      layer_norm_eps: layerNormEpsilon(m),
      logit_scale: m.number('logit_scale'),
      use_qk_norm: m.inBlocks.has('attn_q_norm.weight'),
    }),
  },
  cohere2: {
    is: 'cohere2',
    config: (m) => ({
      ...whole(m),
      layer_norm_eps: layerNormEpsilon(m),
      logit_scale: m.number('logit_scale'),
      sliding_window: m.count('attention.sliding_window'),
      ...layerTypes(m.flags('attention.sliding_window_pattern')),
    }),
  },
  granite: {
    is: 'granite',
    permuted: true,
    config: (m) => ({ ...usual(m), ...graniteScales(m), ...withoutStates(m) }),
  },
  granitemoe: {
    is: 'granitemoe',
    permuted: true,
    config: (m) => ({
      ...usual(m),
      ...experts(m),
      ...graniteScales(m),
      ...withoutStates(m),
      ...(m.inBlocks.has('ffn_up_shexp.weight') ? { model_type: 'granitemoeshared', shared_intermediate_size: 1 } : {}),
    }),
  },
  granitehybrid: {
    is: 'granitemoehybrid',
    permuted: true,
    ownHeads: true,
    config: (m) => {
      const own = m.counts('attention.head_count_kv');
      const { heads, size, inner, state, groups, positions } = states(m);
      const turns = m.optionalFlag('rope.scaling.finetuned') ?? true;
      const count = m.optionalCount('expert_count') ?? 0;
      return {
        ...usual(m),
        ...graniteScales(m),
        num_key_value_heads: Math.max(...own),
        layer_types: own.map((some) => (some === 0 ? 'mamba' : 'attention')),
        mamba_n_heads: heads,
        mamba_d_head: size,
        mamba_expand: inner / m.count('embedding_length'),
        mamba_d_state: state,
        mamba_n_groups: groups,
        mamba_d_conv: positions,
        mamba_conv_bias: m.inBlocks.has('ssm_conv1d.bias'),
        mamba_proj_bias: m.inBlocks.has('ssm_in.bias'),
        num_local_experts: count,
        num_experts_per_tok: count === 0 ? 0 : m.count('expert_used_count'),
        position_embedding_type: turns ? 'rope' : 'nope',
        ...(turns ? {} : { rope_theta: undefined, rope_scaling: undefined }),
      };
    },
  },
  mamba2: {
    is: 'mamba2',
    ownHeads: true,
    config: (m) => {
      const { heads, size, inner, state, groups, positions } = states(m);
      m.ignore('attention.head_count_kv', 'rope.dimension_count');
      return {
        layer_norm_epsilon: m.number('attention.layer_norm_rms_epsilon'),
        num_heads: heads,
        head_dim: size,
        expand: inner / m.count('embedding_length'),
        state_size: state,
        n_groups: groups,
        conv_kernel: positions,
        use_conv_bias: m.inBlocks.has('ssm_conv1d.bias'),
        use_bias: m.inBlocks.has('ssm_in.bias'),
        num_attention_heads: undefined,
        rope_theta: undefined,
      };
    },
  },
  qwen3next: {
    is: 'qwen3_next',
    wholeNorms: true,
    config: (m) => ({ ...deltaNets(m), ...experts(m), norm_topk_prob: true }),
    names: () => ({ feedForwardNorm: 'post_attention_norm' }),
  },
  qwen35: {
    is: 'qwen3_5_text',
    wholeNorms: true,
    config: deltaNets,
    names: () => ({ feedForwardNorm: 'post_attention_norm' }),
  },
  qwen35moe: {
    is: 'qwen3_5_moe_text',
    wholeNorms: true,
    config: (m) => ({ ...deltaNets(m), ...experts(m) }),
    names: () => ({ feedForwardNorm: 'post_attention_norm' }),
  },
  glm4: { is: 'glm4', config: (m) => ({ ...rms(m), ...partial(m) }) },
  exaone4: {
    is: 'exaone4',
    config: (m) => ({
      ...usual(m),
      sliding_window: m.optionalCount('attention.sliding_window') ?? null,
      ...layerTypes(m.flags('attention.sliding_window_pattern')),
    }),
  },
  smollm3: { is: 'smollm3', permuted: true, config: usual },
  arcee: { is: 'arcee', permuted: true, config: usual },
  nemotron: {
    is: 'nemotron',
    wholeNorms: true,
    config: (m) => ({ ...partial(m), norm_eps: layerNormEpsilon(m) }),
  },
  ernie4_5: { is: 'ernie4_5', config: usual },
  'hunyuan-dense': { is: 'hunyuan_v1_dense', config: usual },
  seed_oss: {
    is: 'seed_oss',
    config: usual,
    names: () => ({ feedForwardNorm: 'post_attention_norm' }),
  },
  'gpt-oss': {
    is: 'gpt_oss',
    config: (m) => ({
      ...usual(m),
      num_local_experts: m.count('expert_count'),
      num_experts_per_tok: m.count('expert_used_count'),
      sliding_window: m.optionalCount('attention.sliding_window'),
      ...(m.optionalText('rope.scaling.type') === 'yarn' ? {} : { rope_scaling: null }),
    }),
    scaling: () => ({ truncate: false }), // as OpenAI's own configurations have it
    names: () => ({ feedForwardNorm: 'post_attention_norm' }),
  },
  lfm2: {
    is: 'lfm2',
    ownHeads: true,
    config: (m) => {
      m.ignore('attention.value_length');
      const own = m.counts('attention.head_count_kv');
      return {
        ...whole(m),
        norm_eps: m.number('attention.layer_norm_rms_epsilon'),
        conv_L_cache: m.count('shortconv.l_cache'),
        num_key_value_heads: Math.max(...own),
        layer_types: own.map((count) => (count === 0 ? 'conv' : 'full_attention')),
      };
    },
    names: () => ({ finalNorm: 'token_embd_norm' }),
  },
  deepseek2: {
    is: 'deepseek_v3',
    ownHeads: true,
    config: deepseek,
    // A tenth of the one number that stands for both.
    scaling: (m) => {
      const tenth = m.optionalNumber('rope.scaling.yarn_log_multiplier');
      return tenth === undefined ? {} : { mscale: 10 * tenth, mscale_all_dim: 10 * tenth };
    },
  },
};

function graniteScales(m: Metadata): Json {
  return {
    attention_multiplier:
      m.optionalNumber('attention.scale') ?? (m.count('embedding_length') / m.count('attention.head_count')) ** -0.5,
    embedding_multiplier: m.optionalNumber('embedding_scale'),
    residual_multiplier: m.optionalNumber('residual_scale'),
    logits_scaling: m.optionalNumber('logit_scale'),
  };
}

/** Granite 4 without states is written as Granite, with what is said of states. */
function withoutStates(m: Metadata): Json {
  m.ignore('ssm.conv_kernel', 'ssm.state_size', 'ssm.group_count', 'ssm.inner_size', 'ssm.time_step_rank');
  m.only('rope.scaling.finetuned', true);
  return {};
}

/** Mamba 2's states. */
function states(m: Metadata): Readonly<Record<'heads' | 'size' | 'inner' | 'state' | 'groups' | 'positions', number>> {
  const [heads, inner] = [m.count('ssm.time_step_rank'), m.count('ssm.inner_size')];
  const [state, positions] = [m.count('ssm.state_size'), m.count('ssm.conv_kernel')];
  return { heads, size: inner / heads, inner, state, groups: m.optionalCount('ssm.group_count') ?? 1, positions };
}

/** Attention with gates in some layers, the delta rule in the others. */
function deltaNets(m: Metadata): Json {
  const { heads, size, state, groups, positions } = states(m);
  m.ignore('rope.dimension_sections'); // text has the same position on all axes
  const recurrent = m.flags('attention.recurrent_layers');
  const layers = m.count('block_count') - (m.optionalCount('nextn_predict_layers') ?? 0);
  const types = recurrent?.slice(0, layers).map((is) => (is ? 'linear_attention' : 'full_attention'));
  return {
    ...rms(m),
    ...partial(m),
    linear_num_value_heads: heads,
    linear_num_key_heads: groups,
    linear_key_head_dim: state,
    linear_value_head_dim: size,
    linear_conv_kernel_dim: positions,
    full_attention_interval: m.optionalCount('full_attention_interval') ?? 4,
    ...(types ? { layer_types: types } : {}),
  };
}
