import type { Configuration } from '../configuration.js';
import { from } from '../description.js';
import { rotaryOf } from '../rotary.js';
import {
  always,
  behind,
  butEvery,
  common,
  headNorms,
  layerNorm,
  none,
  plain,
  slidingLayers,
  turning,
  windowed,
} from './common.js';

/** Llama and its nearest kin: gated MLPs, norms without a mean, rotated queries and keys. */

export const llama = from(common, 'llama', {}, (c, { headSize }) => ({
  attention: { rotary: turning(c, { headSize }) },
}));

const noBias = { qkv: false, o: false };

export const mistral = from(
  llama,
  'mistral',
  { num_key_value_heads: 8, sliding_window: 4096, max_position_embeddings: 131072 },
  (c) => ({ attention: { bias: noBias, window: windowed(c, always(true)) }, feedForward: { bias: false } }),
);

const ministral = from(mistral, 'ministral', {}, (c) => ({
  attention: { window: windowed(c, slidingLayers(c, always(true))) },
}));

export const qwen2 = from(
  llama,
  'qwen2',
  { max_position_embeddings: 32768, sliding_window: 4096, max_window_layers: 28 },
  (c) => {
    const first = c.optionalNumber('max_window_layers') ?? 28;
    const window = windowed(
      c,
      slidingLayers(c, (layer) => layer >= first),
    );
    return {
      attention: { bias: { qkv: true, o: false }, window: c.flag('use_sliding_window') ? window : none },
      feedForward: { bias: false },
    };
  },
);

/** The language part of Qwen2-VL and Qwen2.5-VL: a text has the same position on all three axes. */
const qwen2Vl = from(qwen2, 'qwen2_vl', { max_window_layers: 80 });

export const qwen3 = from(qwen2, 'qwen3', { head_dim: 128 }, (c, { norm }) => {
  const bias = c.flag('attention_bias');
  return { attention: { bias: { qkv: bias, o: bias }, norms: headNorms(norm) } };
});

const phi3 = from(
  mistral,
  'phi3',
  {
    hidden_size: 3072,
    num_key_value_heads: undefined,
    max_position_embeddings: 4096,
    original_max_position_embeddings: 4096,
    rms_norm_eps: 1e-5,
    sliding_window: undefined,
  },
  (c, { headSize }) => {
    c.ignore('full_attn_mod', 'interpolate_factor');
    return {
      attention: {
        fused: { name: 'self_attn.qkv_proj', layout: 'blocks' },
        rotary: turning(c, { headSize, partial: true }),
      },
      feedForward: { gateUp: 'mlp.gate_up_proj' },
    };
  },
);

const olmo = from(llama, 'olmo', {}, (c) => ({
  norm: { kind: 'layer', epsilon: 1e-5, weight: false },
  attention: { clip: c.optionalNumber('clip_qkv') },
  feedForward: { bias: false },
}));

export const olmo2 = from(llama, 'olmo2', { rms_norm_eps: 1e-5 }, (_, { norm }) => ({
  attention: { ...behind.attention, norms: headNorms(norm, 'width') },
  feedForward: { ...behind.feedForward, bias: false },
}));

const olmo3 = from(olmo2, 'olmo3', { sliding_window: 4096 }, (c, { headSize }) => {
  const local = slidingLayers(c, butEvery(4));
  const near = rotaryOf(c, { headSize, layerType: 'sliding_attention', scaled: false });
  const far = rotaryOf(c, { headSize, layerType: 'full_attention' });
  return { attention: { window: windowed(c, local), rotary: (layer) => (local(layer) ? near : far) } };
});

const exaone4 = from(
  llama,
  'exaone4',
  { rms_norm_eps: 1e-5, sliding_window: 4096, sliding_window_pattern: 4 },
  (c, { headSize, norm }) => {
    const rule = (): ((layer: number) => boolean) => {
      const every = c.countOrNone('sliding_window_pattern');
      return every === undefined ? always(false) : butEvery(every);
    };
    // The larger model writes the pattern in letters, and the layers besides.
    c.ignore('sliding_window_pattern');
    const local = slidingLayers(c, c.list('layer_types') ? always(false) : rule());
    const hybrid = c.countOrNone('sliding_window') !== undefined;
    const turn = rotaryOf(c, { headSize });
    return {
      attention: {
        ...behind.attention,
        bias: noBias,
        norms: headNorms(norm),
        window: windowed(c, local),
        rotary: (layer) => (!hybrid || local(layer) ? turn : undefined),
      },
      feedForward: { ...behind.feedForward, bias: false },
    };
  },
);

