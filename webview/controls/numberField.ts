import { h, setAttributes } from '../dom.js';
import { createTextField } from '../toolkit.js';
import { readNumber } from './form.js';

export interface NumberField {
  readonly element: HTMLElement;
  update(value: number | string, options: { disabled: boolean; invalid: boolean }): void;
}

/** A narrow field for a number; up and down arrows step it, and `onChange` is told so. */
export function createNumberField(
  label: string,
  onChange: (value: number, step: boolean) => void,
  options: { readonly step?: number; readonly low?: number; readonly high?: number } = {},
): NumberField {
  const field = createTextField(label, (text) => onChange(readNumber(text), false));
  const { step, low = -Infinity, high = Infinity } = options;
  if (step !== undefined) {
    field.element.addEventListener('keydown', (event) => {
      if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return;
      const value = readNumber(field.value);
      if (!Number.isFinite(value)) return;
      event.preventDefault();
      const stepped = value + (event.key === 'ArrowUp' ? step : -step) * (event.shiftKey ? 10 : 1);
      onChange(Number(Math.min(high, Math.max(low, stepped)).toPrecision(12)), true);
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
