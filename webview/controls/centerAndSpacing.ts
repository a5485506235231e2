import { formatFixed, formatShort } from '../../src/map/numbers.js';
import type { Grid } from '../../src/map/specification.js';
import { h, setText } from '../dom.js';
import type { Store } from '../store.js';
import type { ControlGroup } from './controls.js';
import { createField } from './field.js';
import type { Form } from './form.js';
import { createGroup } from './group.js';
import { createNumberField } from './numberField.js';

/** Where a grid's middle is, in a few words. */
export const centerText = ({ center: [x, y] }: Grid): string =>
  x === 0 && y === 0 ? 'Origin' : `(${formatShort(x)}, ${formatShort(y)})`;

/** How far a grid reaches from its middle: `x, y ±12.5`. */
export function reachText({ columns, rows, spacing }: Grid): string {
  const reach = (count: number): string => formatFixed((count * spacing) / 2, 6).replace(/\.?0+$/, '');
  return columns === rows ? `x, y ±${reach(columns)}` : `x ±${reach(columns)}, y ±${reach(rows)}`;
}

export function createCenterAndSpacing(store: Store, form: Form): ControlGroup {
  const x = createNumberField('Center x', (value, step) => form.edit('grid.center.0', value, step), { step: 1 });
  const y = createNumberField('Center y', (value, step) => form.edit('grid.center.1', value, step), { step: 1 });
  const comma = h('span', { class: 'between', 'aria-hidden': 'true' }, ',');
  const center = createField('Center', x.element, comma, y.element);
  const number = createNumberField('Spacing', (value) => form.edit('grid.spacing', value));
  const reach = h('span', { class: 'beside' });
  const spacing = createField('Spacing', number.element, reach);
  const group = createGroup('center', 'Center & Spacing', store, center.element, spacing.element);
  return {
    element: group.element,
    update({ settings, model }, state) {
      const { grid } = settings.parameters;
      group.update({
        open: !state.ui.collapsed.includes('center'),
        disabled: model.status === 'none',
        summary: `${centerText(grid)}, ${formatShort(grid.spacing)}`,
      });
      const faults = [form.fault('grid.center.0'), form.fault('grid.center.1')];
      x.update(grid.center[0], { disabled: false, invalid: faults[0] !== undefined });
      y.update(grid.center[1], { disabled: false, invalid: faults[1] !== undefined });
      center.update(
        faults.find((fault) => fault !== undefined),
        settings.parameters.plane.center.kind === 'vector'
          ? { text: 'Counted from the given center vector.', kind: 'info' }
          : undefined,
      );
      const fault = form.fault('grid.spacing');
      number.update(grid.spacing, { disabled: false, invalid: fault !== undefined });
      spacing.update(fault);
      setText(reach, reachText(grid));
    },
  };
}
