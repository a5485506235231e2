import {
  provideVSCodeDesignSystem,
  vsCodeBadge,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDropdown,
  vsCodeOption,
  vsCodePanels,
  vsCodePanelTab,
  vsCodePanelView,
  vsCodeTextArea,
  vsCodeTextField,
} from '@vscode/webview-ui-toolkit';
import { TYPED_MS } from '../src/protocol/page.js';
import { setAttributes, setText, show } from './dom.js';

// The only module that knows the toolkit: it is archived upstream, and this file changes the day that it is replaced.
provideVSCodeDesignSystem().register(
  vsCodeBadge(),
  vsCodeButton(),
  vsCodeCheckbox(),
  vsCodeDropdown(),
  vsCodeOption(),
  vsCodePanels(),
  vsCodePanelTab(),
  vsCodePanelView(),
  vsCodeTextArea(),
  vsCodeTextField(),
);

/** A custom element of the toolkit with a value. */
type Valued = HTMLElement & { value: string };

const create = (tag: string, attributes: Readonly<Record<string, string | boolean>> = {}): HTMLElement => {
  const element = document.createElement(tag);
  setAttributes(element, attributes);
  return element;
};

export interface Button {
  readonly element: HTMLElement;
  update(change: { label?: string; appearance?: 'primary' | 'secondary'; disabled?: boolean; title?: string }): void;
}

/** A push button with a text. */
export function createButton(label: string, appearance: 'primary' | 'secondary', onClick: () => void): Button {
  const element = create('vscode-button', { appearance });
  element.textContent = label;
  element.addEventListener('click', () => {
    if (!element.hasAttribute('disabled')) onClick();
  });
  return {
    element,
    update(change) {
      if (change.label !== undefined) setText(element, change.label);
      setAttributes(element, {
        ...(change.appearance === undefined ? {} : { appearance: change.appearance }),
        ...(change.disabled === undefined ? {} : { disabled: change.disabled }),
        ...('title' in change ? { title: change.title } : {}),
      });
    },
  };
}

export interface Option {
  readonly value: string;
  readonly label: string;
  /** Why it cannot be chosen. */
  readonly reason?: string | undefined;
  /** Choosing it does something: it is no value, and what was chosen stays so. */
  readonly acts?: true;
}

export interface Dropdown {
  readonly element: HTMLElement;
  update(options: readonly Option[], value: string, disabled?: boolean): void;
}

/** A drop-down; `onChange` hears of a person's choices only. */
export function createDropdown(label: string, onChange: (value: string) => void): Dropdown {
  const element = create('vscode-dropdown', { 'aria-label': label, title: label }) as Valued & { open: boolean };
  let shown = '';
  let current = '';
  let acting: readonly string[] = [];
  /** The key or click at hand chooses from the open list. Arrows change the value of a closed one: they only come by what acts. */
  let chooses = false;
  const note = (event: Event): void => {
    chooses = element.open && !(event instanceof KeyboardEvent && event.key !== 'Enter' && event.key !== ' ');
  };
  for (const type of ['keydown', 'click']) element.addEventListener(type, note, { capture: true });
  element.addEventListener('change', () => {
    const { value } = element;
    if (value === current) return;
    if (acting.includes(value)) element.value = current;
    else current = value;
    if (value === current || chooses) onChange(value);
  });
  return {
    element,
    update(options, value, disabled = false) {
      current = value;
      const key = JSON.stringify(options);
      if (key !== shown) {
        shown = key;
        acting = options.flatMap(({ value: one, acts }) => (acts ? [one] : []));
        element.replaceChildren(
          ...options.map((option) => {
            const item = create('vscode-option', {
              value: option.value,
              disabled: option.reason !== undefined,
              selected: option.value === value,
              title: option.reason ?? option.label,
            });
            item.textContent = option.label;
            return item;
          }),
        );
      }
      // In an open list it is what keys have come to, and no state that comes meanwhile takes that back.
      if (!element.open && element.value !== value) element.value = value;
      setAttributes(element, { disabled });
    },
  };
}

export interface TextField {
  readonly element: HTMLElement;
  readonly value: string;
  /** Shows a value. What a person is typing at the moment is left alone while it means the same. */
  update(value: string, options?: { disabled?: boolean; invalid?: boolean }): void;
  /** Empties it: what was typed has been taken. */
  clear(): void;
  /** Has another text in it, as if a person had typed that and gone on. */
  enter(text: string): void;
}

/** A line of text; `onInput` hears every change that a person makes, `onCommit` when it is left or Enter is pressed. */
export const createTextField = (label: string, onInput: (text: string) => void, onCommit?: () => void): TextField =>
  textField(create('vscode-text-field') as Valued, label, onInput, onCommit);

/**
 * A line that means nothing until it is all there, as a number: `onTaken` hears what was typed once the typing pauses, at Enter, and when
 * the field is left.
 */
export function createRestingField(label: string, onTaken: (text: string) => void): TextField {
  let waiting: ReturnType<typeof setTimeout> | undefined;
  const drop = (): void => {
    clearTimeout(waiting);
    waiting = undefined;
  };
  const take = (): void => {
    if (waiting === undefined) return;
    drop();
    if (field.element.isConnected) onTaken(field.value);
  };
  const wait = (): void => {
    drop();
    waiting = setTimeout(take, TYPED_MS);
  };
  const field = createTextField(label, wait, take);
  // Before whatever else hears of Enter: Ctrl+Enter computes the map.
  field.element.addEventListener('keydown', ({ key }) => {
    if (key === 'Enter') take();
  });
  return {
    element: field.element,
    get value() {
      return field.value;
    },
    update: (value, options) => field.update(value, options),
    clear() {
      drop();
      field.clear();
    },
    enter(text) {
      drop();
      field.enter(text);
    },
  };
}

