import { t } from '@vscode/l10n';
import { createChangesHeader } from './compare/changesHeader.js';
import { createChangesTable } from './compare/changesTable.js';
import type { ChangesPane } from './compare/changesPane.js';
import { createPaneHeader, sideBrief } from './compare/paneHeader.js';
import type { Derived } from './derived.js';
import { h, setAttributes, setText, show } from './dom.js';
import { createInspector } from './inspector.js';
import type { Pane } from './pane.js';

/** The maps beside each other: one, or two with what changes between them. */
export function createPanes(main: Pane, other: Pane, changes: ChangesPane, derived: Derived): HTMLElement {
  const side = (pane: Pane, name: string) => {
    const header = createPaneHeader(pane.store, main.store, derived);
    const inspector = createInspector(pane.store, derived, () => sideBrief(pane.store, main.store));
    pane.store.onDraw(({ map }) => show(inspector, map !== null));
    const element = h('section', { class: `pane pane-${name}` }, pane.view.element);
    /** What stands over and below a map that has another beside it. */
    const dress = (compared: boolean): void => {
      if (compared) {
        element.prepend(header);
        element.append(inspector);
      } else for (const one of [header, inspector]) one.remove();
    };
    return { element, dress };
  };
  const left = side(main, 'main');
  const right = side(other, 'other');
  const header = createChangesHeader(changes.store, derived);
  const note = h('p', { class: 'changes-note faint' });
  const table = createChangesTable(changes.store, derived);
  const between = h(
    'section',
    { class: 'pane pane-changes', 'aria-label': t('Changed cells') },
    header,
    changes.view.element,
    note,
    table,
  );
  const element = h('div', { class: 'panes' }, left.element);
  let dressed = false;
  main.store.onDraw(({ comparing }) => {
    if (comparing === dressed) return;
    dressed = comparing;
    for (const one of [left, right]) one.dress(comparing);
    setAttributes(left.element, { 'aria-label': comparing ? t('Left map') : undefined });
    setAttributes(right.element, { 'aria-label': t('Right map') });
    if (comparing) element.append(right.element, between);
    else for (const one of [right.element, between]) one.remove();
  });
  changes.store.onDraw(({ map, comparing, ui }) => {
    if (!comparing) return;
    show(table, map !== null);
    const fault = ui.changesBy === 'change' ? null : (map?.changes?.divergences?.fault ?? null);
    show(note, map === null || fault !== null);
    const why = fault ? [fault.message, fault.hint].filter(Boolean).join(' ') : changes.reason;
    setText(note, why ?? t('Compared as soon as both maps have cells.'));
  });
  return element;
}
