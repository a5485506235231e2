import { unsupported } from '../../source.js';
import type { Configuration } from '../configuration.js';
import { type Architecture, type Experts, from } from '../description.js';
import { always, headNorms, none, slidingLayers, windowed } from './common.js';
import { granite, llama, mistral, olmo2, qwen2, qwen3 } from './llama.js';

/** Decoders whose MLPs are experts. */

export type Layout = Pick<Experts, 'router' | 'gate' | 'up' | 'down'>;

export const gated = (root: string): Layout => ({
  router: `${root}.gate`,
  gate: `${root}.experts.#.gate_proj`,
  up: `${root}.experts.#.up_proj`,
  down: `${root}.experts.#.down_proj`,
});

export function expertsOf(c: Configuration, layout: Layout, more: Partial<Experts> = {}): Experts {
  const count = c.count('num_experts', 'num_local_experts', 'n_routed_experts');
  const { groups, top = c.count('num_experts_per_tok'), activation = c.text('hidden_act') } = more;
  if (top > count) throw unsupported(`Each position would choose ${top} of ${count} experts.`);
  if (groups) checkGroups(groups, count, top);
  const shares = 'softmax' as const;
  return {
    count,
    top,
    shares,
    normalized: false,
    stacked: false,
    activation,
    ...layout,
    ...more,
  };
}

function checkGroups(groups: NonNullable<Experts['groups']>, count: number, top: number): void {
  const size = count / groups.count;
  if (!Number.isInteger(size) || groups.top > groups.count || (groups.by === 'two best' && size < 2))
    throw unsupported(
      `${count} experts in ${groups.count} groups, of which ${groups.top} are chosen, are not described.`,
    );
  if (top > groups.top * size)
    throw unsupported(`Each position would choose ${top} experts in ${groups.top} groups of ${size}.`);
}

/** Layers with experts among others with an MLP, as Qwen has them. */
export function someLayers(c: Configuration, experts: Experts): (layer: number) => Experts | undefined {
  const dense = c.list('mlp_only_layers') ?? [];
  const step = c.optionalCount('decoder_sparse_step') ?? 1;
  return (layer) => (dense.includes(layer) || (layer + 1) % step !== 0 ? undefined : experts);
}

const mixtral = from(
  mistral,
  'mixtral',
  { num_local_experts: 8, num_experts_per_tok: 2, sliding_window: undefined, rms_norm_eps: 1e-5, rope_theta: 1e6 },
  (c) => {
    const own = (name: string): string => `block_sparse_moe.experts.#.${name}`;
    const layout = { router: 'block_sparse_moe.gate', gate: own('w1'), up: own('w3'), down: own('w2') };
    return { experts: always(expertsOf(c, layout, { normalized: true })) };
  },
);

const qwen2Moe = from(
  qwen2,
  'qwen2_moe',
  {
    ...{ hidden_size: 2048, num_hidden_layers: 24, num_attention_heads: 16, num_experts: 60, num_experts_per_tok: 4 },
    ...{ qkv_bias: true, decoder_sparse_step: 1 },
  },
  (c) => {
    c.only('use_sliding_window', false);
    const own = (name: string): string => `mlp.shared_expert.${name}_proj`;
    const shared = {
      matrices: { gate: own('gate'), up: own('up'), down: own('down') },
      gate: 'mlp.shared_expert_gate',
    };
    const experts = expertsOf(c, gated('mlp'), { normalized: c.flag('norm_topk_prob'), shared });
    return { attention: { bias: { qkv: c.flag('qkv_bias'), o: false } }, experts: someLayers(c, experts) };
  },
);

const qwen3Moe = from(
  qwen3,
  'qwen3_moe',
  {
    ...{ hidden_size: 2048, num_hidden_layers: 24, num_key_value_heads: 4, num_experts: 128, num_experts_per_tok: 8 },
    ...{ head_dim: undefined, decoder_sparse_step: 1 },
  },
  (c) => ({
    attention: { window: c.flag('use_sliding_window') ? windowed(c, always(true)) : none },
    experts: someLayers(c, expertsOf(c, gated('mlp'), { normalized: c.flag('norm_topk_prob') })),
  }),
);

