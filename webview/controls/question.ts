import { t } from '@vscode/l10n';
import { parseTokens, writeToken } from '../../src/map/flags/tokenNames.js';
import { featureBrief, questionBrief, tokenBrief } from '../../src/map/naming.js';
import { type Question, questionsOf } from '../../src/map/questions.js';
import { LIMITS, type TokenName } from '../../src/map/specification.js';
import { h, iconButton, show } from '../dom.js';
import { send } from '../host.js';
import type { Store } from '../store.js';
import { createButton, createDropdown, createTextField } from '../toolkit.js';
import { createField } from './field.js';
import type { Form } from './form.js';
import { createGroup, type ControlGroup } from './group.js';
import { chosenQuestion, createQuestionList, questionPath } from './questionList.js';
import { readToken, tokenInput } from './sourceKinds.js';
import { tokenProblem, toldFault } from './tokenProblem.js';

const KINDS = [
  { value: 'none', label: t('None') },
  { value: 'probability', label: t('Probability of a token') },
  { value: 'set', label: t('Probability of a set of tokens') },
  { value: 'pattern', label: t('Probability of all that match') },
  { value: 'difference', label: t('Logit difference') },
  { value: 'divergence', label: t('Divergence from the prompt') },
  { value: 'feature', label: t('Feature or probe from a file…') },
] as const;

