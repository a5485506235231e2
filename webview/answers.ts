import { t } from '@vscode/l10n';
import { questionBrief } from '../src/map/naming.js';
import { askedQuestion, type Question } from '../src/map/questions.js';
import { answerText } from './answer.js';
import { h, setAttributes, setText, show } from './dom.js';
import type { Store } from './store.js';
import type { UiState } from './uiState.js';

/** A cell's answers where several questions are asked; the one that color tells is pressed, and a click colors by another. */
export function createAnswers(store: Store): {
  readonly element: HTMLElement;
  update(ui: UiState, questions: readonly Question[], answers: readonly (number | undefined)[]): void;
} {
  const element = h('div', { class: 'answers', role: 'group', 'aria-label': t('Answers of the cell') });
  let listed = '';
  let lines: { readonly button: HTMLElement; readonly value: HTMLElement }[] = [];
  return {
    element,
    update(ui, questions, answers) {
      show(element, questions.length > 1);
      if (questions.length < 2) return;
      const now = JSON.stringify(questions);
      if (now !== listed) {
        listed = now;
        lines = questions.map((question, at) => {
          const value = h('span', { class: 'number' });
          const name = h('span', { class: 'answer-name' }, questionBrief(question));
          const title = t('Color the Map by This Question');
          const button = h('button', { type: 'button', class: 'answer', title }, name, value);
          button.addEventListener('click', () => store.setUi({ colorBy: 'question', asked: at }));
          return { button, value };
        });
        element.replaceChildren(...lines.map(({ button }) => button));
      }
      const shown = askedQuestion({ question: questions[0] ?? null, alsoAsked: questions.slice(1) }, ui.asked)?.at;
      lines.forEach(({ button, value }, at) => {
        const [question, answer] = [questions[at], answers[at]];
        setText(value, question && answer !== undefined ? answerText(question, answer) : '–');
        setAttributes(button, { 'aria-pressed': String(ui.colorBy === 'question' && at === shown) });
      });
    },
  };
}
