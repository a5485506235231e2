import type { Reading, ReadingBlock, ReadingItem, ReadingText } from '../../src/map/pageFile/reading.js';
import { h } from '../dom.js';

/** Where a map is that stands below its text. */
export const MAP_ID = 'map';

/** The text beside the maps, to be folded. It is put together of elements and text: nothing in it is read as markup. */
export const createReading = ({ blocks }: Reading): HTMLElement =>
  h(
    'aside',
    { class: 'reading', 'aria-label': 'Reading' },
    h('a', { class: 'to-map', href: `#${MAP_ID}` }, 'To the map'),
    h(
      'details',
      { open: true },
      h('summary', {}, 'Text'),
      h('div', { class: 'reading-text', tabindex: 0, role: 'region', 'aria-label': 'Text' }, ...blocks.map(blockOf)),
    ),
  );

const HEADINGS = ['h2', 'h3', 'h4'] as const;

/** Each has the direction of its own script. */
function blockOf(block: ReadingBlock): HTMLElement {
  switch (block.kind) {
    case 'heading':
      return h(HEADINGS[block.level - 2] ?? 'h4', { dir: 'auto' }, ...textOf(block.text));
    case 'paragraph':
      return h('p', { dir: 'auto' }, ...textOf(block.text));
    case 'list':
      return block.first === null
        ? h('ul', {}, ...block.items.map(itemOf))
        : h('ol', { start: block.first === 1 ? undefined : block.first }, ...block.items.map(itemOf));
    case 'quote':
      return h('blockquote', {}, ...block.blocks.map(blockOf));
    case 'code':
      return h('pre', {}, h('code', {}, block.code));
    case 'rule':
      return h('hr', {});
  }
}

/** A task can be ticked, which the page forgets when it is closed. */
function itemOf({ done, blocks }: ReadingItem): HTMLElement {
  const [first, ...rest] = blocks;
  if (done === null || first?.kind !== 'paragraph') return h('li', {}, ...blocks.map(blockOf));
  const box = h('input', { type: 'checkbox', checked: done });
  return h(
    'li',
    { class: 'task' },
    h('label', { dir: 'auto' }, box, h('span', {}, ...textOf(first.text))),
    ...rest.map(blockOf),
  );
}

const textOf = (text: ReadingText): (Node | string)[] =>
  text.map((piece) => {
    if (typeof piece === 'string') return piece;
    switch (piece.kind) {
      case 'strong':
        return h('strong', {}, ...textOf(piece.text));
      case 'emphasis':
        return h('em', {}, ...textOf(piece.text));
      case 'code':
        return h('code', {}, piece.code);
      case 'break':
        return h('br', {});
      case 'link':
        return linkOf(piece.to, piece.text);
    }
  });

/** A link to the web or to mail, whatever the file says: anything else is text. */
function linkOf(to: string, text: ReadingText): Node {
  const leads = URL.canParse(to) && ['http:', 'https:', 'mailto:'].includes(new URL(to).protocol);
  if (!leads) return h('span', {}, ...textOf(text));
  return h('a', { href: to, target: '_blank', rel: 'noopener noreferrer', title: to }, ...textOf(text));
}
