import type { Json } from '../../json.js';
import type { Description } from '../description.js';
import type { GgufModel, Metadata } from './metadata.js';
import { FACTORS, MOST_DIMENSIONS } from './rotation.js';

/** What an architecture of GGUF is. */
export interface Kind {
  /** The `model_type` that the table has it under. */
  readonly is: string;
  /** Rows of queries and keys were reordered, so that neighbouring dimensions turn together. */
  readonly permuted?: boolean;
  /** Norms hold what is added to 1 elsewhere. */
  readonly wholeNorms?: boolean;
  /** What config.json would say besides. */
  readonly config?: (m: Metadata, model: GgufModel) => Json;
  /** It says itself how dimensions turn. */
  readonly ownRotation?: boolean;
  /** It says itself what heads are like. */
  readonly ownHeads?: boolean;
  /** What a stretched rotation has besides. */
  readonly scaling?: (m: Metadata) => Json;
  /** What is named otherwise than everywhere. */
  readonly names?: (d: Description, has: (name: string) => boolean) => Partial<Names>;
}

export interface Names {
  readonly attentionNorm: string;
  readonly feedForwardNorm: string;
  readonly finalNorm: string;
}

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
  const routed = groupedExperts(m);
  return {
    ...rms(m),
    model_type: sigmoid ? 'deepseek_v3' : 'deepseek_v2',
    q_lora_rank: m.optionalCount('attention.q_lora_rank') ?? null,
    kv_lora_rank: m.count('attention.kv_lora_rank'),
    qk_rope_head_dim: turning,
    qk_nope_head_dim: wide - turning,
    v_head_dim: m.optionalCount('attention.value_length_mla') ?? m.count('attention.value_length'),
    ...routed,
    ...(sigmoid || routed.n_group === 1 ? {} : { topk_method: 'group_limited_greedy' }),
  };
}

/** Experts that are chosen among those of groups, in all layers but the first ones. */
const groupedExperts = (m: Metadata): Json => ({
  first_k_dense_replace: m.optionalCount('leading_dense_block_count') ?? 0,
  n_routed_experts: m.count('expert_count'),
  num_experts_per_tok: m.count('expert_used_count'),
  routed_scaling_factor: m.optionalNumber('expert_weights_scale') ?? 1,
  norm_topk_prob: m.optionalFlag('expert_weights_norm') ?? false,
  n_group: m.optionalCount('expert_group_count') ?? 1,
  topk_group: m.optionalCount('expert_group_used_count') ?? 1,
});

/** Layers without heads of keys and values convolve. */
function lfm2(m: Metadata): Json {
  m.ignore('attention.value_length');
  const own = m.counts('attention.head_count_kv');
  return {
    ...whole(m),
    norm_eps: m.number('attention.layer_norm_rms_epsilon'),
    conv_L_cache: m.count('shortconv.l_cache'),
    num_key_value_heads: Math.max(...own),
    layer_types: own.map((count) => (count === 0 ? 'conv' : 'full_attention')),
  };
}

/** Text has the same position on all axes, and nothing of pictures is added to any layer. */
function withoutPictures(m: Metadata): Json {
  m.ignore('rope.dimension_sections', 'n_deepstack_layers');
  return {};
}

/** By `general.architecture`. */
export const KINDS: Readonly<Record<string, Kind>> = {
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
  qwen3vl: { is: 'qwen3', config: (m) => ({ ...usual(m), ...withoutPictures(m) }) },
  qwen3vlmoe: {
    is: 'qwen3_moe',
    config: (m) => ({ ...usual(m), ...experts(m), ...withoutPictures(m), norm_topk_prob: true }),
  },
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
  gemma4: { is: 'gemma4_text', ownHeads: true, ownRotation: true, config: gemma4 },
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
      return {
        d_model: m.count('embedding_length'),
        n_layers: m.count('block_count'),
        n_heads: m.count('attention.head_count'),
        layer_norm_epsilon: layerNormEpsilon(m),
        attn_config: {
          alibi: true,
          alibi_bias_max: m.number('attention.max_alibi_bias'),
          clip_qkv: m.optionalNumber('attention.clamp_kqv') ?? null,
        },
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
  lfm2: { is: 'lfm2', ownHeads: true, config: lfm2, names: () => ({ finalNorm: 'token_embd_norm' }) },
  lfm2moe: {
    is: 'lfm2_moe',
    ownHeads: true,
    config: (m) => {
      m.only('expert_gating_func', 2);
      return {
        ...lfm2(m),
        num_dense_layers: m.optionalCount('leading_dense_block_count') ?? 0,
        num_experts: m.count('expert_count'),
        num_experts_per_tok: m.count('expert_used_count'),
        use_expert_bias: m.inBlocks.has('exp_probs_b.bias'),
        norm_topk_prob: true,
      };
    },
    names: () => ({ finalNorm: 'token_embd_norm' }),
  },
  glm4moe: {
    is: 'glm4_moe',
    config: (m) => {
      m.only('expert_gating_func', 2);
      m.ignore('expert_shared_count');
      return { ...rms(m), ...partial(m), ...groupedExperts(m), use_qk_norm: m.inBlocks.has('attn_q_norm.weight') };
    },
    names: () => ({ feedForwardNorm: 'post_attention_norm' }),
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

/** Layers that see everything have heads of their own, of which a part turns: what does not has a factor beyond all others. */
function gemma4(m: Metadata, model: GgufModel): Json {
  const local = m.flags('attention.sliding_window_pattern') ?? [];
  const [near, far] = [m.count('attention.key_length_swa'), m.count('attention.key_length')];
  m.only('attention.value_length_swa', near);
  m.only('attention.value_length', far);
  m.only('rope.dimension_count_swa', near);
  m.only('rope.dimension_count', far);
  const groups = m.counts('attention.head_count_kv');
  const own = (of: boolean): number | undefined => groups.find((_, layer) => local[layer] === of);
  const factors = model.tensors.has(FACTORS.all) ? model.numbers(FACTORS.all, MOST_DIMENSIONS) : Float32Array.of(1);
  const turning = factors.findIndex((factor) => factor > 1e20);
  const share = turning < 0 ? 1 : turning / factors.length;
  if (!factors.every((factor, i) => (i < share * factors.length ? factor === 1 : factor > 1e20)))
    throw m.undescribed('rope_freqs.weight', factors[0]);
  const withValues = groups.some(
    (_, layer) => local[layer] === false && model.tensors.has(`blk.${layer}.attn_v.weight`),
  );
  const count = m.optionalCount('expert_count');
  return {
    ...rms(m),
    ...layerTypes(local),
    head_dim: near,
    global_head_dim: far,
    num_key_value_heads: own(true) ?? own(false),
    num_global_key_value_heads: own(false) ?? own(true),
    attention_k_eq_v: !withValues,
    sliding_window: m.count('attention.sliding_window'),
    final_logit_softcapping: m.optionalNumber('final_logit_softcapping'),
    num_kv_shared_layers: m.optionalCount('attention.shared_kv_layers') ?? 0,
    hidden_size_per_layer_input: m.optionalCount('embedding_length_per_layer_input') ?? 0,
    rope_parameters: {
      sliding_attention: { rope_type: 'default', rope_theta: m.optionalNumber('rope.freq_base_swa') ?? 10000 },
      full_attention: {
        rope_type: 'proportional',
        partial_rotary_factor: share,
        rope_theta: m.number('rope.freq_base'),
      },
    },
    ...(count === undefined
      ? {}
      : { enable_moe_block: true, num_experts: count, top_k_experts: m.count('expert_used_count') }),
  };
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
