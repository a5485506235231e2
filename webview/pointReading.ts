import { t } from '@vscode/l10n';
import { questionBrief } from '../src/map/naming.js';
import { formatTimes } from '../src/map/normsText.js';
import { formatBits, formatFixed, formatPercent } from '../src/map/numbers.js';
import { questionsOf } from '../src/map/questions.js';
import { typicalNorm } from '../src/map/survey.js';
import { answerText } from './answer.js';
import { h, setText, show } from './dom.js';
import type { PageMap } from './pageMap.js';
import type { PageState } from './store.js';
import { tokenText } from './tokenText.js';

type Reading = NonNullable<NonNullable<PageState['point']>['reading']>;

export interface PointReading {
  readonly summary: HTMLElement;
  readonly table: HTMLElement;
  update(state: PageState): void;
}

/** What the model says at a point: its numbers in a line, its most probable tokens in a table. */
export function createPointReading(): PointReading {
  const summary = h('p', { class: 'point-summary', 'aria-live': 'polite' });
  const rows = h('tbody');
  const table = h(
    'table',
    { class: 'ranking', 'aria-label': t('Most probable tokens at the point') },
    h(
      'thead',
      {},
      h(
        'tr',
        { class: 'faint' },
        h('th', { scope: 'col' }, h('span', { class: 'only-spoken' }, t('Token'))),
        h('th', { scope: 'col', class: 'number' }, t('Logit')),
        h('th', { scope: 'col', class: 'number' }, 'p'),
      ),
    ),
    rows,
  );
  return {
    summary,
    table,
    update({ map, base, point }) {
      const reading = point?.map === base?.id ? point?.reading : null;
      show(table, Boolean(reading));
      if (map && reading) rows.replaceChildren(...rowsOf(reading));
      const waits = point ? (point.fault?.message ?? t('Computing…')) : '';
      setText(summary, map && reading ? numbersOf(reading, map) : waits);
      show(summary, summary.textContent !== '');
    },
  };
}

function numbersOf(reading: Reading, map: PageMap): string {
  const { norms = null } = map.survey ?? {};
  const typical = norms ? typicalNorm(norms) : 0;
  const [first = 0, second = 0] = reading.probabilities;
  const answers = questionsOf(map.specification).flatMap((question, at) => {
    const answer = reading.answers?.[at];
    return answer === undefined ? [] : `${questionBrief(question)}: ${answerText(question, answer)}`;
  });
  return [
    t('margin {0} points', formatFixed((first - second) * 100, 1)),
    formatBits(reading.entropy),
    t(
      'norm {0}{1}',
      formatFixed(reading.norm, reading.norm >= 10 ? 0 : 2),
      typical > 0 ? t(', {0} × typical', formatTimes(reading.norm / typical)) : '',
    ),
    ...answers,
  ].join(' · ');
}

function rowsOf(reading: Reading): HTMLElement[] {
  const tokens = new Map(reading.tokens.map((token) => [token.id, token]));
  return [...reading.ids].map((id, i) =>
    h(
      'tr',
      { class: i === 0 ? 'first' : undefined },
      h('th', { scope: 'row' }, tokenText(tokens.get(id) ?? { id, kind: 'unknown', text: `#${id}` })),
      h('td', { class: 'number' }, formatFixed(reading.logits[i] ?? NaN, 2)),
      h('td', { class: 'number' }, formatPercent(reading.probabilities[i] ?? NaN)),
    ),
  );
}
