import type { Architecture } from './description.js';
import { COHERES } from './families/cohere.js';
import { MIXTURES } from './families/experts.js';
import { GPTS } from './families/gpt.js';
import { LLAMAS } from './families/llama.js';

/** Every kind of decoder that is described, by the `model_type` of its configuration. */
export const ARCHITECTURES: Readonly<Record<string, Architecture>> = { ...LLAMAS, ...COHERES, ...GPTS, ...MIXTURES };

/**
 * Models of pictures and text whose language part is one of the above as it is, by the `model_type` around `text_config`. What
 * others do between the two may change the logits (Aya Vision leaves Cohere's scale out).
 */
export const AROUND: ReadonlySet<string> = new Set([
  ...['gemma3', 'idefics3', 'internvl', 'llava', 'llava_next', 'mistral3', 'qwen2_vl', 'qwen2_5_vl', 'qwen3_vl'],
  'smolvlm',
]);

/** Why a kind is not described, where there is more to say than its name. */
export const UNDESCRIBED: Readonly<Record<string, string>> = {
  phimoe: 'its router chooses experts by a rule of its own',
  deepseek_v2: 'its attention keeps latent keys and values',
  deepseek_v3: 'its attention keeps latent keys and values',
  gpt_oss: 'its attention has sinks',
  mamba: 'it has no attention',
  mamba2: 'it has no attention',
  gemma3n: 'its layers read embeddings of their own',
  paligemma: 'a prompt is read in both directions',
};
