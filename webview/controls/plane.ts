import type { OwnAxes } from '../../src/map/plane.js';
import { type Axes, LIMITS } from '../../src/map/specification.js';
import { h, iconButton, show } from '../dom.js';
import type { Store } from '../store.js';
import { createDropdown } from '../toolkit.js';
import type { ControlGroup } from './controls.js';
import { createField } from './field.js';
import type { Form } from './form.js';
import { createGroup } from './group.js';
import { createNumberField, type NumberField } from './numberField.js';

type OwnMethod = OwnAxes['method'];
const METHODS: readonly { readonly value: OwnMethod; readonly label: string }[] = [
  { value: 'random_projection', label: 'Random projection' },
  { value: 'direct', label: 'Direct (two dimensions)' },
  { value: 'replicated', label: 'Replicated (even, odd)' },
];

/** What a plane's axes are, in a few words. */
export function axesText(axes: Axes): string {
  if (axes.method === 'random_projection') return `Random, seed ${axes.seed}`;
  if (axes.method === 'replicated') return 'Replicated';
  if (axes.method === 'directions') return 'Directions';
  if (axes.method === 'pca_basis') return 'Principal components';
  return `Direct, dimensions ${axes.dimensions[0]} and ${axes.dimensions[1]}`;
}

export function createPlane(store: Store, form: Form): ControlGroup {
  /** What each method was last set to, so that trying another one loses nothing. */
  const last: { [M in OwnMethod]: Extract<Axes, { method: M }> } = {
    random_projection: { method: 'random_projection', seed: 42 },
    direct: { method: 'direct', dimensions: [0, 1] },
    replicated: { method: 'replicated' },
  };
  const dropdown = createDropdown('Method', (value) => {
    const method = METHODS.find((one) => one.value === value)?.value;
    if (method) form.edit('plane.axes', last[method]);
  });
  const method = createField('Method', dropdown.element);

  const editSeed = (seed: number, step = false): void => form.edit('plane.axes.seed', seed, step);
  const seedNumber = createNumberField('Seed', editSeed, { step: 1, low: 0, high: LIMITS.seed });
  const another = iconButton('refresh', 'Another Seed', () =>
    editSeed(crypto.getRandomValues(new Uint16Array(1))[0] ?? 0),
  );
  const seed = createField('Seed', seedNumber.element, another);

  const dimension = (i: 0 | 1): NumberField =>
    createNumberField(
      `Dimension of ${i === 0 ? 'x' : 'y'}`,
      (value, step) => form.edit(`plane.axes.dimensions.${i}`, value, step),
      { step: 1, low: 0 },
    );
  const first = dimension(0);
  const second = dimension(1);
  const dimensions = createField(
    'Dimensions',
    first.element,
    h('span', { class: 'between', 'aria-hidden': 'true' }, '×'),
    second.element,
  );
  const group = createGroup('plane', 'Plane', store, method.element, seed.element, dimensions.element);
  return {
    element: group.element,
    update({ settings, model }, state) {
      const { axes } = settings.parameters.plane;
      if (axes.method === 'random_projection') last.random_projection = axes;
      else if (axes.method === 'direct') last.direct = axes;
      group.update({
        open: !state.ui.collapsed.includes('plane'),
        disabled: model.status === 'none',
        summary: axesText(axes),
      });
      const given = METHODS.some(({ value }) => value === axes.method)
        ? []
        : [{ value: axes.method, label: axesText(axes) }];
      dropdown.update([...METHODS, ...given], axes.method);
      method.update(form.fault('plane.axes'));
      show(seed.element, axes.method === 'random_projection');
      show(dimensions.element, axes.method === 'direct');
      const seedFault = form.fault('plane.axes.seed');
      seedNumber.update(last.random_projection.seed, { disabled: false, invalid: seedFault !== undefined });
      seed.update(seedFault);
      const faults = [form.fault('plane.axes.dimensions.0'), form.fault('plane.axes.dimensions.1')];
      first.update(last.direct.dimensions[0], { disabled: false, invalid: faults[0] !== undefined });
      second.update(last.direct.dimensions[1], { disabled: false, invalid: faults[1] !== undefined });
      dimensions.update(faults.find((fault) => fault !== undefined));
    },
  };
}
