import { t } from '@vscode/l10n';
import { featureBrief } from '../../src/map/naming.js';
import { LIMITS } from '../../src/map/specification.js';
import type { SettingPath } from '../../src/protocol/settingsChange.js';
import { h, show } from '../dom.js';
import { send } from '../host.js';
import { createMenuButton, type MenuItem } from '../menu.js';
import type { PromptTokens } from '../../src/protocol/page.js';
import { createButton, createCheckbox, createGrowingText, createTextArea, createTextField } from '../toolkit.js';
import { createField } from './field.js';
import type { Form } from './form.js';
import { createNumberField } from './numberField.js';
import { createTokenChips } from './tokenChips.js';
import {
  type Badge,
  firstSource,
  kindOf,
  readToken,
  type Source,
  SOURCE_NAMES,
  type SourceKind,
  tokenInput,
} from './sourceKinds.js';

export interface SourceField {
  readonly element: HTMLElement;
  /**
   * `label` stands beside the badge; `problem`: what the model makes of it; `read`: prompts as it reads them; `chat`: it has a chat
   * template.
   */
  update(
    source: Source,
    label: string,
    given: { problem: string | undefined; read: readonly PromptTokens[]; chat: boolean },
  ): void;
}

const readIds = (text: string): number[] =>
  text
    .split(/[\s,]+/)
    .filter((part) => part !== '')
    .map(Number);

/** Letters that a button in a field has room for. */
const BUTTON_LETTERS = 16;

