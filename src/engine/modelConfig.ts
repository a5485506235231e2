import { readFileSync, statSync } from 'node:fs';
import { isRecord, parseJson } from '../map/json.js';

/** What config.json or genai_config.json states; everything may be missing. */
export interface ModelConfig {
  readonly modelType: string | null;
  readonly layers: number | undefined;
  readonly hiddenSize: number | undefined;
  readonly attentionHeads: number | undefined;
  readonly keyValueHeads: number | undefined;
  readonly headSize: number | undefined;
  readonly bos: number | undefined;
  /** Tokens that end a sequence. */
  readonly eos: readonly number[];
  readonly encoderDecoder: boolean;
}

/** Larger files are no configuration. */
const MAX_JSON_BYTES = 128 * 2 ** 20;

/** A JSON object from a file; an empty one where the file is missing or unreadable, since configurations only add to the graph. */
export function readJson(file: string | undefined): Record<string, unknown> {
  if (file === undefined || statSync(file).size > MAX_JSON_BYTES) return {};
  try {
    const data = parseJson(readFileSync(file, 'utf8'));
    return isRecord(data) ? data : {};
  } catch {
    return {};
  }
}

/** What stands at a path of keys; undefined where nothing does. */
export function pick(data: unknown, ...keys: string[]): unknown {
  return keys.reduce<unknown>((at, key) => (isRecord(at) ? at[key] : undefined), data);
}

/** The configuration of a model, from the files that say something of it. */
export function readConfig(
  config: string | undefined,
  genai: string | undefined,
  generation: string | undefined,
): ModelConfig {
  const whole = readJson(config);
  const text = isRecord(whole.text_config) ? { ...whole, ...whole.text_config } : whole;
  const decoder = pick(readJson(genai), 'model', 'decoder');
  const genaiModel = pick(readJson(genai), 'model');
  const generationConfig = readJson(generation);
  const number = (...values: unknown[]): number | undefined =>
    values.find((v): v is number => typeof v === 'number' && Number.isInteger(v) && v >= 0);
  const first = (value: unknown): unknown => (Array.isArray(value) ? value[0] : value);
  const hiddenSize = number(text.hidden_size, text.n_embd, text.d_model, pick(decoder, 'hidden_size'));
  const heads = number(
    text.num_attention_heads,
    text.n_head,
    text.num_heads,
    text.n_heads,
    pick(decoder, 'num_attention_heads'),
  );
  const modelType = text.model_type ?? pick(genaiModel, 'type');
  return {
    modelType: typeof modelType === 'string' ? modelType : null,
    layers: number(
      text.num_hidden_layers,
      text.n_layer,
      text.n_layers,
      text.num_layers,
      pick(decoder, 'num_hidden_layers'),
    ),
    hiddenSize,
    attentionHeads: heads,
    keyValueHeads: number(text.num_key_value_heads, pick(decoder, 'num_key_value_heads'), heads),
    headSize: number(
      text.head_dim,
      pick(decoder, 'head_size'),
      hiddenSize !== undefined && heads ? Math.floor(hiddenSize / heads) : undefined,
    ),
    bos: number(
      first(text.bos_token_id),
      first(generationConfig.bos_token_id),
      first(pick(genaiModel, 'bos_token_id')),
    ),
    eos: [text.eos_token_id, generationConfig.eos_token_id, pick(genaiModel, 'eos_token_id')]
      .flat()
      .filter((id): id is number => number(id) !== undefined),
    encoderDecoder: text.is_encoder_decoder === true,
  };
}
