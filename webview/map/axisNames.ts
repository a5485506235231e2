import { safeText } from '../../src/map/display.js';
import type { PlaneParameters } from '../../src/map/specification.js';
import { axisLabel } from '../controls/plane.js';
import { sourceText } from '../controls/sourceKinds.js';

/** What the axes of a plane are called: `x   (1 = B, “The largest city of Germany is”)`. */
export function axisNames(plane: PlaneParameters): { readonly x: string; readonly y: string } {
  const { axes } = plane;
  if (axes.method === 'pca_basis') return { x: 'x   (first component)', y: 'y   (second component)' };
  if (axes.method === 'direct')
    return { x: `x   (dimension ${axes.dimensions[0]})`, y: `y   (dimension ${axes.dimensions[1]})` };
  if (axes.method === 'replicated') return { x: 'x   (even dimensions)', y: 'y   (odd dimensions)' };
  if (axes.method !== 'directions') return { x: 'x', y: 'y' };
  const name = (axis: 'x' | 'y'): string => {
    const what = safeText(sourceText(axes[axis], 48), 64);
    const badge = axis === 'x' ? 'B' : 'C';
    return axisLabel(axis, axes[axis], plane).endsWith('= 1')
      ? `${axis}   (1 = ${badge}, ${what})`
      : `${axis}   (along ${what.charAt(0).toLowerCase()}${what.slice(1)})`;
  };
  return { x: name('x'), y: name('y') };
}
