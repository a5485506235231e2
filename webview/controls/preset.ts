import { t } from '@vscode/l10n';
import {
  isAlongSample,
  isBetweenBoundaries,
  PRESET_NAMES,
  type Preset,
  type PresetModel,
  presetOf,
  presetParameters,
  PRESETS,
} from '../../src/map/presets.js';
import type { Store } from '../store.js';
import { createDropdown } from '../toolkit.js';
import type { ControlGroup } from './group.js';
import { createField } from './field.js';
import { type Form, isBundled } from './form.js';
import { h, show } from '../dom.js';
import { send } from '../host.js';

const DESCRIPTIONS: Readonly<Record<Preset, string>> = {
  original: t('A random plane through the origin, no context, as the original script draws it.'),
  aroundPrompt: t('A random plane around the hidden state of a prompt.'),
  threePrompts: t('The plane through the hidden states of three prompts, each at a known place.'),
  principalPlane: t('The two directions in which texts differ most.'),
  steering: t('One direction, added more and more to a prompt’s hidden state.'),
};

const OF_ITS_LAYER = t('One direction, added more and more to a prompt’s hidden state, at the layer that it is of.');

/** One that the host lays: where the boundaries are, the model alone tells. */
const BETWEEN = {
  value: 'betweenBoundaries',
  label: t('Between the two nearest boundaries'),
  about: t('The plane through the center and the two nearest points where something else would be said.'),
} as const;

/** Where to start from: lays a plane; what is asked of it stays. */
export function createPreset(_store: Store, form: Form): ControlGroup {
  const dropdown = createDropdown(t('Start from'), (value) => {
    const preset = PRESETS.find((one) => one === value);
    const parameters = form.settings?.parameters;
    if (value === BETWEEN.value) send({ type: 'betweenBoundaries' });
    if (preset && parameters) form.edit('parameters', presetParameters(preset, parameters, known));
  });
  let known: PresetModel | undefined;
  const field = createField(t('Start from'), dropdown.element);
  const element = h(
    'section',
    { class: 'group preset-group', 'aria-label': t('Start from') },
    h('div', { class: 'group-body' }, field.element),
  );
  return {
    element,
    update(host) {
      const { settings, model } = host;
      show(element, model.status !== 'none');
      known = {
        bundled: isBundled(host),
        hiddenSize: model.status === 'ready' ? model.summary.facts.hiddenSize : undefined,
      };
      const preset = presetOf(settings.parameters, known);
      const between = isBetweenBoundaries(settings.parameters);
      dropdown.update(
        [
          ...(preset || between ? [] : [{ value: 'custom', label: t('Custom') }]),
          ...PRESETS.map((one) => ({ value: one, label: PRESET_NAMES[one] })),
          { value: BETWEEN.value, label: BETWEEN.label },
        ],
        preset ?? (between ? BETWEEN.value : 'custom'),
      );
      const described = preset && (isAlongSample(settings.parameters) ? OF_ITS_LAYER : DESCRIPTIONS[preset]);
      const about = described ?? (between ? BETWEEN.about : undefined);
      field.update(form.fault('parameters'), about === undefined ? undefined : { text: about, kind: 'info' });
    },
  };
}
