import { isObject, type Json } from '../json.js';
import { unsupported } from '../source.js';
import { type Configuration, show } from './configuration.js';

/** How queries and keys are turned: angle = position x frequency. After transformers' modeling_rope_utils.py. */
export interface Rotary {
  /** Leading dimensions of a head that turn; the others pass. Even. */
  readonly dims: number;
  /** Which dimensions turn together: (0, 1), (2, 3) ... or else those of the first half with those of the second. */
  readonly interleaved: boolean;
  /** [dims / 2] */
  readonly frequencies: readonly number[];
  /** Cosines and sines are multiplied by this. */
  readonly factor: number;
  /** Other frequencies for sequences of more than `length` positions, for all of their positions. */
  readonly beyond?: { readonly length: number; readonly frequencies: readonly number[] };
  /**
   * Frequencies that fall with the length n of sequences of more than `length` positions: each times
   * (by n / length - (by - 1)) ^ exponent.
   */
  readonly stretch?: { readonly length: number; readonly by: number; readonly exponents: readonly number[] };
}

export interface RotaryOptions {
  readonly headSize: number;
  readonly interleaved?: boolean;
  /** Whether the architecture can turn a part of a head; else such a configuration is refused. */
  readonly partial?: boolean;
  /** Dimensions that turn, where the configuration counts them itself. */
  readonly dims?: number;
  /** transformers 5 keeps parameters for each kind of layer apart. */
  readonly layerType?: 'full_attention' | 'sliding_attention';
  /** Another base, for configurations that state it under a name of its own. */
  readonly theta?: number;
  /** Whether the scaling "dynamic" has a wider base, by "alpha". */
  readonly alpha?: boolean;
  /** Whether `rope_scaling` is meant for these layers. */
  readonly scaled?: boolean;
}

/** Of a head; sizes come from a file, and the frequencies are made before the tensors are looked at. */
const MOST_DIMENSIONS = 2 ** 16;

/** What the configuration says of rotation. @throws ModelError `unsupported` for a scaling that is not described. */
export function rotaryOf(c: Configuration, options: RotaryOptions): Rotary {
  const { headSize, interleaved = false, layerType, scaled = true } = options;
  const all = c.object('rope_parameters'); // transformers 5 has base and scaling there
  const nested = layerType === undefined ? undefined : all?.[layerType];
  const own = isObject(nested) ? nested : all;
  const stated = c.object('rope_scaling') ?? undefined;
  const scaling = isObject(nested) ? nested : scaled ? (own ?? stated ?? {}) : {};
  const inside = numberIn(own ?? {}, 'rope_theta');
  const outside = options.theta ?? c.optionalNumber('rope_theta', 'rotary_emb_base');
  const theta = (isObject(nested) ? inside : options.theta) ?? inside ?? outside ?? 10000;
  const part =
    c.optionalNumber('partial_rotary_factor', 'rotary_pct', 'rope_pct') ?? numberIn(own ?? {}, 'partial_rotary_factor');
  const dims =
    options.dims ??
    (options.partial === true
      ? Math.floor(headSize * (numberIn(own ?? {}, 'partial_rotary_factor') ?? part ?? 1))
      : headSize);
  const proportional = scaling.rope_type === 'proportional';
  if (options.partial !== true && part !== undefined && part !== 1 && !proportional)
    throw unsupported(`${c.modelType} with a partial rotation (${part}) is not described.`);
  if (!(theta > 0) || dims < 2 || dims > headSize || dims % 2 !== 0 || dims > MOST_DIMENSIONS)
    throw unsupported(`A rotation of ${dims} of ${headSize} dimensions with base ${theta} cannot be computed.`);
  return { dims, interleaved, ...scaledFrequencies(c, scaling, dims, theta, options.alpha === true) };
}

