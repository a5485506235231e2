import type { Configuration } from '../configuration.js';
import { type Architecture, type Description, type Experts, from } from '../description.js';
import { always, headNorms, turning } from './common.js';
import { expertsOf, gated } from './experts.js';
import { llama } from './llama.js';

/** DeepSeek's: keys and values of a narrow row for all heads, many experts of which some groups are looked at. */

/** transformers' own, whatever the configuration says of other norms. */
const EPSILON = 1e-6;

const latent: Architecture = from(
  llama,
  'deepseek_v3',
  {
    ...{ hidden_size: 7168, num_hidden_layers: 61, num_attention_heads: 128, max_position_embeddings: 4096 },
    ...{ kv_lora_rank: 512, q_lora_rank: 1536, qk_rope_head_dim: 64, qk_nope_head_dim: 128, v_head_dim: 128 },
    ...{ num_experts_per_tok: 8, n_routed_experts: 256, n_shared_experts: 1, first_k_dense_replace: 3 },
    rope_interleave: true,
  },
  (c, { heads }) => {
    c.ignore('qk_head_dim', 'head_dim', 'num_key_value_heads', 'ep_size', 'seq_aux');
    c.only('moe_layer_freq', 1);
    c.only('mlp_bias', false);
    const turns = c.count('qk_rope_head_dim');
    const headSize = c.count('qk_nope_head_dim') + turns;
    const queries = c.optionalCount('q_lora_rank');
    const bias = c.flag('attention_bias');
    const narrow = (what: 'q' | 'kv', rank: number): { rank: number; norm: string; up: string; bias: boolean } => ({
      rank,
      norm: `self_attn.${what}_a_layernorm`,
      up: `self_attn.${what}_b_proj`,
      bias,
    });
    return {
      keyValueHeads: heads,
      headSize,
      valueSize: c.count('v_head_dim'),
      further: c.countOrNone('num_nextn_predict_layers', 'num_mtp_layers') ?? 0,
      attention: {
        bias: { qkv: false, o: bias },
        scale: always(headSize ** -0.5 * stretched(c) ** 2),
        latent: {
          queries: queries === undefined ? undefined : { ...narrow('q', queries), down: 'self_attn.q_a_proj' },
          keysAndValues: { ...narrow('kv', c.count('kv_lora_rank')), down: 'self_attn.kv_a_proj_with_mqa' },
          turning: turns,
          epsilon: EPSILON,
        },
        rotary: turning(c, { headSize: turns, interleaved: c.flag('rope_interleave') }),
      },
      feedForward: { bias: false },
    };
  },
);

/** By how much queries and keys grow where rotations are stretched by YaRN; cosines and sines do not. */
function stretched(c: Configuration): number {
  const scaling = c.object('rope_parameters') ?? c.object('rope_scaling') ?? {};
  const { factor, mscale_all_dim: all } = scaling;
  const isPlain = (scaling.rope_type ?? scaling.type ?? 'default') === 'default';
  if (isPlain || typeof factor !== 'number' || typeof all !== 'number' || factor <= 1) return 1;
  return 0.1 * all * Math.log(factor) + 1;
}

/** Experts in all layers but the first ones. */
function behindDense(c: Configuration, more: Partial<Experts>): Description['experts'] {
  const dense = c.countOrNone('first_k_dense_replace') ?? 0;
  const own = (name: string): string => `mlp.shared_experts.${name}_proj`;
  const shared = { matrices: { gate: own('gate'), up: own('up'), down: own('down') } };
  c.ignore('n_shared_experts');
  const experts = expertsOf(c, gated('mlp'), {
    shared,
    scale: c.optionalNumber('routed_scaling_factor') ?? 1,
    ...more,
  });
  return (layer) => (layer < dense ? undefined : experts);
}

const deepseekV3 = from(
  latent,
  'deepseek_v3',
  { n_group: 8, topk_group: 4, norm_topk_prob: true, routed_scaling_factor: 2.5, num_nextn_predict_layers: 1 },
  (c) => ({ experts: inGroups(c) }),
);

/** Experts of groups, by the sigmoid of each and a correction. */
function inGroups(c: Configuration): Description['experts'] {
  c.only('scoring_func', 'sigmoid');
  c.only('topk_method', 'noaux_tc');
  const normalized = c.flag('norm_topk_prob');
  const groups = { count: c.count('n_group'), top: c.count('topk_group'), by: 'two best' } as const;
  const correction = 'mlp.gate.e_score_correction_bias';
  return behindDense(c, { shares: 'sigmoid', correction, groups, normalized, epsilon: 1e-20 });
}

/** GLM 4.5 to 4.7: DeepSeek-V3's experts behind Llama's attention, half of a head turned. */
const glm4Moe = from(
  llama,
  'glm4_moe',
  {
    ...{ num_hidden_layers: 46, num_attention_heads: 96, num_key_value_heads: 8, max_position_embeddings: 131072 },
    ...{ rms_norm_eps: 1e-5, partial_rotary_factor: 0.5, num_experts_per_tok: 8, n_routed_experts: 128 },
    ...{ n_shared_experts: 1, first_k_dense_replace: 1, n_group: 1, topk_group: 1, norm_topk_prob: true },
    num_nextn_predict_layers: 1,
  },
  (c, { headSize, norm }) => ({
    further: c.countOrNone('num_nextn_predict_layers', 'num_mtp_layers') ?? 0,
    attention: {
      bias: { qkv: c.flag('attention_bias'), o: false },
      norms: c.flag('use_qk_norm') ? headNorms(norm) : undefined,
      rotary: turning(c, { headSize, partial: true }),
    },
    feedForward: { bias: false },
    experts: inGroups(c),
  }),
);

const deepseekV2 = from(
  latent,
  'deepseek_v2',
  {
    ...{ hidden_size: 4096, num_hidden_layers: 32, num_attention_heads: 32, max_position_embeddings: 2048 },
    ...{ n_routed_experts: 64, num_experts_per_tok: undefined, first_k_dense_replace: 0, topk_method: 'greedy' },
    routed_scaling_factor: 1,
  },
  (c) => {
    c.only('scoring_func', 'softmax');
    c.only('topk_method', 'greedy', 'group_limited_greedy');
    // Some releases of transformers divide by the sum, others do not.
    c.only('norm_topk_prob', false);
    const limited = c.text('topk_method') === 'group_limited_greedy';
    const [count, top] = [c.optionalCount('n_group'), c.optionalCount('topk_group')];
    const groups = limited ? { count: count ?? 1, top: top ?? 1, by: 'best' as const } : undefined;
    return { experts: behindDense(c, { shares: 'softmax', groups }) };
  },
);

export const LATENTS = { deepseek_v2: deepseekV2, deepseek_v3: deepseekV3, glm4_moe: glm4Moe };
