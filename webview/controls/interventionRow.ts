import { t } from '@vscode/l10n';
import type { Intervention, InterventionPositions, InterventionVector } from '../../src/map/interventions.js';
import { interventionWords } from '../../src/map/interventionWords.js';
import { vectorWords } from '../../src/map/naming.js';
import type { Prompt } from '../../src/map/specification.js';
import type { Listed } from '../../src/protocol/panelSettings.js';
import { h, iconButton, setAttributes, setText, show } from '../dom.js';
import { send } from '../host.js';
import { createButton, createCheckbox, createDropdown, createRestingField, createTextField } from '../toolkit.js';
import { createField } from './field.js';
import { readNumber } from './form.js';
import { createNumberField } from './numberField.js';
import { readToken, tokenInput } from './sourceKinds.js';

/** What a row tells its list. */
interface RowEvents {
  readonly change: (listed: Listed, step?: boolean) => void;
  readonly move: (to: number) => void;
  readonly remove: () => void;
  readonly current: () => Listed | undefined;
}

/** What is known around a row. */
interface Around {
  /** The model's last block. */
  readonly last: number;
  /** Attention heads of a block, where known. */
  readonly heads: number | undefined;
  readonly fault: string | undefined;
  readonly note: string | undefined;
  /** Where it stands in the parameters; undefined while it is off. */
  readonly place: string | undefined;
}

export interface InterventionRow {
  readonly element: HTMLElement;
  update(listed: Listed, around: Around): void;
  /** Focuses the handle. */
  focus(): void;
}

/** A part of a row: fields for some of the intervention. */
interface Part {
  readonly elements: readonly HTMLElement[];
  update(one: Intervention, around: Around): void;
}

/** `begin`: it acts from now on. */
type Edit = (change: (one: Intervention) => Intervention, step?: boolean, begin?: boolean) => void;

const NAMES: Readonly<Record<Intervention['kind'], string>> = {
  skip: t('Skip block'),
  zero: t('Zero'),
  mean: t('Mean'),
  freeze: t('Freeze'),
  project: t('Take out'),
  add: t('Add vector'),
};
const DRAG = 'application/x-embedding-grid-intervention';

/** A row of the list of interventions: a handle to move it, a box that turns it off, what it does. */
export function createInterventionRow(index: number, first: Intervention, events: RowEvents): InterventionRow {
  const what = t('intervention {0}', index + 1);
  const edit: Edit = (change, step, begin = false) => {
    const now = events.current();
    if (now) events.change({ ...now, on: now.on || begin, intervention: change(now.intervention) }, step);
  };
  const handle = iconButton('gripper', t('Move {0}: arrow up and down, or drag', what), () => undefined);
  handle.classList.add('handle');
  setAttributes(handle, { draggable: 'true' });
  const on = createCheckbox(NAMES[first.kind], (checked) => {
    const now = events.current();
    if (now) events.change({ ...now, on: checked });
  });
  on.element.classList.add('intervention-on');
  const block = createNumberField(
    t('Block of {0}', what),
    (value, step) => edit((one) => ({ ...one, block: value }), step),
    { step: 1, low: 0 },
  );
  const remove = iconButton('close', t('Remove {0}', what), events.remove);
  const fault = createField('');
  const parts = partsOf(first, what, edit);
  const element = h(
    'div',
    { class: 'intervention', role: 'listitem' },
    h(
      'div',
      { class: 'intervention-head' },
      handle,
      on.element,
      h('span', { class: 'faint', 'aria-hidden': 'true' }, t('block')),
      block.element,
      remove,
    ),
    ...parts.flatMap(({ elements }) => elements),
    fault.element,
  );
  handle.addEventListener('keydown', (event) => {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    events.move(index + by);
  });
  handle.addEventListener('dragstart', (event) => {
    event.dataTransfer?.setData(DRAG, String(index));
    event.dataTransfer?.setDragImage(element, 8, 8);
  });
  element.addEventListener('dragover', (event) => {
    if (!event.dataTransfer?.types.includes(DRAG)) return;
    event.preventDefault();
    element.classList.add('drop');
  });
  element.addEventListener('dragleave', () => element.classList.remove('drop'));
  element.addEventListener('drop', (event) => {
    element.classList.remove('drop');
    const from = Number(event.dataTransfer?.getData(DRAG));
    if (!event.dataTransfer?.types.includes(DRAG) || from === index) return;
    event.preventDefault();
    element.dispatchEvent(
      new CustomEvent<DropDetail>('intervention-drop', { bubbles: true, detail: { from, to: index } }),
    );
  });
  return {
    element,
    focus: () => handle.focus(),
    update({ on: acts, intervention }, around) {
      on.update(acts);
      setAttributes(on.element, { 'aria-label': t('{0}, on', interventionWords(intervention)) });
      setAttributes(element, { title: interventionWords(intervention, 200) });
      element.classList.toggle('off', !acts);
      block.update(intervention.block, { disabled: false, invalid: around.fault !== undefined });
      for (const part of parts) part.update(intervention, around);
      fault.update(around.fault, around.note === undefined ? undefined : { text: around.note, kind: 'info' });
      show(fault.element, around.fault !== undefined || around.note !== undefined);
    },
  };
}

