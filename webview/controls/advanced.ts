import { t } from '@vscode/l10n';
import { formatCount } from '../../src/map/numbers.js';
import { LIMITS } from '../../src/map/specification.js';
import { DEVICES } from '../../src/protocol/engine.js';
import { send } from '../host.js';
import type { Store } from '../store.js';
import { createCheckbox, createDropdown } from '../toolkit.js';
import { createField } from './field.js';
import type { Form } from './form.js';
import { createGroup, type ControlGroup } from './group.js';
import { createNumberField } from './numberField.js';

const DEVICE_NAMES: Readonly<Record<(typeof DEVICES)[number], string>> = {
  auto: t('Automatic'),
  cpu: 'CPU',
  cuda: 'CUDA (NVIDIA)',
  dml: 'DirectML (Windows)',
  webgpu: 'WebGPU',
  coreml: 'Core ML (macOS)',
};

export function createAdvanced(store: Store, form: Form): ControlGroup {
  const dropdown = createDropdown(t('Device'), (device) => form.edit('device', device));
  const device = createField(t('Device'), dropdown.element);
  const batchRange = { step: 1, low: 1, high: LIMITS.batch };
  const batchNumber = createNumberField(
    t('Batch size'),
    (value, step) => form.edit('batchSize', value, step),
    batchRange,
  );
  const batch = createField(t('Batch'), batchNumber.element);
  const [low, high] = LIMITS.topK;
  const topNumber = createNumberField(t('Tokens per cell'), (value, step) => form.edit('topK', value, step), {
    step: 1,
    low,
    high,
  });
  const top = createField(t('Top tokens'), topNumber.element);
  const adaptiveBox = createCheckbox(t('Fill in where cells agree'), (checked) => form.edit('adaptive', checked));
  const adaptive = createField('', adaptiveBox.element);
  adaptive.element.classList.add('indented');
  const sampleDropdown = createDropdown(t('Sample for the typical norm'), (value) => {
    if (value === 'own') form.edit('plane.sample', null);
    else if (value === 'file') {
      send({ type: 'chooseFile', path: 'plane.sample', content: 'texts' });
      redraw(); // as it was, until a file is chosen
    }
  });
  let redraw = (): void => undefined;
  const sample = createField(t('Norm from'), sampleDropdown.element);
  const group = createGroup(
    'advanced',
    t('Advanced'),
    store,
    device.element,
    batch.element,
    top.element,
    adaptive.element,
    sample.element,
  );
  return {
    element: group.element,
    update({ settings, model }, state) {
      const report = model.status === 'ready' ? model.summary.device : undefined;
      group.update({
        disabled: model.status === 'none',
        summary: t('Batch {0} · {1}', settings.batchSize, report?.used.toUpperCase() ?? DEVICE_NAMES[settings.device]),
      });
      dropdown.update(
        DEVICES.map((value) => ({ value, label: DEVICE_NAMES[value] })),
        settings.device,
      );
      device.update(undefined);
      const batchFault = form.fault('batchSize');
      batchNumber.update(settings.batchSize, { disabled: false, invalid: batchFault !== undefined });
      batch.update(batchFault);
      const topFault = form.fault('topK');
      topNumber.update(settings.parameters.topK, { disabled: false, invalid: topFault !== undefined });
      top.update(topFault);
      adaptiveBox.update(settings.parameters.adaptive);
      adaptive.update(
        form.fault('adaptive'),
        settings.parameters.adaptive
          ? {
              text: t(
                'Approximate; how well is measured. Maps that come at once, as at the last layer, are computed whole.',
              ),
              kind: 'info',
            }
          : undefined,
      );
      const texts = settings.parameters.plane.sample;
      redraw = () =>
        sampleDropdown.update(
          [
            { value: 'own', label: t('Included texts') },
            ...(texts ? [{ value: 'texts', label: t('{0} texts of a file', formatCount(texts.length)) }] : []),
            { value: 'file', label: t('Texts of a file…') },
          ],
          texts ? 'texts' : 'own',
        );
      redraw();
      const measured = state.news?.survey?.norms?.count;
      sample.update(
        form.faultUnder('plane.sample'),
        measured === undefined
          ? undefined
          : { text: t('The typical norm is the median of {0} hidden states.', formatCount(measured)), kind: 'info' },
      );
    },
  };
}
