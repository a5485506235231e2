import { type AxisWords, axisWords } from '../../src/map/naming.js';
import type { PageMap } from '../pageMap.js';

/** What the axes of a map's plane are called: `x   (toward B, “The largest city of Germany is”)`. */
export function axisNames({ specification, survey, finish }: PageMap): { readonly x: string; readonly y: string } {
  const known = { gram: survey?.gram ?? finish?.gram, explained: survey?.explained };
  const name = (axis: 'x' | 'y', { name: words, vector, notes }: AxisWords): string =>
    `${axis}   (${[words, ...(vector === undefined ? [] : [vector]), ...notes].join(', ')})`;
  return {
    x: name('x', axisWords(specification.plane, 'x', known, 48)),
    y: name('y', axisWords(specification.plane, 'y', known, 48)),
  };
}