/** A row was dropped on another. */
export interface DropDetail {
  readonly from: number;
  readonly to: number;
}

function partsOf(first: Intervention, what: string, edit: Edit): readonly Part[] {
  switch (first.kind) {
    case 'skip':
      return [];
    case 'zero':
    case 'mean':
      return [partPart(what, edit), ...(first.part === 'heads' ? [headsPart(what, edit)] : [])];
    case 'freeze':
      return [partPart(what, edit), ...(first.part === 'heads' ? [headsPart(what, edit)] : []), promptPart(what, edit)];
    case 'project':
      return vectorParts(first.direction, what, edit);
    case 'add':
      return [...vectorParts(first.vector, what, edit), coefficientPart(what, edit), positionsPart(what, edit)];
  }
}

const PARTS = [
  { value: 'attention', label: t('Attention') },
  { value: 'mlp', label: 'MLP' },
  { value: 'heads', label: t('Attention heads') },
] as const;

function partPart(what: string, edit: Edit): Part {
  const dropdown = createDropdown(t('Part of {0}', what), (value) => {
    const part = PARTS.find((one) => one.value === value)?.value;
    if (part === undefined) return;
    edit((one) => {
      if (!('part' in one)) return one;
      const { heads = [0], ...rest } = one;
      return part === 'heads' ? { ...rest, part, heads } : { ...rest, part };
    });
  });
  const field = createField(t('Part'), dropdown.element);
  return {
    elements: [field.element],
    update: (one) => 'part' in one && dropdown.update(PARTS, one.part),
  };
}

/** A toggle for each attention head; where nobody says how many there are, their numbers. */
function headsPart(what: string, edit: Edit): Part {
  const grid = h('div', { class: 'heads', role: 'group', 'aria-label': t('Attention heads of {0}', what) });
  /** No head was chosen yet: the first that is makes it act. */
  let unchosen = false;
  const set = (change: (heads: readonly number[]) => readonly number[]): void =>
    edit(
      (one) =>
        'part' in one && one.part === 'heads' ? { ...one, heads: change(unchosen ? [] : (one.heads ?? [])) } : one,
      false,
      unchosen,
    );
  const numbers = createRestingField(t('Numbers of the attention heads of {0}', what), (text) =>
    set(() =>
      text
        .split(/[\s,]+/)
        .filter((part) => part !== '')
        .map(readNumber),
    ),
  );
  const field = createField(t('Heads'), grid, numbers.element);
  let buttons: readonly HTMLElement[] = [];
  // Arrows go through the grid, which is one stop for Tab.
  grid.addEventListener('keydown', (event) => {
    const at = buttons.findIndex((button) => button === document.activeElement);
    const across = Math.max(1, getComputedStyle(grid).gridTemplateColumns.split(' ').length);
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across, ArrowUp: -across }[event.key];
    if (at < 0 || by === undefined) return;
    event.preventDefault();
    const next = buttons[Math.max(0, Math.min(buttons.length - 1, at + by))];
    for (const button of buttons) setAttributes(button, { tabindex: button === next ? 0 : -1 });
    next?.focus();
  });
  return {
    elements: [field.element],
    update(one, { heads: count, place }) {
      if (!('part' in one) || one.part !== 'heads') return;
      unchosen = place === undefined && one.heads?.join() === '0';
      const chosen = unchosen ? [] : (one.heads ?? []);
      show(grid, count !== undefined);
      show(numbers.element, count === undefined);
      numbers.update(chosen.join(', '));
      if (count === undefined) return;
      if (buttons.length !== count) {
        buttons = Array.from({ length: count }, (_, head) => {
          const button = h('button', { type: 'button', class: 'head', tabindex: head === 0 ? 0 : -1 }, String(head));
          button.addEventListener('click', () => {
            // Of those that are chosen now, whatever has been drawn of them.
            set((heads) =>
              heads.includes(head) ? heads.filter((other) => other !== head) : [...heads, head].sort((a, b) => a - b),
            );
          });
          return button;
        });
        grid.replaceChildren(...buttons);
      }
      buttons.forEach((button, head) =>
        setAttributes(button, {
          'aria-pressed': String(chosen.includes(head)),
          'aria-label': t('Attention head {0}', head),
        }),
      );
    },
  };
}

