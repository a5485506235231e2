type Child = Node | string;
type Value = string | number | boolean | undefined;

/** Makes an element. Text goes in as text: nothing here reads markup. `true` sets an empty attribute, `false` none. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, Value>> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

/** Sets attributes that differ; `false` and undefined remove. */
export function setAttributes(element: Element, attributes: Readonly<Record<string, Value>>): void {
  for (const [name, value] of Object.entries(attributes)) {
    const text = value === true ? '' : value === false || value === undefined ? null : String(value);
    if (text === element.getAttribute(name)) continue;
    if (text === null) element.removeAttribute(name);
    else element.setAttribute(name, text);
  }
}

/** Sets an element's text if it differs: screen readers speak live regions only when they change. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Takes the children of a bar out of reach that lie below another element, even in part. null: none does. */
export function hideUnder(bar: HTMLElement, cover: HTMLElement | null): void {
  const over = cover ? placeAtRest(cover) : undefined;
  for (const child of bar.querySelectorAll<HTMLElement>(':scope > *')) {
    const { left, right, top, bottom } = child.getBoundingClientRect();
    const covered = over && left < over.right && right > over.left && top < over.bottom && bottom > over.top;
    child.style.visibility = covered ? 'hidden' : '';
  }
}

/** Where an element is, or comes to rest where it is on its way. */
function placeAtRest(element: HTMLElement): { left: number; right: number; top: number; bottom: number } {
  const within = element.offsetParent?.getBoundingClientRect() ?? { left: 0, top: 0 };
  const [left, top] = [within.left + element.offsetLeft, within.top + element.offsetTop];
  return { left, top, right: left + element.offsetWidth, bottom: top + element.offsetHeight };
}

export const show = (element: HTMLElement, visible: boolean): void => {
  if (element.hidden === visible) element.hidden = !visible;
};

/** A codicon. Decoration: the button around it carries the name. */
export const icon = (name: string): HTMLElement =>
  h('span', { class: `codicon codicon-${name}`, 'aria-hidden': 'true' });

/** A 24 px button with an icon; its name is also its tooltip. */
export function iconButton(name: string, label: string, onClick: () => void): HTMLButtonElement {
  const button = h('button', { type: 'button', class: 'icon-button', title: label, 'aria-label': label }, icon(name));
  button.addEventListener('click', () => {
    if (!button.hasAttribute('aria-disabled')) onClick();
  });
  return button;
}

/** Changes what an icon button does, in name and picture. */
export function setIconButton(button: HTMLButtonElement, name: string, label: string): void {
  setAttributes(button, { title: label, 'aria-label': label });
  const picture = button.querySelector('.codicon');
  if (picture) setAttributes(picture, { class: `codicon codicon-${name}` });
}

/** Enables a control, or disables it with the reason as its tooltip. A button stays reachable, so that the reason is read. */
export function setEnabled(button: HTMLButtonElement, enabled: boolean, label: string, reason = ''): void {
  const title = enabled || !reason ? label : `${label} (${reason})`;
  setAttributes(button, { 'aria-disabled': enabled ? undefined : 'true', title, 'aria-label': title });
}
