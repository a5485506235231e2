import { isObject } from '../../json.js';
import { unsupported } from '../../source.js';
import { Configuration } from '../configuration.js';
import { from, type LayerDifference } from '../description.js';
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
  sandwich,
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

const gemmas = from(
  llama,
  'gemma',
  {
    hidden_size: 3072,
    num_hidden_layers: 28,
    num_attention_heads: 16,
    head_dim: 256,
    max_position_embeddings: 8192,
    hidden_act: 'gelu_pytorch_tanh',
    tie_word_embeddings: true,
  },
  (c, { hidden }) => {
    c.ignore('sliding_window_size');
    return {
      embedding: { scale: Math.fround(Math.sqrt(hidden)) },
      norm: { offset: 1 },
      feedForward: { bias: false },
    };
  },
);

/** Of two activations that a configuration may name transformers takes the elder; where they differ it is not clear which is meant. */
const gemma = from(gemmas, 'gemma', {}, (c) => {
  c.only('hidden_activation', c.text('hidden_act'));
  return {};
});

const gemma2 = from(
  gemmas,
  'gemma2',
  {
    hidden_size: 2304,
    num_hidden_layers: 26,
    num_attention_heads: 8,
    num_key_value_heads: 4,
    hidden_act: undefined,
    hidden_activation: 'gelu_pytorch_tanh',
    query_pre_attn_scalar: 256,
    sliding_window: 4096,
    attn_logit_softcapping: 50,
    final_logit_softcapping: 30,
  },
  (c) => ({
    attention: {
      ...sandwich.attention,
      scale: always(c.number('query_pre_attn_scalar') ** -0.5),
      cap: c.optionalNumber('attn_logit_softcapping'),
      window: windowed(
        c,
        slidingLayers(c, (layer) => layer % 2 === 0),
      ),
    },
    feedForward: { ...sandwich.feedForward, activation: c.text('hidden_activation') },
    head: { cap: c.optionalNumber('final_logit_softcapping') },
  }),
);

const gemma3 = from(
  gemma2,
  'gemma3',
  {
    max_position_embeddings: 131072,
    rope_theta: 1e6,
    rope_local_base_freq: 10000,
    attn_logit_softcapping: undefined,
    final_logit_softcapping: undefined,
  },
  (c, { headSize, norm }) => {
    c.only('use_bidirectional_attention', false);
    const local = slidingLayers(c, butEvery(c.optionalCount('sliding_window_pattern', '_sliding_window_pattern') ?? 6));
    const near = rotaryOf(c, {
      headSize,
      layerType: 'sliding_attention',
      theta: c.number('rope_local_base_freq'),
      scaled: false,
    });
    const far = rotaryOf(c, { headSize, layerType: 'full_attention' });
    return {
      attention: {
        norms: headNorms(norm),
        window: windowed(c, local),
        rotary: (layer) => (local(layer) ? near : far),
      },
    };
  },
);

/** Gemma 4 without experts and without embeddings in every layer: layers that see everything have other heads. */
const gemma4 = from(
  llama,
  'gemma4',
  {
    ...{ hidden_size: 2304, num_hidden_layers: 30, num_attention_heads: 8, num_key_value_heads: 4, head_dim: 256 },
    ...{ max_position_embeddings: 131072, hidden_act: undefined, hidden_activation: 'gelu_pytorch_tanh' },
    ...{ sliding_window: 512, tie_word_embeddings: true, hidden_size_per_layer_input: 256, global_head_dim: 512 },
    rope_parameters: {
      sliding_attention: { rope_type: 'default', rope_theta: 10000 },
      full_attention: { rope_type: 'proportional', partial_rotary_factor: 0.25, rope_theta: 1e6 },
    },
  },
  (c, { hidden, headSize, norm, layers }) => {
    if (c.countOrNone('hidden_size_per_layer_input') !== undefined)
      throw unsupported(
        `Checkpoints of the kind "${c.modelType}" are described without embeddings in every layer ("hidden_size_per_layer_input") alone: where its layers read embeddings of their own, the residual stream does not carry everything.`,
        'An ONNX export of the model may be opened instead.',
      );
    c.only('enable_moe_block', false);
    c.only('num_kv_shared_layers', 0);
    c.only('use_bidirectional_attention', 'vision'); // of pictures
    c.ignore('use_double_wide_mlp', 'num_experts', 'top_k_experts');
    const stated = slidingLayers(c, butEvery(6));
    const local = (layer: number): boolean => layer < layers - 1 && stated(layer);
    const wide = globalHeads(c);
    const near = rotaryOf(c, { headSize, layerType: 'sliding_attention' });
    const turns = new Map<number, ReturnType<typeof rotaryOf>>();
    const far = (layer: number): ReturnType<typeof rotaryOf> => {
      const size = wide(layer).headSize ?? headSize;
      const known = turns.get(size) ?? rotaryOf(c, { headSize: size, layerType: 'full_attention' });
      turns.set(size, known);
      return known;
    };
    const shared = c.flag('attention_k_eq_v');
    return {
      embedding: { scale: Math.fround(Math.sqrt(hidden)) },
      blockScale: 'layer_scalar',
      perLayer: (layer) =>
        local(layer) ? undefined : { ...wide(layer), ...(shared ? { attention: { v: 'self_attn.k_proj' } } : {}) },
      attention: {
        ...sandwich.attention,
        norms: { ...headNorms(norm), values: true },
        scale: always(1),
        window: windowed(c, local),
        rotary: (layer) => (local(layer) ? near : far(layer)),
      },
      feedForward: { ...sandwich.feedForward, bias: false, activation: c.text('hidden_activation') },
      head: { cap: c.optionalNumber('final_logit_softcapping') },
    };
  },
);

/** Heads of the layers that see everything, as Google's configurations state them, or layer by layer as transformers 5 does. */
function globalHeads(c: Configuration): (layer: number) => LayerDifference {
  const each = c.object('per_layer_config');
  const headSize = c.count('global_head_dim');
  const own = c.optionalCount('num_global_key_value_heads');
  const keyValueHeads = c.flag('attention_k_eq_v') ? own : undefined;
  if (!each) return () => ({ headSize, ...(keyValueHeads === undefined ? {} : { keyValueHeads }) });
  const parts = new Map(
    Object.entries(each).map(([layer, part]) => {
      const one = new Configuration(c.modelType, isObject(part) ? part : {}, {});
      const [size, count] = [one.optionalCount('head_dim'), one.optionalCount('num_key_value_heads')];
      one.refuseUnread();
      return [
        Number(layer),
        { ...(size === undefined ? {} : { headSize: size }), ...(count === undefined ? {} : { keyValueHeads: count }) },
      ] as const;
    }),
  );
  return (layer) => parts.get(layer) ?? {};
}

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
  gemma,
  gemma2,
  gemma3_text: gemma3,
  gemma4_text: gemma4,
  /** Gemma 2 without the norms behind attention and MLP. */
  vaultgemma: from(gemma2, 'vaultgemma', {}, () => ({
    attention: { after: undefined },
    feedForward: { after: undefined },
  })),
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
