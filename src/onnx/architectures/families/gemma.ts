import { isObject } from '../../json.js';
import { unsupported } from '../../source.js';
import { Configuration } from '../configuration.js';
import { type Experts, from, type LayerDifference } from '../description.js';
import { rotaryOf } from '../rotary.js';
import { always, butEvery, headNorms, sandwich, slidingLayers, windowed } from './common.js';
import { expertsOf } from './experts.js';
import { llama } from './llama.js';

/** Gemma and its kin: scaled embeddings, weights of norms about 0, norms before and behind each part of a block. */

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

/** Gemma 4 without embeddings in every layer: layers that see everything have other heads. */
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
    c.only('num_kv_shared_layers', 0);
    c.only('use_bidirectional_attention', 'vision'); // of pictures
    c.ignore('use_double_wide_mlp'); // of layers that share keys and values
    const experts = c.flag('enable_moe_block') ? always(gemmaExperts(c, hidden)) : undefined;
    c.ignore('num_experts', 'top_k_experts', 'expert_intermediate_size');
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
      experts,
      head: { cap: c.optionalNumber('final_logit_softcapping') },
    };
  },
);

function gemmaExperts(c: Configuration, hidden: number): Experts {
  const layout = {
    router: 'router.proj',
    gate: 'experts.gate_up_proj',
    up: 'experts.gate_up_proj',
    down: 'experts.down_proj',
  };
  return expertsOf(c, layout, {
    top: c.count('top_k_experts'),
    normalized: true,
    stacked: true,
    activation: c.text('hidden_activation'),
    beside: {
      before: 'pre_feedforward_layernorm_2',
      after: 'post_feedforward_layernorm_2',
      mlpAfter: 'post_feedforward_layernorm_1',
      router: { name: 'router.scale', scale: hidden ** -0.5 },
      shares: 'router.per_expert_scale',
    },
  });
}

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

export const GEMMAS = {
  gemma,
  gemma2,
  gemma3_text: gemma3,
  gemma4_text: gemma4,
  /** Gemma 2 without the norms behind attention and MLP. */
  vaultgemma: from(gemma2, 'vaultgemma', {}, () => ({
    attention: { after: undefined },
    feedForward: { after: undefined },
  })),
};
