import { t } from '@vscode/l10n';
import { overlayWords, promptWords } from '../../src/map/naming.js';
import { LIMITS, type Overlay, type Prompt } from '../../src/map/specification.js';
import { h, iconButton, setText } from '../dom.js';
import { send } from '../host.js';
import { createMenuButton, type MenuItem } from '../menu.js';
import type { Store } from '../store.js';
import { createCheckbox, createTextField } from '../toolkit.js';
import { createField } from './field.js';
import type { Form } from './form.js';
import { createGroup, type ControlGroup } from './group.js';
import { createNumberField } from './numberField.js';

/** What can be added, of a prompt that it begins with. */
const kindsOf = (
  prompt: Prompt,
): readonly { readonly label: string; readonly icon: string; readonly overlay: Overlay }[] => [
  { label: t('Prompt'), icon: 'comment', overlay: { kind: 'state', prompt } },
  { label: t('Prompt’s Way Through the Layers'), icon: 'layers', overlay: { kind: 'layers', prompt } },
  { label: t('Prompt’s Way Through Its Positions'), icon: 'ellipsis', overlay: { kind: 'positions', prompt } },
  {
    label: t('Embeddings Near the Plane'),
    icon: 'symbol-key',
    overlay: { kind: 'rows', matrix: 'embedding', count: 20 },
  },
  {
    label: t('Unembeddings Near the Plane'),
    icon: 'symbol-string',
    overlay: { kind: 'rows', matrix: 'unembedding', count: 20 },
  },
];

const labelOf = (overlay: Overlay): string =>
  overlay.kind === 'rows'
    ? overlay.matrix === 'embedding'
      ? t('Embeddings')
      : t('Unembed.')
    : { state: t('Prompt'), layers: t('Layers'), positions: t('Positions'), texts: t('Texts') }[overlay.kind];

/** An overlay's line: what it is of, and a button that takes it away. */
interface Line {
  readonly element: HTMLElement;
  update(overlay: Overlay): void;
}

function createLine(index: number, overlay: Overlay, form: Form): Line {
  const overlays = (): readonly Overlay[] => form.settings?.parameters.overlays ?? [];
  const what = `${labelOf(overlay)} ${index + 1}`;
  const remove = iconButton('close', t('Remove {0}', what), () =>
    form.edit(
      'overlays',
      overlays().filter((_, i) => i !== index),
    ),
  );
  if (overlay.kind === 'rows') {
    const count = createNumberField(
      t('Number of {0}', what),
      (value, step) => form.edit(`overlays.${index}.count`, value, step),
      { step: 5, low: 1, high: LIMITS.nearRows },
    );
    const field = createField(labelOf(overlay), count.element, h('span', { class: 'beside' }, t('nearest')), remove);
    return {
      element: field.element,
      update(current) {
        const fault = form.faultUnder(`overlays.${index}`);
        if (current.kind === 'rows') count.update(current.count, { disabled: false, invalid: fault !== undefined });
        field.update(fault);
      },
    };
  }
  if (overlay.kind === 'texts') {
    const words = h('span', { class: 'beside' });
    const field = createField(labelOf(overlay), words, remove);
    return {
      element: field.element,
      update(current) {
        setText(words, overlayWords(current));
        field.update(form.faultUnder(`overlays.${index}`));
      },
    };
  }
  const text = createTextField(t('Prompt of {0}', what), (typed) => form.edit(`overlays.${index}.prompt.text`, typed));
  const field = createField(labelOf(overlay), text.element, remove);
  return {
    element: field.element,
    update(current) {
      const fault = form.faultUnder(`overlays.${index}`);
      if (current.kind !== 'rows' && current.kind !== 'texts') {
        const ids = current.prompt.kind === 'tokens';
        text.update(current.prompt.kind === 'prompt' ? current.prompt.text : promptWords(current.prompt), {
          disabled: ids,
          invalid: fault !== undefined,
        });
      }
      field.update(fault);
    },
  };
}

/** What is shown at its place on the plane beside the cells; none of it is computed into them. */
export function createOverlays(store: Store, form: Form): ControlGroup {
  const holder = h('div', { class: 'overlay-lines' });
  const ring = createCheckbox(t('Ring of the typical norm'), (checked) => store.setUi({ ring: checked }));
  const ringField = createField('', ring.element);
  const add = createMenuButton(
    t('Add Overlay'),
    () => {
      const { overlays = [], plane } = form.settings?.parameters ?? {};
      const append = (more: readonly Overlay[]): void =>
        form.edit('overlays', [...overlays, ...more].slice(0, Math.max(LIMITS.prompts, overlays.length + 1)));
      const own = plane?.axes.method === 'pca_basis' ? plane.axes.texts : [];
      const texts = own.map((text): Overlay => ({ kind: 'state', prompt: { kind: 'prompt', text } }));
      return [
        ...(texts.length > 0
          ? [{ label: t('Texts of the Plane'), icon: 'list-unordered', run: () => append(texts) } satisfies MenuItem]
          : []),
        ...(own.length > 0 && !overlays.some((one) => one.kind === 'texts' && one.texts === null)
          ? [
              {
                label: t('Texts of the Plane as Points'),
                icon: 'circle-filled',
                run: () => append([{ kind: 'texts', texts: null }]),
              } satisfies MenuItem,
            ]
          : []),
        {
          label: t('Texts of a CSV File…'),
          icon: 'table',
          run: () => send({ type: 'chooseFile', path: 'overlays', content: 'table' }),
        } satisfies MenuItem,
        ...kindsOf({ kind: 'prompt', text: form.prompts.B }).map(({ label, icon, overlay }): MenuItem => ({
          label,
          icon,
          run: () => append([overlay]),
        })),
      ];
    },
    'add',
  );
  const addField = createField(t('Add'), add.element);
  addField.element.classList.add('add-overlay');
  const group = createGroup('overlays', t('Overlays'), store, holder, addField.element, ringField.element);
  let shape = '';
  let lines: readonly Line[] = [];
  return {
    element: group.element,
    update({ settings, model }, state) {
      const { overlays } = settings.parameters;
      group.update({
        disabled: model.status === 'none',
        summary: [...(overlays.length > 0 ? [`${overlays.length}`] : []), ...(state.ui.ring ? [t('ring')] : [])].join(
          ', ',
        ),
      });
      const now = overlays.map(labelOf).join();
      if (now !== shape) {
        shape = now;
        lines = overlays.map((overlay, i) => createLine(i, overlay, form));
        holder.replaceChildren(...lines.map(({ element }) => element));
      }
      overlays.forEach((overlay, i) => lines[i]?.update(overlay));
      addField.update(form.fault('overlays'));
      ring.update(state.ui.ring);
    },
  };
}