/** What is asked of every cell besides its tokens, and which tokens are left out of the race. */
export function createQuestion(store: Store, form: Form): ControlGroup {
  /** What each kind was last set to, so that trying another one loses nothing. */
  const last: { [K in Exclude<Question['kind'], 'feature'>]: Extract<Question, { kind: K }> } = {
    probability: { kind: 'probability', token: ' the' },
    set: { kind: 'set', tokens: [' the', ' a'] },
    pattern: { kind: 'pattern', pattern: '^ [A-Z]' },
    difference: { kind: 'difference', first: ' he', second: ' she' },
    divergence: { kind: 'divergence' },
  };
  const dropdown = createDropdown(t('Question'), (value) => {
    const kind = KINDS.find((one) => one.value === value)?.value;
    if (!kind) return;
    const at = chosenQuestion(store);
    if (kind === 'feature') {
      send({ type: 'chooseFile', path: questionPath(store), content: 'feature' });
      redraw(); // as it was, until a file is chosen
      store.setUi({ colorBy: 'question' });
      return;
    }
    if (kind === 'none') return list.remove(at);
    form.edit(questionPath(store), last[kind]);
    store.setUi({ colorBy: 'question' });
  });
  let redraw = (): void => undefined;
  const list = createQuestionList(store, form);
  const kind = createField(t('Question'), dropdown.element);
  const part = (name: string): string => `${questionPath(store)}.${name}`;
  const token = createTextField(t('Token'), (text) => form.edit(part('token'), readToken(text)));
  const tokenField = createField(t('Token'), token.element);
  const tokens = createTextField(t('Tokens, a comma between them'), (text) =>
    form.edit(part('tokens'), parseTokens(text)),
  );
  const tokensField = createField(t('Tokens'), tokens.element);
  const understood = h('div', { class: 'chips', role: 'list', 'aria-label': t('Tokens of the set') });
  const pattern = createTextField(t('Regular expression'), (text) => form.edit(part('pattern'), text));
  const patternField = createField(t('Matches'), pattern.element);
  const feature = createButton(t('Choose File…'), 'secondary', () =>
    send({ type: 'chooseFile', path: questionPath(store), content: 'feature' }),
  );
  const featureField = createField(t('Feature'), feature.element);
  const first = createTextField(t('First token'), (text) => form.edit(part('first'), readToken(text)));
  const second = createTextField(t('Second token'), (text) => form.edit(part('second'), readToken(text)));
  const firstField = createField(t('Logit of'), first.element);
  const secondField = createField(t('less that of'), second.element);

  const masked = (): readonly TokenName[] => form.settings?.parameters.masked ?? [];
  const leftOut = h('div', { class: 'chips', role: 'list', 'aria-label': t('Tokens left out of the race') });
  const add = (): void => {
    if (leaveOut.value === '') return;
    form.edit('masked', [...masked(), readToken(leaveOut.value)]);
    leaveOut.clear();
  };
  // What was typed is taken when the field is left, too.
  const leaveOut = createTextField(t('Token to leave out'), () => undefined, add);
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
    list.element,
    kind.element,
    tokenField.element,
    tokensField.element,
    understood,
    patternField.element,
    featureField.element,
    firstField.element,
    secondField.element,
    maskField.element,
    leftOut,
  );
  let listed = '';
  return {
    element: group.element,
    update({ settings, model }, state) {
      const { masked: names, context } = settings.parameters;
      const questions = questionsOf(settings.parameters);
      const at = chosenQuestion(store);
      const question = questions[at] ?? null;
      const path = questionPath(store);
      list.update(questions, at);
      if (question?.kind === 'probability') last.probability = question;
      else if (question?.kind === 'set') last.set = question;
      else if (question?.kind === 'pattern') last.pattern = question;
      else if (question?.kind === 'difference') last.difference = question;
      group.update({
        disabled: model.status === 'none',
        summary: [
          ...(question ? [questionBrief(question)] : []),
          ...(questions.length > 1 ? [t('{0} questions', questions.length)] : []),
          ...(names.length > 0 ? [t('{0} left out', names.length)] : []),
        ].join(', '),
      });
      redraw = () => dropdown.update(KINDS, question?.kind ?? 'none');
      redraw();
      const inContext = context.kind === 'prompt' || context.kind === 'tokens';
      kind.update(
        form.fault(path),
        question?.kind === 'divergence' && !inContext
          ? { text: t('Needs a prompt as the context: the divergence is from its own prediction.'), kind: 'warning' }
          : undefined,
      );
      show(tokenField.element, question?.kind === 'probability');
      show(tokensField.element, question?.kind === 'set');
      show(understood, question?.kind === 'set');
      show(patternField.element, question?.kind === 'pattern');
      show(featureField.element, question?.kind === 'feature');
      show(firstField.element, question?.kind === 'difference');
      show(secondField.element, question?.kind === 'difference');
      const told = toldFault(state);
      const fault = form.faultUnder(path);
      if (question?.kind === 'probability') {
        const problem = fault ?? tokenProblem(told, question.token);
        token.update(tokenInput(question.token), { invalid: problem !== undefined });
        tokenField.update(problem, spaceNote([question.token]));
      }
      if (question?.kind === 'set') {
        const problem = fault ?? tokenProblem(told, ...question.tokens);
        tokens.update(question.tokens.map(writeToken).join(','), { invalid: problem !== undefined });
        tokensField.update(problem, spaceNote(question.tokens));
        const names = question.tokens.map((name) => tokenBrief(name, 24));
        if (names.join('\n') !== [...understood.children].map(({ textContent }) => textContent).join('\n'))
          understood.replaceChildren(...names.map((name) => h('span', { class: 'chip word', role: 'listitem' }, name)));
      }
      if (question?.kind === 'pattern') {
        const problem = fault ?? (told?.message.includes(question.pattern) ? told.message : undefined);
        pattern.update(question.pattern, { invalid: problem !== undefined });
        patternField.update(problem);
      }
      if (question?.kind === 'feature') {
        feature.update({ label: featureBrief(question, 20), title: question.name ?? '' });
        featureField.update(fault);
      }
      if (question?.kind === 'difference') {
        const problems = [tokenProblem(told, question.first), fault ?? tokenProblem(told, question.second)];
        first.update(tokenInput(question.first), { invalid: (fault ?? problems[0]) !== undefined });
        second.update(tokenInput(question.second), { invalid: problems[1] !== undefined });
        firstField.update(problems[0]);
        secondField.update(problems[1], spaceNote([question.first, question.second]));
      }
      const maskProblem = form.faultUnder('masked') ?? tokenProblem(told, ...names);
      leaveOut.update('', { invalid: maskProblem !== undefined });
      maskField.update(
        maskProblem,
        names.length >= LIMITS.masked ? { text: t('At most {0} tokens.', LIMITS.masked), kind: 'info' } : undefined,
      );
      const now = JSON.stringify(names);
      show(leftOut, names.length > 0);
      if (now === listed) return;
      listed = now;
      leftOut.replaceChildren(
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

/** What a leading space does: said of a token without one, first of all where it is the only one in a list of words. */
function spaceNote(tokens: readonly TokenName[]): { text: string; kind: 'info' } | undefined {
  const bare = tokens.find((token) => typeof token === 'string' && /^\w/.test(token));
  if (bare === undefined) return undefined;
  if (tokens.some((token) => typeof token === 'string' && /^ \w/.test(token)))
    return { text: t('“{0}” has no space in front, others have: “ {0}” is another token.', bare), kind: 'info' };
  return { text: t('A leading space counts: “ Paris” and “Paris” are different tokens.'), kind: 'info' };
}
