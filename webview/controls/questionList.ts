import { t } from '@vscode/l10n';
import { featureBrief, questionBrief, questionName } from '../../src/map/naming.js';
import { type Question, questionsOf } from '../../src/map/questions.js';
import { LIMITS } from '../../src/map/specification.js';
import { h, iconButton, setAttributes, setEnabled, show } from '../dom.js';
import type { Store } from '../store.js';
import type { Form } from './form.js';

/** Letters that a chip has room for beside its button. */
const CHIP_LETTERS = 14;

/** The question that is edited and that color tells: from 0. */
export const chosenQuestion = ({ state: { ui, host } }: Store): number => {
  const asked = host ? questionsOf(host.settings.parameters).length : 0;
  const { asked: at = 0 } = ui;
  return at < asked ? at : 0;
};

/** Path in the parameters of the question that is edited. */
export function questionPath(store: Store): string {
  const first = store.state.host?.settings.parameters.question ? 1 : 0;
  const asked = store.state.host ? questionsOf(store.state.host.settings.parameters).length : 0;
  const at = chosenQuestion(store);
  return at < first || asked === 0 ? 'question' : `alsoAsked.${at - first}`;
}

/** All questions of one run: which of them is edited and colors the map, one more, one less. */
export function createQuestionList(
  store: Store,
  form: Form,
): {
  readonly element: HTMLElement;
  remove(at: number): void;
  update(questions: readonly Question[], chosen: number): void;
} {
  const choose = (at: number): void => store.setUi({ colorBy: 'question', asked: at });
  const now = (): readonly Question[] => (form.settings ? questionsOf(form.settings.parameters) : []);
  const add = iconButton('add', t('Ask One More Question'), () => {
    const questions = now();
    form.edit('questions', [...questions, { kind: 'probability', token: ' the' } satisfies Question]);
    choose(questions.length);
  });
  const remove = (at: number): void => {
    const chosen = chosenQuestion(store);
    const left = now().filter((_, i) => i !== at);
    form.edit('questions', left);
    if (left.length > 0) store.setUi({ asked: at < chosen ? chosen - 1 : at === chosen ? 0 : chosen });
    else if (store.state.ui.colorBy === 'question') store.setUi({ colorBy: 'probability' });
  };
  const list = h('div', { class: 'questions', role: 'group', 'aria-label': t('Questions of one run') });
  const element = h('div', { class: 'question-list' }, list, add);
  let listed = '';
  return {
    element,
    remove,
    update(questions, chosen) {
      show(element, questions.length > 0);
      setEnabled(
        add,
        questions.length < LIMITS.questions,
        t('Ask One More Question'),
        t('there are as many as can be'),
      );
      const names = questions.map(questionName);
      const key = JSON.stringify(names);
      if (key !== listed) {
        listed = key;
        list.replaceChildren(
          ...questions.map((question, at) => {
            const name = names[at] ?? '';
            const shown = question.kind === 'feature' ? featureBrief(question, CHIP_LETTERS) : name;
            const button = h('button', { type: 'button', class: 'question', title: questionBrief(question) }, shown);
            button.addEventListener('click', () => choose(at));
            const close = iconButton('close', t('Ask {0} No More', name), () => remove(at));
            return h('span', { class: 'chip' }, button, ...(names.length > 1 ? [close] : []));
          }),
        );
      }
      [...list.querySelectorAll('.question')].forEach((button, at) => {
        if (button instanceof HTMLElement) setAttributes(button, { 'aria-pressed': String(at === chosen) });
      });
    },
  };
}
