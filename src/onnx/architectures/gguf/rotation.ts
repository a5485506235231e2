import { broken } from '../../source.js';
import type { Json } from '../../json.js';
import type { Rotary } from '../rotary.js';
import type { GgufModel, Metadata } from './metadata.js';

/** Tensors that scale frequencies. */
export const FACTORS = {
  all: 'rope_freqs.weight',
  long: 'rope_factors_long.weight',
  short: 'rope_factors_short.weight',
};
/** Of a head. */
export const MOST_DIMENSIONS = 2 ** 16;

/** What is said of rotation. */
export function ropeOf(m: Metadata, model: GgufModel): { rope: Json; divisors?: Float32Array | undefined } {
  const type = m.optionalText('rope.scaling.type') ?? 'none';
  const older = m.optionalNumber('rope.scale_linear');
  const factor = m.optionalNumber('rope.scaling.factor') ?? older;
  const original = m.optionalCount('rope.scaling.original_context_length');
  const attention = m.optionalNumber('rope.scaling.attn_factor');
  m.ignore('rope.scaling.finetuned');
  const theta = m.optionalNumber('rope.freq_base');
  const rope: Json = { rope_theta: theta ?? 10000 };
  const numbers = (name: string): number[] => [...model.numbers(name, MOST_DIMENSIONS)];
  const has = (name: string): boolean => model.tensors.has(name);
  if (has(FACTORS.long) !== has(FACTORS.short))
    throw broken(`The GGUF file holds one of "${FACTORS.long}" and "${FACTORS.short}", but not the other.`);
  if (has(FACTORS.long))
    return {
      rope: {
        ...rope,
        original_max_position_embeddings: original,
        rope_scaling: {
          rope_type: 'longrope',
          short_factor: numbers(FACTORS.short),
          long_factor: numbers(FACTORS.long),
          attention_factor: attention ?? 1,
        },
      },
    };
  if (attention !== undefined && attention !== 1) throw m.undescribed('rope.scaling.attn_factor', attention);
  if (has(FACTORS.all)) {
    if (type !== 'none') throw m.undescribed('rope.scaling.type', type);
    return { rope, divisors: model.numbers(FACTORS.all, MOST_DIMENSIONS) };
  }
  switch (type) {
    case 'none':
      if (older === undefined || older === 1) return { rope };
      return { rope: { ...rope, rope_scaling: { rope_type: 'linear', factor: older } } };
    case 'linear':
      return factor === undefined || factor === 1
        ? { rope }
        : { rope: { ...rope, rope_scaling: { rope_type: 'linear', factor } } };
    case 'yarn':
      return {
        rope: {
          ...rope,
          rope_scaling: withoutNothing({
            rope_type: 'yarn',
            factor,
            original_max_position_embeddings: original,
            beta_fast: m.optionalNumber('rope.scaling.yarn_beta_fast'),
            beta_slow: m.optionalNumber('rope.scaling.yarn_beta_slow'),
          }),
        },
      };
    default:
      throw m.undescribed('rope.scaling.type', type);
  }
}

export function adapted(rotary: Rotary, permuted: boolean, divisors: Float32Array | undefined): Rotary {
  if (divisors && divisors.length !== rotary.frequencies.length)
    throw broken(
      `"${FACTORS.all}" of the GGUF file holds ${divisors.length} numbers, where ${rotary.frequencies.length} frequencies turn.`,
    );
  return {
    ...rotary,
    interleaved: rotary.interleaved || permuted,
    frequencies: divisors ? rotary.frequencies.map((f, i) => f / (divisors[i] ?? 1)) : rotary.frequencies,
  };
}

export const withoutNothing = (config: Json): Json =>
  Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));
