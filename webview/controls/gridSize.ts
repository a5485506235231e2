import { t } from '@vscode/l10n';
import { resizedGrid, sameGrid } from '../../src/map/grid.js';
import { formatCount } from '../../src/map/numbers.js';
import { type Grid, LIMITS } from '../../src/map/specification.js';
import { h, iconButton, setAttributes, setIconButton, setText } from '../dom.js';
import type { Store } from '../store.js';
import { createField } from './field.js';
import type { Form } from './form.js';
import { createGroup, type ControlGroup } from './group.js';
import { createNumberField } from './numberField.js';

/** How many cells there are. A lock says what stays when that changes: the window, or the spacing. */
export function createGridSize(store: Store, form: Form): ControlGroup {
  /** The grid that the last one was made from by resizing: rounded numbers of cells would drift apart. */
  let resized: { readonly from: Grid; readonly to: Grid } | undefined;
  const edit = (side: 'columns' | 'rows', count: number, step: boolean): void => {
    const grid = form.settings?.parameters.grid;
    const fits = Number.isInteger(count) && count >= 1 && count <= LIMITS.side;
    if (!grid || !fits || count === grid[side] || !store.state.ui.keepWindow)
      return form.edit(`grid.${side}`, count, step);
    const from = resized && sameGrid(resized.to, grid) ? resized.from : grid;
    resized = { from, to: resizedGrid(from, side, count) };
    form.edit('grid', resized.to, step);
  };
  const range = { step: 1, low: 1, high: LIMITS.side };
  const columns = createNumberField(t('Columns'), (value, step) => edit('columns', value, step), range);
  const rows = createNumberField(t('Rows'), (value, step) => edit('rows', value, step), range);
  const lock = iconButton('lock', t('Keep the Window'), () => store.setUi({ keepWindow: !store.state.ui.keepWindow }));
  const stays = h('span', { class: 'beside' });
  const field = createField(
    t('Cells'),
    columns.element,
    h('span', { class: 'between', 'aria-hidden': 'true' }, '×'),
    rows.element,
    lock,
    stays,
  );
  field.element.classList.add('cells-field');
  const group = createGroup('grid', t('Grid Size'), store, field.element);
  return {
    element: group.element,
    update({ settings, model }, { ui }) {
      const { grid } = settings.parameters;
      group.update({
        disabled: model.status === 'none',
        summary: `${formatCount(grid.columns)} × ${formatCount(grid.rows)}`,
      });
      const faults = [form.fault('grid.columns'), form.fault('grid.rows'), form.fault('grid')];
      columns.update(grid.columns, { disabled: false, invalid: faults[0] !== undefined });
      rows.update(grid.rows, { disabled: false, invalid: faults[1] !== undefined });
      setIconButton(lock, ui.keepWindow ? 'lock' : 'unlock', t('Keep the Window'));
      setAttributes(lock, { 'aria-pressed': String(ui.keepWindow) });
      setText(stays, ui.keepWindow ? t('The window stays') : t('The spacing stays'));
      field.update(faults.find((fault) => fault !== undefined));
    },
  };
}
