import { isRecord, sortedJson } from '../map/json.js';
import { tokenText } from './chatTemplate.js';
import type { ModelFiles } from './modelFiles.js';
import { readJson } from './modelConfig.js';
import {
  type AddedToken,
  addedTokensOf,
  changed,
  kindsOf,
  readAddedToken,
  surroundings,
  type TokenizerChanges,
  type TokenizerJson,
  type Vocabulary,
  withIds,
} from './tokenizerJson.js';

/** A tokenizer.json as it is read: what of it others stand in for, or why that cannot be said. */
export interface TransformersReading {
  /** The tokens that are found in a text first. */
  readonly added: readonly AddedToken[];
  readonly changes?: TokenizerChanges;
  readonly refused?: string;
  /** Where the two files do not agree; a sentence. */
  readonly note?: string;
}

type Config = Readonly<Record<string, unknown>>;
type Token = Omit<AddedToken, 'id'>;

/**
 * What Transformers 5 makes of a tokenizer.json that has a tokenizer_config.json beside it. It adds tokens that stand in the
 * configuration alone; its own classes for some families read nothing of tokenizer.json but vocabulary, merges, added tokens
 * and post-processor, and know the rest themselves, `add_prefix_space` among it; nothing is cut or filled up to a length.
 * `add_bos_token` and `add_eos_token` are without effect there: the post-processor says what stands around a text. A class that
 * is not known here is taken to read the file as it is. One for another kind of model than the file has (LlamaTokenizer for
 * Unigram) makes of it what nobody meant, and is refused.
 */
export function transformersReading(
  json: TokenizerJson,
  vocabulary: Vocabulary,
  files: ModelFiles,
): TransformersReading {
  const ofFile = withIds(addedTokensOf(json), vocabulary);
  const file = files.beside('tokenizer_config.json');
  if (file === undefined) return { added: ofFile };
  const own = readJson(file);
  // Without the newer key, the older file has the last word.
  const older = isRecord(own.added_tokens_decoder) ? {} : readJson(files.beside('special_tokens_map.json'));
  const config: Config = { ...own, ...older };
  if (config.split_special_tokens === true)
    return {
      added: ofFile,
      refused: 'its tokenizer_config.json has special tokens split (split_special_tokens)',
    };
  const name = classOf(json, config, readJson(files.beside('config.json')));
  const rebuilt = CLASSES[name];
  if (rebuilt && (rebuilt.of ?? 'BPE') !== modelKind(json))
    return {
      added: ofFile,
      refused: `Transformers reads it by ${name}, which is not for the kind of its model`,
    };
  const added = inOrder(withIds(addedTokens(inOrder(ofFile), config, files, rebuilt), vocabulary));
  const wanted: TokenizerChanges = {
    truncation: null,
    padding: null,
    added_tokens: added,
    ...(rebuilt ? partsOf(rebuilt, config, json, added) : {}),
  };
  const before: TokenizerJson = { ...json, added_tokens: inOrder(ofFile) };
  const changes = Object.fromEntries(Object.entries(wanted).filter(([key, part]) => !isSame(key, before, part)));
  const note = disagreement(config, changed(json, changes));
  return {
    added,
    ...(Object.keys(changes).length === 0 ? {} : { changes }),
    ...(note === undefined ? {} : { note }),
  };
}

/** That a configuration asks for BOS or EOS, which the tokenizer does not add, or the other way round. */
function disagreement(config: Config, json: TokenizerJson): string | undefined {
  if (kindsOf(json.post_processor) === 'deep') return undefined;
  const { before, behind } = surroundings(json.post_processor);
  const found = (
    [
      ['add_bos_token', before, 'before'],
      ['add_eos_token', behind, 'behind'],
    ] as const
  ).filter(([key, does]) => typeof config[key] === 'boolean' && config[key] !== does);
  const parts = found.map(
    ([key, does, place]) => `${key} is ${!does}, but a token is ${does ? '' : 'not '}put ${place} a text`,
  );
  return parts.length === 0 ? undefined : `${parts.join('; ')}: tokenizer.json decides, as in Transformers 5.`;
}

const inOrder = (tokens: readonly AddedToken[]): readonly AddedToken[] => [...tokens].sort((a, b) => a.id - b.id);

/** Whether a part of the file does what another would do. */
function isSame(key: string, json: TokenizerJson, part: unknown): boolean {
  const own: unknown = { ...json }[key];
  if (key !== 'model') return canonical(own ?? null) === canonical(part);
  const options = { ...(isRecord(own) ? own : {}), type: '', vocab: '', merges: '' };
  const set = (all: unknown): [string, unknown][] =>
    Object.entries(isRecord(all) ? all : {}).filter(([, value]) => value !== null && value !== false && value !== '');
  return canonical(Object.fromEntries(set(options))) === canonical(Object.fromEntries(set(part)));
}

