import { unsupported } from '../../source.js';
import { type Configuration, show } from '../configuration.js';
import { type DeltaNet, type Experts, from, type StateSpace } from '../description.js';
import { always, common, headNorms, none, turning } from './common.js';
import { expertsOf, GRANITE_MLP, graniteExperts, someLayers } from './experts.js';
import { granite, llama } from './llama.js';

/** Decoders that keep a state in some or all of their layers, where others attend. */

/** Which layers have what stands in place of attention, by what `layer_types` calls them; else by a rule. */
function otherLayers(
  c: Configuration,
  names: { readonly attention: readonly string[]; readonly other: readonly string[] },
  rule: (layer: number) => boolean,
): (layer: number) => boolean {
  const types = c.list('layer_types', 'layers_block_type');
  types?.forEach((type) => {
    if (typeof type !== 'string' || ![...names.attention, ...names.other].includes(type))
      throw unsupported(`Layers of the type ${show(type)} are not described for ${c.modelType}.`);
  });
  return types ? (layer) => names.other.includes(String(types[layer])) : rule;
}

const lfm2 = from(
  llama,
  'lfm2',
  {
    ...{ hidden_size: 2560, num_key_value_heads: 8, max_position_embeddings: 128000, rope_theta: 1e6, norm_eps: 1e-5 },
    ...{ conv_L_cache: 3, tie_word_embeddings: true, hidden_act: 'silu' },
  },
  (c, { norm, head }) => {
    for (const name of ['block_use_swiglu', 'use_pos_enc']) c.only(name, true);
    c.ignore('block_auto_adjust_ff_dim', 'block_dim', 'block_ff_dim', 'block_ffn_dim_multiplier', 'block_norm_eps');
    c.ignore('block_mlp_init_scale', 'block_out_init_scale', 'block_multiple_of', 'block_use_xavier_init');
    c.ignore('conv_dim', 'conv_dim_out', 'conv_use_xavier_init', 'num_heads', 'theta');
    const attending = c.list('full_attn_idxs');
    const convolves = otherLayers(c, { attention: ['full_attention'], other: ['conv'] }, (layer) =>
      attending ? !attending.includes(layer) : false,
    );
    const own = { ...norm, epsilon: c.number('norm_eps') };
    const convolution = {
      kind: 'convolution' as const,
      input: 'conv.in_proj',
      convolution: 'conv.conv',
      output: 'conv.out_proj',
      positions: c.count('conv_L_cache'),
      bias: c.flag('conv_bias'),
    };
    const tied = c.optionalFlag('tie_embedding');
    return {
      norm: own,
      attention: {
        before: 'operator_norm',
        o: 'self_attn.out_proj',
        bias: { qkv: false, o: false },
        norms: headNorms(own, 'head', 'self_attn.q_layernorm', 'self_attn.k_layernorm'),
      },
      recurrence: (layer) => (convolves(layer) ? convolution : undefined),
      feedForward: {
        before: 'ffn_norm',
        gate: 'feed_forward.w1',
        up: 'feed_forward.w3',
        down: 'feed_forward.w2',
        bias: false,
      },
      finalNorm: 'embedding_norm',
      head: { tied: tied ?? head.tied },
    };
  },
);

const lfm2Moe = from(
  lfm2,
  'lfm2_moe',
  {
    ...{ hidden_size: 2048, num_dense_layers: 2, num_experts: 32, num_experts_per_tok: 4, use_expert_bias: true },
    ...{ norm_topk_prob: true, routed_scaling_factor: 1 },
  },
  (c) => {
    const dense = c.countOrNone('num_dense_layers') ?? 0;
    const own = (name: string): string => `feed_forward.experts.#.${name}`;
    const layout = { router: 'feed_forward.gate', gate: own('w1'), up: own('w3'), down: own('w2') };
    const experts = expertsOf(c, layout, {
      shares: 'sigmoid',
      correction: c.flag('use_expert_bias') ? 'feed_forward.expert_bias' : undefined,
      normalized: c.flag('norm_topk_prob'),
      epsilon: 1e-6,
      scale: c.number('routed_scaling_factor'),
    });
    return { experts: (layer) => (layer < dense ? undefined : experts) };
  },
);

