import { t } from '@vscode/l10n';
import '@vscode/codicons/dist/codicon.css';
import '../styles/base.css';
import '../styles/document.css';
import './model.css';
import '../language.js';
import { safeText } from '../../src/map/display.js';
import { formatBytes, formatCount } from '../../src/map/numbers.js';
import { READOUT_NAMES } from '../../src/map/naming.js';
import type { FaultData } from '../../src/map/fault.js';
import type { ModelDescription, Support } from '../../src/protocol/engine.js';
import type { ModelHostMessage, ModelPageMessage, ModelPageState } from '../../src/protocol/modelPage.js';
import { layersWords } from '../counted.js';
import { faultParts, link } from '../documentParts.js';
import { h, icon, setText, show } from '../dom.js';
import { createButton } from '../toolkit.js';
import { createTensorList } from './tensorList.js';

// The page of a model: what it is and can do, and below that its tensors, a list that fills the rest. Names are a stranger's: they go in
// as text.

declare function acquireVsCodeApi(): { postMessage(message: ModelPageMessage): void };

const api = acquireVsCodeApi();
const tell = (type: ModelPageMessage['type']): void => api.postMessage({ type });

const title = h('h1');
const place = h('p', { class: 'faint place' });
const status = h('p', { class: 'state', role: 'status', 'aria-live': 'polite' });
const generate = createButton(t('Generate Map'), 'primary', () => tell('generate'));
const open = createButton(t('Open Model'), 'secondary', () => tell('open'));
const trust = createButton(t('Manage Workspace Trust'), 'primary', () => tell('trust'));
const fault = h('div', { class: 'fault', role: 'alert', hidden: true });
const facts = h('dl', { class: 'facts' });
const abilities = h('tbody');
const checks = h('ul', { class: 'checks' });
const layers = h('tbody');
const table = (name: string, heads: readonly string[], body: HTMLElement): HTMLElement =>
  h(
    'table',
    { class: 'plain' },
    h('caption', { class: 'only-spoken' }, name),
    ...(heads.length > 0 ? [h('thead', {}, h('tr', {}, ...heads.map((head) => h('th', { scope: 'col' }, head))))] : []),
    body,
  );
const details = (name: string, content: HTMLElement): HTMLElement => h('details', {}, h('summary', {}, name), content);
const opened = h(
  'div',
  { class: 'columns' },
  h('section', {}, h('h2', {}, t('Model')), facts),
  h(
    'section',
    {},
    h('h2', {}, t('Readouts and contexts')),
    table(t('Readouts and contexts'), [], abilities),
    h('h2', {}, t('Checks')),
    checks,
  ),
);
const stream = details(t('Layers and their tensors'), table(t('Layers'), [t('Layer'), t('Tensor')], layers));
const tensors = createTensorList();

document.body.append(
  h(
    'main',
    { class: 'document model' },
    title,
    place,
    status,
    h('div', { class: 'buttons' }, generate.element, open.element, trust.element),
    h(
      'div',
      { class: 'links' },
      link(t('Show in Explorer'), 'folder-opened', () => tell('showFile')),
      link(t('Read Again'), 'refresh', () => tell('again')),
      link(t('Show Log'), 'output', () => tell('showLog')),
    ),
    fault,
    opened,
    stream,
    tensors.element,
  ),
);

function showFault(what: FaultData | null): void {
  show(fault, what !== null);
  if (what) fault.replaceChildren(...faultParts(what));
}

function draw({ name, place: where, restricted, opening }: ModelPageState): void {
  setText(title, safeText(name));
  setText(place, safeText(where, 1000));
  const words = restricted
    ? t('This folder is not trusted, so its models are not read.')
    : opening.status === 'opening'
      ? opening.repacked
        ? t('Repacking weights: {0} of {1}', formatBytes(opening.repacked.done), formatBytes(opening.repacked.total))
        : t('Opening the model')
      : opening.status === 'asking'
        ? t('Its weights are in blocks: they are repacked once when the model is opened')
        : opening.status === 'open'
          ? summary(opening.description)
          : t('This cannot be opened as a model');
  setText(status, words);
  const { status: at } = opening;
  show(trust.element, restricted);
  show(generate.element, !restricted && (at === 'open' || at === 'asking'));
  show(open.element, !restricted && at === 'asking');
  showFault(!restricted && at === 'failed' ? opening.fault : null);
  show(opened, at === 'open');
  show(stream, at === 'open');
  if (at === 'open') describe(opening.description);
}

