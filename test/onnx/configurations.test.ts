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