export const granite = from(llama, 'granite', {}, (c) => ({
  embedding: { scale: c.optionalNumber('embedding_multiplier') ?? 1 },
  residualScale: c.optionalNumber('residual_multiplier') ?? 1,
  attention: { scale: always(c.optionalNumber('attention_multiplier') ?? 1) },
  head: { scale: 1 / (c.optionalNumber('logits_scaling') ?? 1) },
}));

const smollm3 = from(
  qwen2,
  'smollm3',
  {
    hidden_size: 2048,
    num_hidden_layers: 36,
    num_attention_heads: 16,
    num_key_value_heads: 4,
    rope_theta: 2e6,
    no_rope_layer_interval: 4,
    sliding_window: undefined,
    tie_word_embeddings: true,
  },
  (c, { headSize }) => {
    const every = c.optionalCount('no_rope_layer_interval') ?? 4;
    const listed = c.list('no_rope_layers');
    const turns = (layer: number): boolean => (listed ? Boolean(listed[layer]) : butEvery(every)(layer));
    const turn = rotaryOf(c, { headSize });
    const window = windowed(
      c,
      slidingLayers(c, (layer) => !turns(layer)),
    );
    const bias = c.flag('attention_bias');
    return {
      attention: {
        bias: { qkv: bias, o: bias },
        rotary: (layer) => (turns(layer) ? turn : undefined),
        window: c.flag('use_sliding_window') ? window : none,
      },
      feedForward: { bias: c.flag('mlp_bias') },
    };
  },
);

const apertus = from(
  llama,
  'apertus',
  {
    hidden_act: 'xielu',
    max_position_embeddings: 65536,
    rms_norm_eps: 1e-5,
    rope_theta: 12e6,
    rope_scaling: {
      rope_type: 'llama3',
      factor: 8,
      original_max_position_embeddings: 8192,
      low_freq_factor: 1,
      high_freq_factor: 4,
    },
  },
  (c, { norm }) => {
    c.only('qk_norm', true);
    return {
      attention: { before: 'attention_layernorm', norms: headNorms(norm) },
      feedForward: { before: 'feedforward_layernorm', ...plain('mlp.up_proj', 'mlp.down_proj'), bias: false },
    };
  },
);

/** Gate and up are one matrix; neighbouring dimensions turn together, half of a head. */
const glm = from(
  llama,
  'glm',
  {
    num_hidden_layers: 40,
    num_key_value_heads: 2,
    head_dim: 128,
    partial_rotary_factor: 0.5,
    rms_norm_eps: 1.5625e-7,
    attention_bias: true,
    max_position_embeddings: 131072,
  },
  (c, { headSize }) => ({
    attention: {
      bias: { qkv: c.flag('attention_bias'), o: false },
      rotary: turning(c, { headSize, partial: true, interleaved: true }),
    },
    feedForward: { gateUp: 'mlp.gate_up_proj', bias: false },
  }),
);

const paired = (
  c: Configuration,
  { headSize }: { readonly headSize: number },
): { rotary: () => ReturnType<typeof rotaryOf> } => ({
  rotary: turning(c, { headSize, interleaved: true }),
});

/** Hunyuan's configurations name what its other models have; here it is all turned off. */
function hunyuanIsPlain(c: Configuration): object {
  for (const name of ['use_qk_norm', 'use_rotary_pos_emb']) c.only(name, true);
  for (const name of ['use_cla', 'use_mla', 'use_mixed_mlp_moe', 'position_embedding_xdrope']) c.only(name, false);
  c.only('norm_type', 'hf_rms', 'rms');
  c.only('num_experts', 1);
  c.ignore('attention_head_dim', 'cla_share_factor', 'dense_list', 'num_media_embeds', 'routed_scaling_factor');
  c.ignore('q_lora_rank', 'kv_lora_rank', 'qk_nope_head_dim', 'qk_rope_head_dim', 'v_head_dim', 'moe_topk');
  c.ignore('num_shared_expert', 'moe_layer_num_skipped', 'moe_drop_tokens', 'moe_random_routing_dropped_token');
  c.ignore('capacity_factor', 'skip_cls_token', 'group_limited_greedy', 'norm_topk_prob');
  return {};
}

