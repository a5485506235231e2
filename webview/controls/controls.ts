import { t } from '@vscode/l10n';
import type { HostState } from '../../src/protocol/page.js';
import { h, iconButton, setEnabled, show } from '../dom.js';
import { send } from '../host.js';
import { anyOf, type PageState, type Store } from '../store.js';
import { createAdvanced } from './advanced.js';
import { createContext } from './context.js';
import { createFooter } from './footer.js';
import { Form } from './form.js';
import { createGridSize } from './gridSize.js';
import type { ControlGroup } from './group.js';
import { createInterventions } from './interventions.js';
import { createLayerAndReadout } from './layerAndReadout.js';
import { createModel } from './model.js';
import { createOverlays } from './overlays.js';
import { createPlane } from './plane.js';
import { createPreset } from './preset.js';
import { createQuestion } from './question.js';
import { createCenterAndSpacing } from './centerAndSpacing.js';
import { createSavedFacts } from './savedFacts.js';

/** The column of parameters; for a saved map, what it was made with. */
export function createControls(store: Store, onToggle: () => void): HTMLElement {
  const form: Form = new Form(
    () => store.state.host,
    () => {
      const { host } = store.state;
      if (host) update(host, store.state);
    },
  );
  const groups: readonly ControlGroup[] = [
    createModel(store),
    createPreset(store, form),
    createLayerAndReadout(store, form),
    createPlane(store, form),
    createCenterAndSpacing(store, form),
    createGridSize(store, form),
    createContext(store, form),
    createInterventions(store, form),
    createQuestion(store, form),
    createOverlays(store, form),
    createAdvanced(store, form),
  ];
  const saved = createSavedFacts();
  const footer = createFooter(store);
  const undo = iconButton('discard', t('Undo Parameter Change'), () => send({ type: 'undo' }));
  const redo = iconButton('redo', t('Redo Parameter Change'), () => send({ type: 'redo' }));
  const toggle = iconButton('layout-sidebar-left', t('Hide Parameters'), onToggle);
  const body = h('div', { class: 'controls-body' }, ...groups.map((group) => group.element), saved.element);
  const element = h(
    'aside',
    { class: 'controls', id: 'controls', 'aria-label': t('Parameters') },
    h('div', { class: 'pane-header' }, h('h2', {}, t('Parameters')), undo, redo, toggle),
    body,
    footer.element,
  );
  element.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    send({ type: 'generate' });
  });

  const update = (host: HostState, state: PageState): void => {
    const isSaved = host.mode === 'saved';
    for (const group of groups) {
      show(group.element, !isSaved);
      if (!isSaved) group.update(host, state);
    }
    show(saved.element, isSaved);
    if (isSaved) saved.update(host, state);
    show(undo, !isSaved);
    show(redo, !isSaved);
    setEnabled(undo, host.canUndo, t('Undo Parameter Change'), t('nothing was changed'));
    setEnabled(redo, host.canRedo, t('Redo Parameter Change'), t('nothing was undone'));
    footer.update(host, state);
  };
  store.onDraw((state, changed) => {
    if (!state.host || !anyOf(changed, 'host', 'ui', 'map', 'news', 'prompts')) return;
    form.update(state.host);
    update(state.host, state);
  });
  return element;
}
