import { t } from '@vscode/l10n';
import { safeText } from '../../src/map/display.js';
import { formatBytes, formatCount } from '../../src/map/numbers.js';
import type { ModelTensors, StoredTensor } from '../../src/protocol/tensors.js';
import { h, setAttributes, setText, show } from '../dom.js';
import { createTextField } from '../toolkit.js';

/** Height of a row, in px, as the styles have it. */
const ROW = 22;
/** Rows that are there beyond those that are seen, above and below. */
const BEYOND = 12;
/** A browser draws nothing taller than some 16 million px: rows beyond are found by the filter. */
const MOST_ROWS = 500_000;

/** Characters of a name. */
const LONGEST = 400;

type Order = 'file' | 'name' | 'bytes';

/** The tensors of a model: as many rows as are seen, whatever there are. Arrows, Page, Home and End go through them. */
export function createTensorList(): {
  readonly element: HTMLElement;
  update(tensors: ModelTensors | null): void;
} {
  const heading = h('h2');
  const filter = createTextField(t('Find tensors'), () => arrange());
  setAttributes(filter.element, { placeholder: t('Find tensors') });
  const rows = h('div', { class: 'tensor-rows', role: 'presentation' });
  const scroller = h('div', {
    class: 'tensor-scroller',
    role: 'rowgroup',
    tabindex: 0,
    'aria-label': t('Tensors'),
  });
  scroller.append(rows);
  let order: Order = 'file';
  const headers = new Map<Order | '', HTMLElement>();
  const header = (label: string, by?: Order): HTMLElement => {
    if (!by) return h('span', { role: 'columnheader' }, label);
    const button = h('button', { type: 'button' }, label);
    button.addEventListener('click', () => {
      order = order === by ? 'file' : by;
      arrange();
    });
    const cell = h('span', { role: 'columnheader', class: by === 'bytes' ? 'number' : undefined }, button);
    headers.set(by, cell);
    return cell;
  };
  const grid = h(
    'div',
    { class: 'tensor-table', role: 'table', 'aria-label': t('Tensors') },
    h(
      'div',
      { role: 'rowgroup' },
      h(
        'div',
        { class: 'tensor-row tensor-head', role: 'row' },
        header(t('Name'), 'name'),
        header(t('Shape')),
        header(t('Type')),
        header(t('Size'), 'bytes'),
        header(t('File')),
      ),
    ),
    scroller,
  );
  const element = h(
    'section',
    { class: 'tensors', hidden: true },
    h('div', { class: 'tensor-bar' }, heading, filter.element),
    grid,
  );

  let all: ModelTensors | null = null;
  let found: readonly StoredTensor[] = [];
  const draw = (): void => {
    const first = Math.max(0, Math.floor(scroller.scrollTop / ROW) - BEYOND);
    const last = Math.min(found.length, first + Math.ceil(scroller.clientHeight / ROW) + 2 * BEYOND);
    rows.style.height = `${Math.min(found.length, MOST_ROWS) * ROW}px`;
    rows.replaceChildren(
      ...found.slice(first, last).map((tensor, i) => {
        const row = h(
          'div',
          { class: 'tensor-row', role: 'row', 'aria-rowindex': first + i + 2 },
          cell(tensor.name),
          cell(tensor.shape.map(formatCount).join(' × ') || t('one number')),
          cell(tensor.type),
          h('span', { role: 'cell', class: 'number' }, formatBytes(tensor.bytes)),
          cell(all?.files[tensor.file] ?? ''),
        );
        row.style.top = `${(first + i) * ROW}px`;
        return row;
      }),
    );
  };
  const arrange = (): void => {
    const tensors = all?.tensors ?? [];
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const left = tensors.filter(({ name }) => words.every((word) => name.toLowerCase().includes(word)));
    if (order === 'name') left.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    else if (order === 'bytes') left.sort((a, b) => b.bytes - a.bytes);
    found = left;
    for (const [by, one] of headers)
      setAttributes(one, { 'aria-sort': by === order ? (by === 'bytes' ? 'descending' : 'ascending') : undefined });
    setAttributes(grid, { 'aria-rowcount': found.length + 1 });
    const count =
      found.length === tensors.length
        ? formatCount(tensors.length)
        : t('{0} of {1}', formatCount(found.length), formatCount(tensors.length));
    const bytes = found.reduce((sum, tensor) => sum + tensor.bytes, 0);
    setText(heading, t('Tensors: {0}, {1}', count, formatBytes(bytes)));
    scroller.scrollTop = 0;
    draw();
  };
  scroller.addEventListener('scroll', draw);
  new ResizeObserver(draw).observe(scroller);
  return {
    element,
    update(tensors) {
      all = tensors;
      show(element, tensors !== null);
      filter.update(filter.value);
      arrange();
    },
  };
}

/** What cannot be seen in a stranger's name is told. */
function cell(name: string): HTMLElement {
  const text = safeText(name, LONGEST);
  return h('span', { role: 'cell', title: text }, text);
}