export const LLAMAS = {
  llama,
  mistral,
  ministral,
  qwen2,
  qwen2_vl: qwen2Vl,
  qwen2_vl_text: qwen2Vl,
  qwen2_5_vl: from(qwen2Vl, 'qwen2_5_vl', {}),
  qwen2_5_vl_text: from(qwen2Vl, 'qwen2_5_vl', {}),
  qwen3,
  /** The language part of Qwen3-VL. */
  qwen3_vl_text: from(qwen3, 'qwen3_vl', { rope_theta: 5e6 }),
  phi3,
  olmo,
  olmo2,
  olmo3,
  exaone4,
  granite,
  smollm3,
  apertus,
  glm,
  glm4: from(glm, 'glm4', {}, () => ({
    attention: { after: 'post_self_attn_layernorm' },
    feedForward: { after: 'post_mlp_layernorm' },
  })),
  arcee: from(llama, 'arcee', { hidden_act: 'relu2', rms_norm_eps: 1e-5, max_position_embeddings: 4096 }, () => ({
    feedForward: plain('mlp.up_proj', 'mlp.down_proj'),
  })),
  helium: from(
    llama,
    'helium',
    {
      hidden_size: 2560,
      num_hidden_layers: 24,
      num_attention_heads: 20,
      head_dim: 128,
      rms_norm_eps: 1e-8,
      rope_theta: 1e5,
    },
    (c, base) => ({ attention: { ...paired(c, base), bias: { qkv: c.flag('attention_bias'), o: false } } }),
  ),
  ernie4_5: from(
    llama,
    'ernie4_5',
    {
      ...{ hidden_size: 1024, num_hidden_layers: 18, num_attention_heads: 16, num_key_value_heads: 2, head_dim: 128 },
      ...{ rms_norm_eps: 1e-5, rope_theta: 5e5, tie_word_embeddings: true, max_position_embeddings: 131072 },
    },
    (c, base) => {
      const bias = c.flag('use_bias');
      return { attention: { ...paired(c, base), bias: { qkv: bias, o: bias } }, feedForward: { bias } };
    },
  ),
  hunyuan_v1_dense: from(llama, 'hunyuan_v1_dense', { rms_norm_eps: 1e-5 }, (c, { headSize, norm }) => ({
    ...hunyuanIsPlain(c),
    attention: {
      rotary: turning(c, { headSize, alpha: true }),
      norms: {
        ...headNorms(norm, 'head', 'self_attn.query_layernorm', 'self_attn.key_layernorm'),
        behindRotary: true,
      },
    },
    feedForward: { bias: false },
  })),
  seed_oss: from(
    llama,
    'seed_oss',
    { num_hidden_layers: 64, num_attention_heads: 80, num_key_value_heads: 8, head_dim: 128, attention_bias: true },
    (c) => ({ attention: { bias: { qkv: c.flag('attention_bias'), o: c.flag('attention_out_bias') } } }),
  ),
  nemotron: from(
    llama,
    'nemotron',
    {
      ...{
        hidden_size: 6144,
        num_attention_heads: 48,
        partial_rotary_factor: 0.5,
        hidden_act: 'relu2',
        norm_eps: 1e-5,
      },
      max_position_embeddings: 4096,
    },
    (c, { headSize }) => ({
      norm: { ...layerNorm(c.number('norm_eps')), offset: 1 },
      attention: { rotary: turning(c, { headSize, partial: true }) },
      feedForward: plain('mlp.up_proj', 'mlp.down_proj'),
    }),
  ),
  stablelm: from(
    llama,
    'stablelm',
    { hidden_size: 2560, partial_rotary_factor: 0.25, layer_norm_eps: 1e-5, max_position_embeddings: 4096 },
    (c, { headSize }) => {
      const parallel = c.flag('use_parallel_residual');
      const norm = layerNorm(c.number('layer_norm_eps'));
      const [q, k] = ['self_attn.q_layernorm', 'self_attn.k_layernorm'];
      return {
        norm,
        parallel,
        attention: {
          bias: { qkv: c.flag('use_qkv_bias'), o: false },
          norms: c.flag('qk_layernorm') ? headNorms({ ...norm, bias: false }, 'numbered heads', q, k) : undefined,
          rotary: turning(c, { headSize, partial: true }),
        },
        feedForward: { before: parallel ? undefined : 'post_attention_layernorm', bias: false },
      };
    },
  ),
  starcoder2: from(
    mistral,
    'starcoder2',
    {
      ...{ hidden_size: 3072, num_hidden_layers: 30, num_attention_heads: 24, num_key_value_heads: 2 },
      ...{ use_bias: true, hidden_act: 'gelu_pytorch_tanh', norm_epsilon: 1e-5, sliding_window: undefined },
      ...{ tie_word_embeddings: true, max_position_embeddings: 4096 },
    },
    (c) => {
      c.only('norm_type', 'layer_norm');
      c.only('mlp_type', 'default');
      const bias = c.flag('use_bias');
      return {
        norm: layerNorm(c.number('norm_epsilon')),
        attention: { bias: { qkv: bias, o: bias } },
        feedForward: { ...plain('mlp.c_fc', 'mlp.c_proj'), bias },
      };
    },
  ),
};
