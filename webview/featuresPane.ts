import { t } from '@vscode/l10n';
import { safeText } from '../src/map/display.js';
import { layerWords } from '../src/map/naming.js';
import { formatCount, formatFixed } from '../src/map/numbers.js';
import { contextOf, type Layer } from '../src/map/specification.js';
import type { Token } from '../src/map/token.js';
import type { FeaturesOf, FeatureUse, ToldFeatures } from '../src/protocol/page.js';
import { createTokenChips } from './controls/tokenChips.js';
import { cellAtPlace, formatX, placeOfCell } from './cell.js';
import { h, icon, iconButton, setAttributes, setEnabled, setText, show } from './dom.js';
import { send } from './host.js';
import { middleCell } from './inspected.js';
import type { PageMap } from './pageMap.js';
import { placeRow, placeRows, rowKey } from './placeRows.js';
import { anyOf, type PageState, type Store } from './store.js';
import { createButton } from './toolkit.js';
import { tokenText } from './tokenText.js';

/**
 * The strongest features that a sparse autoencoder has of a hidden state: of the pinned cell, else the middle of the map, or of a token
 * of the context's prompt. One click asks a feature of all cells, or lays an axis along its direction.
 */
export function createFeaturesPane(store: Store): HTMLElement {
  const chevron = icon('chevron-right');
  const toggle = h(
    'button',
    { type: 'button', class: 'group-header', 'aria-controls': 'features-body' },
    chevron,
    h('span', { class: 'group-title' }, t('Features')),
  );
  toggle.addEventListener('click', () => {
    const { collapsed } = store.state.ui;
    const others = collapsed.filter((one) => one !== 'features');
    store.setUi({ collapsed: others.length < collapsed.length ? others : [...collapsed, 'features'] });
  });
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
  const rows = h('tbody');
  const table = h(
    'table',
    { class: 'tokens features', 'aria-label': t('Strongest features') },
    h(
      'thead',
      {},
      h('tr', {}, h('th', { scope: 'col' }, t('Feature')), h('th', { scope: 'col', class: 'number' }, t('Activation'))),
    ),
    rows,
  );
  const body = h(
    'div',
    { class: 'point-body', id: 'features-body', tabindex: 0, role: 'region', 'aria-label': t('Features') },
    what,
    h('div', { class: 'point-line' }, choose.element, h('span', { class: 'spring' }), ofCell),
    chips.element,
    status,
    note,
    again.element,
    table,
  );
  const element = h(
    'section',
    { class: 'tokens-pane point-pane features-pane', 'aria-label': t('Features') },
    h('div', { class: 'pane-header' }, h('h2', {}, toggle)),
    body,
  );

  const use = (feature: number, to: FeatureUse): void => {
    const { base } = store.state;
    if (!base) return;
    send({ type: 'feature', slot: store.slot, map: base.id, feature, to });
    if (to === 'question') store.setUi({ colorBy: 'question', asked: 0 });
  };
  const list = placeRows(rows, () => undefined);
  const rowOf = (target: EventTarget | null): HTMLElement | null =>
    target instanceof Element && rows.contains(target) ? target.closest('tr') : null;
  /** What can be done with a feature is reached by Tab behind its row. */
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

  /** What was asked last: nothing is asked twice. */
  let asked = '';
  /** Asks for what is looked at. */
  const follow = (state: PageState): void => {
    const { base, host, ui, comparing } = state;
    if (!base || comparing || host?.mode !== 'panel' || host.sae === null) return;
    if (ui.collapsed.includes('features')) return;
    const looked: FeaturesOf = positionIn(state) ?? placeOf(base, ui.pin);
    const now = JSON.stringify([base.id, host.sae, looked]);
    if (now === asked) return;
    asked = now;
    send({ type: 'features', slot: store.slot, map: base.id, of: looked });
  };
  const positionIn = (state: PageState): { readonly position: number } | undefined =>
    position !== null && promptOf(state).length > position ? { position } : undefined;

  let listed: ToldFeatures | null = null;
  /** What lays an axis along a feature's direction. */
  let axes: { readonly button: HTMLButtonElement; readonly label: string; readonly directed: boolean }[] = [];
  store.onDraw((state, changed) => {
    const { base, host } = state;
    show(element, base !== null && host?.mode === 'panel');
    const open = !state.ui.collapsed.includes('features');
    show(body, open);
    setAttributes(toggle, { 'aria-expanded': String(open) });
    chevron.className = `codicon codicon-chevron-${open ? 'down' : 'right'}`;
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
    setAttributes(table, { 'aria-busy': waits ? 'true' : undefined });
    if (told !== listed && !waits) {
      listed = told;
      fill(told);
      note.replaceChildren(...(told ? noteParts(told, base) : []));
    }
    for (const { button, label, directed } of axes)
      setEnabled(
        button,
        directed && base.finish !== null,
        label,
        directed ? t('The map is not complete.') : t('the file has no decoder'),
      );
    show(note, !waits && note.childNodes.length > 0);
    show(table, rows.childElementCount > 0 && sae !== null);
  };

  const fill = (told: ToldFeatures | null): void => {
    axes = [];
    const made = (told?.strongest ?? []).map(({ feature, activation, directed, tokens }, i) => {
      const button = (label: string, face: HTMLElement, to: FeatureUse): HTMLElement => {
        const made = iconButton('blank', label, () => use(feature, to));
        made.replaceChildren(face);
        if (to !== 'question') axes.push({ button: made, label, directed });
        return made;
      };
      const letter = (name: string): HTMLElement => h('span', { class: 'axis-letter', 'aria-hidden': 'true' }, name);
      return placeRow(
        feature,
        i === 0,
        {},
        h(
          'th',
          { scope: 'row' },
          `#${feature}`,
          h(
            'span',
            { class: 'feature-tokens' },
            ...(tokens?.flatMap((token, i) => [
              ...(i > 0 ? [h('span', { class: 'faint' }, ' · ')] : []),
              tokenText(token),
            ]) ?? ['…']),
          ),
        ),
        h(
          'td',
          { class: 'number' },
          formatFixed(activation, 2),
          h(
            'span',
            { class: 'feature-uses' },
            button(t('Color by Feature {0}', feature), icon('symbol-color'), 'question'),
            button(t('Feature {0} as the x Axis', feature), letter('x'), 'x'),
            button(t('Feature {0} as the y Axis', feature), letter('y'), 'y'),
          ),
        ),
      );
    });
    // What has the focus within a row gives it to the row, which keeps it.
    rowOf(document.activeElement)?.focus();
    list.fill(made);
    reach(rows.querySelector('tr[tabindex="0"]'));
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
