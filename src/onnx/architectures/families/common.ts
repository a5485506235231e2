import { unsupported } from '../../source.js';
import { type Configuration, show } from '../configuration.js';
import type { Architecture, HeadNorms, Norm } from '../description.js';
import { type Rotary, rotaryOf, type RotaryOptions } from '../rotary.js';

/** What all have in common, as Llama has it: all but its rotation. */
export const common: Architecture = {
  source: 'transformers, models/llama',
  defaults: {
    hidden_size: 4096,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    max_position_embeddings: 2048,
    hidden_act: 'silu',
    rms_norm_eps: 1e-6,
    rope_theta: 10000,
    tie_word_embeddings: false,
  },
  describe(c) {
    const heads = c.count('num_attention_heads', 'n_head', 'n_heads', 'num_heads');
    const hidden = c.count('hidden_size', 'n_embd', 'n_embed', 'd_model');
    const headSize = c.optionalCount('head_dim') ?? Math.floor(hidden / heads);
    const bias = c.flag('attention_bias');
    return {
      layers: c.count('num_hidden_layers', 'n_layer', 'n_layers', 'num_layers'),
      hidden,
      heads,
      keyValueHeads: c.optionalCount('num_key_value_heads') ?? heads,
      headSize,
      norm: { kind: 'rms', epsilon: c.number('rms_norm_eps'), offset: 0, weight: true, bias: false },
      embedding: { name: 'embed_tokens' },
      blocks: 'layers.',
      parallel: false,
      residualScale: 1,
      attention: {
        before: 'input_layernorm',
        q: 'self_attn.q_proj',
        k: 'self_attn.k_proj',
        v: 'self_attn.v_proj',
        o: 'self_attn.o_proj',
        bias: { qkv: bias, o: bias },
        scale: always(headSize ** -0.5),
        window: none,
        rotary: none,
      },
      feedForward: {
        before: 'post_attention_layernorm',
        gate: 'mlp.gate_proj',
        up: 'mlp.up_proj',
        down: 'mlp.down_proj',
        bias: c.flag('mlp_bias'),
        activation: c.text('hidden_act', 'activation_function', 'hidden_activation', 'activation'),
      },
      finalNorm: 'norm',
      head: { name: 'lm_head', tied: c.flag('tie_word_embeddings'), bias: false },
      transposed: false,
    };
  },
};

export const always =
  <T>(value: T) =>
  (): T =>
    value;
export const none = (): undefined => undefined;

/** Rotation alike in all layers. It is read when it is asked for: an architecture that differs in it never asks. */
export function turning(c: Configuration, options: RotaryOptions): () => Rotary {
  let rotary: Rotary | undefined;
  return () => (rotary ??= rotaryOf(c, options));
}

/** Layers that see a window alone: as `layer_types` says or, where that is left out, by a rule. */
export function slidingLayers(c: Configuration, rule: (layer: number) => boolean): (layer: number) => boolean {
  const types = c.list('layer_types');
  types?.forEach((type) => {
    if (type !== 'sliding_attention' && type !== 'full_attention')
      throw unsupported(`Layers of the type ${show(type)} are not described for ${c.modelType}.`);
  });
  return types ? (layer) => types[layer] === 'sliding_attention' : rule;
}

/** The window of the layers that have one; none where the configuration states none. */
export function windowed(c: Configuration, sliding: (layer: number) => boolean): (layer: number) => number | undefined {
  const window = c.countOrNone('sliding_window');
  return (layer) => (sliding(layer) ? window : undefined);
}

/** Every n-th layer sees everything, the others a window. */
export const butEvery =
  (n: number) =>
  (layer: number): boolean =>
    (layer + 1) % n !== 0;

/** An MLP without a gate. */
export const plain = (up: string, down: string): { gate: undefined; up: string; down: string } => ({
  gate: undefined,
  up,
  down,
});

/** Norms of queries and keys, before they are turned. */
export const headNorms = (
  norm: Norm,
  over: HeadNorms['over'] = 'head',
  q = 'self_attn.q_norm',
  k = 'self_attn.k_norm',
): HeadNorms => ({ q, k, over, norm, behindRotary: false });

/** LayerNorm with a weight and a bias. */
export const layerNorm = (epsilon: number): Norm => ({ kind: 'layer', epsilon, offset: 0, weight: true, bias: true });

/** Norms before and behind attention and MLP. */
export const sandwich = {
  attention: { after: 'post_attention_layernorm' },
  feedForward: { before: 'pre_feedforward_layernorm', after: 'post_feedforward_layernorm' },
};

/** Norms behind attention and MLP alone. */
export const behind = {
  attention: { before: undefined, after: 'post_attention_layernorm' },
  feedForward: { before: undefined, after: 'post_feedforward_layernorm' },
};
