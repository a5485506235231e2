import type { Architecture } from './description.js';
import { COHERES } from './families/cohere.js';
import { MIXTURES } from './families/experts.js';
import { GEMMAS } from './families/gemma.js';
import { GPTS } from './families/gpt.js';
import { HYBRIDS } from './families/hybrids.js';
import { LATENTS } from './families/latent.js';
import { LLAMAS } from './families/llama.js';

/** Every kind of decoder that is described, by the `model_type` of its configuration. */
export const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  ...LLAMAS,
  ...GEMMAS,
  ...COHERES,
  ...GPTS,
  ...MIXTURES,
  ...LATENTS,
  ...HYBRIDS,
};

/**
 * Models of pictures and text whose language part is one of the above as it is, by the `model_type` around `text_config`. What
 * others do between the two may change the logits (Aya Vision leaves Cohere's scale out).
 */
export const AROUND: ReadonlySet<string> = new Set([
  ...[
    'gemma3',
    'gemma4',
    'idefics3',
    'internvl',
    'llava',
    'llava_next',
    'mistral3',
    'qwen2_vl',
    'qwen2_5_vl',
    'qwen3_vl',
  ],
  ...['qwen3_5', 'qwen3_5_moe', 'smolvlm'],
]);

const OWN_EMBEDDINGS = 'its layers read embeddings of their own';
const STATES = 'its layers keep states of a kind that is not described';

/** Why a kind is not described, where there is more to say than its name. */
export const UNDESCRIBED: Readonly<Record<string, string>> = {
  phimoe: 'its router chooses experts by a rule of its own',
  mamba: STATES,
  falcon_mamba: STATES,
  nemotron_h: STATES,
  recurrent_gemma: STATES,
  gemma3n: OWN_EMBEDDINGS,
  gemma3n_text: OWN_EMBEDDINGS,
  bamba: STATES,
  falcon_h1: STATES,
  jamba: STATES,
  zamba2: STATES,
  paligemma: 'a prompt is read in both directions',
};
