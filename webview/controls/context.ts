import { safeText } from '../../src/map/display.js';
import type { Context } from '../../src/map/specification.js';
import { show } from '../dom.js';
import type { Store } from '../store.js';
import { createDropdown, createTextField } from '../toolkit.js';
import type { ControlGroup } from './controls.js';
import { createField } from './field.js';
import type { Form } from './form.js';
import { createGroup } from './group.js';

const CONTEXTS: readonly { readonly value: Context['kind']; readonly label: string }[] = [
  { value: 'none', label: 'None' },
  { value: 'bos', label: 'Beginning of sequence' },
  { value: 'prompt', label: 'Prompt' },
  { value: 'tokens', label: 'Token ids' },
];
const EXAMPLE = 'The capital of France is';

/** What stands before the vector, in a few words. */
export function contextText(context: Context): string {
  if (context.kind === 'none') return 'None';
  if (context.kind === 'bos') return 'BOS';
  return context.kind === 'prompt' ? `“${safeText(context.text, 24)}”` : `${context.ids.length} token ids`;
}

const readIds = (text: string): number[] =>
  text
    .split(/[\s,]+/)
    .filter((part) => part !== '')
    .map(Number);

export function createContext(store: Store, form: Form): ControlGroup {
  let prompt = EXAMPLE;
  let ids: readonly number[] = [0];
  const edit = (context: Context): void => form.edit('context', context);
  const dropdown = createDropdown('Context', (value) => {
    if (value === 'prompt') edit({ kind: 'prompt', text: prompt });
    else if (value === 'tokens') edit({ kind: 'tokens', ids });
    else if (value === 'none' || value === 'bos') edit({ kind: value });
  });
  const kind = createField('Before', dropdown.element);
  const promptText = createTextField('Prompt', (text) => form.edit('context.text', text));
  const promptField = createField('Prompt', promptText.element);
  const idsText = createTextField('Token ids', (text) => form.edit('context.ids', readIds(text)));
  const idsField = createField('Ids', idsText.element);
  const group = createGroup('context', 'Context', store, kind.element, promptField.element, idsField.element);
  return {
    element: group.element,
    update({ settings, model }, state) {
      const { context } = settings.parameters;
      if (context.kind === 'prompt') prompt = context.text;
      if (context.kind === 'tokens') ids = context.ids;
      group.update({
        open: !state.ui.collapsed.includes('context'),
        disabled: model.status === 'none',
        summary: contextText(context),
      });
      const support = model.status === 'ready' ? model.summary.contexts : undefined;
      const options = CONTEXTS.map((option) => {
        const can = option.value === 'tokens' ? undefined : support?.[option.value];
        return { ...option, ...(can && !can.ok ? { reason: can.reason } : {}) };
      });
      dropdown.update(options, context.kind);
      const barred = options.find((option) => option.reason !== undefined);
      kind.update(
        form.fault('context'),
        barred?.reason === undefined ? undefined : { text: `${barred.label}: ${barred.reason}`, kind: 'info' },
      );
      const takesPlace = { text: 'The vector takes the last token’s place.', kind: 'info' } as const;
      show(promptField.element, context.kind === 'prompt');
      const promptFault = form.fault('context.text');
      promptText.update(prompt, { invalid: promptFault !== undefined });
      promptField.update(promptFault, takesPlace);
      show(idsField.element, context.kind === 'tokens');
      const idsFault = form.fault('context.ids');
      idsText.update(ids.join(' '), { invalid: idsFault !== undefined });
      idsField.update(idsFault, takesPlace);
    },
  };
}
