import { h, setAttributes } from '../dom.js';
import { createRestingField } from '../toolkit.js';
import { readNumber } from './form.js';

export interface NumberField {
  readonly element: HTMLElement;
  update(value: number | string, options: { disabled: boolean; invalid: boolean }): void;
}

/**
 * A narrow field for a number. What is typed is taken once the typing pauses, at Enter, and when the field is left; up and down arrows
 * step it, and `onChange` is told so.
 */
export function createNumberField(
  label: string,
  onChange: (value: number, step: boolean) => void,
  options: { readonly step?: number; readonly low?: number; readonly high?: number } = {},
): NumberField {
  const field = createRestingField(label, (text) => onChange(readNumber(text), false));
  const { step, low = -Infinity, high = Infinity } = options;
  if (step !== undefined) {
    field.element.addEventListener('keydown', (event) => {
      if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return;
      const value = readNumber(field.value);
      if (!Number.isFinite(value)) return;
      event.preventDefault();
      const stepped = value + (event.key === 'ArrowUp' ? step : -step) * (event.shiftKey ? 10 : 1);
      const next = Number(Math.min(high, Math.max(low, stepped)).toPrecision(12));
      field.enter(String(next));
      onChange(next, true);
    });
  }
  return {
    element: h('span', { class: 'number-field' }, field.element),
    update(value, state) {
      field.update(String(value), state);
      setAttributes(field.element, { title: String(value).length > 6 ? String(value) : undefined });
    },
  };
}
