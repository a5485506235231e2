import { t } from '@vscode/l10n';
import { h, iconButton, setText, show } from '../dom.js';
import { send } from '../host.js';
import type { Store } from '../store.js';
import { createButton } from '../toolkit.js';
import { KEYS } from './keys.js';
import { mapSentences } from './thisMap.js';

/** What explains the map: what is seen, and the keys. */
export interface Sheet {
  readonly element: HTMLElement;
  /** Opens it, in the corner of the map. */
  readonly button: HTMLElement;
  open(about: 'map' | 'keys'): void;
}

export function createSheet(store: Store): Sheet {
  const title = h('h2', { id: 'sheet-title' });
  const close = iconButton('close', t('Close'), () => element.close());
  const map = h('dl', { class: 'sheet-map' });
  const keys = h(
    'dl',
    { class: 'sheet-keys' },
    ...KEYS.flatMap(([names, what]) => [
      h('dt', {}, ...names.flatMap((name, i) => [...(i > 0 ? [' '] : []), h('kbd', {}, name)])),
      h('dd', {}, what),
    ]),
  );
  const more = createButton(t('Documentation'), 'secondary', () => {
    element.close();
    send({ type: 'action', action: 'helpWhat' });
  });
  const other = createButton('', 'secondary', () => fill(map.hidden ? 'map' : 'keys'));
  const element = h(
    'dialog',
    { class: 'sheet', 'aria-labelledby': title.id },
    h('div', { class: 'pane-header' }, title, h('span', { class: 'spring' }), close),
    h('div', { class: 'sheet-body', tabindex: 0, role: 'region', 'aria-labelledby': title.id }, map, keys),
    h('div', { class: 'sheet-footer' }, other.element, more.element),
  );
  const fill = (about: 'map' | 'keys'): void => {
    const { map: shown, ui } = store.state;
    const ofMap = about === 'map' && shown !== null;
    map.hidden = !ofMap;
    keys.hidden = ofMap;
    setText(title, ofMap ? t('What am I looking at?') : t('Keys'));
    other.update({ label: ofMap ? t('Keys') : t('What am I looking at?'), disabled: shown === null });
    if (shown)
      map.replaceChildren(...mapSentences(shown, ui).flatMap(([name, text]) => [h('dt', {}, name), h('dd', {}, text)]));
  };
  element.addEventListener('keydown', (event) => {
    // Keys of the page below stay away; Escape closes this and nothing else.
    event.stopPropagation();
    if (event.key !== 'Escape' && event.key !== '?') return;
    event.preventDefault();
    element.close();
  });
  element.addEventListener('click', (event) => event.target === element && element.close());
  const open = (about: 'map' | 'keys'): void => {
    fill(about);
    if (!element.open) element.showModal();
  };
  const button = iconButton('question', t('What Am I Looking At?'), () => open('map'));
  button.classList.add('map-explain');
  store.onDraw(({ comparing }) => show(button, !comparing));
  return { element, button, open };
}
