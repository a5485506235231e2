import { t } from '@vscode/l10n';
import '@vscode/codicons/dist/codicon.css';
import '../styles/base.css';
import '../styles/document.css';
import './study.css';
import '../language.js';
import { formatCount } from '../../src/map/numbers.js';
import type { StudyState } from '../../src/protocol/studyPage.js';
import { faultParts, link } from '../documentParts.js';
import { h, setAttributes, setText, show } from '../dom.js';
import { createButton } from '../toolkit.js';
import { onHostMessage, tell } from './host.js';
import { costWords, stateWords } from './words.js';

// The page of a study: one column, drawn anew from each state. What a person may be at, buttons, stays the same elements.

const title = h('h1');
const state = h('p', { class: 'state', role: 'status', 'aria-live': 'polite' });
const progress = h('progress', { class: 'study-progress', 'aria-label': t('Maps that are computed') });
const run = createButton(t('Run'), 'primary', () => tell('run'));
const cancel = createButton(t('Cancel'), 'secondary', () => tell('cancel'));
const measure = createButton(t('Measure'), 'secondary', () => tell('measure'));
const text = link(t('Edit as Text'), 'go-to-file', () => tell('openText'));
const members = link(t('Show Maps'), 'list-tree', () => tell('showMembers'));
const results = link(t('Show Files'), 'folder-opened', () => tell('showResults'));
const fault = h('div', { class: 'fault', role: 'alert' });
const axes = h('tbody');
const axesTable = h(
  'table',
  { class: 'axes' },
  h('caption', { class: 'only-spoken' }, t('What varies')),
  h(
    'thead',
    {},
    h(
      'tr',
      {},
      h('th', { scope: 'col' }, t('Axis')),
      h('th', { scope: 'col', class: 'number' }, t('Values')),
      h('th', { scope: 'col' }, ''),
    ),
  ),
  axes,
);
const facts = h('dl', { class: 'facts' });
const parts = h('ul', { class: 'parts', 'aria-label': t('Processes that compute it') });
const plan = h('section', {}, h('h2', {}, t('Plan')), axesTable, facts, parts);
const picture = h('img', { class: 'report', alt: t('Maps along each axis, and statistics along it') });
const report = h('section', { hidden: true }, h('h2', {}, t('Report')), picture);

document.body.append(
  h(
    'main',
    { class: 'document study' },
    title,
    state,
    progress,
    h('div', { class: 'buttons' }, run.element, cancel.element, measure.element),
    h('div', { class: 'links' }, text, members, results),
    fault,
    plan,
    report,
  ),
);

/** Whether there is a report, and all maps that it is of. */
let [reported, whole] = [false, false];

function draw(now: StudyState): void {
  const { plan: planned, run: at, there, cost } = now;
  const working = at.status === 'running';
  const measuring = cost.status === 'running';
  whole = there === planned?.members;
  setText(title, now.name.replace(/\.embedding-study\.(json|ya?ml)$/i, ''));
  setText(state, measuring ? t('Computing the first maps, to see what all would take') : stateWords(now));
  const part = working ? at.done / Math.max(1, at.members) : planned && there !== null ? there / planned.members : 0;
  show(progress, working || (planned !== null && there !== null && !whole));
  setAttributes(progress, { value: part, max: 1 });
  run.update({
    label: there !== null && there > 0 && !whole ? t('Resume') : t('Run'),
    title: t('Compute the maps that are not there yet, on this machine'),
  });
  const may = planned !== null && !working && !measuring && !whole;
  show(run.element, may);
  show(cancel.element, working || measuring);
  cancel.update({
    disabled: working && at.stopping,
    title: t('Stop after the batch at hand. What is whole stays, and Resume goes on'),
  });
  show(measure.element, may);
  measure.update({ title: t('Compute the first maps: time, memory and bytes of all') });
  show(members, (there ?? 0) > 0);
  show(results, there !== null);
  drawFault(now);
  show(plan, planned !== null);
  if (planned) drawPlan(now, planned);
  show(report, reported && whole);
}

function drawFault({ fault: what }: StudyState): void {
  show(fault, what !== null);
  if (!what) return;
  fault.replaceChildren(
    ...faultParts(
      what,
      link(t('Show Log'), 'output', () => tell('showLog')),
    ),
  );
}

let drawn = '';

function drawPlan(now: StudyState, planned: NonNullable<StudyState['plan']>): void {
  const words = [...planned.facts, ...costWords(now), [t('Results'), now.folder] as const];
  const key = JSON.stringify([planned, words, now.parts]);
  if (key === drawn) return; // what a person selects in it stays while maps come
  drawn = key;
  axes.replaceChildren(
    ...planned.axes.map(({ name, count, values }) =>
      h(
        'tr',
        {},
        h('th', { scope: 'row' }, name),
        h('td', { class: 'number' }, formatCount(count)),
        h('td', { class: 'values' }, `${values.join(', ')}${count > values.length ? ', …' : ''}`),
      ),
    ),
  );
  show(axesTable, planned.axes.length > 0);
  facts.replaceChildren(...words.flatMap(([name, says]) => [h('dt', {}, name), h('dd', {}, says)]));
  parts.replaceChildren(...now.parts.map((line) => h('li', {}, line)));
}

onHostMessage((message) => {
  if (message.type === 'state') return draw(message.state);
  reported = message.png !== '';
  if (reported) picture.src = `data:image/png;base64,${message.png}`;
  show(report, reported && whole);
});
tell('ready');
