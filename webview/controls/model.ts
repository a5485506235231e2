import { t } from '@vscode/l10n';
import { safeText } from '../../src/map/display.js';
import { formatCount, formatFixed } from '../../src/map/numbers.js';
import { type HostState, leadsTo } from '../../src/protocol/page.js';
import { h, iconButton, setAttributes, setText, show } from '../dom.js';
import { send } from '../host.js';
import type { Store } from '../store.js';
import { createDropdown, type Option } from '../toolkit.js';
import { createField } from './field.js';
import { createGroup, type ControlGroup } from './group.js';
import { layersWords } from '../counted.js';

/** Value of the line that stands for "no model". */
const NONE = '';
/** The line that asks for a model that is not listed; the others' values are absolute paths. */
const CHOOSE: Option = { value: 'choose', label: t('Choose Another Model…'), acts: true };

export function createModel(store: Store): ControlGroup {
  const dropdown = createDropdown(t('Model'), (path) => {
    if (path === CHOOSE.value) send({ type: 'chooseModel' });
    else if (path !== NONE) send({ type: 'model', path });
  });
  const browse = iconButton('folder-opened', t('Choose Model…'), () => send({ type: 'chooseModel' }));
  const field = createField('', dropdown.element, browse);
  const facts = h('p', { class: 'facts' });
  const file = h('p', { class: 'facts file' });
  const group = createGroup('model', t('Model'), store, field.element, facts, file);
  group.element.classList.add('model-group');
  return {
    element: group.element,
    update(host) {
      group.update({ disabled: false, summary: modelName(host) });
      dropdown.update([...options(host), CHOOSE], host.settings.modelPath ?? NONE);
      const { model } = host;
      // Why stands over the map or in its place, with what can be done.
      field.update(model.status === 'failed' ? t('This model could not be loaded') : undefined, note(host));
      const text = factsOf(host);
      setText(facts, text);
      show(facts, text !== '');
      const fileText = fileOf(host);
      setText(file, fileText);
      setAttributes(file, { title: fileText });
      show(file, fileText !== '');
    },
  };
}

const modelName = ({ model }: HostState): string => (model.status === 'none' ? t('None') : safeText(model.name));

function options({ settings, model, models }: HostState): Option[] {
  const current = settings.modelPath;
  const listed = models.map((entry) => {
    const chosen = leadsTo(entry, current);
    return {
      value: chosen && current !== null ? current : entry.path,
      label: safeText(entry.name),
      // The chosen one can be shown only while it can be chosen; what is wrong with it is said below.
      ...(entry.problem === undefined || chosen ? {} : { reason: entry.problem }),
    };
  });
  if (current === null) return [{ value: NONE, label: t('No model chosen') }, ...listed];
  if (listed.some((option) => option.value === current)) return listed;
  return [{ value: current, label: model.status === 'none' ? current : safeText(model.name) }, ...listed];
}

function factsOf({ model }: HostState): string {
  if (model.status === 'loading') return t('Opening…');
  if (model.status !== 'ready') return '';
  const { blocks, hiddenSize, vocabularySize } = model.summary.facts;
  return t(
    '{0} · {1} dimensions · {2} tokens',
    layersWords(blocks),
    formatCount(hiddenSize),
    formatCount(vocabularySize),
  );
}

/** Its file, how the weights are stored and what they take. */
function fileOf({ model }: HostState): string {
  if (model.status !== 'ready') return '';
  const { reference, facts } = model.summary;
  return [safeText(reference.file), facts.numberType, formatBytes(facts.weightsBytes)].join(' · ');
}

/** A size on disk as people read it: `7.4 MB`, `538 MB`, `2.5 GB`. */
function formatBytes(bytes: number): string {
  const [unit, size] = bytes < 1e9 ? ['MB', bytes / 1e6] : ['GB', bytes / 1e9];
  return `${formatFixed(size, size < 10 ? 1 : 0)} ${unit}`;
}

/** What a person should know of a model that works. */
function note({ model }: HostState): { text: string; kind: 'info' | 'warning' } | undefined {
  if (model.status !== 'ready') return undefined;
  const { tokenizer, checks, device } = model.summary;
  if (device.warning !== undefined) return { text: device.warning, kind: 'warning' };
  const failed = checks.find((check) => check.outcome === 'failed');
  if (failed) return { text: `${failed.name}: ${failed.detail}`, kind: 'warning' };
  if (tokenizer.file === null) {
    return { text: tokenizer.reason ?? t('No tokenizer was found: tokens are shown as numbers.'), kind: 'warning' };
  }
  return undefined;
}