/** A value as text, the same for all that mean the same: `trim_offsets` is not about ids. */
const canonical = (value: unknown): string => sortedJson(value, (key) => key !== 'trim_offsets');

/** The tokens of the oldest of these files, by their ids. */
function olderAdded(config: Config, files: ModelFiles): readonly AddedToken[] {
  const extra = config.extra_special_tokens ?? config.additional_special_tokens;
  const named = [...NAMED.map((name) => config[name]), ...(Array.isArray(extra) ? (extra as unknown[]) : [])];
  const isSpecial = new Set(named.map((token) => tokenText(token)));
  return Object.entries(readJson(files.beside('added_tokens.json'))).flatMap(([content, id]) => {
    const special = isSpecial.has(content);
    const token = readAddedToken({ content, special, normalized: !special });
    return token && typeof id === 'number' ? [{ ...token, id }] : [];
  });
}

/** Two lists in one, by id; the second has the last word. */
const merged = (first: readonly AddedToken[], second: readonly AddedToken[]): readonly AddedToken[] =>
  inOrder([...new Map([...first, ...second].map((token) => [token.id, token])).values()]);

const NAMED = ['bos_token', 'eos_token', 'unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token'];

/** The tokens that are found in a text first, in the order in which they are added. */
function addedTokens(
  ofFile: readonly AddedToken[],
  config: Config,
  files: ModelFiles,
  rebuilt: Family | undefined,
): Token[] {
  const fromConfig = isRecord(config.added_tokens_decoder)
    ? Object.entries(config.added_tokens_decoder)
        .sort(([a], [b]) => Number(a) - Number(b))
        .flatMap(([, token]) => readAddedToken(token) ?? [])
    : merged(olderAdded(config, files), ofFile);
  const known = new Map<string, Token>(fromConfig.map((token) => [token.content, token]));
  const named: Config = { ...rebuilt?.tokens, ...config };
  const extra = named.extra_special_tokens ?? named.additional_special_tokens;
  const values = [
    ...NAMED.map((name) => named[name]),
    ...Object.keys(named)
      .filter((name) => name.endsWith('_token') && !NAMED.includes(name))
      .map((name) => named[name]),
    ...(Array.isArray(extra) ? (extra as unknown[]) : isRecord(extra) ? Object.values(extra) : []),
    ...(rebuilt?.extra ?? []),
  ];
  // A token that is named twice in the same words counts where it is named first.
  const special = [...new Map(values.map((value) => [canonical(value ?? null), value])).values()].flatMap((token) => {
    const text = tokenText(token);
    if (text === undefined) return [];
    const plain = { content: text, special: true };
    return known.get(text) ?? readAddedToken(isRecord(token) ? { ...token, ...plain } : plain) ?? [];
  });
  const tokens = new Map<string, Token>((rebuilt ? [] : ofFile).map((token) => [token.content, token]));
  for (const token of fromConfig) tokens.set(token.content, token);
  const before = new Set(tokens.keys());
  for (const token of special) if (!before.has(token.content)) tokens.set(token.content, token);
  const isSpecial = new Set(special.map(({ content }) => content));
  return [...tokens.values()].map((token) =>
    rebuilt?.plainSpecial === true && isSpecial.has(token.content)
      ? { ...token, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }
      : token,
  );
}

/** What one of Transformers' classes for tokenizers knows of itself. */
interface Family {
  /** The kind of model that it makes. */
  readonly of?: 'WordPiece' | 'Unigram';
  /** Special tokens where the configuration names no others. */
  readonly tokens: Readonly<Record<string, string>>;
  readonly extra?: readonly string[];
  /** Special tokens lose whatever else is said of them. */
  readonly plainSpecial?: boolean;
  readonly model: Readonly<Record<string, unknown>>;
  /** Model's unknown token: the one so named. */
  readonly unknown?: boolean;
  normalizer(config: Config, own: unknown): unknown;
  preTokenizer(spaceFirst: boolean | undefined, legacy: boolean): unknown;
  readonly decoder: unknown;
  /** Names of the tokens before and behind a text, where the file does not say it. */
  readonly around?: readonly [before: readonly string[], behind: readonly string[]];
}

