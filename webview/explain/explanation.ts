import { t } from '@vscode/l10n';
import { h, iconButton, setAttributes, show } from '../dom.js';
import { EXPLANATIONS } from './explanations.js';
import { createPicture } from './picture.js';

/** A button "?" and what it opens: a sentence and a small picture. */
export interface ExplanationParts {
  readonly button: HTMLElement;
  readonly element: HTMLElement;
}

/** The explanation of a group; undefined where there is none. @param title what the group is called */
export function createExplanation(name: string, title: string): ExplanationParts | undefined {
  const explanation = EXPLANATIONS[name];
  if (!explanation) return undefined;
  const element = h(
    'div',
    { class: 'explanation', id: `explanation-${name}`, hidden: true },
    createPicture(explanation.picture),
    h('p', {}, explanation.text),
  );
  const label = t('What Is {0}?', title);
  const button = iconButton('question', label, () => {
    show(element, element.hidden !== false);
    setAttributes(button, { 'aria-expanded': String(!element.hidden) });
    if (!element.hidden) element.scrollIntoView({ block: 'nearest' });
  });
  button.classList.add('explain');
  setAttributes(button, { 'aria-expanded': 'false', 'aria-controls': element.id });
  return { button, element };
}