function scaledFrequencies(
  c: Configuration,
  scaling: Json,
  dims: number,
  theta: number,
  alpha: boolean,
): Omit<Rotary, 'dims' | 'interleaved'> {
  const half = dims / 2;
  const plain = (base = theta): number[] => Array.from({ length: half }, (_, i) => base ** ((-2 * i) / dims));
  const type = scaling.rope_type ?? scaling.type ?? 'default';
  const longest = (): number => c.count('max_position_embeddings', 'n_positions', 'max_seq_len');
  const known = (...names: readonly string[]): void => {
    for (const [name, value] of Object.entries(scaling))
      if (value !== null && !COMMON.has(name) && !names.includes(name))
        throw unsupported(`"${name}" in the rotary scaling ${show(type)} is not described.`);
  };
  const needed = (name: string): number => {
    const value = numberIn(scaling, name);
    if (value === undefined) throw unsupported(`The rotary scaling ${show(type)} has no "${name}".`);
    return value;
  };
  switch (type) {
    case 'default':
    case 'mrope': // text alone has the same position on all three axes
      known('mrope_section', 'mrope_interleaved', 'interleaved');
      return { frequencies: plain(), factor: 1 };
    case 'proportional': {
      // Frequencies of the whole head, of which the last ones are 0.
      known('factor');
      const turning = Math.floor((dims * (numberIn(scaling, 'partial_rotary_factor') ?? 1)) / 2);
      const by = numberIn(scaling, 'factor') ?? 1;
      return { frequencies: plain().map((f, i) => (i < turning ? f / by : 0)), factor: 1 };
    }
    case 'linear': {
      known('factor');
      const by = needed('factor');
      return { frequencies: plain().map((f) => f / by), factor: 1 };
    }
    case 'dynamic': {
      if (dims < 4) throw unsupported(`The rotary scaling "dynamic" needs more than ${dims} dimensions.`);
      if (alpha && numberIn(scaling, 'alpha') !== undefined) {
        // Hunyuan's is a wider base, whatever the length; what else it states is not read.
        known('factor', 'alpha', 'beta_fast', 'beta_slow', 'mscale', 'mscale_all_dim');
        return { frequencies: plain(theta * needed('alpha') ** (dims / (dims - 2))), factor: 1 };
      }
      known('factor', 'original_max_position_embeddings');
      const exponents = plain().map((_, i) => (-2 * i) / (dims - 2));
      return { frequencies: plain(), factor: 1, stretch: { length: longest(), by: needed('factor'), exponents } };
    }
    case 'llama3': {
      known('factor', 'low_freq_factor', 'high_freq_factor', 'original_max_position_embeddings');
      const [by, low, high] = [needed('factor'), needed('low_freq_factor'), needed('high_freq_factor')];
      const old = needed('original_max_position_embeddings');
      const frequencies = plain().map((f) => {
        const wave = (2 * Math.PI) / f;
        if (wave > old / low) return f / by;
        if (wave < old / high) return f;
        const smooth = (old / wave - low) / (high - low);
        return ((1 - smooth) * f) / by + smooth * f;
      });
      return { frequencies, factor: 1 };
    }
    case 'yarn':
      known(
        ...['factor', 'attention_factor', 'beta_fast', 'beta_slow', 'mscale', 'mscale_all_dim', 'truncate'],
        'original_max_position_embeddings',
      );
      return yarn(scaling, plain(), dims, theta, needed('factor'), longest);
    case 'longrope':
    case 'su': {
      known('factor', 'short_factor', 'long_factor', 'attention_factor', 'original_max_position_embeddings');
      const original =
        c.optionalCount('original_max_position_embeddings') ?? numberIn(scaling, 'original_max_position_embeddings');
      const old = original ?? longest();
      const stated = numberIn(scaling, 'factor');
      const by = original === undefined ? needed('factor') : longest() / original;
      // Releases of transformers differ in which of the two they take.
      if (
        stated !== undefined &&
        Math.abs(stated - by) > 1e-6 * by &&
        numberIn(scaling, 'attention_factor') === undefined
      )
        throw unsupported(`The rotary scaling "longrope" states a factor of ${stated}, but its lengths one of ${by}.`);
      const factors = (name: string): number[] => {
        const list = scaling[name];
        if (
          !Array.isArray(list) ||
          list.length !== half ||
          !list.every((x): x is number => typeof x === 'number' && x > 0)
        )
          throw unsupported(`The rotary scaling "longrope" needs ${half} numbers as "${name}".`);
        return list;
      };
      const divided = (by: readonly number[]): number[] => plain().map((f, i) => f / (by[i] ?? 1));
      return {
        frequencies: divided(factors('short_factor')),
        factor: numberIn(scaling, 'attention_factor') ?? (by <= 1 ? 1 : Math.sqrt(1 + Math.log(by) / Math.log(old))),
        beyond: { length: old, frequencies: divided(factors('long_factor')) },
      };
    }
    default:
      throw unsupported(`The rotary scaling ${show(type)} is not described.`);
  }
}

function yarn(
  scaling: Json,
  plain: readonly number[],
  dims: number,
  theta: number,
  by: number,
  longest: () => number,
): Omit<Rotary, 'dims' | 'interleaved'> {
  const old = numberIn(scaling, 'original_max_position_embeddings') ?? longest();
  const magnitude = (weight = 1): number => (by <= 1 ? 1 : 0.1 * weight * Math.log(by) + 1);
  const [m, all] = [numberIn(scaling, 'mscale'), numberIn(scaling, 'mscale_all_dim')];
  const ofAll = m !== undefined && m !== 0 && all !== undefined && all !== 0;
  const factor = numberIn(scaling, 'attention_factor') ?? (ofAll ? magnitude(m) / magnitude(all) : magnitude());
  /** The dimension that turns so often within the original length. */
  const dimension = (turns: number): number => (dims * Math.log(old / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  let [low, high] = [
    dimension(orElse(numberIn(scaling, 'beta_fast'), 32)),
    dimension(orElse(numberIn(scaling, 'beta_slow'), 1)),
  ];
  if (scaling.truncate !== false) [low, high] = [Math.floor(low), Math.ceil(high)];
  [low, high] = [Math.max(low, 0), Math.min(high, dims - 1)];
  if (low === high) high += 0.001;
  const frequencies = plain.map((f, i) => {
    const ramp = Math.min(1, Math.max(0, (i - low) / (high - low)));
    return (f / by) * ramp + f * (1 - ramp);
  });
  return { frequencies, factor };
}

/** transformers takes a 0 for nothing. */
const orElse = (value: number | undefined, other: number): number =>
  value === undefined || value === 0 ? other : value;

/** What stands beside a scaling whatever its kind. */
const COMMON: ReadonlySet<string> = new Set(['rope_type', 'type', 'rope_theta', 'partial_rotary_factor']);

function numberIn(object: Json, name: string): number | undefined {
  const value = object[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw unsupported(`"${name}" of the rotary scaling should be a number.`);
}
