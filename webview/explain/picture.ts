import { h, setAttributes } from '../dom.js';

/** A shape of a small picture: a path, or a circle or a text at a place. `look`: line, soft, fill or accent. */
export type Shape =
  | { readonly d: string; readonly look: Look }
  | { readonly at: readonly [x: number, y: number]; readonly r: number; readonly look: Look }
  | { readonly at: readonly [x: number, y: number]; readonly text: string; readonly look?: Look };
type Look = 'line' | 'soft' | 'dashed' | 'fill' | 'accent' | 'dark' | 'middle' | 'pale';

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 224;
const HEIGHT = 56;

/** A small drawing of 224 x 56 px, which the sentence beside it says in words. */
export function createPicture(shapes: readonly Shape[]): HTMLElement {
  const svg = document.createElementNS(SVG, 'svg');
  setAttributes(svg, { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT, focusable: 'false' });
  for (const shape of shapes) {
    const kind = 'd' in shape ? 'path' : 'r' in shape ? 'circle' : 'text';
    const element = document.createElementNS(SVG, kind);
    if ('d' in shape) setAttributes(element, { d: shape.d });
    else if ('r' in shape) setAttributes(element, { cx: shape.at[0], cy: shape.at[1], r: shape.r });
    else {
      setAttributes(element, { x: shape.at[0], y: shape.at[1], 'text-anchor': 'middle' });
      element.textContent = shape.text;
    }
    setAttributes(element, { class: `shape-${shape.look ?? 'text'}` });
    svg.append(element);
  }
  const holder = h('div', { class: 'explanation-picture', 'aria-hidden': 'true' });
  holder.append(svg);
  return holder;
}

/** A box from its corner. */
export const box = (x: number, y: number, width: number, height: number): string =>
  `M${x} ${y}h${width}v${height}h${-width}z`;

/** A letter in a circle, as anchors of the plane wear it. */
export const anchor = (letter: string, x: number, y: number): Shape[] => [
  { at: [x, y], r: 8, look: 'line' },
  { at: [x, y + 3.5], text: letter },
];
