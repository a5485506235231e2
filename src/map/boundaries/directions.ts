import * as v from 'valibot';
import { Fault } from '../fault.js';
import { LIMITS } from '../limits.js';
import { sourceSchema, textsSchema, type VectorSource, whole } from '../vectorSource.js';

/** Directions from a state, along which it is asked where the winner flips. */
export type DirectionSet =
  /** Both ways along both axes of the plane. */
  | { readonly kind: 'axes' }
  /** Random directions, every other one the opposite of the one before. */
  | { readonly kind: 'random'; readonly count: number; readonly seed: number }
  /** Random directions that are spread as real states are, around their mean; null: of the texts that come with the program. */
  | {
      readonly kind: 'covariance';
      readonly count: number;
      readonly seed: number;
      readonly texts: readonly string[] | null;
    }
  /** To the hidden state of a prompt or the mean of several, or along the row of a token or any vector. */
  | { readonly kind: 'toward'; readonly source: VectorSource };

/** What is asked of a state's boundaries. */
export interface BoundaryQuestion {
  /** The nearest boundaries that are wanted, 0 ... 100. */
  readonly nearest: number;
  readonly directions: readonly DirectionSet[];
  /** Equal steps along a direction where it is stepped. */
  readonly steps: number;
  /** How far it is stepped, in norms of the state. */
  readonly reach: number;
}

export const BOUNDARY_LIMITS = { nearest: 100, directions: 2000, steps: 100_000, reach: 1000 } as const;
export const DEFAULT_QUESTION: BoundaryQuestion = { nearest: 5, directions: [], steps: 400, reach: 8 };

/** What is asked of all layers where nothing is said: coarser than of one, since there are many. */
export const CURVE_QUESTION: BoundaryQuestion = {
  nearest: 1,
  directions: [{ kind: 'random', count: 16, seed: 0 }],
  steps: 100,
  reach: 4,
};

const count = whole('the count of directions', 1, BOUNDARY_LIMITS.directions);
const seed = whole('seed', 0, LIMITS.seed);

const questionSchema = v.object({
  nearest: whole('the count of nearest boundaries', 0, BOUNDARY_LIMITS.nearest),
  directions: v.pipe(
    v.array(
      v.variant('kind', [
        v.object({ kind: v.literal('axes') }),
        v.object({ kind: v.literal('random'), count, seed }),
        v.object({ kind: v.literal('covariance'), count, seed, texts: v.nullable(textsSchema) }),
        v.object({ kind: v.literal('toward'), source: sourceSchema }),
      ]),
      'the directions must be a list',
    ),
    v.check((sets) => directionCount(sets) <= BOUNDARY_LIMITS.directions, 'there are more than 2000 directions'),
  ),
  steps: whole('steps', 1, BOUNDARY_LIMITS.steps),
  reach: v.pipe(
    v.number('reach must be a number'),
    v.check((reach) => reach > 0 && reach <= BOUNDARY_LIMITS.reach, 'reach must be above 0 and at most 1000'),
  ),
});

const directionCount = (sets: readonly { readonly kind: string; readonly count?: number }[]): number =>
  sets.reduce((sum, set) => sum + (set.kind === 'axes' ? 4 : (set.count ?? 1)), 0);

/** Checks what came from anywhere. @throws Fault `bad-parameter` */
export function parseQuestion(data: unknown): BoundaryQuestion {
  const result = v.safeParse(questionSchema, data);
  if (result.success) return result.output;
  const message = result.issues[0].message;
  throw new Fault({ code: 'bad-parameter', message: `${message.charAt(0).toUpperCase()}${message.slice(1)}.` });
}

/** Spread of the flips along the directions of a set. */
export interface FlipSpread {
  readonly count: number;
  readonly flipped: number;
  /** In norms of the state; directions that do not flip count as farther than all. null: they do not flip. */
  readonly median: number | null;
  readonly least: number | null;
}

/** @param relative of each direction, in norms of the state; null where it does not flip */
export function flipSpread(relative: readonly (number | null)[]): FlipSpread {
  const sorted = relative.map((value) => value ?? Infinity).sort((a, b) => a - b);
  const at = (place: number): number => sorted[place] ?? Infinity;
  const middle = (sorted.length - 1) / 2;
  const median = (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2;
  const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
  return {
    count: relative.length,
    flipped: relative.filter((value) => value !== null).length,
    median: finite(median),
    least: finite(at(0)),
  };
}
