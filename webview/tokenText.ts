import { SPACE_GLYPH, SPACE_PATH, SPACE_WIDTH, tokenSegments, tokenSpoken } from '../src/map/display.js';
import type { Token } from '../src/map/tokenMap.js';
import { h } from './dom.js';

const SVG = 'http://www.w3.org/2000/svg';

/** The stand-in for a space, as a path: fonts differ. */
function space(): SVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  const path = document.createElementNS(SVG, 'path');
  svg.setAttribute('class', 'space');
  svg.setAttribute('viewBox', `0 -0.6 ${SPACE_WIDTH} 0.7`);
  svg.setAttribute('aria-hidden', 'true');
  path.setAttribute('d', SPACE_PATH.d);
  svg.append(path);
  return svg;
}

/** A token as it is drawn in text; a screen reader gets its spoken form. Tokens are untrusted: only text nodes are made. */
export function tokenText(token: Token): HTMLElement {
  const seen = h('span', { 'aria-hidden': 'true' });
  for (const segment of tokenSegments(token)) {
    if (segment.text === SPACE_GLYPH) seen.append(space());
    else if (segment.kind === 'glyph') seen.append(h('span', { class: 'glyph' }, segment.text));
    else seen.append(h('bdi', {}, segment.text));
  }
  return h('span', { class: 'token' }, seen, h('span', { class: 'only-spoken' }, tokenSpoken(token)));
}
