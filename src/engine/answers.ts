import { dot, type Plane } from '../map/plane.js';
import type { AffineMap } from './affine.js';
import type { GraphTops, Tops } from './cellRunner.js';
import type { Asked } from './question.js';

/** What answers are made of: numbers of a cell, by the place of functional or set among those that are asked of. */
interface Told {
  functional(cell: number, at: number): number;
  share(cell: number, at: number): number;
  /** The cell's vector times the direction of the question of this number. */
  product(cell: number, question: number): number;
}

/**
 * The answers of cells to all questions, [cells * questions], a cell's side by side.
 * @param probabilities [cells * k], of `entropy.length` cells
 */
export function answersOf(
  asked: readonly Asked[],
  { probabilities, entropy }: Pick<Tops, 'probabilities' | 'entropy'>,
  told: Told,
): Float32Array {
  const count = entropy.length;
  const k = probabilities.length / count;
  const answers = new Float32Array(count * asked.length);
  let [functionals, sets] = [0, 0];
  asked.forEach((one, q) => {
    const at = one.of === 'logits' ? functionals++ : one.of === 'set' ? sets++ : 0;
    const answer = (cell: number): number => {
      if (one.of === 'logits') return one.answer(told.functional(cell, at), probabilities[cell * k] ?? 0);
      return one.of === 'set' ? told.share(cell, at) : one.answer(told.product(cell, q));
    };
    for (let cell = 0; cell < count; cell++) answers[cell * asked.length + q] = answer(cell);
  });
  return answers;
}

/** As a cut graph tells it. @param vectorAt where directions are asked for */
export function graphAnswers(
  { functional, shares, entropy }: GraphTops,
  vectorAt: (cell: number) => Float32Array = () => new Float32Array(0),
  directions: readonly Asked[] = [],
): Told {
  const count = Math.max(1, entropy.length);
  const [functionals, sets] = [functional.length / count, shares.length / count];
  return {
    functional: (cell, at) => functional[cell * functionals + at] ?? 0,
    share: (cell, at) => Math.min(1, shares[cell * sets + at] ?? 0),
    product: (cell, question) => {
      const one = directions[question];
      return one?.of === 'vector' ? dot(vectorAt(cell), one.direction) : 0;
    },
  };
}

/** The products of a plane's vectors with the directions that are asked for: three numbers each. */
export function productsOn(plane: Plane, asked: readonly Asked[]): (x: number, y: number, question: number) => number {
  const products = asked.map((one) =>
    one.of === 'vector' ? [plane.c, plane.u, plane.v].map((p) => dot(p, one.direction)) : [],
  );
  return (x, y, question) => {
    const [c = 0, u = 0, v = 0] = products[question] ?? [];
    return c + x * u + y * v;
  };
}

/** What three rows say of cells, which stand at `place`. */
export type AffineAnswers = (tops: Tops, place: (cell: number) => readonly [x: number, y: number]) => Told;

/** What three rows say of the questions; undefined where a soft-cap would have it computed logit by logit. */
export function affineAnswers(affine: AffineMap, asked: readonly Asked[], plane: Plane): AffineAnswers | undefined {
  const functionals = asked.flatMap((one) => (one.of === 'logits' ? [affine.functional(one.weights)] : []));
  if (functionals.includes(undefined)) return undefined;
  const shares = asked.flatMap((one) => (one.of === 'set' ? [affine.share(one.ids)] : []));
  const along = productsOn(plane, asked);
  return ({ ids, probabilities, entropy }, place) => {
    const k = ids.length / entropy.length;
    return {
      functional: (cell, at) => functionals[at]?.(...place(cell), ids[cell * k] ?? 0) ?? 0,
      share: (cell, at) => shares[at]?.(...place(cell), ids[cell * k] ?? 0, probabilities[cell * k] ?? 0) ?? 0,
      product: (cell, question) => along(...place(cell), question),
    };
  };
}