const olmoe = from(
  llama,
  'olmoe',
  {
    ...{ hidden_size: 2048, num_hidden_layers: 16, num_attention_heads: 16, num_experts: 64, num_experts_per_tok: 8 },
    ...{ rms_norm_eps: 1e-5, max_position_embeddings: 4096 },
  },
  (c, { norm }) => ({
    attention: { norms: headNorms(norm, 'width'), clip: c.optionalNumber('clip_qkv') },
    experts: always(expertsOf(c, gated('mlp'), { normalized: c.flag('norm_topk_prob') })),
  }),
);

const flexOlmo = from(
  olmo2,
  'flex_olmo',
  { num_experts: 7, num_experts_per_tok: 5, rms_norm_eps: 1e-6, rope_theta: 5e5 },
  (c) => ({
    experts: always(expertsOf(c, gated('mlp'), { normalized: c.flag('norm_topk_prob') })),
  }),
);

const graniteMoe = from(granite, 'granitemoe', { num_local_experts: 8, num_experts_per_tok: 2 }, (c) => {
  c.only('position_embedding_type', 'rope');
  return { experts: always(graniteExperts(c)) };
});

/** Granite's experts. @param shared an MLP beside them that every position passes */
export function graniteExperts(c: Configuration, shared?: Experts['shared']): Experts {
  const root = 'block_sparse_moe';
  const [router, input, down] = [`${root}.router.layer`, `${root}.input_linear`, `${root}.output_linear`];
  const layout = { router, gate: input, up: input, down };
  return expertsOf(c, layout, { shares: 'softmax of chosen', stacked: true, shared });
}

/** The matrices of the MLP beside Granite's experts. */
export const GRANITE_MLP = { gateUp: 'shared_mlp.input_linear', up: '', down: 'shared_mlp.output_linear' };

const graniteMoeShared = from(graniteMoe, 'granitemoeshared', {}, (c) => {
  const isShared = c.countOrNone('shared_intermediate_size') !== undefined;
  return { experts: always(graniteExperts(c, isShared ? { matrices: GRANITE_MLP } : undefined)) };
});

/** Heads have sinks, experts biases and a cut-off, and every other layer a window. */
const gptOss: Architecture = {
  ...from(
    llama,
    'gpt_oss',
    {
      ...{ hidden_size: 2880, num_hidden_layers: 36, num_attention_heads: 64, num_key_value_heads: 8, head_dim: 64 },
      ...{ num_local_experts: 128, num_experts_per_tok: 4, swiglu_alpha: 1.702, swiglu_limit: 7 },
      ...{ rms_norm_eps: 1e-5, rope_theta: 150000, attention_bias: true, sliding_window: 128 },
      max_position_embeddings: 131072,
      rope_scaling: {
        ...{ rope_type: 'yarn', factor: 32, beta_fast: 32, beta_slow: 1, truncate: false },
        original_max_position_embeddings: 4096,
      },
    },
    (c) => {
      c.only('hidden_act', 'silu');
      c.ignore('experts_per_token', 'quantization_config');
      const own = (name: string): string => `mlp.experts.${name}_proj`;
      const layout = { router: 'mlp.router', gate: own('gate_up'), up: own('gate_up'), down: own('down') };
      const clamped = { alpha: c.number('swiglu_alpha'), limit: c.number('swiglu_limit') };
      const more = { shares: 'softmax of chosen', stacked: true, routerBias: true, clamped } as const;
      return {
        attention: {
          sinks: 'self_attn.sinks',
          window: windowed(
            c,
            slidingLayers(c, (layer) => layer % 2 === 0),
          ),
        },
        experts: always(expertsOf(c, layout, more)),
      };
    },
  ),
  quantized: 'mxfp4',
};

export const MIXTURES = {
  gpt_oss: gptOss,
  mixtral,
  qwen2_moe: qwen2Moe,
  qwen3_moe: qwen3Moe,
  olmoe,
  granitemoe: graniteMoe,
  granitemoeshared: graniteMoeShared,
  flex_olmo: flexOlmo,
};
