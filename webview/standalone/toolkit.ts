import { h, setText } from '../dom.js';
import type * as toolkit from '../toolkit.js';

/** Stands in for `../toolkit.ts`, which brings VS Code's elements. */

export const createBadge: typeof toolkit.createBadge = () => {
  const element = h('span', { class: 'badge', role: 'note' });
  return { element, update: (text) => setText(element, text) };
};