const prompted = (prompt: Prompt, text: string): Prompt =>
  prompt.kind === 'prompt' ? { ...prompt, text } : { kind: 'prompt', text };
const textOf = (prompt: Prompt | undefined): string =>
  prompt?.kind === 'prompt' ? prompt.text : (prompt?.ids.join(' ') ?? '');

function promptPart(what: string, edit: Edit): Part {
  const text = createTextField(t('Prompt of {0}', what), (typed) =>
    edit((one) => (one.kind === 'freeze' ? { ...one, prompt: prompted(one.prompt, typed) } : one)),
  );
  const field = createField(t('At prompt'), text.element);
  return {
    elements: [field.element],
    update: (one) => one.kind === 'freeze' && text.update(textOf(one.prompt)),
  };
}

const VECTORS = [
  { value: 'difference', label: t('From one prompt to another') },
  { value: 'prompt', label: t('Prompt') },
  { value: 'row', label: t('Token’s unembedding') },
  { value: 'vector', label: t('File…') },
] as const;

const vectorOf = (one: Intervention): InterventionVector | undefined =>
  one.kind === 'add' ? one.vector : one.kind === 'project' ? one.direction : undefined;
const withVector = (one: Intervention, vector: InterventionVector): Intervention =>
  one.kind === 'add' ? { ...one, vector } : one.kind === 'project' ? { ...one, direction: vector } : one;

/** A vector by what it means. */
function vectorParts(first: InterventionVector, what: string, edit: Edit): readonly Part[] {
  let place: string | undefined;
  const choose = (): void => {
    if (place !== undefined) send({ type: 'chooseFile', path: place, content: 'vector' });
  };
  const dropdown = createDropdown(t('Vector of {0}', what), (value) => {
    if (value === 'vector') choose();
    else edit((one) => withVector(one, firstOf(value, vectorOf(one))));
  });
  const kind = createField(t('Vector'), dropdown.element);
  const kindPart: Part = {
    elements: [kind.element],
    update(one, around) {
      const { place: at } = around;
      place = at === undefined ? undefined : `${at}.${one.kind === 'project' ? 'direction' : 'vector'}`;
      const now = vectorOf(one)?.kind ?? '';
      const known = VECTORS.some(({ value }) => value === now);
      const options = VECTORS.map((option) => ({
        ...option,
        ...(option.value === 'vector' && at === undefined ? { reason: t('Turn the intervention on first.') } : {}),
      }));
      dropdown.update(
        known ? options : [...options, { value: now, label: now === 'mean' ? t('Mean of prompts') : t('Token ids') }],
        now,
      );
    },
  };
  const ofSide = (side: 'from' | 'to', label: string): Part => {
    const text = createTextField(t('{0} of {1}', label, what), (typed) =>
      edit((one) => {
        const vector = vectorOf(one);
        if (vector?.kind !== 'difference') return one;
        return withVector(one, { ...vector, [side]: [{ kind: 'prompt', text: typed }] });
      }),
    );
    const field = createField(label, text.element);
    return {
      elements: [field.element],
      update(one) {
        const vector = vectorOf(one);
        if (vector?.kind !== 'difference') return;
        const several = vector[side].length > 1;
        text.update(several ? t('{0} prompts', vector[side].length) : textOf(vector[side][0]), { disabled: several });
      },
    };
  };
  switch (first.kind) {
    case 'difference':
      return [kindPart, ofSide('from', t('From')), ofSide('to', t('To'))];
    case 'prompt': {
      const text = createTextField(t('Prompt of {0}', what), (typed) =>
        edit((one) => withVector(one, { kind: 'prompt', text: typed })),
      );
      const field = createField(t('Prompt'), text.element);
      const update = (one: Intervention): void => {
        const vector = vectorOf(one);
        if (vector?.kind === 'prompt') text.update(vector.text);
      };
      return [kindPart, { elements: [field.element], update }];
    }
    case 'row': {
      const text = createTextField(t('Token of {0}', what), (typed) =>
        edit((one) => withVector(one, { kind: 'row', matrix: 'unembedding', token: readToken(typed) })),
      );
      const field = createField(t('Token'), text.element);
      const update = (one: Intervention): void => {
        const vector = vectorOf(one);
        if (vector?.kind === 'row') text.update(tokenInput(vector.token));
      };
      return [kindPart, { elements: [field.element], update }];
    }
    case 'mean':
    case 'tokens':
    case 'vector': {
      const name = h('span', { class: 'beside' });
      const button = createButton(t('Choose…'), 'secondary', choose);
      const field = createField('', button.element, name);
      const update = (one: Intervention): void => {
        const vector = vectorOf(one);
        if (vector && vector.kind !== 'difference') setText(name, vectorWords(vector, 30));
      };
      return [kindPart, { elements: [field.element], update }];
    }
  }
}

