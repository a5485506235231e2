import { t } from '@vscode/l10n';
import { safeText } from '../../src/map/display.js';
import { READOUT_NAMES, translatorFile } from '../../src/map/naming.js';
import {
  isTranslated,
  type MapParameters,
  type Readout,
  type TranslatorReference,
} from '../../src/map/specification.js';
import { h, setAttributes, setText, show } from '../dom.js';
import { send } from '../host.js';
import type { Store } from '../store.js';
import { createButton, createDropdown, createRestingField } from '../toolkit.js';
import { createField } from './field.js';
import { type Form, readNumber } from './form.js';
import { createGroup, type ControlGroup } from './group.js';
import { lastLayer, layerAt, layerOf } from './layers.js';
import { toldFault } from './tokenProblem.js';

const READOUTS: readonly { readonly value: Readout; readonly label: string }[] = [
  { value: 'forward', label: READOUT_NAMES.forward },
  { value: 'lens', label: READOUT_NAMES.lens },
  { value: 'unembed', label: READOUT_NAMES.unembed },
  { value: 'tuned', label: READOUT_NAMES.tuned },
  { value: 'jacobian', label: READOUT_NAMES.jacobian },
];

/** Whose lens a file says that it is, once a map was made with it. */
function translatorNote(
  { path }: TranslatorReference,
  used: TranslatorReference | null | undefined,
): { text: string; kind: 'info' } | undefined {
  if (used?.path !== path || used.model === undefined) return undefined;
  const text =
    used.model === null ? t('The file does not name its model') : t('A lens of {0}', safeText(used.model, 60));
  return { text, kind: 'info' };
}

/** Why a readout through a translator cannot be had, where a fault is about its file: that is named in it. */
export function translatorProblem(
  { readout, translator }: Pick<MapParameters, 'readout' | 'translator'>,
  fault: { readonly message: string } | null | undefined,
): string | undefined {
  if (!fault || !translator || !isTranslated(readout)) return undefined;
  const names = translator.path.split(/[\\/]/).filter(Boolean).slice(-2);
  return names.some((name) => fault.message.includes(`"${name}"`)) ? fault.message : undefined;
}

export function createLayerAndReadout(store: Store, form: Form): ControlGroup {
  let last = 0;
  const edit = (index: number, step = false): void => form.edit('layer', layerAt(index, last), step);
  const slider = h('input', { type: 'range', class: 'slider', min: -1, step: 1, 'aria-label': t('Layer') });
  slider.addEventListener('input', () => edit(Number(slider.value), true));
  const number = createRestingField(t('Layer number'), (text) => {
    const name = text.trim().toLowerCase();
    edit(name !== '' && 'embeddings'.startsWith(name) ? -1 : readNumber(text));
  });
  const layer = createField(t('Layer'), slider, h('span', { class: 'layer-number' }, number.element));
  const dropdown = createDropdown(t('Readout'), (value) => {
    form.edit('readout', value);
  });
  const readout = createField(t('Readout'), dropdown.element);
  const translatorName = h('span', { class: 'file-name' });
  const chooseTranslator = createButton(t('Choose…'), 'secondary', () =>
    send({ type: 'chooseFile', path: 'translator', content: 'translator' }),
  );
  const translator = createField(t('Translator'), translatorName, chooseTranslator.element);
  const group = createGroup('layer', t('Layer & Readout'), store, layer.element, readout.element, translator.element);
  return {
    element: group.element,
    update(host, state) {
      const { model, settings } = host;
      last = lastLayer(host);
      const at = layerOf(host);
      group.update({
        disabled: model.status === 'none',
        summary:
          model.status === 'none'
            ? '—'
            : `${at === 'embeddings' ? t('Embeddings') : at}, ${settings.parameters.readout}`,
      });
      const fault = form.fault('layer');
      // Which layer is the last one is not known before the model is.
      const unknown = model.status !== 'ready' && settings.parameters.layer === 'last';
      const value = at === 'embeddings' ? -1 : at;
      setAttributes(slider, {
        max: last,
        disabled: unknown,
        'aria-valuetext': unknown ? t('last') : at === 'embeddings' ? t('embeddings') : t('{0} of 0 to {1}', at, last),
      });
      slider.style.setProperty('--part', `${((value + 1) / (last + 1)) * 100}%`);
      if (Number(slider.value) !== value) slider.value = String(value);
      number.update(unknown ? 'last' : at === 'embeddings' ? 'emb.' : String(at), {
        invalid: fault !== undefined,
      });
      setAttributes(number.element, {
        title: at === 'embeddings' ? t('The input of block 0') : t('0 to {0}, or "embeddings"', last),
      });
      layer.update(fault);
      const support = model.status === 'ready' ? model.summary.readouts : undefined;
      const options = READOUTS.map((option) => {
        const can = support?.[option.value];
        return { ...option, ...(can && !can.ok ? { reason: can.reason } : {}) };
      });
      dropdown.update(options, settings.parameters.readout);
      const through = isTranslated(settings.parameters.readout);
      const file = settings.parameters.translator;
      show(translator.element, through);
      setText(translatorName, file ? translatorFile(file.path) : '');
      setAttributes(translatorName, { title: file?.path });
      translator.update(
        form.fault('translator') ??
          (through && !file ? t('Choose the file of the lens') : undefined) ??
          translatorProblem(settings.parameters, toldFault(state)),
        file ? translatorNote(file, state.base?.specification.translator) : undefined,
      );
      const barred = options.find((option) => option.reason !== undefined);
      readout.update(
        form.fault('readout'),
        barred?.reason === undefined ? undefined : { text: `${barred.label}: ${barred.reason}`, kind: 'info' },
      );
    },
  };
}
