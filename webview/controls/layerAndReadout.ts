import { READOUT_NAMES } from '../../src/map/naming.js';
import type { Readout } from '../../src/map/specification.js';
import { h, setAttributes } from '../dom.js';
import type { Store } from '../store.js';
import { createDropdown, createTextField } from '../toolkit.js';
import type { ControlGroup } from './controls.js';
import { createField } from './field.js';
import { type Form, readNumber } from './form.js';
import { createGroup } from './group.js';
import { lastLayer, layerAt, layerOf } from './layers.js';

const READOUTS: readonly { readonly value: Readout; readonly label: string }[] = [
  { value: 'forward', label: READOUT_NAMES.forward },
  { value: 'lens', label: READOUT_NAMES.lens },
  { value: 'unembed', label: READOUT_NAMES.unembed },
];

export function createLayerAndReadout(store: Store, form: Form): ControlGroup {
  let last = 0;
  const edit = (index: number, step = false): void => form.edit('layer', layerAt(index, last), step);
  const slider = h('input', { type: 'range', class: 'slider', min: -1, step: 1, 'aria-label': 'Layer' });
  slider.addEventListener('input', () => edit(Number(slider.value), true));
  const number = createTextField('Layer number', (text) => {
    const name = text.trim().toLowerCase();
    edit(name !== '' && 'embeddings'.startsWith(name) ? -1 : readNumber(text));
  });
  const layer = createField('Layer', slider, h('span', { class: 'layer-number' }, number.element));
  const dropdown = createDropdown('Readout', (value) => {
    form.edit('readout', value);
  });
  const readout = createField('Readout', dropdown.element);
  const group = createGroup('layer', 'Layer & Readout', store, layer.element, readout.element);
  return {
    element: group.element,
    update(host, state) {
      const { model, settings } = host;
      last = lastLayer(host);
      const at = layerOf(host);
      group.update({
        open: !state.ui.collapsed.includes('layer'),
        disabled: model.status === 'none',
        summary:
          model.status === 'none' ? '—' : `${at === 'embeddings' ? 'Embeddings' : at}, ${settings.parameters.readout}`,
      });
      const fault = form.fault('layer');
      // Which layer is the last one is not known before the model is.
      const unknown = model.status !== 'ready' && settings.parameters.layer === 'last';
      const value = at === 'embeddings' ? -1 : at;
      setAttributes(slider, {
        max: last,
        disabled: unknown,
        'aria-valuetext': unknown ? 'last' : at === 'embeddings' ? 'embeddings' : `${at} of 0 to ${last}`,
      });
      slider.style.setProperty('--part', `${((value + 1) / (last + 1)) * 100}%`);
      if (Number(slider.value) !== value) slider.value = String(value);
      number.update(unknown ? 'last' : at === 'embeddings' ? 'emb.' : String(at), { invalid: fault !== undefined });
      setAttributes(number.element, {
        title: at === 'embeddings' ? 'The input of block 0' : `0 to ${last}, or "embeddings"`,
      });
      layer.update(fault);
      const support = model.status === 'ready' ? model.summary.readouts : undefined;
      const options = READOUTS.map((option) => {
        const can = support?.[option.value];
        return { ...option, ...(can && !can.ok ? { reason: can.reason } : {}) };
      });
      dropdown.update(options, settings.parameters.readout);
      const barred = options.find((option) => option.reason !== undefined);
      readout.update(
        form.fault('readout'),
        barred?.reason === undefined ? undefined : { text: `${barred.label}: ${barred.reason}`, kind: 'info' },
      );
    },
  };
}
