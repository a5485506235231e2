import { unsupported } from '../../source.js';
import { show } from '../configuration.js';
import { from } from '../description.js';
import { always, common, headNorms, layerNorm, none, plain, turning } from './common.js';

/** GPT-2 and what came of it: LayerNorms, MLPs without a gate, fused projections, learned positions or none. */

const biased = { qkv: true, o: true };
/** Sizes that go by other names. */
const UNNAMED = { hidden_size: undefined, num_hidden_layers: undefined, num_attention_heads: undefined };
const fourfold = plain('mlp.dense_h_to_4h', 'mlp.dense_4h_to_h');

const gpt2 = from(
  common,
  'gpt2',
  {
    n_embd: 768,
    n_layer: 12,
    n_head: 12,
    ...UNNAMED,
    layer_norm_epsilon: 1e-5,
    hidden_act: undefined,
    activation_function: 'gelu_new',
    scale_attn_weights: true,
    tie_word_embeddings: true,
  },
  (c, { headSize, heads }) => {
    c.only('add_cross_attention', false);
    const root = c.flag('scale_attn_weights') ? headSize ** -0.5 : 1;
    const byLayer = c.flag('scale_attn_by_inverse_layer_idx');
    return {
      keyValueHeads: heads,
      norm: layerNorm(c.number('layer_norm_epsilon')),
      embedding: { name: 'wte', positions: { name: 'wpe', offset: 0 } },
      blocks: 'h.',
      attention: {
        before: 'ln_1',
        fused: { name: 'attn.c_attn', layout: 'blocks' },
        o: 'attn.c_proj',
        bias: biased,
        scale: (layer) => root / (byLayer ? layer + 1 : 1),
      },
      feedForward: { before: 'ln_2', ...plain('mlp.c_fc', 'mlp.c_proj'), bias: true },
      finalNorm: 'ln_f',
      transposed: true,
    };
  },
);

const bigcode = from(
  gpt2,
  'gpt_bigcode',
  { activation_function: 'gelu_pytorch_tanh', multi_query: true },
  (c, { heads }) => {
    c.ignore('pad_key_length', 'num_key_value_heads');
    const many = c.flag('multi_query');
    return {
      transposed: false,
      keyValueHeads: many ? 1 : heads,
      attention: { fused: { name: 'attn.c_attn', layout: many ? 'blocks' : 'groups' } },
    };
  },
);

const gptNeo = from(
  gpt2,
  'gpt_neo',
  {
    n_embd: undefined,
    n_layer: undefined,
    n_head: undefined,
    hidden_size: 2048,
    num_layers: 24,
    num_heads: 16,
    window_size: 256,
    attention_types: [[['global', 'local'], 12]],
  },
  (c, { layers }) => {
    const rule = c.list('attention_types') ?? [];
    const types = c.list('attention_layers') ?? unrolled(rule, layers);
    const unknown = types.find((type) => type !== 'global' && type !== 'local');
    if (unknown !== undefined) throw unsupported(`Attention of the type ${show(unknown)} is not described.`);
    const window = c.count('window_size');
    return {
      transposed: false,
      attention: {
        fused: undefined,
        q: 'attn.attention.q_proj',
        k: 'attn.attention.k_proj',
        v: 'attn.attention.v_proj',
        o: 'attn.attention.out_proj',
        bias: { qkv: false, o: true },
        scale: always(1),
        window: (layer) => (types[layer] === 'local' ? window : undefined),
      },
    };
  },
);

/** [[["global", "local"], 12]]: twelve times global, local. */
function unrolled(types: readonly unknown[], layers: number): unknown[] {
  const all: unknown[] = [];
  for (const entry of types) {
    const [names, times] = Array.isArray(entry) ? (entry as readonly unknown[]) : [];
    if (!Array.isArray(names) || names.length === 0 || typeof times !== 'number')
      throw unsupported('"attention_types" in config.json is no list of names and numbers.');
    for (let i = 0; i < times && all.length < layers; i++) all.push(...(names as readonly unknown[]));
  }
  return all;
}

