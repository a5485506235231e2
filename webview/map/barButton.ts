import { t } from '@vscode/l10n';
import type { Coloring } from '../../src/map/coloring.js';
import type { Derived } from '../derived.js';
import { h, setAttributes, show } from '../dom.js';
import type { Store } from '../store.js';
import type { Frame } from './frame.js';

/** Fits the colors to what the map holds, or spreads them over all that there can be again. */
export function toggleRange(store: Store, derived: Derived): void {
  const coloring = derived.coloring(store.state);
  if (coloring) store.setUi({ colorRange: coloring.whole ? 'auto' : '0-1' });
}

/** What a click on the bar does. */
export const rangeAction = (whole: boolean): string =>
  whole ? t('Fit Colors to This Map') : t('Colors over the Whole Scale');

/** How far a click reaches beside the bar, in px. */
const BESIDE = 6;

/** The color bar as a button, over the bar that is drawn. */
export class BarButton {
  readonly element: HTMLButtonElement;

  constructor(store: Store, derived: Derived) {
    this.element = h('button', { type: 'button', class: 'bar-button', hidden: true });
    this.element.addEventListener('click', () => toggleRange(store, derived));
  }

  /** Lays it over a bar; undefined: there is none. */
  place(bar: Frame | undefined, coloring: Coloring | undefined): void {
    const { element } = this;
    show(element, bar !== undefined && coloring !== undefined);
    if (!bar || !coloring) return;
    const { name, whole, ticks } = coloring;
    const ends = t('{0} to {1}', ticks[0]?.text ?? '', ticks.at(-1)?.text ?? '');
    setAttributes(element, {
      'aria-label': `${name}, ${ends}: ${rangeAction(whole)}`,
      'aria-pressed': String(!whole),
      title: `${name}, ${ends}\n${rangeAction(whole)} (F)`,
    });
    Object.assign(element.style, {
      left: `${bar.left - BESIDE}px`,
      top: `${bar.top}px`,
      width: `${bar.width + 2 * BESIDE}px`,
      height: `${bar.height}px`,
    });
  }
}
