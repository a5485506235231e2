import { h, icon, setText, show } from '../dom.js';

export interface Field {
  readonly element: HTMLElement;
  /** What is wrong, below the controls; what is worth knowing, where nothing is wrong. */
  update(fault: string | undefined, note?: { text: string; kind: 'info' | 'warning' }): void;
}

let count = 0;

/** A line of the form: label at the left, controls, and below them room for a message. */
export function createField(label: string, ...controls: readonly (HTMLElement | string)[]): Field {
  const faultText = h('span');
  const fault = h(
    'p',
    { class: 'message fault', role: 'alert', hidden: true, id: `fault-${count++}` },
    icon('error'),
    faultText,
  );
  const noteIcon = icon('info');
  const noteText = h('span');
  const note = h('p', { class: 'message note', hidden: true }, noteIcon, noteText);
  const element = h(
    'div',
    { class: label ? 'field' : 'field unlabeled', role: label ? 'group' : undefined, 'aria-label': label || undefined },
    ...(label ? [h('span', { class: 'field-label', 'aria-hidden': 'true' }, label)] : []),
    h('div', { class: 'field-controls' }, ...controls),
    fault,
    note,
  );
  return {
    element,
    update(text, noted) {
      setText(faultText, text ?? '');
      show(fault, text !== undefined);
      element.classList.toggle('invalid', text !== undefined);
      show(note, text === undefined && noted !== undefined);
      setText(noteText, noted?.text ?? '');
      noteIcon.className = `codicon codicon-${noted?.kind ?? 'info'}`;
      note.classList.toggle('warning', noted?.kind === 'warning');
    },
  };
}
