import { t } from '@vscode/l10n';
import { capital, contextBrief } from '../../src/map/naming.js';
import { type Center, type ContextChoice, contextOf, LIMITS, type Prompt } from '../../src/map/specification.js';
import type { HostState } from '../../src/protocol/page.js';
import { h, show } from '../dom.js';
import type { Store } from '../store.js';
import { createCheckbox, createDropdown, createGrowingText, createTextField } from '../toolkit.js';
import { createField } from './field.js';
import type { Form } from './form.js';
import { createGroup, type ControlGroup } from './group.js';
import { createNumberField } from './numberField.js';
import { createTokenChips } from './tokenChips.js';

const CONTEXTS: readonly { readonly value: ContextChoice['kind']; readonly label: string; readonly reason?: string }[] =
  [
    { value: 'center', label: t('Prompt A') },
    { value: 'none', label: t('None') },
    { value: 'bos', label: t('Beginning of sequence') },
    { value: 'prompt', label: t('Prompt') },
    { value: 'tokens', label: t('Token ids') },
  ];

/** The prompt that a center is the hidden state of. */
const promptOf = (center: Center): Prompt | undefined =>
  center.kind === 'prompt' || center.kind === 'tokens' ? center : undefined;

const readIds = (text: string): number[] =>
  text
    .split(/[\s,]+/)
    .filter((part) => part !== '')
    .map(Number);

/** Why there is no chat template to put around the prompt. */
function chatReason(model: HostState['model']): string | undefined {
  if (model.status !== 'ready') return undefined;
  const { chat } = model.summary.contexts;
  return chat && !chat.ok ? chat.reason : undefined;
}

export function createContext(store: Store, form: Form): ControlGroup {
  /** What was typed last. */
  let prompt: string | undefined;
  let ids: readonly number[] = [0];
  const edit = (context: ContextChoice): void => form.edit('context', context);
  const dropdown = createDropdown(t('Context'), (value) => {
    if (value === 'prompt') edit({ kind: 'prompt', text: prompt ?? form.prompts.A });
    else if (value === 'tokens') edit({ kind: 'tokens', ids });
    else if (value === 'center' || value === 'none' || value === 'bos') edit({ kind: value });
  });
  const kind = createField(t('Before'), dropdown.element);
  const promptText = createGrowingText(t('Prompt'), (text) => form.edit('context.text', text));
  const promptField = createField(t('Prompt'), promptText.element);
  promptField.element.classList.add('stacked');
  const chips = createTokenChips(t('Tokens of the context: whose place the vector takes'), (position) => {
    const context = form.settings?.parameters.context;
    if (context?.kind !== 'prompt') return;
    const { position: _, ...rest } = context;
    edit(position === -1 ? rest : { ...rest, position });
  });
  const idsText = createTextField(t('Token ids'), (text) => form.edit('context.ids', readIds(text)));
  const idsField = createField(t('Ids'), idsText.element);
  const positionNumber = createNumberField(
    t('Position that the vector takes'),
    (position) => {
      const context = form.settings?.parameters.context;
      if (context?.kind === 'prompt' || context?.kind === 'tokens') edit({ ...context, position });
    },
    { step: 1, low: -LIMITS.promptTokens, high: LIMITS.promptTokens - 1 },
  );
  const position = createField(
    t('Replaces'),
    positionNumber.element,
    h('span', { class: 'beside' }, t('token, −1 the last')),
  );
  const chat = createCheckbox(t('Chat template'), (checked) => {
    const parameters = form.settings?.parameters;
    const context = parameters && contextOf(parameters);
    if (context?.kind !== 'prompt') return;
    const { chat: _, ...rest } = context;
    // The prompt that is followed stands at the center.
    form.edit(
      parameters?.context.kind === 'center' ? 'plane.center' : 'context',
      checked ? { ...rest, chat: true } : rest,
    );
  });
  const chatField = createField('', chat.element);
  chatField.element.classList.add('indented');
  const group = createGroup(
    'context',
    t('Context'),
    store,
    kind.element,
    promptField.element,
    chips.element,
    idsField.element,
    chatField.element,
    position.element,
  );
  return {
    element: group.element,
    update({ settings, model }, state) {
      const chosen = settings.parameters.context;
      const context = contextOf(settings.parameters);
      const center = promptOf(settings.parameters.plane.center);
      const follows = chosen.kind === 'center' && center !== undefined;
      if (context.kind === 'prompt') prompt = context.text;
      if (context.kind === 'tokens') ids = context.ids;
      group.update({
        disabled: model.status === 'none',
        summary: follows ? t('Prompt A, {0}', contextBrief(context)) : capital(contextBrief(context)),
      });
      const support = model.status === 'ready' ? model.summary.contexts : undefined;
      const options = CONTEXTS.map((option) => {
        if (option.value === 'center') return center ? option : { ...option, reason: t('the center is no prompt') };
        const can = option.value === 'tokens' ? undefined : support?.[option.value];
        return { ...option, ...(can && !can.ok ? { reason: can.reason } : {}) };
      });
      dropdown.update(options, follows ? 'center' : context.kind);
      const barred = options.find(({ value, reason }) => value !== 'center' && reason !== undefined);
      kind.update(
        form.fault('context'),
        barred?.reason === undefined ? undefined : { text: `${barred.label}: ${barred.reason}`, kind: 'info' },
      );
      const replaces = context.kind === 'prompt' || context.kind === 'tokens' ? (context.position ?? -1) : -1;
      const takesPlace = {
        text:
          replaces === -1
            ? t('The vector takes the last token’s place.')
            : t('The prediction is read at the last token.'),
        kind: 'info',
      } as const;
      const own = follows ? undefined : context.kind;
      show(position.element, own === 'prompt' || own === 'tokens');
      const contextFault = form.fault('context');
      positionNumber.update(replaces, { disabled: false, invalid: contextFault !== undefined });
      position.update(undefined, takesPlace);
      show(chatField.element, context.kind === 'prompt');
      chat.update(context.kind === 'prompt' && context.chat === true, chatReason(model));
      chatField.update(undefined);
      show(promptField.element, own === 'prompt');
      const promptFault = form.fault('context.text');
      promptText.update(prompt ?? form.prompts.A, { invalid: promptFault !== undefined });
      promptField.update(promptFault);
      const typed = own === 'prompt' && context.kind === 'prompt' ? context : undefined;
      const read = state.prompts.find((one) => one.text === typed?.text && one.chat === (typed.chat === true));
      chips.update(read?.tokens ?? [], replaces);
      show(idsField.element, own === 'tokens');
      const idsFault = form.fault('context.ids');
      idsText.update(ids.join(' '), { invalid: idsFault !== undefined });
      idsField.update(idsFault);
    },
  };
}
