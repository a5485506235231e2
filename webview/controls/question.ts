import { t } from '@vscode/l10n';
import { questionBrief, tokenBrief } from '../../src/map/naming.js';
import { LIMITS, type Question, type TokenName } from '../../src/map/specification.js';
import { h, iconButton, show } from '../dom.js';
import type { Store } from '../store.js';
import { createDropdown, createTextField } from '../toolkit.js';
import { createField } from './field.js';
import type { Form } from './form.js';
import { createGroup, type ControlGroup } from './group.js';
import { readToken, tokenInput } from './sourceKinds.js';
import { tokenProblem, toldFault } from './tokenProblem.js';

const KINDS = [
  { value: 'none', label: t('None') },
  { value: 'probability', label: t('Probability of a token') },
  { value: 'difference', label: t('Logit difference') },
  { value: 'divergence', label: t('Divergence from the prompt') },
] as const;

/** What is asked of every cell besides its tokens, and which tokens are left out of the race. */
export function createQuestion(store: Store, form: Form): ControlGroup {
  /** What each kind was last set to, so that trying another one loses nothing. */
  const last: { [K in Question['kind']]: Extract<Question, { kind: K }> } = {
    probability: { kind: 'probability', token: ' the' },
    difference: { kind: 'difference', first: ' he', second: ' she' },
    divergence: { kind: 'divergence' },
  };
  const dropdown = createDropdown(t('Question'), (value) => {
    const kind = KINDS.find((one) => one.value === value)?.value;
    if (!kind) return;
    form.edit('question', kind === 'none' ? null : last[kind]);
    if (kind !== 'none') store.setUi({ colorBy: 'question' });
    else if (store.state.ui.colorBy === 'question') store.setUi({ colorBy: 'probability' });
  });
  const kind = createField(t('Question'), dropdown.element);
  const token = createTextField(t('Token'), (text) => form.edit('question.token', readToken(text)));
  const tokenField = createField(t('Token'), token.element);
  const first = createTextField(t('First token'), (text) => form.edit('question.first', readToken(text)));
  const second = createTextField(t('Second token'), (text) => form.edit('question.second', readToken(text)));
  const firstField = createField(t('Logit of'), first.element);
  const secondField = createField(t('less that of'), second.element);

  const masked = (): readonly TokenName[] => form.settings?.parameters.masked ?? [];
  const list = h('div', { class: 'masked', role: 'list', 'aria-label': t('Tokens left out of the race') });
  const leaveOut = createTextField(t('Token to leave out'), () => undefined);
  const add = (): void => {
    if (leaveOut.value === '') return;
    form.edit('masked', [...masked(), readToken(leaveOut.value)]);
    leaveOut.update('');
  };
  leaveOut.element.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    add();
  });
  const maskField = createField(t('Leave out'), leaveOut.element, iconButton('add', t('Leave This Token Out'), add));
  const group = createGroup(
    'question',
    t('Question & Mask'),
    store,
    kind.element,
    tokenField.element,
    firstField.element,
    secondField.element,
    maskField.element,
    list,
  );
  let listed = '';
  return {
    element: group.element,
    update({ settings, model }, state) {
      const { question, masked: names, context } = settings.parameters;
      if (question?.kind === 'probability') last.probability = question;
      else if (question?.kind === 'difference') last.difference = question;
      group.update({
        open: !state.ui.collapsed.includes('question'),
        disabled: model.status === 'none',
        summary: [
          ...(question ? [questionBrief(question)] : []),
          ...(names.length > 0 ? [t('{0} left out', names.length)] : []),
        ].join(', '),
      });
      dropdown.update(KINDS, question?.kind ?? 'none');
      const inContext = context.kind === 'prompt' || context.kind === 'tokens';
      kind.update(
        form.fault('question'),
        question?.kind === 'divergence' && !inContext
          ? { text: t('Needs a prompt as the context: the divergence is from its own prediction.'), kind: 'warning' }
          : undefined,
      );
      show(tokenField.element, question?.kind === 'probability');
      show(firstField.element, question?.kind === 'difference');
      show(secondField.element, question?.kind === 'difference');
      const told = toldFault(state);
      const fault = form.faultUnder('question');
      if (question?.kind === 'probability') {
        const problem = fault ?? tokenProblem(told, question.token);
        token.update(tokenInput(question.token), { invalid: problem !== undefined });
        tokenField.update(problem, spaceNote([question.token]));
      }
      if (question?.kind === 'difference') {
        const problems = [tokenProblem(told, question.first), fault ?? tokenProblem(told, question.second)];
        first.update(tokenInput(question.first), { invalid: (fault ?? problems[0]) !== undefined });
        second.update(tokenInput(question.second), { invalid: problems[1] !== undefined });
        firstField.update(problems[0]);
        secondField.update(problems[1], spaceNote([question.first, question.second]));
      }
      maskField.update(
        form.faultUnder('masked') ?? tokenProblem(told, ...names),
        names.length >= LIMITS.masked ? { text: t('At most {0} tokens.', LIMITS.masked), kind: 'info' } : undefined,
      );
      const now = JSON.stringify(names);
      show(list, names.length > 0);
      if (now === listed) return;
      listed = now;
      list.replaceChildren(
        ...names.map((name, i) =>
          h(
            'span',
            { class: 'chip', role: 'listitem' },
            tokenBrief(name, 24),
            iconButton('close', t('Take {0} In Again', tokenBrief(name, 24)), () =>
              form.edit(
                'masked',
                masked().filter((_, at) => at !== i),
              ),
            ),
          ),
        ),
      );
    },
  };
}

const spaceNote = (tokens: readonly TokenName[]): { text: string; kind: 'info' } | undefined =>
  tokens.some((token) => typeof token === 'string' && /^\w/.test(token))
    ? { text: t('A leading space counts: “ Paris” and “Paris” are different tokens.'), kind: 'info' }
    : undefined;
