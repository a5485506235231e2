import { t } from '@vscode/l10n';
import { safeText } from '../src/map/display.js';
import type { HostState, MadeWith, ModelEntry } from '../src/protocol/page.js';
import { formatCount } from '../src/map/numbers.js';
import { h, icon, setText, show } from './dom.js';
import { send } from './host.js';
import type { Store } from './store.js';
import { createButton } from './toolkit.js';
import { layersWords } from './counted.js';

/** What a panel shows while no model is chosen. */
export function createEmptyState(store: Store): HTMLElement {
  const madeWith = h('p', { class: 'lead made-with', hidden: true });
  const card = h('div', { class: 'card' });
  const recentTitle = h('h2', {}, t('Recent'));
  const recent = h('ul', { class: 'recent' });
  const element = h(
    'div',
    { class: 'page-message', hidden: true },
    h('h1', {}, t('Choose a model to map')),
    h(
      'p',
      { class: 'lead' },
      t(
        'A token map shows which token a language model would say next at each point of a plane through its hidden space. Models run on this machine; nothing is uploaded.',
      ),
    ),
    madeWith,
    card,
    recentTitle,
    recent,
    h(
      'p',
      { class: 'links' },
      link(t('What a token map shows'), () => send({ type: 'action', action: 'helpWhat' })),
      link(t('Convert a Hugging Face model to ONNX'), () => send({ type: 'action', action: 'helpConvert' })),
      link(t('Open a saved map…'), () => send({ type: 'action', action: 'openSavedMap' })),
    ),
  );
  const choose = createButton(t('Choose Model…'), 'secondary', () => send({ type: 'chooseModel' }));
  let shown = '';
  const fill = ({ models, model }: HostState): void => {
    const made = model.status === 'none' ? model.madeWith : undefined;
    show(madeWith, made !== undefined);
    if (made) setText(madeWith, madeWithText(made));
    const key = JSON.stringify(models);
    if (key === shown) return;
    shown = key;
    const bundled = models.find((model) => model.origin === 'bundled' && model.problem === undefined);
    card.replaceChildren(
      ...(bundled
        ? [
            cardRow(
              h('span', { class: 'thumbnail', 'aria-hidden': 'true' }),
              safeText(bundled.name),
              h('span', {}, [t('Included sample'), ...layers(bundled)].join(' · ')),
              createButton(t('Use Sample'), 'primary', () => send({ type: 'model', path: bundled.path })).element,
            ),
          ]
        : []),
      cardRow(
        h('span', { class: 'thumbnail plain' }, icon('folder-opened')),
        t('Model folder'),
        h(
          'span',
          {},
          t('ONNX or safetensors, '),
          h('code', {}, 'tokenizer.json'),
          t(' and '),
          h('code', {}, 'config.json'),
        ),
        choose.element,
      ),
    );
    const others = models.filter((model) => model.origin !== 'bundled');
    show(recentTitle, others.length > 0);
    recentTitle.textContent = titleOf(others);
    recent.replaceChildren(...others.map(entryRow));
  };
  store.onDraw(({ host, map }) => {
    const visible = host !== null && !map && host.mode === 'panel' && host.model.status === 'none';
    show(element, visible);
    if (visible) fill(host);
  });
  return element;
}

/** Which model to choose, so that somebody who has it elsewhere knows it. */
function madeWithText({ reference, facts }: MadeWith): string {
  const about = facts
    ? t(
        '{0}, {1} dimensions, {2} tokens',
        layersWords(facts.blocks),
        formatCount(facts.hiddenSize),
        formatCount(facts.vocabularySize),
      )
    : '';
  const named = [safeText(`${reference.name} (${reference.file})`), about].filter((part) => part !== '').join(' · ');
  return t('This map was made with {0}. Choose that model, and its parameters are as they were.', named);
}

const layers = ({ layers: count }: ModelEntry): string[] => (count === undefined ? [] : [layersWords(count)]);

function titleOf(models: readonly ModelEntry[]): string {
  const origins = new Set(models.map(({ origin }) => origin));
  if (origins.has('recent')) return t('Recent');
  if (origins.size > 1) return t('Found on this machine');
  return origins.has('cache') ? t('In the Hugging Face cache') : t('In this workspace');
}

const about = (model: ModelEntry): string =>
  [...layers(model), model.contents ?? ''].filter((part) => part !== '').join(' · ');

function link(label: string, onClick: () => void): HTMLElement {
  const element = h('button', { type: 'button', class: 'link' }, label);
  element.addEventListener('click', onClick);
  return element;
}

const cardRow = (picture: HTMLElement, name: string, detail: HTMLElement, button: HTMLElement): HTMLElement =>
  h('div', { class: 'card-row' }, picture, h('div', { class: 'card-text' }, h('strong', {}, name), detail), button);

function entryRow(model: ModelEntry): HTMLElement {
  const usable = model.problem === undefined;
  const name = safeText(model.name);
  return h(
    'li',
    {},
    usable ? icon('package') : icon('warning'),
    usable ? link(name, () => send({ type: 'model', path: model.path })) : h('span', { class: 'faint' }, name),
    h('span', { class: 'place faint' }, safeText(model.place)),
    h('span', { class: 'spring' }),
    h('span', { class: 'faint' }, usable ? safeText(about(model)) : (model.problem ?? '')),
    h('span', { class: 'age faint' }, model.lastUsed === undefined ? '' : age(model.lastUsed)),
  );
}

const relative = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: 'auto' });

/** `yesterday`, `3 days ago`, `last month`; empty where the date cannot be read. */
function age(iso: string, now: number = Date.now()): string {
  const days = Math.round((Date.parse(iso) - now) / 86_400_000);
  if (Number.isNaN(days)) return '';
  if (days > -30) return relative.format(Math.min(0, days), 'day');
  return days > -365
    ? relative.format(Math.round(days / 30), 'month')
    : relative.format(Math.round(days / 365), 'year');
}