const gptj = from(
  gpt2,
  'gptj',
  { n_embd: 4096, n_layer: 28, n_head: 16, rotary_dim: 64, tie_word_embeddings: false },
  (c, { headSize }) => {
    c.only('rotary', true);
    return {
      embedding: { positions: undefined },
      parallel: true,
      transposed: false,
      attention: {
        fused: undefined,
        q: 'attn.q_proj',
        k: 'attn.k_proj',
        v: 'attn.v_proj',
        o: 'attn.out_proj',
        bias: { qkv: false, o: false },
        scale: always(headSize ** -0.5),
        rotary: turning(c, {
          headSize,
          interleaved: true,
          dims: c.optionalCount('rotary_dim') ?? headSize,
          theta: 10000,
        }),
      },
      feedForward: { before: undefined, ...plain('mlp.fc_in', 'mlp.fc_out') },
      head: { bias: true },
    };
  },
);

const neox = from(
  common,
  'gpt_neox',
  {
    hidden_size: 6144,
    num_hidden_layers: 44,
    num_attention_heads: 64,
    rotary_pct: 0.25,
    rotary_emb_base: 10000,
    layer_norm_eps: 1e-5,
    hidden_act: 'gelu',
    attention_bias: true,
    use_parallel_residual: true,
  },
  (c, { headSize, heads }) => ({
    keyValueHeads: heads,
    norm: layerNorm(c.number('layer_norm_eps')),
    embedding: { name: 'embed_in' },
    parallel: c.flag('use_parallel_residual'),
    attention: {
      fused: { name: 'attention.query_key_value', layout: 'groups' },
      o: 'attention.dense',
      rotary: turning(c, { headSize, partial: true }),
    },
    feedForward: { ...fourfold, bias: true },
    finalNorm: 'final_layer_norm',
    head: { name: 'embed_out' },
  }),
);

const phi = from(
  common,
  'phi',
  {
    hidden_size: 2048,
    num_hidden_layers: 24,
    partial_rotary_factor: 0.5,
    layer_norm_eps: 1e-5,
    hidden_act: 'gelu_new',
  },
  (c, { headSize }) => {
    const norm = layerNorm(c.number('layer_norm_eps'));
    const [q, k] = ['self_attn.q_layernorm', 'self_attn.k_layernorm'];
    return {
      norm,
      parallel: true,
      attention: {
        o: 'self_attn.dense',
        bias: biased,
        norms: c.flag('qk_layernorm') ? headNorms(norm, 'head', q, k) : undefined,
        rotary: turning(c, { headSize, partial: true }),
      },
      feedForward: { before: undefined, ...plain('mlp.fc1', 'mlp.fc2'), bias: true },
      finalNorm: 'final_layernorm',
      head: { bias: true },
    };
  },
);

const persimmon = from(
  phi,
  'persimmon',
  {
    hidden_size: 4096,
    num_hidden_layers: 36,
    num_attention_heads: 64,
    max_position_embeddings: 16384,
    rope_theta: 25000,
    hidden_act: 'relu2',
    qk_layernorm: true,
  },
  (_, { heads }) => ({
    keyValueHeads: heads,
    parallel: false,
    attention: { fused: { name: 'self_attn.query_key_value', layout: 'groups' } },
    feedForward: { before: 'post_attention_layernorm', ...fourfold },
    head: { bias: false },
  }),
);