function partsOf(family: Family, config: Config, json: TokenizerJson, added: readonly AddedToken[]): TokenizerChanges {
  const space = typeof config.add_prefix_space === 'boolean' ? config.add_prefix_space : undefined;
  const named = (name: string): string =>
    tokenText(Object.hasOwn(config, name) ? config[name] : family.tokens[name]) ?? '';
  const parts = family.around && template(...family.around, named, added);
  return {
    model: {
      ...(family.of === 'Unigram' ? {} : { unk_token: family.unknown === true ? named('unk_token') : null }),
      ...(family.of === undefined ? BPE : {}),
      ...family.model,
    },
    normalizer: family.normalizer(config, json.normalizer),
    pre_tokenizer: family.preTokenizer(space, config.legacy === true),
    decoder: family.decoder,
    ...(parts === undefined ? {} : { post_processor: parts }),
  };
}

const BPE = {
  ...{ dropout: null, continuing_subword_prefix: null, end_of_word_suffix: null },
  ...{ byte_fallback: false, ignore_merges: false },
};

/** A post-processor that puts tokens around a text; null for none. */
function template(
  ahead: readonly string[],
  after: readonly string[],
  named: (name: string) => string,
  added: readonly AddedToken[],
): unknown {
  const [before, behind] = [ahead, after].map((names) => names.filter((name) => named(name) !== ''));
  if (!before || !behind || before.length + behind.length === 0) return null;
  const known = [...before, ...behind].map((name) => {
    const text = named(name);
    return [text, { id: text, ids: [added.find(({ content }) => content === text)?.id ?? 0], tokens: [text] }] as const;
  });
  const piece = (name: string): unknown => ({ SpecialToken: { id: named(name), type_id: 0 } });
  const sequence = (id: string): unknown => ({ Sequence: { id, type_id: 0 } });
  return {
    type: 'TemplateProcessing',
    single: [...before.map(piece), sequence('A'), ...behind.map(piece)],
    pair: [sequence('A'), sequence('B')], // not used
    special_tokens: Object.fromEntries(known),
  };
}

const none = (): null => null;
const nfc = (): unknown => ({ type: 'NFC' });
const byteLevel = (spaceFirst = false, regex = true): unknown => ({
  type: 'ByteLevel',
  add_prefix_space: spaceFirst,
  trim_offsets: true,
  use_regex: regex,
});
const split = (regex: string): unknown => ({
  type: 'Split',
  pattern: { Regex: regex },
  behavior: 'Isolated',
  invert: false,
});
const replace = (from: string, to: string): unknown => ({ type: 'Replace', pattern: { String: from }, content: to });
const metaspace = (scheme: string, parted = false): unknown => ({
  type: 'Metaspace',
  replacement: '\u2581',
  prepend_scheme: scheme,
  split: parted,
});
const BYTES = [replace('\u2581', ' '), { type: 'ByteFallback' }, { type: 'Fuse' }];
const PIECES = { type: 'Sequence', decoders: [...BYTES, { type: 'Strip', content: ' ', start: 1, stop: 0 }] };
const END = '<|endoftext|>';
const GPT2: Family = {
  tokens: { unk_token: END, bos_token: END, eos_token: END },
  model: { continuing_subword_prefix: '', end_of_word_suffix: '', fuse_unk: false },
  normalizer: none,
  preTokenizer: (spaceFirst) => byteLevel(spaceFirst),
  decoder: byteLevel(true),
};
const LLAMA: Family = {
  tokens: { unk_token: '<unk>', bos_token: '<s>', eos_token: '</s>' },
  model: { fuse_unk: true, byte_fallback: true },
  normalizer: none,
  preTokenizer: (spaceFirst = true, legacy) => metaspace(!spaceFirst ? 'never' : legacy ? 'always' : 'first'),
  decoder: PIECES,
};
const QWEN2: Family = {
  ...GPT2,
  tokens: { unk_token: END, eos_token: END, pad_token: END },
  normalizer: nfc,
  preTokenizer: (spaceFirst) => ({
    type: 'Sequence',
    pretokenizers: [
      split(
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
      ),
      byteLevel(spaceFirst, false),
    ],
  }),
  plainSpecial: true,
};

const flag = (value: unknown, otherwise: boolean | null): boolean | null =>
  typeof value === 'boolean' ? value : otherwise;
const bert = (config: Config): unknown => ({
  type: 'BertNormalizer',
  clean_text: true,
  handle_chinese_chars: flag(config.tokenize_chinese_chars, true),
  strip_accents: flag(config.strip_accents, null),
  lowercase: flag(config.do_lower_case, true),
});

