import { h, icon, setAttributes, setText, show } from '../dom.js';

export interface Field {
  readonly element: HTMLElement;
  /** What is wrong, below the controls; what is worth knowing, where nothing is wrong. */
  update(fault: string | undefined, note?: { text: string; kind: 'info' | 'warning' }): void;
  /** Says otherwise what the field is. */
  relabel(label: string): void;
}

/** The letter that an anchor of the plane wears, in form, map and list. */
export const badge = (letter: string): HTMLElement =>
  h('span', { class: 'anchor-badge', 'aria-hidden': 'true' }, letter);

let count = 0;

/** A line of the form: label at the left, controls, and below them room for a message. */
export function createField(
  named: string | { readonly label: string; readonly badge: string },
  ...controls: readonly (HTMLElement | string)[]
): Field {
  const label = typeof named === 'string' ? named : named.label;
  const labelText = h('span', {}, label);
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
    ...(label
      ? [
          h(
            'span',
            { class: 'field-label', 'aria-hidden': 'true' },
            ...(typeof named === 'string' ? [] : [badge(named.badge)]),
            labelText,
          ),
        ]
      : []),
    h('div', { class: 'field-controls' }, ...controls),
    fault,
    note,
  );
  return {
    element,
    relabel(text) {
      setText(labelText, text);
      setAttributes(element, { 'aria-label': text });
    },
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