/** Falcon's three kinds: one key-value head (7B), several (40B and newer), ALiBi (RW). */
const falcon = from(
  common,
  'falcon',
  {
    hidden_size: 4544,
    num_attention_heads: 71,
    layer_norm_epsilon: 1e-5,
    activation: 'gelu',
    multi_query: true,
    parallel_attn: true,
    tie_word_embeddings: true,
  },
  (c, { headSize, heads }) => {
    const fresh = c.flag('new_decoder_architecture');
    const one = !fresh && c.flag('multi_query');
    const parallel = c.flag('parallel_attn');
    if (fresh && !parallel) throw unsupported('Falcon\'s newer decoder without "parallel_attn" is not described.');
    const norms = c.optionalCount('num_ln_in_parallel_attn') ?? (fresh ? 2 : 1);
    if (norms > 2 || (norms === 2 && !fresh)) c.only('num_ln_in_parallel_attn');
    const bias = c.flag('bias');
    const groups = c.optionalCount('num_kv_heads', 'n_head_kv') ?? heads;
    const alibi = c.flag('alibi');
    if (alibi) c.ignore('rope_parameters', 'rope_scaling', 'rope_theta');
    return {
      keyValueHeads: fresh ? groups : one ? 1 : heads,
      norm: layerNorm(c.number('layer_norm_epsilon')),
      embedding: { name: 'word_embeddings' },
      blocks: 'h.',
      parallel,
      attention: {
        before: norms === 2 ? 'ln_attn' : 'input_layernorm',
        fused: { name: 'self_attention.query_key_value', layout: one ? 'blocks' : 'groups' },
        o: 'self_attention.dense',
        bias: { qkv: bias, o: bias },
        rotary: alibi ? none : turning(c, { headSize }),
        alibi: alibi ? { slopes: bloomSlopes(heads).map(toBfloat16), rounded: headSize ** -0.5 } : undefined,
      },
      feedForward: {
        before: norms === 2 ? 'ln_mlp' : parallel ? undefined : 'post_attention_layernorm',
        ...fourfold,
        bias,
        activation: c.text('activation'),
      },
      finalNorm: 'ln_f',
    };
  },
);

const bloom = from(
  common,
  'bloom',
  {
    ...{ n_embed: 64, n_layer: 2, n_head: 8 },
    ...UNNAMED,
    ...{ layer_norm_epsilon: 1e-5, tie_word_embeddings: true },
  },
  (c, { heads }) => {
    c.ignore('skip_bias_add', 'skip_bias_add_qkv', 'offset_alibi', 'bias_dropout_fusion', 'masked_softmax_fusion');
    return {
      keyValueHeads: heads,
      addsToNormed: c.flag('apply_residual_connection_post_layernorm'),
      norm: layerNorm(c.number('layer_norm_epsilon')),
      embedding: { name: 'word_embeddings', norm: 'word_embeddings_layernorm' },
      blocks: 'h.',
      attention: {
        fused: { name: 'self_attention.query_key_value', layout: 'groups' },
        o: 'self_attention.dense',
        bias: biased,
        alibi: { slopes: bloomSlopes(heads) },
      },
      feedForward: { ...fourfold, bias: true, activation: 'gelu_new' },
      finalNorm: 'ln_f',
    };
  },
);

const mpt = from(
  common,
  'mpt',
  {
    ...{ d_model: 2048, n_layers: 24, n_heads: 16 },
    ...UNNAMED,
    ...{ layer_norm_epsilon: 1e-5, no_bias: true, learned_pos_emb: true, embedding_fraction: 1 },
    ...{ norm_type: 'low_precision_layernorm', tie_word_embeddings: true },
  },
  (c, { headSize, heads }) => {
    c.only('no_bias', true);
    c.only('norm_type', 'low_precision_layernorm');
    c.only('embedding_fraction', 1);
    c.only('logit_scale');
    c.only('learned_pos_emb', true, false); // ALiBi takes its place
    const own = c.part('attn_config', { alibi: true, alibi_bias_max: 8 });
    for (const [name, value] of Object.entries({ attn_type: 'multihead_attention', qk_ln: false, prefix_lm: false }))
      own.only(name, value);
    own.only('attn_uses_sequence_id', false);
    own.only('alibi', true);
    return {
      norm: { ...layerNorm(c.number('layer_norm_epsilon')), bias: false },
      keyValueHeads: heads,
      embedding: { name: 'wte' },
      blocks: 'blocks.',
      attention: {
        before: 'norm_1',
        fused: { name: 'attn.Wqkv', layout: 'blocks' },
        o: 'attn.out_proj',
        scale: always(own.optionalNumber('softmax_scale') ?? headSize ** -0.5),
        clip: own.optionalNumber('clip_qkv'),
        // transformers takes 8 whatever is stated; MosaicML's own program and llama.cpp take what is stated.
        alibi: { slopes: mptSlopes(heads, own.number('alibi_bias_max')) },
      },
      feedForward: { before: 'norm_2', ...plain('ffn.up_proj', 'ffn.down_proj'), bias: false, activation: 'gelu' },
      finalNorm: 'norm_f',
    };
  },
);

