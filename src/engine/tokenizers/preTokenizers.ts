import { byteLevel, splits } from './parts.js';

/**
 * How texts are split before bytes are merged, by the name that GGUF has for it (`tokenizer.ggml.pre`). Each is what the
 * tokenizers of these models say in their own tokenizer.json.
 */

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const REST = '\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
const MARKS = ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*';

const GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
/** Words with what stands before them, and so many digits at once. */
const words = (digits: string): string => `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}|${MARKS}|${REST}`;
export const LLAMA3 = words('\\p{N}{1,3}');
const QWEN2 = words('\\p{N}');
const QWEN35 = `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|${REST}`;

const UPPER = '[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]';
const LOWER = '[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]';
/** Words that begin with capitals, or are of capitals alone. */
const cased = (digits: string, behind: string): string =>
  `[^\\r\\n\\p{L}\\p{N}]?${UPPER}*${LOWER}+${behind}|[^\\r\\n\\p{L}\\p{N}]?${UPPER}+${LOWER}*${behind}|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|${REST}`;
const TEKKEN = cased('\\p{N}', '');
const GPT4O = cased('\\p{N}{1,3}', `${CONTRACTIONS}?`);

const DEEPSEEK3 = [
  '\\p{N}{1,3}',
  '[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+',
  '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+',
];
const DEEPSEEK_CODER = [
  '[\\r\\n]',
  '\\s?\\p{L}+',
  '\\s?\\p{P}+',
  '[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+',
  '\\p{N}',
];
const FALCON = ['[\\p{P}\\$\\+<=>\\^~\\|`]+', GPT2, '[0-9][0-9][0-9]'];
const BLOOM = ' ?[^(\\s|.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c)]+';

const TABLE: readonly (readonly [names: string, splits: readonly string[] | 'GPT-2'])[] = [
  ['gpt-2 phi-2 mpt olmo jais trillion gigachat exaone4 granite-docling jina-en jina-es jina-de roberta-bpe', 'GPT-2'],
  ['llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano dbrx smaug-bpe', [LLAMA3]],
  ['chatglm-bpe glm4', [LLAMA3]],
  ['qwen2 deepseek-r1-qwen stablelm2 hunyuan kormo f2llmv2 megrez solar-open', [QWEN2]],
  ['qwen35', [QWEN35]],
  ['tekken', [TEKKEN]],
  ['gpt-4o llama4 kanana2 talkie minimax-m2', [GPT4O]],
  ['smollm starcoder refact command-r codeshell exaone minerva-7b', ['\\p{N}', GPT2]],
  ['deepseek-v3 hunyuan-dense joyai-llm', DEEPSEEK3],
  ['deepseek-coder', DEEPSEEK_CODER],
  ['falcon', FALCON],
  ['bloom gpt3-finnish poro-chat', [BLOOM]],
  ['viking', [BLOOM, '\\p{N}']],
  ['seed-coder', [`${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\\r\\n]+|${REST}`]],
];

const BY_NAME: ReadonlyMap<string, unknown> = new Map(
  TABLE.flatMap(([names, some]) =>
    names.split(' ').map((name) => [name, some === 'GPT-2' ? byteLevel(true) : splits(...some)] as const),
  ),
);

/** The pre-tokenizer of this name; undefined for one that is not known. */
export const preTokenizer = (name: string): unknown => BY_NAME.get(name);

/** Where a word is a token, it is taken whatever its merges would make of it. */
export const ignoresMerges = (name: string): boolean =>
  /^(llama3|llama-v3|llama-bpe|falcon3|falcon-h1|pixtral|midm-2\.0|lfm2|jina-v5-nano|tekken)$/.test(name);
