import { t } from '@vscode/l10n';
import { tokenText as plainToken } from '../src/map/display.js';
import { formatPercent } from '../src/map/numbers.js';
import { answerOf, questionsOf } from '../src/map/questions.js';
import { createAnswers } from './answers.js';
import { placeOfCell, ranking } from './cell.js';
import { createCellFacts } from './cellFacts.js';
import type { Derived } from './derived.js';
import { h, icon, iconButton, setAttributes, setIconButton, setText, show } from './dom.js';
import { send } from './host.js';
import { inspected } from './inspected.js';
import { type PageMap, tokenOf } from './pageMap.js';
import { createRankingTable } from './rankingTable.js';
import { anyOf, type PageState, type Store } from './store.js';
import { tokenText } from './tokenText.js';

const TITLES = {
  pinned: { title: t('Pinned cell'), icon: 'pinned' },
  hovered: { title: t('Cell under cursor'), icon: 'inspect' },
  center: { title: t('Middle cell'), icon: 'inspect' },
} as const;

/**
 * What is known of one cell: its token, how sure that is, and its top tokens with bars.
 * @param ofWhat what its map is called, where there are several.
 */
export function createInspector(store: Store, derived: Derived, ofWhat: () => string = () => ''): HTMLElement {
  const kindIcon = icon('pin');
  const title = h('h2');
  const copy = iconButton('copy', t('Copy Cell'), () => copyCell(store.state, derived));
  const pin = iconButton('pin', t('Pin Cell'), () => togglePin(store));
  const name = h('div', { class: 'cell-token' });
  const percent = h('span', { class: 'cell-percent' });
  const facts = createCellFacts();
  const answers = createAnswers(store);
  const fewer = h('p', { class: 'not-yet', hidden: true });
  const guess = h('p', { class: 'not-yet' });
  const table = createRankingTable(store);
  const summary = h(
    'div',
    { class: 'cell-summary' },
    h('div', { class: 'cell-head' }, name, percent),
    facts.element,
    answers.element,
    guess,
    fewer,
  );
  const header = h('div', { class: 'pane-header' }, kindIcon, title, copy, pin);
  const ranks = h('div', { class: 'cell-right', tabindex: 0, role: 'region' }, table.element);
  const element = h('section', { class: 'cell' }, h('div', { class: 'cell-left' }, header, summary), ranks);

  store.onDraw((state, changed) => {
    if (!anyOf(changed, 'map', 'base', 'cellsVersion', 'hover', 'ui', 'layout', 'comparing', 'host')) return;
    const shown = inspected(state);
    if (!shown) return;
    const { kind, map, cell } = shown;
    const stand = derived.terrain(state, map)?.stand[cell] ?? -1;
    kindIcon.className = `codicon codicon-${TITLES[kind].icon}`;
    const whose = ofWhat();
    const named = (part: string): string => [part, whose].filter(Boolean).join(', ');
    setText(title, named(TITLES[kind].title));
    setAttributes(element, { 'aria-label': named(t('Cell')) });
    setAttributes(ranks, { 'aria-label': named(t('Top tokens')) });
    setIconButton(pin, kind === 'pinned' ? 'close' : 'pin', kind === 'pinned' ? t('Unpin Cell') : t('Pin Cell'));
    const notYet = map.cells.computed[cell] !== 1;
    show(guess, notYet || map.cells.filled?.[cell] === 1);
    setText(
      guess,
      notYet ? t('Not computed yet: what a coarser cell shows.') : t('Filled in from the cells around it.'),
    );
    const { topK } = map.specification;
    show(fewer, map.cells.topK < topK);
    setText(fewer, t('So many cells are shown with {0} tokens each; a saved map has all {1}.', map.cells.topK, topK));
    const ranked = stand < 0 ? [] : ranking(map, stand);
    const [first] = ranked;
    name.replaceChildren(first ? tokenText(tokenOf(map, first.id)) : '–');
    setText(percent, first ? formatPercent(first.probability) : '');
    const ofPanel = state.host?.mode === 'panel';
    // In the narrow layout and beside another map the ranking lies beside what is known of the cell.
    const asks = ofPanel && state.layout !== 'narrow' && !state.comparing;
    facts.update(map, cell, stand, { waits: ofPanel, asks });
    const questions = questionsOf(map.specification);
    answers.update(state.ui, questions, stand < 0 ? [] : questions.map((_, at) => answerOf(map.cells, stand, at)));
    table.update(map, ranked, ofPanel);
  });
  return element;
}

/** Pins the inspected cell, or unpins. */
export function togglePin(store: Store): void {
  const { state } = store;
  const shown = inspected(state);
  if (!shown) return;
  store.setUi({ pin: shown.kind === 'pinned' ? null : placeOfCell(shown.map, shown.cell) });
}

function copyCell(state: PageState, derived: Derived): void {
  const shown = inspected(state);
  if (!shown) return;
  const stand = derived.terrain(state, shown.map)?.stand[shown.cell] ?? -1;
  if (stand >= 0) send({ type: 'copy', text: cellAsText(shown.map, shown.cell, stand) });
}

/** A cell as tab-separated lines. */
export function cellAsText(map: PageMap, cell: number, stand: number): string {
  const { x, y } = placeOfCell(map, cell);
  const lines = ranking(map, stand).map(({ id, probability }, i) =>
    [i + 1, id, plainToken(tokenOf(map, id)), probability].join('\t'),
  );
  return [
    `x\t${x}`,
    `y\t${y}`,
    `entropy (nats)\t${map.cells.entropy[stand] ?? ''}`,
    'rank\tid\ttoken\tprobability',
    ...lines,
  ].join('\n');
}