/** Learned positions begin two rows later; the 350M one norms sums and has narrower embeddings. */
const opt = from(
  common,
  'opt',
  {
    hidden_size: 768,
    num_hidden_layers: 12,
    num_attention_heads: 12,
    hidden_act: undefined,
    activation_function: 'relu',
    do_layer_norm_before: true,
    enable_bias: true,
    layer_norm_elementwise_affine: true,
    tie_word_embeddings: true,
  },
  (c, { hidden, heads }) => {
    const before = c.flag('do_layer_norm_before');
    const bias = c.flag('enable_bias');
    const affine = c.flag('layer_norm_elementwise_affine');
    const projected = (c.optionalCount('word_embed_proj_dim') ?? hidden) !== hidden;
    const where = before ? 'before' : 'onSum';
    return {
      keyValueHeads: heads,
      norm: { ...layerNorm(1e-5), weight: affine, bias: affine },
      embedding: {
        positions: { name: 'embed_positions', offset: 2 },
        ...(projected ? { projection: 'project_in' } : {}),
      },
      attention: {
        before: undefined,
        [where]: 'self_attn_layer_norm',
        o: 'self_attn.out_proj',
        bias: { qkv: bias, o: bias },
      },
      feedForward: { before: undefined, [where]: 'final_layer_norm', ...plain('fc1', 'fc2'), bias },
      finalNorm: before && !c.flag('_remove_final_layer_norm') ? 'final_layer_norm' : undefined,
      head: projected ? { projection: 'project_out' } : {},
    };
  },
);

/** Slopes of ALiBi as BLOOM has them: powers of one base, and of its root where the heads are no power of two. */
function bloomSlopes(heads: number): number[] {
  const power = 2 ** Math.floor(Math.log2(heads));
  const base = (count: number): number => 2 ** -(2 ** -(Math.log2(count) - 3));
  const even = Array.from({ length: power }, (_, i) => base(power) ** (i + 1));
  const odd = Array.from({ length: heads - power }, (_, i) => base(2 * power) ** (2 * i + 1));
  return [...even, ...odd];
}

/** As MPT has them: those of the next power of two, every second one first. */
function mptSlopes(heads: number, steepest: number): number[] {
  const power = 2 ** Math.ceil(Math.log2(heads));
  const all = Array.from({ length: power }, (_, i) => 2 ** ((-steepest * (i + 1)) / power));
  if (power === heads) return all;
  return [...all.filter((_, i) => i % 2 === 1), ...all.filter((_, i) => i % 2 === 0)].slice(0, heads);
}

/** Rounded to the 8 binary digits of bfloat16. */
function toBfloat16(x: number): number {
  const wide = Math.fround(Math.fround(x) * (2 ** 16 + 1));
  return Math.fround(wide - Math.fround(wide - Math.fround(x)));
}

export const GPTS = {
  gpt2,
  gpt_bigcode: bigcode,
  gpt_neo: gptNeo,
  gptj,
  codegen: from(gptj, 'codegen', {}, () => ({ attention: { fused: { name: 'attn.qkv_proj', layout: 'four parts' } } })),
  gpt_neox: neox,
  phi,
  persimmon,
  falcon,
  bloom,
  mpt,
  opt,
};
