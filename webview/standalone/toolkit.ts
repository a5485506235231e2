import { h, setAttributes, setText } from '../dom.js';
import type * as toolkit from '../toolkit.js';

/** Stands in for `../toolkit.ts`, which brings VS Code's elements. */

export const createBadge: typeof toolkit.createBadge = () => {
  const element = h('span', { class: 'badge', role: 'note' });
  return { element, update: (text) => setText(element, text) };
};

export const createDropdown: typeof toolkit.createDropdown = (label, onChange) => {
  const element = h('select', { 'aria-label': label, title: label });
  element.addEventListener('change', () => onChange(element.value));
  let shown = '';
  return {
    element,
    update(options, value, disabled = false) {
      const key = JSON.stringify(options);
      if (key !== shown)
        element.replaceChildren(
          ...options.map((option) =>
            h(
              'option',
              { value: option.value, disabled: option.reason !== undefined, title: option.reason ?? option.label },
              option.label,
            ),
          ),
        );
      shown = key;
      if (element.value !== value) element.value = value;
      setAttributes(element, { disabled });
    },
  };
};