/** Lines of text that are not broken, as {@link createTextField}. */
export const createTextArea = (label: string, rows: number, onInput: (text: string) => void): TextField =>
  textField(
    create('vscode-text-area', { class: 'lines', rows: String(rows), resize: 'vertical' }) as Valued,
    label,
    onInput,
  );

/** A line of about so many characters, in a field that grows with its text up to so many lines. */
const GROWN = { characters: 30, least: 2, most: 8 } as const;

/** Several lines of text that make room for what is typed. */
export function createGrowingText(label: string, onInput: (text: string) => void): TextField {
  const element = create('vscode-text-area', { rows: String(GROWN.least), resize: 'vertical' }) as Valued;
  const field = textField(element, label, (text) => {
    grow();
    onInput(text);
  });
  const grow = (): void => {
    const lines = element.value
      .split('\n')
      .reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / GROWN.characters)), 0);
    setAttributes(element, { rows: Math.min(Math.max(lines, GROWN.least), GROWN.most) });
  };
  return {
    element,
    get value() {
      return field.value;
    },
    update(value, options) {
      field.update(value, options);
      grow();
    },
    clear() {
      field.clear();
      grow();
    },
    enter(text) {
      field.enter(text);
      grow();
    },
  };
}

function textField(element: Valued, label: string, onInput: (text: string) => void, onCommit?: () => void): TextField {
  setAttributes(element, { 'aria-label': label, title: label });
  /** What was written into the field; undefined where something has been typed since. */
  let shown: string | undefined;
  /** The setting's value when it was last told. */
  let known: string | undefined;
  let typing = false;
  element.addEventListener('input', () => {
    typing = true;
    shown = undefined;
    onInput(element.value);
  });
  element.addEventListener('change', () => {
    typing = false;
    onCommit?.();
  });
  return {
    element,
    get value() {
      return element.value;
    },
    update(value, { disabled = false, invalid = false } = {}) {
      // What is typed and wrong stays beside what is said of it, until the setting has another value.
      const kept = typing || (shown === undefined && invalid && value === known);
      if (!kept && value !== shown) write(element, (shown = value));
      known = value;
      // The component takes a name of its own, "Text field", when it is connected.
      setAttributes(element, { 'aria-label': label, disabled, 'aria-invalid': invalid ? 'true' : undefined });
    },
    clear() {
      typing = false;
      write(element, (shown = ''));
    },
    enter(text) {
      typing = false;
      shown = undefined;
      write(element, text);
    },
  };
}

/**
 * Sets a field's text at once: the component would with its next frame, in which a person may have begun to type. A text that is selected
 * stays so: who is about to type replaces it, also when it has just changed.
 */
function write(element: Valued, value: string): void {
  const input = element.shadowRoot?.querySelector<HTMLInputElement | HTMLTextAreaElement>('input,textarea');
  const focused = input && element.shadowRoot?.activeElement === input;
  const selected = focused && input.selectionStart === 0 && input.selectionEnd === input.value.length;
  element.value = value;
  if (!input) return;
  input.value = value;
  if (selected) input.select();
}

export interface Checkbox {
  readonly element: HTMLElement;
  /** `reason`: why it cannot be changed. */
  update(checked: boolean, reason?: string): void;
}

/** A box to tick; `onChange` hears of a person's choices only. */
export function createCheckbox(label: string, onChange: (checked: boolean) => void): Checkbox {
  const element = create('vscode-checkbox') as HTMLElement & { checked: boolean };
  element.textContent = label;
  let current = false;
  element.addEventListener('change', () => {
    if (element.checked === current) return;
    current = element.checked;
    onChange(current);
  });
  return {
    element,
    update(checked, reason) {
      current = checked;
      if (element.checked !== checked) element.checked = checked;
      setAttributes(element, { disabled: reason !== undefined, title: reason });
    },
  };
}

export interface Tabs {
  readonly element: HTMLElement;
  update(active: string): void;
  /** Shows the tabs with these ids only. */
  offer(ids: readonly string[]): void;
}

/** Tabs of which one is chosen. `description` is what a screen reader finds in the tab's panel. */
export function createTabs(
  label: string,
  items: readonly { readonly id: string; readonly label: string; readonly description: string }[],
  onChange: (id: string) => void,
): Tabs {
  const element = create('vscode-panels', { 'aria-label': label }) as HTMLElement & { activeid: string };
  let current = items[0]?.id ?? '';
  for (const item of items) {
    const tab = create('vscode-panel-tab', { id: `tab-${item.id}` });
    tab.textContent = item.label;
    element.append(tab);
  }
  for (const item of items) {
    const view = create('vscode-panel-view', { id: `view-${item.id}` });
    view.textContent = item.description;
    element.append(view);
  }
  element.addEventListener('change', () => {
    const id = element.activeid.replace('tab-', '');
    if (id === current || !items.some((item) => item.id === id)) return;
    current = id;
    onChange(id);
  });
  return {
    element,
    update(active) {
      current = active;
      if (element.activeid !== `tab-${active}`) element.activeid = `tab-${active}`;
    },
    offer(ids) {
      for (const { id } of items) {
        const tab = element.querySelector<HTMLElement>(`#tab-${id}`);
        if (tab) show(tab, ids.includes(id));
      }
    },
  };
}

export interface Badge {
  readonly element: HTMLElement;
  update(text: string): void;
}

export function createBadge(): Badge {
  const element = create('vscode-badge');
  return { element, update: (text) => setText(element, text) };
}
