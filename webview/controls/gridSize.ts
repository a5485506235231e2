import { formatCount } from '../../src/map/numbers.js';
import { LIMITS } from '../../src/map/specification.js';
import { h } from '../dom.js';
import type { Store } from '../store.js';
import { createField } from './field.js';
import type { Form } from './form.js';
import { createGroup, type ControlGroup } from './group.js';
import { createNumberField } from './numberField.js';

export function createGridSize(store: Store, form: Form): ControlGroup {
  const range = { step: 1, low: 1, high: LIMITS.side };
  const columns = createNumberField('Columns', (value, step) => form.edit('grid.columns', value, step), range);
  const rows = createNumberField('Rows', (value, step) => form.edit('grid.rows', value, step), range);
  const field = createField(
    'Cells',
    columns.element,
    h('span', { class: 'between', 'aria-hidden': 'true' }, '×'),
    rows.element,
  );
  const group = createGroup('grid', 'Grid Size', store, field.element);
  return {
    element: group.element,
    update({ settings, model }, state) {
      const { grid } = settings.parameters;
      group.update({
        open: !state.ui.collapsed.includes('grid'),
        disabled: model.status === 'none',
        summary: `${formatCount(grid.columns)} × ${formatCount(grid.rows)}`,
      });
      const faults = [form.fault('grid.columns'), form.fault('grid.rows')];
      columns.update(grid.columns, { disabled: false, invalid: faults[0] !== undefined });
      rows.update(grid.rows, { disabled: false, invalid: faults[1] !== undefined });
      field.update(faults.find((fault) => fault !== undefined));
    },
  };
}