/** What a kind of vector begins with; prompts that are there already stay. */
function firstOf(kind: string, now: InterventionVector | undefined): InterventionVector {
  const prompt: Prompt =
    now?.kind === 'prompt'
      ? now
      : now?.kind === 'difference' && now.to[0]
        ? now.to[0]
        : { kind: 'prompt', text: 'The sea' };
  if (kind === 'prompt') return prompt;
  if (kind === 'row') return { kind: 'row', matrix: 'unembedding', token: ' sea' };
  return { kind: 'difference', from: [{ kind: 'prompt', text: 'The' }], to: [prompt] };
}

/** Of the slider; a field beside it takes any number. */
const MOST = 8;

function coefficientPart(what: string, edit: Edit): Part {
  const set = (coefficient: number, step?: boolean): void =>
    edit((one) => (one.kind === 'add' ? { ...one, coefficient } : one), step);
  const slider = h('input', {
    type: 'range',
    class: 'slider',
    min: -MOST,
    max: MOST,
    step: 0.25,
    'aria-label': t('Coefficient of {0}', what),
  });
  slider.addEventListener('input', () => set(Number(slider.value), true));
  const number = createNumberField(t('Coefficient of {0}, exactly', what), set, { step: 0.25 });
  const field = createField(t('Times'), slider, number.element);
  return {
    elements: [field.element],
    update(one) {
      if (one.kind !== 'add') return;
      const { coefficient } = one;
      const part = (Math.min(MOST, Math.max(-MOST, coefficient)) + MOST) / (2 * MOST);
      slider.style.setProperty('--part', `${part * 100}%`);
      if (Number(slider.value) !== coefficient) slider.value = String(coefficient);
      number.update(coefficient, { disabled: false, invalid: false });
    },
  };
}

const POSITIONS: readonly { readonly value: InterventionPositions; readonly label: string }[] = [
  { value: 'all', label: t('All positions') },
  { value: 'last', label: t('The last position') },
  { value: 'later', label: t('All later positions') },
];

function positionsPart(what: string, edit: Edit): Part {
  const dropdown = createDropdown(t('Positions of {0}', what), (value) => {
    const positions = POSITIONS.find((one) => one.value === value)?.value;
    if (positions) edit((one) => (one.kind === 'add' ? { ...one, positions } : one));
  });
  const field = createField(t('At'), dropdown.element);
  return {
    elements: [field.element],
    update: (one) => one.kind === 'add' && dropdown.update(POSITIONS, one.positions),
  };
}
