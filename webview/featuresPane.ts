import { t } from '@vscode/l10n';
import { safeText } from '../src/map/display.js';
import { layerWords } from '../src/map/naming.js';
import { formatCount } from '../src/map/numbers.js';
import { contextOf, type Layer } from '../src/map/specification.js';
import type { Token } from '../src/map/token.js';
import type { FeaturesOf, ToldFeatures } from '../src/protocol/page.js';
import { createTokenChips } from './controls/tokenChips.js';
import { cellAtPlace, formatX, placeOfCell } from './cell.js';
import { collapsible, isOpen } from './collapsible.js';
import { h, setAttributes, setText, show } from './dom.js';
import { createFeatureTable } from './featureTable.js';
import { send } from './host.js';
import { middleCell } from './inspected.js';
import type { PageMap } from './pageMap.js';
import { anyOf, type PageState, type Store } from './store.js';
import { createButton } from './toolkit.js';

/**
 * The strongest features that a sparse autoencoder has of a hidden state: of the pinned cell, else the middle of the map, or of a token
 * of the context's prompt. One click asks a feature of all cells, or lays an axis along its direction.
 */
export function createFeaturesPane(store: Store): HTMLElement {
  const choose = createButton(t('Choose Autoencoder…'), 'secondary', () =>
    send({ type: 'chooseFile', path: 'sae', content: 'sae' }),
  );
  /** The token whose features are listed; null: the cell's. */
  let position: number | null = null;
  const chips = createTokenChips(t('Tokens of the prompt: whose features are listed'), (at) => {
    const chosen = at < 0 ? promptOf(store.state).length - 1 : at;
    look(chosen === position ? null : chosen);
  });
  const ofCell = h('button', { type: 'button', class: 'link' }, t('Back to the Cell'));
  ofCell.addEventListener('click', () => look(null));
  const look = (at: number | null): void => {
    position = at;
    draw(store.state);
  };
  const what = h('p', { class: 'point-summary' });
  const status = h('p', { class: 'point-summary', 'aria-live': 'polite' });
  const note = h('p', { class: 'point-summary features-note' });
  const again = createButton(t('Try Again'), 'secondary', () => {
    asked = '';
    follow(store.state);
  });
  const table = createFeatureTable((feature, to) => {
    const { base } = store.state;
    if (!base) return;
    send({ type: 'feature', slot: store.slot, map: base.id, feature, to });
    if (to === 'question') store.setUi({ colorBy: 'question', asked: 0 });
  });
  const body = h(
    'div',
    { class: 'point-body', id: 'features-body', tabindex: 0, role: 'region', 'aria-label': t('Features') },
    what,
    h('div', { class: 'point-line' }, choose.element, h('span', { class: 'spring' }), ofCell),
    chips.element,
    status,
    note,
    again.element,
    table.element,
  );
  const fold = collapsible(store, 'features', t('Features'), body);
  const element = h(
    'section',
    { class: 'tokens-pane point-pane features-pane', 'aria-label': t('Features') },
    h('div', { class: 'pane-header' }, h('h2', {}, fold.header)),
    body,
  );

  /** What was asked last: nothing is asked twice. */
  let asked = '';
  /** Asks for what is looked at. */
  const follow = (state: PageState): void => {
    const { base, host, ui, comparing } = state;
    if (!base || comparing || host?.mode !== 'panel' || host.sae === null) return;
    if (!isOpen(store, 'features')) return;
    const looked: FeaturesOf = positionIn(state) ?? placeOf(base, ui.pin);
    const now = JSON.stringify([base.id, host.sae, looked]);
    if (now === asked) return;
    asked = now;
    send({ type: 'features', slot: store.slot, map: base.id, of: looked });
  };
  const positionIn = (state: PageState): { readonly position: number } | undefined =>
    position !== null && promptOf(state).length > position ? { position } : undefined;

  let listed: ToldFeatures | null = null;
  store.onDraw((state, changed) => {
    const { base, host } = state;
    show(element, base !== null && host?.mode === 'panel');
    const open = isOpen(store, 'features');
    fold.update(open);
    // Whoever pins a cell looks at that.
    if (state.ui.pin !== pinned && state.ui.pin) position = null;
    pinned = state.ui.pin;
    if (open && anyOf(changed, 'map', 'base', 'ui', 'host', 'features', 'prompts', 'comparing')) draw(state);
  });
  let pinned = store.state.ui.pin;

  const draw = (state: PageState): void => {
    const { base, host, features } = state;
    if (!base) return;
    follow(state);
    const sae = host?.sae ?? null;
    choose.update({ label: sae === null ? t('Choose Autoencoder…') : fileName(sae), title: sae ?? '' });
    setText(what, t('What a sparse autoencoder finds in the hidden state there.'));
    show(what, sae === null);
    const tokens = promptOf(state);
    chips.update(sae === null ? [] : tokens, positionIn(state)?.position ?? Infinity);
    show(ofCell, sae !== null && positionIn(state) !== undefined);
    const news = sae !== null && features?.map === base.id ? features : null;
    const told = news?.told ?? null;
    setText(status, news ? statusText(base, news.of, told, news.fault) : '');
    show(status, status.textContent !== '');
    show(again.element, Boolean(news?.fault));
    // What was listed stays, with the row that has the focus, until the next is there.
    const waits = sae !== null && !told && !news?.fault;
    setAttributes(table.element, { 'aria-busy': waits ? 'true' : undefined });
    if (told !== listed && !waits) {
      listed = told;
      table.fill(told);
      note.replaceChildren(...(told ? noteParts(told, base) : []));
    }
    table.update(base.finish !== null);
    show(note, !waits && note.childNodes.length > 0);
    show(table.element, (listed?.strongest.length ?? 0) > 0 && sae !== null);
  };
  return element;
}