/** Three of four layers have a gated delta net, the fourth attention with a gate; a quarter of a head turns. */
const qwen3Next = from(
  llama,
  'qwen3_next',
  {
    ...{ hidden_size: 2048, num_hidden_layers: 48, num_attention_heads: 16, num_key_value_heads: 2, head_dim: 256 },
    ...{ max_position_embeddings: 32768, partial_rotary_factor: 0.25, full_attention_interval: 4 },
    ...{ linear_conv_kernel_dim: 4, linear_key_head_dim: 128, linear_value_head_dim: 128 },
    ...{ linear_num_key_heads: 16, linear_num_value_heads: 32 },
    ...{ num_experts: 512, num_experts_per_tok: 10, norm_topk_prob: true, decoder_sparse_step: 1 },
  },
  (c, { norm, headSize }) => {
    const isDelta = deltaLayers(c);
    const own = { ...norm, offset: 1 };
    const bias = c.flag('attention_bias');
    const delta = deltaNet(c, true);
    return {
      norm: own,
      attention: {
        bias: { qkv: bias, o: bias },
        gated: true,
        norms: headNorms(own),
        rotary: turning(c, { headSize, partial: true }),
      },
      recurrence: (layer) => (isDelta(layer) ? delta : undefined),
      feedForward: { bias: false },
      experts: qwenExperts(c),
    };
  },
);

function deltaLayers(c: Configuration): (layer: number) => boolean {
  const every = c.optionalCount('full_attention_interval') ?? 4;
  c.only('attn_output_gate', true);
  c.ignore('mamba_ssm_dtype', 'mtp_num_hidden_layers', 'mtp_use_dedicated_embeddings');
  const names = { attention: ['full_attention'], other: ['linear_attention'] };
  return otherLayers(c, names, (layer) => (layer + 1) % every !== 0);
}

const deltaNet = (c: Configuration, fused: boolean): DeltaNet => ({
  kind: 'delta rule',
  ...stateNames('linear_attn'),
  inputs: fused ? 'linear_attn.in_proj_qkvz' : { mixed: 'linear_attn.in_proj_qkv', gate: 'linear_attn.in_proj_z' },
  rates: fused ? 'linear_attn.in_proj_ba' : { write: 'linear_attn.in_proj_b', step: 'linear_attn.in_proj_a' },
  order: 'by keys',
  heads: c.count('linear_num_value_heads'),
  keyHeads: c.count('linear_num_key_heads'),
  keySize: c.count('linear_key_head_dim'),
  valueSize: c.count('linear_value_head_dim'),
  positions: c.count('linear_conv_kernel_dim'),
  activation: c.text('hidden_act'),
});

const stateNames = (
  root: string,
): Pick<DeltaNet | StateSpace, 'convolution' | 'stepBias' | 'rate' | 'norm' | 'output'> => ({
  convolution: `${root}.conv1d`,
  stepBias: `${root}.dt_bias`,
  rate: { name: `${root}.A_log`, stored: 'logarithm' },
  norm: `${root}.norm`,
  output: `${root}.out_proj`,
});

function qwenExperts(c: Configuration): (layer: number) => Experts | undefined {
  const own = (name: string): string => `mlp.shared_expert.${name}_proj`;
  const shared = {
    matrices: { gate: own('gate'), up: own('up'), down: own('down') },
    gate: 'mlp.shared_expert_gate',
  };
  const one = (name: string): string => `mlp.experts.#.${name}_proj`;
  const layout = { router: 'mlp.gate', gate: one('gate'), up: one('up'), down: one('down') };
  return someLayers(c, expertsOf(c, layout, { normalized: c.flag('norm_topk_prob'), shared }));
}

/** Dense, with matrices of its own for each part of a delta net. */
const qwen35 = from(
  qwen3Next,
  'qwen3_5',
  {
    ...{ hidden_size: 4096, num_hidden_layers: 32, num_attention_heads: 16, num_key_value_heads: 4 },
    // Read by what this is described after, and then left out.
    ...{ num_experts: 1, num_experts_per_tok: 1 },
  },
  (c) => {
    const isDelta = deltaLayers(c);
    const delta = deltaNet(c, false);
    return { recurrence: (layer) => (isDelta(layer) ? delta : undefined), experts: undefined };
  },
);

/** The same with experts in every layer. */
const qwen35Moe = from(
  qwen3Next,
  'qwen3_5_moe',
  { num_hidden_layers: 40, num_experts: 256, num_experts_per_tok: 8 },
  (c) => {
    c.only('norm_topk_prob', true);
    c.only('decoder_sparse_step', 1);
    const isDelta = deltaLayers(c);
    const delta = deltaNet(c, false);
    return { recurrence: (layer) => (isDelta(layer) ? delta : undefined) };
  },
);

