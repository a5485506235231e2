import { SPACE_GLYPH, tokenSegments, tokenSpoken } from '../src/map/display.js';
import type { Token } from '../src/map/token.js';
import { h } from './dom.js';

/** A token as it is drawn in text; a screen reader gets its spoken form. Tokens are untrusted: only text nodes are made. */
export function tokenText(token: Token): HTMLElement {
  const seen = h('span', { 'aria-hidden': 'true' });
  for (const segment of tokenSegments(token)) {
    if (segment.text === SPACE_GLYPH) seen.append(h('span', { class: 'space' }));
    else if (segment.kind === 'glyph') seen.append(h('span', { class: 'glyph' }, segment.text));
    else seen.append(h('bdi', {}, segment.text));
  }
  return h('span', { class: 'token' }, seen, h('span', { class: 'only-spoken' }, tokenSpoken(token)));
}
