import { t } from '@vscode/l10n';
import { formatFixed } from '../src/map/numbers.js';
import type { FeatureUse, ToldFeatures } from '../src/protocol/page.js';
import { h, icon, iconButton, setEnabled } from './dom.js';
import { placeRow, placeRows, rowKey } from './placeRows.js';
import { tokenText } from './tokenText.js';

type Feature = ToldFeatures['strongest'][number];

export interface FeatureTable {
  readonly element: HTMLElement;
  fill(told: ToldFeatures | null): void;
  /** @param complete the map is: axes can be laid along directions */
  update(complete: boolean): void;
}

/**
 * Features, a row each: Enter asks it of all cells; buttons, which Tab reaches behind their row, do that and lay axes.
 * @param use hears what is to be done with a feature
 */
export function createFeatureTable(use: (feature: number, to: FeatureUse) => void): FeatureTable {
  const rows = h('tbody');
  const element = h(
    'table',
    { class: 'tokens features', 'aria-label': t('Strongest features') },
    h(
      'thead',
      {},
      h('tr', {}, h('th', { scope: 'col' }, t('Feature')), h('th', { scope: 'col', class: 'number' }, t('Activation'))),
    ),
    rows,
  );
  const list = placeRows(rows, () => undefined);
  const rowOf = (target: EventTarget | null): HTMLElement | null =>
    target instanceof Element && rows.contains(target) ? target.closest('tr') : null;
  const reach = (row: HTMLElement | null): void => {
    for (const button of rows.querySelectorAll('button')) button.tabIndex = row?.contains(button) === true ? 0 : -1;
  };
  rows.addEventListener('focusin', ({ target }) => reach(rowOf(target)));
  rows.addEventListener('keydown', (event) => {
    const feature = rowKey(event);
    if (event.key !== 'Enter' || feature === null || rowOf(event.target) !== event.target) return;
    event.preventDefault();
    use(feature, 'question');
  });

  /** What lays an axis along a feature's direction. */
  let axes: { readonly button: HTMLButtonElement; readonly label: string; readonly directed: boolean }[] = [];
  const usesOf = ({ feature, directed }: Feature): HTMLElement => {
    const button = (label: string, face: HTMLElement, to: FeatureUse): HTMLElement => {
      const made = iconButton('blank', label, () => use(feature, to));
      made.replaceChildren(face);
      if (to !== 'question') axes.push({ button: made, label, directed });
      return made;
    };
    const letter = (name: string): HTMLElement => h('span', { class: 'axis-letter', 'aria-hidden': 'true' }, name);
    return h(
      'span',
      { class: 'feature-uses' },
      button(t('Color by Feature {0}', feature), icon('symbol-color'), 'question'),
      button(t('Feature {0} as the x Axis', feature), letter('x'), 'x'),
      button(t('Feature {0} as the y Axis', feature), letter('y'), 'y'),
    );
  };
  return {
    element,
    fill(told) {
      axes = [];
      const made = (told?.strongest ?? []).map((one, i) =>
        placeRow(
          one.feature,
          i === 0,
          {},
          h('th', { scope: 'row' }, `#${one.feature}`, h('span', { class: 'feature-tokens' }, ...spokenFor(one))),
          h('td', { class: 'number' }, formatFixed(one.activation, 2), usesOf(one)),
        ),
      );
      // What has the focus within a row gives it to the row, which keeps it.
      rowOf(document.activeElement)?.focus();
      list.fill(made);
      reach(rows.querySelector('tr[tabindex="0"]'));
    },
    update(complete) {
      for (const { button, label, directed } of axes)
        setEnabled(
          button,
          directed && complete,
          label,
          directed ? t('The map is not complete.') : t('the file has no decoder'),
        );
    },
  };
}

/** The tokens that a feature's direction speaks for. */
const spokenFor = ({ tokens }: Feature): (Node | string)[] =>
  tokens?.flatMap((token, i) => [...(i > 0 ? [h('span', { class: 'faint' }, ' · ')] : []), tokenText(token)]) ?? ['…'];