/** Those that language models have. */
const CLASSES: Readonly<Record<string, Family | undefined>> = {
  BertTokenizer: {
    of: 'WordPiece',
    tokens: { unk_token: '[UNK]', sep_token: '[SEP]', pad_token: '[PAD]', cls_token: '[CLS]', mask_token: '[MASK]' },
    model: { continuing_subword_prefix: '##', max_input_chars_per_word: 100 },
    unknown: true,
    normalizer: bert,
    preTokenizer: () => ({ type: 'BertPreTokenizer' }),
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    around: [['cls_token'], ['sep_token']],
  },
  RobertaTokenizer: {
    ...GPT2,
    tokens: {
      ...{ bos_token: '<s>', eos_token: '</s>', sep_token: '</s>', cls_token: '<s>' },
      ...{ unk_token: '<unk>', pad_token: '<pad>', mask_token: '<mask>' },
    },
    around: [['cls_token'], ['sep_token']],
  },
  OpenAIGPTTokenizer: {
    tokens: { unk_token: '<unk>' },
    model: { continuing_subword_prefix: '', end_of_word_suffix: '</w>', fuse_unk: false },
    unknown: true,
    normalizer: () => bert({}),
    preTokenizer: () => ({ type: 'BertPreTokenizer' }),
    decoder: { type: 'BPEDecoder', suffix: '</w>' },
  },
  XGLMTokenizer: {
    of: 'Unigram',
    tokens: {
      ...{ bos_token: '<s>', eos_token: '</s>', sep_token: '</s>', cls_token: '<s>' },
      ...{ unk_token: '<unk>', pad_token: '<pad>' },
    },
    extra: Array.from({ length: 7 }, (_, i) => `<madeupword${i}>`),
    model: { unk_id: 3, byte_fallback: false },
    normalizer: (_, own) => ({
      type: 'Sequence',
      normalizers: [
        ...partsAt(own).filter((part) => isRecord(part) && part.type === 'Precompiled'),
        { type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' },
      ],
    }),
    preTokenizer: (spaceFirst = true) => metaspace(spaceFirst ? 'always' : 'never', true),
    decoder: metaspace('always', true),
    around: [['eos_token'], []],
  },
  LlamaTokenizer: LLAMA,
  CodeLlamaTokenizer: {
    ...LLAMA,
    tokens: {
      ...LLAMA.tokens,
      prefix_token: '\u2581<PRE>',
      middle_token: '\u2581<MID>',
      suffix_token: '\u2581<SUF>',
      eot_token: '\u2581<EOT>',
      fill_token: '<FILL_ME>',
    },
    unknown: true,
    preTokenizer: (spaceFirst = true) => metaspace(spaceFirst ? 'first' : 'never'),
    around: [['bos_token'], []],
  },
  GemmaTokenizer: {
    tokens: { unk_token: '<unk>', bos_token: '<bos>', eos_token: '<eos>', pad_token: '<pad>', mask_token: '<mask>' },
    model: { fuse_unk: true, byte_fallback: true },
    unknown: true,
    normalizer: () => replace(' ', '\u2581'),
    preTokenizer: () => ({
      type: 'Split',
      pattern: { String: ' ' },
      behavior: 'MergedWithPrevious',
      invert: false,
    }),
    decoder: { type: 'Sequence', decoders: BYTES },
  },
  GPT2Tokenizer: GPT2,
  CodeGenTokenizer: GPT2,
  GPTNeoXTokenizer: {
    ...GPT2,
    tokens: { ...GPT2.tokens, pad_token: '<|padding|>' },
    normalizer: nfc,
    around: [[], []],
  },
  CohereTokenizer: {
    ...GPT2,
    tokens: {
      unk_token: '<UNK>',
      bos_token: '<BOS_TOKEN>',
      eos_token: '<|END_OF_TURN_TOKEN|>',
      pad_token: '<PAD>',
      cls_token: '<CLS>',
      sep_token: '<SEP>',
      mask_token: '<MASK_TOKEN>',
    },
    normalizer: nfc,
    preTokenizer: (spaceFirst) => ({
      type: 'Sequence',
      pretokenizers: [{ type: 'Digits', individual_digits: true }, byteLevel(spaceFirst)],
    }),
  },
  Qwen2Tokenizer: QWEN2,
  Qwen3_5Tokenizer: {
    ...QWEN2,
    preTokenizer: (spaceFirst) => ({
      type: 'Sequence',
      pretokenizers: [
        split(
          "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
        ),
        byteLevel(spaceFirst, false),
      ],
    }),
    plainSpecial: false,
  },
};

/** The class that reads tokenizer.json as it is. */
export const PLAIN = 'TokenizersBackend';

/** The class that is for a type of model, whatever class its tokenizer names, but for another one that is known. */
const CLASS_OF_TYPE: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({
    [PLAIN]:
      'arctic aria chatlm ernie4_5 ernie4_5_moe flex_olmo fuyu glm glm4 glm4_moe glm4_moe_lite glm4v glm4v_moe gpt_bigcode granite granitemoe granitemoehybrid granitemoeshared h2ovl_chat hyperclovax hyperclovax_vlm internlm2 internlm3 iquestcoder jamba kimi_k25 kimi_linear llava llava_next mimo_v2_flash minicpm3 minicpmv minimax_m2 ministral ministral3 mistral mistral3 mistral_large4 mixtral modernbert modernbert-decoder molmo molmo2 nemotron nvfp4 olmo2 olmo3 olmo_hybrid opencua openvla paddleocr_vl persimmon phi3 phi3_v phimoe pixtral smolvlm stablelm step3_vl vipllava voxtral',
    Qwen2Tokenizer:
      'hunyuan_vl internvl ovis2 qwen2 qwen2_5_omni qwen2_5_vl qwen2_audio qwen2_moe qwen2_vl qwen3 qwen3_moe qwen3_next qwen3_omni_moe qwen3_vl qwen3_vl_moe',
    Qwen3_5Tokenizer: 'qwen3_5 qwen3_5_moe qwen3_5_moe_text qwen3_5_text qwen4_exp',
    GPT2Tokenizer: 'codegen dbrx emu3 gpt2 gpt_neo gptj hyperclovax_vision_v2 jais2 opt phi starcoder2',
    GemmaTokenizer: 'gemma gemma2 gemma3 gemma3_text gemma3n gemma3n_text recurrent_gemma shieldgemma2 zaya',
    GPTNeoXTokenizer: 'falcon_mamba gpt_neox mamba mamba2 mpt olmo olmoe rwkv xlstm',
    CohereTokenizer: 'aya_vision cohere cohere2',
    CodeLlamaTokenizer: 'code_llama',
    XGLMTokenizer: 'xglm',
    BertTokenizer: 'bert',
    RobertaTokenizer: 'roberta',
    OpenAIGPTTokenizer: 'openai-gpt',
    LlamaTokenizer: 'idefics idefics2',
  }).flatMap(([name, types]) => types.split(' ').map((type) => [type, name] as const)),
);