/** The tokens of the prompt that a map's context is, as the model reads it. */
function promptOf({ base, prompts }: PageState): readonly Token[] {
  const context = base && contextOf(base.specification);
  if (context?.kind !== 'prompt') return [];
  return prompts.find(({ text, chat }) => text === context.text && chat === (context.chat === true))?.tokens ?? [];
}

/** The pin itself, which may stand between the middles of cells; the middle cell where there is none on the map. */
const placeOf = (map: PageMap, pin: PageState['ui']['pin']): FeaturesOf =>
  pin && cellAtPlace(map, pin) !== null ? { x: pin.x, y: pin.y } : placeOfCell(map, middleCell(map));

const fileName = (path: string): string => safeText(path.split(/[\\/]/).filter(Boolean).at(-1) ?? path, 40);

function statusText(
  map: PageMap,
  of: FeaturesOf,
  told: ToldFeatures | null,
  fault: { readonly message: string; readonly hint?: string } | null,
): string {
  if (fault) return [fault.message, fault.hint].filter(Boolean).join(' ');
  if (!told) return t('Reading…');
  const counts = [formatCount(told.active), formatCount(told.sae.features)] as const;
  return 'x' in of
    ? t('{0} of {1} active at x {2}, y {3}', ...counts, formatX(map, of.x), formatX(map, of.y))
    : t('{0} of {1} active at token {2}', ...counts, of.position);
}

/** Where it was trained, if that is not what the map is of; and the way there. */
function noteParts({ sae: { hook, layer } }: ToldFeatures, { specification, facts }: PageMap): Node[] {
  if (hook === null || layer === specification.layer) return [];
  const text = t('Trained on {0}; this map is of {1}.', safeText(hook, 60), layerWords(specification.layer));
  if (layer === null || (layer !== 'embeddings' && layer >= facts.blocks)) return [document.createTextNode(text)];
  return [document.createTextNode(`${text} `), layerLink(layer)];
}

function layerLink(layer: Layer): HTMLElement {
  const button = h('button', { type: 'button', class: 'link' }, t('Go to {0}', layerWords(layer)));
  button.addEventListener('click', () => send({ type: 'edit', path: 'layer', value: layer }));
  return button;
}