/** Some layers attend, most have a state space; experts, an MLP beside them, or both. */
const graniteHybrid = from(
  granite,
  'granitemoehybrid',
  {
    ...{ num_local_experts: 8, num_experts_per_tok: 2, shared_intermediate_size: 1024 },
    ...{ mamba_n_heads: 128, mamba_n_groups: 1, mamba_d_state: 256, mamba_d_conv: 4, mamba_expand: 2 },
    mamba_conv_bias: true,
  },
  (c, { hidden, headSize, attention }) => {
    c.only('normalization_function', 'rmsnorm');
    c.only('position_embedding_type', 'rope', 'nope');
    c.ignore('mamba_chunk_size', 'shared_intermediate_size', 'time_step_min', 'time_step_max');
    const names = { attention: ['attention', 'full_attention'], other: ['mamba', 'linear_attention'] };
    const isState = otherLayers(c, names, always(true));
    const heads = c.count('mamba_n_heads');
    const inner = c.count('mamba_expand') * hidden;
    const size = c.isStated('mamba_d_head', 'auto') ? inner / heads : c.optionalCount('mamba_d_head');
    const space = stateSpace(c, 'mamba', {
      heads,
      headSize: size ?? inner / heads,
      inner,
      stateSize: c.count('mamba_d_state'),
      groups: c.count('mamba_n_groups'),
      positions: c.count('mamba_d_conv'),
      bias: c.flag('mamba_proj_bias'),
      convolutionBias: c.flag('mamba_conv_bias'),
    });
    const turns = c.isStated('position_embedding_type', 'rope');
    if (!turns) c.ignore('rope_parameters', 'rope_scaling', 'rope_theta');
    const dense = c.isStated('num_local_experts', 0);
    if (dense) c.ignore('num_experts_per_tok');
    return {
      attention: { rotary: turns ? turning(c, { headSize }) : none, bias: attention.bias },
      recurrence: (layer) => (isState(layer) ? space : undefined),
      feedForward: { ...GRANITE_MLP, gate: undefined, bias: false },
      experts: dense ? undefined : always(graniteExperts(c, { matrices: GRANITE_MLP })),
    };
  },
);

type StateSizes = Pick<
  StateSpace,
  'heads' | 'headSize' | 'stateSize' | 'groups' | 'positions' | 'bias' | 'convolutionBias'
>;

function stateSpace(
  c: Configuration,
  root: string,
  { inner, ...space }: StateSizes & { readonly inner: number },
): StateSpace {
  if (space.heads * space.headSize !== inner)
    throw unsupported(
      `${space.heads} heads of ${space.headSize} numbers are not the ${inner} that config.json gives the layer's state.`,
    );
  const steps = c.range('time_step_limit') ?? [0, Infinity];
  const names = { ...stateNames(root), input: `${root}.in_proj`, skip: `${root}.D` };
  return { kind: 'state space', activation: c.text('hidden_act'), steps, ...names, ...space };
}

/** Nothing but state spaces. */
const mamba2 = from(
  common,
  'mamba2',
  {
    ...{ num_attention_heads: undefined, num_heads: 128, head_dim: 64, num_hidden_layers: 64, state_size: 128 },
    ...{ expand: 2, conv_kernel: 4, n_groups: 8, use_conv_bias: true, layer_norm_epsilon: 1e-5 },
  },
  (c, { norm, hidden, heads, headSize }) => {
    c.ignore('chunk_size', 'residual_in_fp32', 'rescale_prenorm_residual', 'time_step_rank', 'time_step_floor');
    c.ignore('time_step_min', 'time_step_max');
    c.only('rms_norm', true);
    c.only('norm_before_gate', false);
    const bias = c.flag('use_bias');
    const space = stateSpace(c, 'mixer', {
      heads,
      headSize,
      inner: c.count('expand') * hidden,
      stateSize: c.count('state_size'),
      groups: c.count('n_groups'),
      positions: c.count('conv_kernel'),
      bias,
      convolutionBias: c.flag('use_conv_bias'),
    });
    return {
      keyValueHeads: heads,
      norm: { ...norm, epsilon: c.number('layer_norm_epsilon') },
      embedding: { name: 'embeddings' },
      attention: { before: 'norm' },
      recurrence: always(space),
      withoutFeedForward: true,
      finalNorm: 'norm_f',
    };
  },
);

export const HYBRIDS = {
  lfm2,
  lfm2_moe: lfm2Moe,
  qwen3_next: qwen3Next,
  qwen3_5_text: qwen35,
  qwen3_5_moe_text: qwen35Moe,
  granitemoehybrid: graniteHybrid,
  mamba2,
};