/** Types of models whose tokenizers are known to name a wrong class. */
const WRONG = new Set(
  'arctic chatlm ernie4_5 ernie4_5_moe fuyu h2ovl_chat hyperclovax hyperclovax_vision_v2 hyperclovax_vlm internlm2 internlm3 iquestcoder jamba llava llava_next minicpm3 minicpmv minimax_m2 modernbert modernbert-decoder molmo molmo2 nemotron nvfp4 opencua openvla paddleocr_vl phi3 phi3_v phimoe qwen2 qwen3_5 qwen3_5_moe qwen3_5_moe_text qwen4_exp smolvlm step3_vl vipllava'.split(
    ' ',
  ),
);

/** Parts of a normalizer, itself where it is no sequence. */
const partsAt = (part: unknown): readonly unknown[] =>
  isRecord(part) && Array.isArray(part.normalizers) ? (part.normalizers as unknown[]) : [part];

/** Older files do not say it. */
const modelKind = ({ model }: TokenizerJson): unknown =>
  model?.type ?? (model?.merges === undefined ? undefined : 'BPE');

/** The class that Transformers takes. @param config tokenizer_config.json @param model config.json */
export function classOf(json: TokenizerJson, config: Config, model: Config): string {
  const text = (value: unknown): string | undefined =>
    typeof value === 'string' ? value.replace(/Fast$/, '') : undefined;
  const named = text(config.tokenizer_class) ?? text(model.tokenizer_class);
  const type = typeof model.model_type === 'string' ? model.model_type : '';
  const ofType = Object.hasOwn(CLASS_OF_TYPE, type) ? CLASS_OF_TYPE[type] : undefined;
  const isWrong = WRONG.has(type);
  if (named === undefined) return ofType ?? PLAIN;
  if (named === 'LlamaTokenizer' && !isWrong && isByteLevel(json)) return PLAIN;
  if (ofType === undefined || ofType === named) return named;
  return ofType === PLAIN ? PLAIN : isWrong ? ofType : named;
}

const isByteLevel = ({ pre_tokenizer, post_processor, normalizer, decoder }: TokenizerJson): boolean =>
  [pre_tokenizer, post_processor, normalizer, decoder].some((part) => kindsOf(part).includes('ByteLevel'));
