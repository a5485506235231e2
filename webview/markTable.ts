import { t } from '@vscode/l10n';
import { faithfulness, faithfulWarning, faithfulWords } from '../src/map/faithfulness.js';
import { formatTimes } from '../src/map/normsText.js';
import { formatCount, formatFixed } from '../src/map/numbers.js';
import { type Mark, type Survey, typicalNorm } from '../src/map/survey.js';
import { collapsible, isOpen } from './collapsible.js';
import { badge } from './controls/field.js';
import { h, icon, setAttributes, setText, show } from './dom.js';
import { createListRest } from './listRest.js';
import { createListSearch } from './listSearch.js';
import type { MapView } from './map/mapView.js';
import { markLines, markName } from './map/overlayMarks.js';
import { pinAt } from './pinAt.js';
import { placeRow, placeRows } from './placeRows.js';
import { anyOf, type PageState, type Store } from './store.js';
import { createBadge } from './toolkit.js';
import { tokenText } from './tokenText.js';

/** Rows that are made at most; a search finds the others. */
const MOST_ROWS = 400;

/** Anchors and overlays as a list: each shows where it stands, and Enter goes there. */
export function createMarkTable(store: Store, map: MapView): HTMLElement {
  const count = createBadge();
  const search = createListSearch(t('Find on This Plane'), t('Find on this plane'), t('Find a prompt or token'), () =>
    fill(store.state),
  );
  const body = h('tbody');
  const rest = createListRest();
  const faithIcon = icon('info');
  const faithText = h('span');
  const faith = h('p', { class: 'message note faithful', role: 'note', hidden: true }, faithIcon, faithText);
  const table = h(
    'table',
    { class: 'tokens marks', 'aria-label': t('Anchors and overlays') },
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        h('th', { scope: 'col' }, h('span', { class: 'only-spoken' }, t('What'))),
        h(
          'th',
          { scope: 'col', class: 'number', title: t('Length of the vector, as a multiple of the typical norm') },
          t('Norm'),
        ),
        h(
          'th',
          { scope: 'col', class: 'number', title: t('From the plane, as a multiple of the typical norm') },
          t('Away'),
        ),
      ),
    ),
    body,
  );
  const scroller = h(
    'div',
    { class: 'tokens-body', id: 'marks-body', tabindex: 0, role: 'region', 'aria-label': t('Anchors and overlays') },
    faith,
    table,
    rest.element,
  );
  const fold = collapsible(store, 'marks', t('On This Plane'), scroller);
  const element = h(
    'section',
    { class: 'tokens-pane marks-pane', 'aria-label': t('On this plane') },
    h(
      'div',
      { class: 'pane-header' },
      h('h2', {}, fold.header),
      count.element,
      h('span', { class: 'spring' }),
      search.button,
    ),
    search.field,
    scroller,
  );

  const list = placeRows(
    body,
    (mark) => store.set({ mark }),
    (key) => pinAt(store, map, store.state.base?.survey?.marks[key]),
  );

  const fill = ({ map: shown }: PageState): void => {
    const survey = shown?.survey;
    const marks = survey?.marks ?? [];
    count.update(formatCount(marks.length));
    setAttributes(count.element, { 'aria-label': t('{0} things', formatCount(marks.length)) });
    const counts = survey ? faithfulness(survey) : undefined;
    const warning = counts && faithfulWarning(counts);
    show(faith, counts !== undefined);
    setText(faithText, warning ?? (counts ? t('{0}; the others are hollow.', faithfulWords(counts)) : ''));
    faithIcon.className = `codicon codicon-${warning === undefined ? 'info' : 'warning'}`;
    faith.classList.toggle('warning', warning !== undefined);
    if (!survey) return list.fill([]);
    const query = search.query();
    const found = marks
      .map((mark, i) => ({ mark, i }))
      .filter(({ mark }) => !query || `${markName(mark)} ${mark.token?.text ?? ''}`.toLowerCase().includes(query));
    list.fill(found.slice(0, MOST_ROWS).map(({ mark, i }, row) => rowFor(mark, i, row, survey)));
    rest.update(found.length, MOST_ROWS, t('Nothing found'));
  };

  let filled: Survey | null | undefined;
  store.onDraw((state, changed) => {
    const survey = state.map?.survey ?? null;
    show(element, (survey?.marks.length ?? 0) > 0);
    const open = isOpen(store, 'marks');
    fold.update(open);
    show(search.button, open);
    if (!open) search.hide();
    if (survey !== filled) fill(state);
    filled = survey;
    if (anyOf(changed, 'mark')) list.mark(state.mark);
  });
  return element;
}

function rowFor(mark: Mark, index: number, row: number, survey: Survey): HTMLElement {
  const typical = survey.norms ? typicalNorm(survey.norms) : 0;
  const times = (length: number): string => (typical > 0 ? formatTimes(length / typical) : formatFixed(length, 1));
  const name =
    mark.kind === 'anchor'
      ? markName(mark).replace(/^[ABC] /, '')
      : mark.token && (mark.kind === 'positions' || mark.kind === 'rows')
        ? tokenText(mark.token)
        : markName(mark);
  return placeRow(
    index,
    row === 0,
    { title: markLines(mark, survey).join('\n') },
    h('th', { scope: 'row' }, ...(mark.badge ? [badge(mark.badge)] : []), name),
    h('td', { class: 'number faint' }, times(mark.norm)),
    h('td', { class: 'number faint' }, times(mark.distance)),
  );
}
