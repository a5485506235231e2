import type { FaultData } from '../src/map/fault.js';
import { h, icon } from './dom.js';

/** What the pages of files, a model's and a study's, are put together from. */

/** A quiet button that leads elsewhere. */
export function link(label: string, picture: string, act: () => void): HTMLButtonElement {
  const button = h('button', { type: 'button', class: 'link' }, icon(picture), label);
  button.addEventListener('click', act);
  return button;
}

/** What went wrong, in a box for it. */
export const faultParts = ({ message, hint }: FaultData, ...more: HTMLElement[]): HTMLElement[] => [
  icon('error'),
  h('div', {}, h('p', {}, message), ...(hint === undefined ? [] : [h('p', {}, hint)])),
  ...more,
];
