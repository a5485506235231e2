import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { layersDescribed } from '../../src/onnx/architectures/checkpoint.js';
import { ARCHITECTURES, AROUND } from '../../src/onnx/architectures/table.js';

/** Configurations as well-known checkpoints have them, with the keys that only they have: none of them is refused for one. */
const CONFIGURATIONS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'Llama 3.1 8B': {
    ...{
      model_type: 'llama',
      hidden_size: 4096,
      num_attention_heads: 32,
      num_key_value_heads: 8,
      num_hidden_layers: 32,
    },
    ...{ attention_bias: false, mlp_bias: false, hidden_act: 'silu', rms_norm_eps: 1e-5, rope_theta: 500000 },
    rope_scaling: {
      ...{ factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192 },
      rope_type: 'llama3',
    },
    ...{ pretraining_tp: 1, tie_word_embeddings: false, torch_dtype: 'bfloat16', use_cache: true, vocab_size: 128256 },
  },
  'SmolLM2 135M': {
    ...{ model_type: 'llama', hidden_size: 576, num_attention_heads: 9, num_key_value_heads: 3, num_hidden_layers: 30 },
    ...{
      is_llama_config: true,
      rope_interleaved: false,
      rope_scaling: null,
      rope_theta: 100000,
      tie_word_embeddings: true,
    },
    'transformers.js_config': { kv_cache_dtype: { q4f16: 'float16' } },
  },
  'Mistral 7B v0.1': {
    ...{
      model_type: 'mistral',
      hidden_size: 4096,
      num_attention_heads: 32,
      num_key_value_heads: 8,
      num_hidden_layers: 32,
    },
    ...{ sliding_window: 4096, rope_theta: 10000, rms_norm_eps: 1e-5, hidden_act: 'silu', intermediate_size: 14336 },
  },
  'Qwen2.5 7B': {
    ...{
      model_type: 'qwen2',
      hidden_size: 3584,
      num_attention_heads: 28,
      num_key_value_heads: 4,
      num_hidden_layers: 28,
    },
    ...{ use_mrope: false, use_sliding_window: false, sliding_window: 131072, max_window_layers: 28, rope_theta: 1e6 },
  },
  'Gemma 2 2B': {
    ...{
      model_type: 'gemma2',
      hidden_size: 2304,
      num_attention_heads: 8,
      num_key_value_heads: 4,
      num_hidden_layers: 26,
    },
    ...{ attn_logit_softcapping: 50, final_logit_softcapping: 30, cache_implementation: 'hybrid', head_dim: 256 },
    ...{ hidden_act: 'gelu_pytorch_tanh', hidden_activation: 'gelu_pytorch_tanh', query_pre_attn_scalar: 256 },
    ...{ sliding_window: 4096, sliding_window_size: 4096, rope_theta: 10000, rms_norm_eps: 1e-6 },
  },
  'Gemma 3 1B': {
    ...{
      model_type: 'gemma3_text',
      hidden_size: 1152,
      num_attention_heads: 4,
      num_key_value_heads: 1,
      num_hidden_layers: 26,
    },
    ...{ attn_logit_softcapping: null, final_logit_softcapping: null, cache_implementation: 'hybrid', head_dim: 256 },
    ...{
      hidden_activation: 'gelu_pytorch_tanh',
      query_pre_attn_scalar: 256,
      rope_local_base_freq: 10000,
      rope_theta: 1e6,
    },
    ...{ rope_scaling: null, sliding_window: 512, sliding_window_pattern: 6, attention_bias: false },
  },
  'Phi-4 mini': {
    ...{
      model_type: 'phi3',
      hidden_size: 3072,
      num_attention_heads: 24,
      num_key_value_heads: 8,
      num_hidden_layers: 32,
    },
    ...{ full_attn_mod: 1, interpolate_factor: 1, lm_head_bias: false, mlp_bias: false, partial_rotary_factor: 0.75 },
    ...{ max_position_embeddings: 131072, original_max_position_embeddings: 4096, tie_word_embeddings: true },
    ...{
      auto_map: { AutoConfig: 'configuration_phi3.Phi3Config' },
      embd_pdrop: 0,
      resid_pdrop: 0,
      sliding_window: 262144,
    },
    rope_scaling: { type: 'longrope', short_factor: Array(48).fill(1), long_factor: Array(48).fill(2) },
  },
  'GPT-2': {
    ...{ model_type: 'gpt2', n_embd: 768, n_head: 12, n_layer: 12, n_ctx: 1024, n_positions: 1024 },
    ...{
      activation_function: 'gelu_new',
      layer_norm_epsilon: 1e-5,
      attn_pdrop: 0.1,
      embd_pdrop: 0.1,
      resid_pdrop: 0.1,
    },
    ...{
      summary_activation: null,
      summary_first_dropout: 0.1,
      summary_proj_to_labels: true,
      summary_type: 'cls_index',
    },
    ...{ summary_use_proj: true, task_specific_params: { 'text-generation': { do_sample: true, max_length: 50 } } },
  },
  'GPT-J 6B': {
    ...{ model_type: 'gptj', n_embd: 4096, n_head: 16, n_layer: 28, n_positions: 2048, rotary: true, rotary_dim: 64 },
    ...{
      activation_function: 'gelu_new',
      scale_attn_weights: true,
      tie_word_embeddings: false,
      tokenizer_class: 'GPT2Tokenizer',
    },
  },
  'Pythia 160M': {
    ...{ model_type: 'gpt_neox', hidden_size: 768, num_attention_heads: 12, num_hidden_layers: 12, hidden_act: 'gelu' },
    ...{ rotary_pct: 0.25, rotary_emb_base: 10000, layer_norm_eps: 1e-5, use_parallel_residual: true },
  },
  'Falcon 7B': {
    ...{
      model_type: 'falcon',
      hidden_size: 4544,
      num_attention_heads: 71,
      num_hidden_layers: 32,
      alibi: false,
      bias: false,
    },
    ...{ apply_residual_connection_post_layernorm: false, multi_query: true, new_decoder_architecture: false },
    ...{ parallel_attn: true, layer_norm_epsilon: 1e-5 },
  },
  'BLOOM 560M': {
    ...{
      model_type: 'bloom',
      n_embed: 1024,
      n_layer: 24,
      num_attention_heads: 16,
      apply_residual_connection_post_layernorm: false,
    },
    ...{ attention_softmax_in_fp32: true, bias_dropout_fusion: true, masked_softmax_fusion: true, n_inner: null },
    ...{ offset_alibi: 100, pretraining_tp: 1, seq_length: 2048, skip_bias_add: true, skip_bias_add_qkv: false },
  },
  StarCoder: {
    ...{
      model_type: 'gpt_bigcode',
      n_embd: 6144,
      n_head: 48,
      n_layer: 40,
      n_positions: 8192,
      multi_query: true,
      n_inner: 24576,
    },
    ...{ inference_runner: 0, max_batch_size: null, pad_key_length: true, pre_allocate_kv_cache: false },
    ...{ scale_attention_softmax_in_fp32: true, scale_attn_weights: true, activation_function: 'gelu' },
  },
  'StarCoder2 3B': {
    ...{
      model_type: 'starcoder2',
      hidden_size: 3072,
      num_attention_heads: 24,
      num_key_value_heads: 2,
      num_hidden_layers: 30,
    },
    ...{ mlp_type: 'default', norm_type: 'layer_norm', norm_epsilon: 1e-5, use_bias: true, sliding_window: 4096 },
  },
  'OPT 350M': {
    ...{ model_type: 'opt', hidden_size: 1024, num_attention_heads: 16, num_hidden_layers: 24, ffn_dim: 4096 },
    ...{
      do_layer_norm_before: false,
      word_embed_proj_dim: 512,
      prefix: '</s>',
      layerdrop: 0,
      activation_function: 'relu',
    },
  },
  'Command R7B': {
    ...{
      model_type: 'cohere2',
      hidden_size: 4096,
      num_attention_heads: 32,
      num_key_value_heads: 8,
      num_hidden_layers: 32,
    },
    ...{ layer_switch: 4, logit_scale: 0.25, order_of_interleaved_layers: 'local_attn_first', rotary_pct: 1 },
    ...{ position_embedding_type: 'rope_gptj', use_embedding_sharing: true, use_gated_activation: true },
    ...{ use_parallel_block: true, use_parallel_embedding: true, sliding_window: 4096, sliding_window_pattern: 4 },
  },
  'EXAONE 4.0 32B': {
    ...{
      model_type: 'exaone4',
      hidden_size: 5120,
      num_attention_heads: 40,
      num_key_value_heads: 8,
      num_hidden_layers: 4,
    },
    ...{ sliding_window: 4096, sliding_window_pattern: 'LLLG', head_dim: 128, rope_theta: 1e6 },
    layer_types: ['sliding_attention', 'sliding_attention', 'sliding_attention', 'full_attention'],
  },
  'gpt-oss 20B': {
    ...{ model_type: 'gpt_oss', hidden_size: 2880, num_attention_heads: 64, num_key_value_heads: 8, head_dim: 64 },
    ...{
      num_hidden_layers: 24,
      num_local_experts: 32,
      num_experts_per_tok: 4,
      experts_per_token: 4,
      hidden_act: 'silu',
    },
    ...{ attention_bias: true, initial_context_length: 4096, swiglu_limit: 7, sliding_window: 128, rope_theta: 150000 },
    ...{ router_aux_loss_coef: 0.9, output_router_logits: false, rms_norm_eps: 1e-5, max_position_embeddings: 131072 },
    layer_types: Array.from({ length: 24 }, (_, i) => (i % 2 === 0 ? 'sliding_attention' : 'full_attention')),
    rope_scaling: {
      ...{ beta_fast: 32, beta_slow: 1, factor: 32, original_max_position_embeddings: 4096 },
      ...{ rope_type: 'yarn', truncate: false },
    },
    quantization_config: { quant_method: 'mxfp4', modules_to_not_convert: ['model.layers.*.self_attn', 'lm_head'] },
  },
  'DeepSeek-V2-Lite': {
    ...{ model_type: 'deepseek_v2', hidden_size: 2048, num_attention_heads: 16, num_key_value_heads: 16 },
    ...{ num_hidden_layers: 27, first_k_dense_replace: 1, kv_lora_rank: 512, q_lora_rank: null, v_head_dim: 128 },
    ...{
      qk_nope_head_dim: 128,
      qk_rope_head_dim: 64,
      n_routed_experts: 64,
      n_shared_experts: 2,
      num_experts_per_tok: 6,
    },
    ...{ moe_layer_freq: 1, n_group: 1, topk_group: 1, topk_method: 'greedy', norm_topk_prob: false, seq_aux: true },
    ...{ scoring_func: 'softmax', routed_scaling_factor: 1, aux_loss_alpha: 0.001, moe_intermediate_size: 1408 },
    rope_scaling: {
      ...{ beta_fast: 32, beta_slow: 1, factor: 40, mscale: 0.707, mscale_all_dim: 0.707, type: 'yarn' },
      original_max_position_embeddings: 4096,
    },
  },
  'DeepSeek-V3, its weights widened': {
    ...{ model_type: 'deepseek_v3', hidden_size: 7168, num_attention_heads: 128, num_key_value_heads: 128 },
    ...{ num_hidden_layers: 61, first_k_dense_replace: 3, kv_lora_rank: 512, q_lora_rank: 1536, v_head_dim: 128 },
    ...{
      qk_nope_head_dim: 128,
      qk_rope_head_dim: 64,
      n_routed_experts: 256,
      n_shared_experts: 1,
      num_experts_per_tok: 8,
    },
    ...{ moe_layer_freq: 1, n_group: 8, topk_group: 4, topk_method: 'noaux_tc', norm_topk_prob: true, ep_size: 1 },
    ...{ scoring_func: 'sigmoid', routed_scaling_factor: 2.5, num_nextn_predict_layers: 1, hidden_act: 'silu' },
    rope_scaling: {
      ...{ beta_fast: 32, beta_slow: 1, factor: 40, mscale: 1, mscale_all_dim: 1, type: 'yarn' },
      original_max_position_embeddings: 4096,
    },
  },
  'GLM 4.5 Air': {
    ...{ model_type: 'glm4_moe', hidden_size: 4096, num_attention_heads: 96, num_key_value_heads: 8, head_dim: 128 },
    ...{ num_hidden_layers: 46, attention_bias: true, first_k_dense_replace: 1, n_group: 1, topk_group: 1 },
    ...{ n_routed_experts: 128, n_shared_experts: 1, num_experts_per_tok: 8, norm_topk_prob: true, rope_scaling: null },
    ...{ num_nextn_predict_layers: 1, partial_rotary_factor: 0.5, routed_scaling_factor: 1, use_qk_norm: false },
    ...{ moe_intermediate_size: 1408, rope_theta: 1e6, rms_norm_eps: 1e-5, hidden_act: 'silu' },
  },
  'LFM2 350M': {
    ...{ model_type: 'lfm2', hidden_size: 1024, num_attention_heads: 16, num_heads: 16, num_key_value_heads: 8 },
    ...{ num_hidden_layers: 16, block_auto_adjust_ff_dim: true, block_dim: 1024, block_ff_dim: 6656, norm_eps: 1e-5 },
    ...{ block_ffn_dim_multiplier: 1, block_mlp_init_scale: 1, block_multiple_of: 256, block_norm_eps: 1e-5 },
    ...{
      block_out_init_scale: 1,
      block_use_swiglu: true,
      block_use_xavier_init: true,
      conv_L_cache: 3,
      conv_bias: false,
    },
    ...{ conv_dim: 1024, conv_dim_out: 1024, conv_use_xavier_init: true, full_attn_idxs: [2, 5, 8, 10, 12, 14] },
    ...{ rope_theta: 1e6, theta: 1e6, tie_embedding: true, use_pos_enc: true, max_position_embeddings: 128000 },
  },
  'LFM2 8B A1B': {
    ...{ model_type: 'lfm2_moe', hidden_size: 2048, num_attention_heads: 32, num_key_value_heads: 8, conv_bias: false },
    ...{ num_hidden_layers: 4, conv_L_cache: 3, num_dense_layers: 2, num_experts: 32, num_experts_per_tok: 4 },
    ...{ use_expert_bias: true, norm_topk_prob: true, routed_scaling_factor: 1, rope_theta: 1e6, norm_eps: 1e-5 },
    ...{ layer_types: ['conv', 'conv', 'full_attention', 'conv'], moe_intermediate_size: 1792 },
  },
  'Qwen3-Next 80B A3B': {
    ...{ model_type: 'qwen3_next', hidden_size: 2048, num_attention_heads: 16, num_key_value_heads: 2, head_dim: 256 },
    ...{ num_hidden_layers: 48, decoder_sparse_step: 1, full_attention_interval: 4, linear_conv_kernel_dim: 4 },
    ...{ linear_key_head_dim: 128, linear_num_key_heads: 16, linear_num_value_heads: 32, linear_value_head_dim: 128 },
    ...{ mlp_only_layers: [], num_experts: 512, num_experts_per_tok: 10, norm_topk_prob: true, rope_scaling: null },
    ...{ partial_rotary_factor: 0.25, rope_theta: 1e7, shared_expert_intermediate_size: 512, attention_bias: false },
    ...{ output_router_logits: false, use_sliding_window: false },
  },
  'Qwen3.5, pictures and text': {
    ...{ model_type: 'qwen3_5', image_token_id: 248056, tie_word_embeddings: true, vision_config: { depth: 12 } },
    text_config: {
      ...{ model_type: 'qwen3_5_text', hidden_size: 2048, num_attention_heads: 8, num_key_value_heads: 2 },
      ...{
        num_hidden_layers: 24,
        head_dim: 256,
        attn_output_gate: true,
        full_attention_interval: 4,
        hidden_act: 'silu',
      },
      ...{ linear_key_head_dim: 128, linear_num_key_heads: 16, linear_num_value_heads: 16, linear_value_head_dim: 128 },
      ...{ linear_conv_kernel_dim: 4, mamba_ssm_dtype: 'float32', mtp_num_hidden_layers: 1, attention_bias: false },
      ...{ mtp_use_dedicated_embeddings: false, rms_norm_eps: 1e-6, tie_word_embeddings: true },
      rope_parameters: {
        ...{ mrope_interleaved: true, mrope_section: [11, 11, 10], rope_type: 'default', rope_theta: 1e7 },
        partial_rotary_factor: 0.25,
      },
    },
  },
  'Granite 4.0 H Tiny': {
    ...{ model_type: 'granitemoehybrid', hidden_size: 1536, num_attention_heads: 12, num_key_value_heads: 4 },
    ...{ num_hidden_layers: 4, layer_types: ['mamba', 'mamba', 'attention', 'mamba'], attention_multiplier: 0.0078125 },
    ...{
      embedding_multiplier: 12,
      logits_scaling: 6,
      residual_multiplier: 0.22,
      mamba_chunk_size: 256,
      init_method: 'mup',
    },
    ...{
      mamba_conv_bias: true,
      mamba_d_conv: 4,
      mamba_d_head: 64,
      mamba_d_state: 128,
      mamba_expand: 2,
      mamba_n_groups: 1,
    },
    ...{ mamba_n_heads: 48, mamba_proj_bias: false, normalization_function: 'rmsnorm', num_experts_per_tok: 6 },
    ...{ num_local_experts: 64, position_embedding_type: 'nope', rope_scaling: null, rope_theta: 10000 },
    ...{ shared_intermediate_size: 1024, router_aux_loss_coef: 0, tie_word_embeddings: true },
  },
  'Granite 4.0 Micro': {
    ...{ model_type: 'granitemoehybrid', hidden_size: 2560, num_attention_heads: 40, num_key_value_heads: 8 },
    ...{ num_hidden_layers: 3, layer_types: ['attention', 'attention', 'attention'], attention_multiplier: 0.015625 },
    ...{ embedding_multiplier: 12, logits_scaling: 10, residual_multiplier: 0.22, mamba_d_head: 64, mamba_n_heads: 80 },
    ...{ num_experts_per_tok: 0, num_local_experts: 0, position_embedding_type: 'rope', rope_theta: 1e7 },
    ...{ normalization_function: 'rmsnorm', rope_scaling: null, shared_intermediate_size: 8192 },
  },
  'Mamba 2 130M': {
    ...{ model_type: 'mamba2', hidden_size: 768, num_heads: 24, head_dim: 64, num_hidden_layers: 24, state_size: 128 },
    ...{
      expand: 2,
      conv_kernel: 4,
      n_groups: 1,
      use_bias: false,
      use_conv_bias: true,
      hidden_act: 'silu',
      rms_norm: true,
    },
    ...{ chunk_size: 256, layer_norm_epsilon: 1e-5, residual_in_fp32: true, rescale_prenorm_residual: false },
    ...{ time_step_floor: 1e-4, time_step_limit: [0, Infinity], time_step_max: 0.1, time_step_min: 0.001 },
    ...{ time_step_rank: 48, norm_before_gate: false, tie_word_embeddings: true, pad_vocab_size_multiple: 16 },
  },
  'Gemma 4 31B, pictures and text': {
    ...{
      model_type: 'gemma4',
      image_token_id: 258880,
      tie_word_embeddings: true,
      vision_config: { hidden_size: 1152 },
    },
    text_config: {
      ...{ model_type: 'gemma4_text', hidden_size: 5376, num_attention_heads: 32, num_key_value_heads: 16 },
      ...{ num_hidden_layers: 6, head_dim: 256, global_head_dim: 512, num_global_key_value_heads: 4 },
      ...{
        attention_k_eq_v: true,
        enable_moe_block: false,
        expert_intermediate_size: null,
        final_logit_softcapping: 30,
      },
      ...{
        hidden_activation: 'gelu_pytorch_tanh',
        hidden_size_per_layer_input: 0,
        num_experts: null,
        sliding_window: 1024,
      },
      ...{ num_kv_shared_layers: 0, top_k_experts: null, use_bidirectional_attention: 'vision', attention_bias: false },
      ...{ use_double_wide_mlp: false, vocab_size_per_layer_input: 262144, tie_word_embeddings: true },
      layer_types: Array.from({ length: 6 }, (_, i) => (i === 5 ? 'full_attention' : 'sliding_attention')),
      rope_parameters: {
        full_attention: { partial_rotary_factor: 0.25, rope_theta: 1e6, rope_type: 'proportional' },
        sliding_attention: { rope_theta: 10000, rope_type: 'default' },
      },
    },
  },
  'Gemma 4 26B A4B': {
    ...{ model_type: 'gemma4_text', hidden_size: 2816, num_attention_heads: 16, num_key_value_heads: 8 },
    ...{
      num_hidden_layers: 6,
      head_dim: 256,
      global_head_dim: 512,
      num_global_key_value_heads: 2,
      attention_k_eq_v: true,
    },
    ...{ enable_moe_block: true, num_experts: 128, top_k_experts: 8, moe_intermediate_size: 704, sliding_window: 1024 },
    ...{ hidden_size_per_layer_input: 0, num_kv_shared_layers: 0, final_logit_softcapping: 30 },
  },
  'LLaVA 1.5': {
    ...{
      model_type: 'llava',
      image_token_index: 32000,
      vision_feature_layer: -2,
      vision_config: { hidden_size: 1024 },
    },
    text_config: { model_type: 'llama', rms_norm_eps: 1e-5, vocab_size: 32064, max_position_embeddings: 4096 },
  },
};

for (const [name, config] of Object.entries(CONFIGURATIONS))
  test(`the configuration of ${name} is understood`, () => {
    const text = (config.text_config ?? config) as Readonly<Record<string, unknown>>;
    assert.equal(layersDescribed(config), text.num_hidden_layers ?? text.n_layer ?? 32);
  });

test('the page of models names every kind that is described, and no other', () => {
  const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'models.md'), 'utf8');
  const named = [...page.matchAll(/^\| [^|]+\| (`[^|]+`) +\|/gm)]
    .slice(1)
    .flatMap(([, cell = '']) => [...cell.matchAll(/`([^`]+)`/g)].map(([, kind = '']) => kind));
  assert.deepEqual(named.sort(), [...new Set([...Object.keys(ARCHITECTURES), ...AROUND])].sort());
});

test('every kind names its source', () => {
  for (const [kind, { source }] of Object.entries(ARCHITECTURES))
    assert.match(source, /^transformers, models\/\w+$/, kind);
});