/** A vector by what it means: its input, and a menu with the other kinds that it can be. */
export function createSourceField(
  badge: Badge,
  path: SettingPath,
  kinds: readonly SourceKind[],
  form: Form,
): SourceField {
  const what = { A: t('center'), B: t('x axis'), C: t('y axis') }[badge];
  let source: Source | undefined;
  let positionAsked = false;
  /** What each kind was last set to, so that trying another one loses nothing. */
  const last = new Map<SourceKind, Source>();
  const choose = (kind: SourceKind): void => {
    const next = last.get(kind) ?? firstSource(kind, badge, form.prompts);
    if (kind === 'vector' || next === undefined) send({ type: 'chooseFile', path, content: 'vector' });
    else form.edit(path, next);
  };

  const prompt = createGrowingText(t('Prompt of the {0}', what), (text) => form.edit(`${path}.text`, text));
  const ids = createTextField(t('Token ids of the {0}', what), (text) => form.edit(`${path}.ids`, readIds(text)));
  const token = createTextField(t('Token of the {0}', what), (text) => form.edit(`${path}.token`, readToken(text)));
  const seed = createNumberField(t('Seed of the {0}', what), (value, step) => form.edit(`${path}.seed`, value, step), {
    step: 1,
    low: 0,
    high: LIMITS.seed,
  });
  const file = createButton(t('Choose File…'), 'secondary', () => choose('vector'));
  const prompts = createTextArea(t('Prompts of the {0}, one a line', what), 3, (text) =>
    form.edit(
      `${path}.prompts`,
      text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => ({ kind: 'prompt', text: line })),
    ),
  );
  const inputs: Readonly<Record<SourceKind, HTMLElement>> = {
    prompt: prompt.element,
    tokens: ids.element,
    mean: prompts.element,
    unembedding: token.element,
    embedding: token.element,
    vector: file.element,
    random: seed.element,
  };
  const menu = createMenuButton(
    t('Kind of the {0}', what),
    () => [
      ...kinds.map((kind): MenuItem => ({
        label: SOURCE_NAMES[kind],
        icon: source && kindOf(source) === kind ? 'check' : 'blank',
        run: () => choose(kind),
      })),
      ...(source && (source.kind === 'prompt' || source.kind === 'tokens')
        ? ([
            'separator',
            {
              label: t('Position in the Prompt'),
              icon: positionShown() ? 'check' : 'blank',
              run: togglePosition,
            },
          ] as const)
        : []),
    ],
    'chevron-down',
  );
  menu.element.classList.add('kind-menu');

  const positionShown = (): boolean =>
    (source?.kind === 'prompt' || source?.kind === 'tokens') && (positionAsked || source.position !== undefined);
  const togglePosition = (): void => {
    if (source?.kind !== 'prompt' && source?.kind !== 'tokens') return;
    positionAsked = !positionShown();
    const { position: _, ...rest } = source;
    if (!positionAsked && source.position !== undefined) form.edit(path, rest);
    else redraw();
  };
  const position = createNumberField(
    t('Position in the prompt of the {0}', what),
    (value) => {
      if (source?.kind === 'prompt' || source?.kind === 'tokens') form.edit(path, { ...source, position: value });
    },
    { step: 1, low: -LIMITS.promptTokens, high: LIMITS.promptTokens - 1 },
  );
  const positionField = createField(
    t('at token'),
    position.element,
    h('span', { class: 'beside' }, t('from 0; −1 is the last')),
  );
  positionField.element.classList.add('sub-field');
  const setPosition = (at: number): void => {
    if (source?.kind !== 'prompt' && source?.kind !== 'tokens') return;
    const { position: _, ...rest } = source;
    form.edit(path, at === -1 ? rest : { ...rest, position: at });
  };
  const chips = createTokenChips(t('Tokens of the {0}: whose hidden state is taken', what), setPosition);
  const template = createCheckbox(t('In the model’s chat template'), (checked) => {
    if (source?.kind !== 'prompt') return;
    const { chat: _, ...rest } = source;
    form.edit(path, checked ? { ...rest, chat: true } : rest);
  });
  const field = createField({ label: what, badge }, ...new Set(Object.values(inputs)), menu.element);
  const element = h(
    'div',
    { class: 'source-field' },
    field.element,
    chips.element,
    template.element,
    positionField.element,
  );

  const redraw = (): void => {
    show(positionField.element, positionShown());
  };
  return {
    element,
    update(current, label, { problem, read, chat }) {
      source = current;
      const kind = kindOf(current);
      last.set(kind, current);
      field.relabel(label);
      element.classList.toggle('of-prompt', current.kind === 'prompt');
      for (const input of new Set(Object.values(inputs))) show(input, input === inputs[kind]);
      const fault = form.faultUnder(path) ?? problem;
      const invalid = fault !== undefined;
      if (current.kind === 'prompt') prompt.update(current.text, { invalid });
      else if (current.kind === 'tokens') ids.update(current.ids.join(' '), { invalid });
      else if (current.kind === 'row') token.update(tokenInput(current.token), { invalid });
      else if (current.kind === 'random') seed.update(current.seed, { disabled: false, invalid });
      else if (current.kind === 'mean')
        prompts.update(current.prompts.map((one) => (one.kind === 'prompt' ? one.text : '')).join('\n'), { invalid });
      else
        file.update({
          label: current.name === undefined ? t('A given vector') : featureBrief(current, BUTTON_LETTERS),
          title: current.name ?? '',
        });
      const own = current.kind === 'prompt' ? current : undefined;
      const tokens = read.find((one) => one.text === own?.text && one.chat === (own.chat === true))?.tokens;
      chips.update(tokens ?? [], own?.position ?? -1);
      show(template.element, own !== undefined && (chat || own.chat === true));
      template.update(own?.chat === true);
      field.update(fault, hint(current));
      redraw();
      if ((current.kind === 'prompt' || current.kind === 'tokens') && positionShown())
        position.update(current.position ?? -1, { disabled: false, invalid });
    },
  };
}

/** What is easily overlooked. */
const hint = (source: Source): { text: string; kind: 'info' } | undefined =>
  source.kind === 'row' && typeof source.token === 'string' && /^\w/.test(source.token)
    ? { text: t('A leading space counts: “ Paris” and “Paris” are different tokens.'), kind: 'info' }
    : undefined;