/** As the panel calls them. */
const READOUTS: Readonly<Record<string, string>> = READOUT_NAMES;

/** As the panel calls them. */
const CONTEXTS: Readonly<Record<string, string>> = {
  none: t('None'),
  bos: t('Beginning of sequence'),
  prompt: t('Prompt'),
  chat: t('Chat template'),
};

const summary = ({ facts: of, modelType, openedMilliseconds }: ModelDescription): string =>
  [
    modelType === null ? t('of no known type') : safeText(modelType),
    layersWords(of.blocks),
    t('{0} dimensions', formatCount(of.hiddenSize)),
    t('{0} tokens', formatCount(of.vocabularySize)),
    t('opened in {0} ms', formatCount(openedMilliseconds)),
  ].join(' · ');

function describe(of: ModelDescription): void {
  const { head, tokenizer, device } = of;
  const rows: readonly (readonly [string, string])[] = [
    [t('Type'), of.modelType ?? t('of no known type')],
    [t('Layers'), t('{0}: 0–{1}, after the embeddings', formatCount(of.facts.blocks), of.facts.blocks - 1)],
    [t('Hidden size'), formatCount(of.facts.hiddenSize)],
    [t('Vocabulary'), formatCount(of.facts.vocabularySize)],
    [t('Weights'), `${formatBytes(of.facts.weightsBytes)}, ${of.facts.numberType}`],
    [t('File'), of.reference.file],
    ['SHA-256', of.reference.sha256],
    [t('Tokenizer'), tokenizer.file ?? tokenizer.reason ?? t('none')],
    [t('Head'), [`${head.operator} ${head.weight}`, ...head.after].join(', ')],
    [t('Device'), [device.used, device.warning].filter(Boolean).join('. ')],
    [t('Batches'), [of.batching.way, of.batching.reason].filter(Boolean).join(': ')],
  ];
  facts.replaceChildren(...rows.flatMap(([name, says]) => [h('dt', {}, name), h('dd', {}, safeText(says, 1000))]));
  const able = (name: string, support: Support): HTMLElement =>
    h(
      'tr',
      {},
      h('th', { scope: 'row' }, name),
      h(
        'td',
        {},
        h(
          'span',
          { class: 'able' },
          icon(support.ok ? 'check' : 'circle-slash'),
          h('span', {}, support.ok ? t('yes') : support.reason),
        ),
      ),
    );
  abilities.replaceChildren(
    ...Object.entries(of.readouts).map(([name, support]) => able(READOUTS[name] ?? name, support)),
    ...Object.entries(of.contexts).map(([name, support]) => able(t('Context: {0}', CONTEXTS[name] ?? name), support)),
  );
  const icons = { passed: 'check', failed: 'error', skipped: 'debug-step-over' } as const;
  const outcomes = { passed: t('passed'), failed: t('failed'), skipped: t('skipped') } as const;
  checks.replaceChildren(
    ...of.checks.map(({ name, outcome, detail }) =>
      h(
        'li',
        {},
        icon(icons[outcome]),
        h('span', {}, h('strong', {}, safeText(name)), ` ${outcomes[outcome]}: ${safeText(detail, 1000)}`),
      ),
    ),
  );
  layers.replaceChildren(
    ...of.residual.map(({ layer, tensor }) =>
      h('tr', {}, h('th', { scope: 'row' }, `${layer}`), h('td', {}, safeText(tensor, 400))),
    ),
  );
}

// Only the frame around the page can post to it: its own origin is the webview's, and nothing else is embedded.
window.addEventListener('message', ({ origin, data }: MessageEvent<ModelHostMessage>) => {
  if (origin !== window.origin) return;
  if (data.type === 'state') draw(data.state);
  else tensors.update(data.tensors); // why there are none is why the model cannot be opened
});
tell('ready');
