import { t } from '@vscode/l10n';
import { type ChangesBy, DIVERGENCE_NAMES, divergenceBits } from '../../src/map/compare/divergenceScale.js';
import { formatBits, formatCount, formatFixed, formatPercent, formatPoints } from '../../src/map/numbers.js';
import type { Derived } from '../derived.js';
import { h } from '../dom.js';
import { createListRest } from '../listRest.js';
import { cssColor, legendColor } from '../map/paint.js';
import { placeRow, placeRows } from '../placeRows.js';
import { anyOf, type PageState, type Store } from '../store.js';
import { tokenText } from '../tokenText.js';
import { divergenceOf, largestChanges } from './changes.js';
import type { Changes, Pair } from './pair.js';

/** Rows that are made at most. */
const MOST_ROWS = 200;

/** The numbers of a comparison, and the pairs of tokens that change. A row outlines its cells. */
export function createChangesTable(store: Store, derived: Derived): HTMLElement {
  const numbers = h('dl', { class: 'change-numbers' });
  const body = h('tbody');
  const rest = createListRest();
  const table = h(
    'table',
    { class: 'tokens changes', 'aria-label': t('Largest changes') },
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        h('th', { scope: 'col' }, t('Largest changes')),
        h('th', { scope: 'col', class: 'bar-cell' }, h('span', { class: 'only-spoken' }, t('Bar'))),
        h('th', { scope: 'col', class: 'number' }, t('cells')),
      ),
    ),
    body,
  );
  const element = h(
    'section',
    { class: 'changes-pane', 'aria-label': t('Changes') },
    numbers,
    h(
      'div',
      { class: 'changes-body', tabindex: 0, role: 'region', 'aria-label': t('Largest changes') },
      table,
      rest.element,
    ),
  );

  const list = placeRows(body, (outlined) => store.set({ outlined }));

  let filled: unknown;
  let scale: unknown;
  let told: unknown;
  let by: unknown;
  store.onDraw((state, changed) => {
    const { map } = state;
    if (!anyOf(changed, 'map', 'theme', 'host', 'ui') || !map?.changes) return;
    const now = derived.scale(state);
    const { changesBy } = state.ui;
    if (map !== told || changesBy !== by) numbers.replaceChildren(...numbersOf(map.changes, changesBy));
    [told, by] = [map, changesBy];
    // Divergences that come change nothing of the pairs.
    if (map.changes.pairs === filled && now === scale) return;
    [filled, scale] = [map.changes.pairs, now];
    fill(map.changes, state);
  });

  const fill = (changes: Changes, state: PageState): void => {
    const largest = largestChanges(changes);
    const most = largest[0]?.pair.cells ?? 1;
    list.fill(
      largest.slice(0, MOST_ROWS).map(({ pair, number }, i) => {
        const bar = h('span', { class: 'bar' });
        bar.style.setProperty('--part', String(pair.cells / most));
        return placeRow(
          number,
          i === 0,
          {},
          h('th', { scope: 'row' }, ...named(pair, state)),
          h('td', { class: 'bar-cell', 'aria-hidden': 'true' }, bar),
          h('td', { class: 'number' }, formatCount(pair.cells)),
        );
      }),
    );
    rest.update(largest.length, MOST_ROWS, t('No cell has another token.'));
  };

  const named = ({ from, to }: Pair, state: PageState): (Node | string)[] => {
    const coloring = derived.coloring({ ...state, ui: { ...state.ui, colorBy: 'token' } });
    const swatch = (text: string): HTMLElement => {
      const one = h('span', { class: 'swatch', 'aria-hidden': 'true' });
      if (coloring)
        one.style.backgroundColor = cssColor(legendColor(coloring, derived.scale(state), 0.6, derived.slotOf(text)));
      return one;
    };
    return [
      swatch(from.text),
      tokenText(from),
      h('span', { class: 'faint change-arrow' }, ' → '),
      swatch(to.text),
      tokenText(to),
    ];
  };
  return element;
}

/** What a comparison comes to, in numbers. */
function numbersOf(changes: Changes, by: ChangesBy): HTMLElement[] {
  const { agreement } = changes;
  const { changed, real, meanIou, weightedIou, meanProbabilityDifference, entropyDifference, medianMargin } = agreement;
  const line = (name: string, value: string, title: string): HTMLElement[] => [
    h('dt', { title }, name),
    h('dd', { title }, value),
  ];
  const { mean, meanAbsolute } = entropyDifference;
  const points = (margin: number | undefined): string => (margin === undefined ? '–' : formatPoints(margin));
  const divergence = divergenceOf(changes, by);
  return [
    ...(divergence && by !== 'change'
      ? line(
          by === 'js' ? 'JS' : 'KL',
          t('mean {0}, largest {1}', divergenceBits(divergence.spread.mean), divergenceBits(divergence.spread.most)),
          t(
            '{0}, over the whole vocabulary, of {1} cells.',
            DIVERGENCE_NAMES[by],
            formatCount(divergence.spread.known),
          ),
        )
      : []),
    ...line(
      t('Real'),
      t('{0}, {1} within rounding', formatCount(real), formatCount(changed - real)),
      t(
        'A change is real where one of the two maps is clear of a tie; the others could be otherwise on another processor.',
      ),
    ),
    ...line(
      t('Regions'),
      t('{0} IoU, {1} unweighted', formatPercent(weightedIou), formatPercent(meanIou)),
      t(
        'Cells that a token has on both maps, of those that it has on either: the mean over tokens, weighted by cells and not.',
      ),
    ),
    ...line(
      t('Apart'),
      t('{0}, entropy {1}{2}', formatPoints(meanProbabilityDifference), mean > 0 ? '+' : '', formatBits(mean)),
      t('Mean difference of the winners’ probability, and of the entropy ({0} in size).', formatBits(meanAbsolute)),
    ),
    ...line(
      t('Margins'),
      t('{0} where it changes, {1} elsewhere', points(medianMargin.a.changed), points(medianMargin.a.unchanged)),
      t(
        'Median lead of the first token over the second, on the first map. On the second: {0} and {1}.',
        points(medianMargin.b.changed),
        points(medianMargin.b.unchanged),
      ),
    ),
  ];
}

/** `10.9% agreement`, and of how many cells. */
export function agreementText({ agreement: { compared, changed } }: Changes): {
  readonly part: string;
  readonly of: string;
} {
  const kept = compared - changed;
  return {
    part: compared === 0 ? '–' : formatFixed((100 * kept) / compared, 1) + '%',
    of: t('{0} of {1} cells keep their token', formatCount(kept), formatCount(compared)),
  };
}
