import { from } from '../description.js';
import { rotaryOf } from '../rotary.js';
import { butEvery, common, headNorms, layerNorm, slidingLayers, turning, windowed } from './common.js';

/** Cohere's: attention and MLP side by side behind one norm without a bias, scaled logits. */
const cohere = from(
  common,
  'cohere',
  {
    hidden_size: 8192,
    num_hidden_layers: 40,
    num_attention_heads: 64,
    max_position_embeddings: 8192,
    layer_norm_eps: 1e-5,
    logit_scale: 0.0625,
    tie_word_embeddings: true,
  },
  (c, { headSize }) => {
    const norm = { ...layerNorm(c.number('layer_norm_eps')), bias: false };
    return {
      norm,
      parallel: true,
      attention: {
        rotary: turning(c, { headSize, interleaved: true }),
        norms: c.flag('use_qk_norm') ? headNorms(norm, 'each head') : undefined,
      },
      feedForward: { before: undefined, bias: false },
      head: { scale: c.optionalNumber('logit_scale') ?? 1 },
    };
  },
);

/** Layers that see everything are not rotated. */
const cohere2 = from(cohere, 'cohere2', { sliding_window: 4096 }, (c, { headSize }) => {
  for (const name of ['use_embedding_sharing', 'use_gated_activation', 'use_parallel_block']) c.only(name, true);
  c.only('order_of_interleaved_layers', 'local_attn_first');
  c.only('position_embedding_type', 'rope_gptj');
  c.ignore('layer_switch', 'use_parallel_embedding');
  const local = slidingLayers(c, butEvery(c.optionalCount('sliding_window_pattern', '_sliding_window_pattern') ?? 4));
  const window = windowed(c, local);
  const turn = rotaryOf(c, { headSize, interleaved: true });
  return {
    attention: {
      window,
      norms: undefined,
      rotary: (layer) => (window(layer) === undefined ? undefined : turn),
    },
  };
});

export const COHERES = { cohere, cohere2 };
