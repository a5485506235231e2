import { createAnswers } from './answers.js';
import { answerOf, questionsOf } from '../src/map/questions.js';
import { t } from '@vscode/l10n';
import { tokenText as plainToken } from '../src/map/display.js';
import { questionBrief } from '../src/map/naming.js';
import { formatBits, formatEqualChoices, formatFixed, formatPercent, formatPoints } from '../src/map/numbers.js';
import { formatTimes } from '../src/map/normsText.js';
import { nearestMark, typicalNorm } from '../src/map/survey.js';
import { margin } from '../src/map/tokenMap.js';
import { answerText } from './answer.js';
import { formatX, normAt, placeOfCell, ranking } from './cell.js';
import { inspected } from './inspected.js';
import { colorByToken } from './colorMap.js';
import type { Derived } from './derived.js';
import { h, icon, iconButton, setAttributes, setIconButton, setText, show } from './dom.js';
import { send } from './host.js';
import { markName } from './map/overlayMarks.js';
import { createNormGauge } from './normGauge.js';
import { type PageMap, tokenOf } from './pageMap.js';
import { placeRow, placeRows } from './placeRows.js';
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
  const position = h('dd');
  const marginOver = h('dd');
  const entropy = h('dd');
  const normNumber = h('span');
  const gauge = createNormGauge();
  const norm = h('dd', { class: 'norm' }, normNumber, gauge.element);
  const nearestMarkName = h('span', { class: 'nearest-name' });
  const nearestDistance = h('span', { class: 'faint' });
  const nearest = h('dd', { class: 'nearest' }, nearestMarkName, nearestDistance);
  const nearestName = h('dt', {}, t('Nearest'));
  const answers = createAnswers(store);
  const answer = h('dd');
  const answerName = h('dt', {}, t('Answer'));
  const normName = h('dt', {}, t('Norm'));
  const fewer = h('p', { class: 'not-yet', hidden: true });
  const guess = h('p', { class: 'not-yet' });
  const body = h('tbody');
  const table = h(
    'table',
    { class: 'ranking', 'aria-label': t('Most probable tokens of the cell') },
    h('colgroup', {}, ...['rank', '', 'bar-cell', 'number'].map((name) => h('col', { class: name || undefined }))),
    h(
      'thead',
      { class: 'only-spoken' },
      h(
        'tr',
        {},
        ...[t('Rank'), t('Token'), t('Bar'), t('Probability')].map((text) => h('th', { scope: 'col' }, text)),
      ),
    ),
    body,
  );
  const list = placeRows(
    body,
    (outlined) => store.set({ outlined }),
    (id) => {
      const shown = inspected(store.state);
      if (shown) colorByToken(store, tokenOf(shown.map, id));
    },
  );
  const summary = h(
    'div',
    { class: 'cell-summary' },
    h('div', { class: 'cell-head' }, name, percent),
    h(
      'dl',
      {},
      h('dt', {}, t('Position')),
      position,
      h('dt', {}, t('Margin')),
      marginOver,
      h('dt', {}, t('Entropy')),
      entropy,
      normName,
      norm,
      nearestName,
      nearest,
      answerName,
      answer,
    ),
    answers.element,
    guess,
    fewer,
  );
  const header = h('div', { class: 'pane-header' }, kindIcon, title, copy, pin);
  const ranks = h('div', { class: 'cell-right', tabindex: 0, role: 'region' }, table);
  const element = h('section', { class: 'cell' }, h('div', { class: 'cell-left' }, header, summary), ranks);

  store.onDraw((state, changed) => {
    if (!anyOf(changed, 'map', 'base', 'cellsVersion', 'hover', 'ui', 'comparing', 'host')) return;
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
    const { x, y } = placeOfCell(map, cell);
    setText(position, t('x {0}, y {1}', formatX(map, x), formatX(map, y)));
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
    const [first, second] = ranked;
    name.replaceChildren(first ? tokenText(tokenOf(map, first.id)) : '–');
    setText(percent, first ? formatPercent(first.probability) : '');
    marginOver.replaceChildren(
      ...(second
        ? [
            `${formatPoints(margin(map.cells, stand))} `,
            h('span', { class: 'faint' }, t('over '), tokenText(tokenOf(map, second.id))),
          ]
        : ['–']),
    );
    const nats = map.cells.entropy[stand];
    entropy.replaceChildren(
      ...(nats === undefined
        ? ['–']
        : [`${formatBits(nats)} `, h('span', { class: 'faint' }, t('≈ {0} equal choices', formatEqualChoices(nats)))]),
    );
    show(normName, map.finish !== null);
    show(norm, map.finish !== null);
    if (map.finish) {
      const length = normAt(map.finish.gram, x, y);
      const norms = map.survey?.norms ?? null;
      const typical = norms ? typicalNorm(norms) : 0;
      normNumber.replaceChildren(
        normText(length),
        ...(typical > 0 ? [h('span', { class: 'faint' }, t('  {0} × typical', formatTimes(length / typical)))] : []),
      );
      gauge.update(norms, length);
    }
    const { survey } = map;
    const near = survey ? nearestMark(survey, x, y) : undefined;
    show(nearestName, Boolean(near));
    show(nearest, Boolean(near));
    if (near) {
      const typical = survey?.norms ? typicalNorm(survey.norms) : 0;
      setText(nearestMarkName, markName(near.mark));
      setText(nearestDistance, typical > 0 ? t('{0} × typical away', formatTimes(near.distance / typical)) : '');
      setAttributes(nearest, { title: markName(near.mark) });
    }
    const questions = questionsOf(map.specification);
    answers.update(state.ui, questions, stand < 0 ? [] : questions.map((_, at) => answerOf(map.cells, stand, at)));
    const [question] = questions.length === 1 ? questions : [];
    const answered = question && stand >= 0 ? answerOf(map.cells, stand, 0) : undefined;
    show(answerName, answered !== undefined);
    show(answer, answered !== undefined);
    if (question && answered !== undefined) {
      setText(
        answerName,
        question.kind === 'divergence' ? 'KL' : question.kind === 'difference' ? t('Logits') : t('Asked'),
      );
      answer.replaceChildren(
        `${answerText(question, answered)} `,
        h(
          'span',
          { class: 'faint' },
          question.kind === 'divergence' ? t('from the prompt’s own') : questionBrief(question),
        ),
      );
    }
    const most = first?.probability ?? 1;
    const asks = state.host?.mode === 'panel';
    list.fill(
      ranked.map(({ id, probability }, i) => {
        const bar = h('span', { class: 'bar' });
        bar.style.setProperty('--part', String(most > 0 ? probability / most : 0));
        const first = i === 0;
        const cells = [
          h('td', { class: 'rank' }, String(i + 1)),
          h('th', { scope: 'row' }, tokenText(tokenOf(map, id))),
          h('td', { class: 'bar-cell', 'aria-hidden': 'true' }, bar),
          h('td', { class: 'number' }, formatPercent(probability)),
        ];
        const name = first ? 'first' : undefined;
        // In a panel a row colors the map by its token, as the map's menu does.
        return asks
          ? placeRow(
              id,
              first,
              { class: ['color-by', name].filter(Boolean).join(' '), title: t('Color the Map by This Token') },
              ...cells,
            )
          : h('tr', { class: name }, ...cells);
      }),
    );
  });
  return element;
}

/** Whole where it is large, else with two significant digits. */
const normText = (norm: number): string => formatFixed(norm, norm >= 99.5 ? 0 : norm >= 9.95 ? 1 : 2);

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
