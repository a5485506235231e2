import MarkdownIt, { type Token } from 'markdown-it';
import { Fault } from '../map/fault.js';
import type { Reading, ReadingBlock, ReadingItem, ReadingText } from '../map/pageFile/reading.js';
import { wholeFile } from './vectors/bytes.js';

/** Bytes of a text, at most: some hundred pages. */
const MOST_BYTES = 1e6;
/** Lists in lists and quotes in quotes, where what goes deeper is left out; emphasis in emphasis. */
const MOST_NESTING = 20;

/** CommonMark without HTML and pictures: both stand there as the text that they are. */
const markdown = new MarkdownIt('commonmark', { html: false, maxNesting: MOST_NESTING }).disable([
  'image',
  'html_block',
  'html_inline',
]);

/** Reads the Markdown file of a page's text. @throws Fault `file` where it is none. */
export async function readReading(path: string): Promise<Reading> {
  const bytes = await wholeFile(path, MOST_BYTES);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw refused(path, 'it is no text in UTF-8');
  }
  if (text.trim() === '') throw refused(path, 'it is empty');
  return readingOf(text);
}

const refused = (path: string, why: string): Fault =>
  new Fault({
    code: 'file',
    message: `The text ${path} cannot be read: ${why}.`,
    hint: 'Give a Markdown file: docs/pages.md says what it may hold.',
  });

/**
 * Markdown as data: headings, paragraphs, lists, tasks (`- [ ]`), quotes, code, emphasis, links to the web and to mail. A first
 * heading of the first level is the title; what is not of these is text.
 */
export function readingOf(text: string): Reading {
  const [title, blocks] = untitled(blocksOf(new Reader(markdown.parse(text, {}))));
  return { title, blocks: levelled(blocks, { before: 1 }) };
}

function untitled(blocks: readonly ReadingBlock[]): [title: string | null, rest: readonly ReadingBlock[]] {
  const [first, ...rest] = blocks;
  return first?.kind === 'heading' && first.level === 1 ? [plain(first.text), rest] : [null, blocks];
}

/** Headings below that of the page, none of which leaves out a level. */
const levelled = (blocks: readonly ReadingBlock[], at: { before: number }): readonly ReadingBlock[] =>
  blocks.map((block) => {
    if (block.kind === 'quote') return { ...block, blocks: levelled(block.blocks, at) };
    if (block.kind === 'list')
      return { ...block, items: block.items.map((item) => ({ ...item, blocks: levelled(item.blocks, at) })) };
    if (block.kind !== 'heading') return block;
    at.before = Math.min(Math.max(block.level, 2), at.before + 1, 4);
    return { ...block, level: at.before };
  });

/** Tokens of markdown-it, one after another. */
class Reader {
  private at = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  /** The next token, unless it closes what is read. */
  next(): Token | undefined {
    const token = this.tokens[this.at];
    if (token) this.at++;
    return token && token.nesting >= 0 ? token : undefined;
  }

  /** The text of all that an opened token holds, and the one that closes it. */
  flat(): string {
    let text = '';
    for (let open = 1; open > 0 && this.at < this.tokens.length; this.at++) {
      const token = this.tokens[this.at];
      open += token?.nesting ?? 0;
      text += token?.content ?? '';
    }
    return text;
  }
}

/** Blocks up to the token that closes what they stand in. */
function blocksOf(reader: Reader): ReadingBlock[] {
  const blocks: ReadingBlock[] = [];
  for (let token = reader.next(); token; token = reader.next()) {
    switch (token.type) {
      case 'heading_open':
        blocks.push({ kind: 'heading', level: Number(token.tag.slice(1)), text: textOf(reader) });
        break;
      case 'paragraph_open':
        blocks.push({ kind: 'paragraph', text: textOf(reader) });
        break;
      case 'bullet_list_open':
      case 'ordered_list_open': {
        const ordered = token.type === 'ordered_list_open';
        blocks.push({
          kind: 'list',
          first: ordered ? Number(token.attrGet('start') ?? 1) : null,
          items: itemsOf(reader),
        });
        break;
      }
      case 'blockquote_open':
        blocks.push({ kind: 'quote', blocks: blocksOf(reader) });
        break;
      case 'fence':
      case 'code_block':
        blocks.push({ kind: 'code', code: token.content });
        break;
      case 'hr':
        blocks.push({ kind: 'rule' });
        break;
      default:
        // Nothing else comes from this parser; if it did, its text would be kept.
        if (token.nesting === 1) blocks.push(...blocksOf(reader));
        else if (token.content !== '') blocks.push({ kind: 'paragraph', text: [token.content] });
    }
  }
  return blocks;
}

function itemsOf(reader: Reader): ReadingItem[] {
  const items: ReadingItem[] = [];
  while (reader.next()) items.push(taskOf(blocksOf(reader)));
  return items;
}

/** An item that begins with `[ ]` or `[x]` is a task. */
function taskOf(blocks: readonly ReadingBlock[]): ReadingItem {
  const [first, ...rest] = blocks;
  if (first?.kind !== 'paragraph') return { done: null, blocks };
  const [start, ...text] = first.text;
  const [mark, done] = (typeof start === 'string' ? /^\[([ xX])\]\s+/.exec(start) : null) ?? [];
  if (typeof start !== 'string' || mark === undefined) return { done: null, blocks };
  return { done: done !== ' ', blocks: [{ ...first, text: [start.slice(mark.length), ...text] }, ...rest] };
}

/** The text of a block, up to the token that closes it. */
function textOf(reader: Reader): ReadingText {
  let text: ReadingText = [];
  for (let token = reader.next(); token; token = reader.next())
    text = token.children ? inlineOf(new Reader(token.children)) : [...text, token.content];
  return text;
}

/** @param depth of what it stands in: what is set off deeper than anybody writes is text */
function inlineOf(reader: Reader, depth = 0): ReadingText {
  const text: ReadingText[number][] = [];
  /** Pieces of plain text that follow each other are one. */
  const push = (piece: ReadingText[number]): void => {
    const last = text.at(-1);
    if (typeof piece === 'string' && typeof last === 'string') text[text.length - 1] = last + piece;
    else text.push(piece);
  };
  for (let token = reader.next(); token; token = reader.next()) {
    if (token.nesting === 1 && depth === MOST_NESTING) {
      push(reader.flat());
      continue;
    }
    switch (token.type) {
      case 'strong_open':
        push({ kind: 'strong', text: inlineOf(reader, depth + 1) });
        break;
      case 'em_open':
        push({ kind: 'emphasis', text: inlineOf(reader, depth + 1) });
        break;
      case 'code_inline':
        push({ kind: 'code', code: token.content });
        break;
      case 'softbreak':
        push(' ');
        break;
      case 'hardbreak':
        push({ kind: 'break' });
        break;
      case 'link_open': {
        const to = token.attrGet('href') ?? '';
        const words = inlineOf(reader, depth + 1);
        // A page is one file: there is nothing beside it to lead to, and nothing else is followed.
        if (/^(https?:\/\/|mailto:)/i.test(to)) push({ kind: 'link', to, text: words });
        else words.forEach(push);
        break;
      }
      default:
        if (token.nesting === 1) inlineOf(reader, depth + 1).forEach(push);
        else push(token.content);
    }
  }
  return text;
}

/** Text without what sets parts of it off. */
const plain = (text: ReadingText): string =>
  text
    .map((piece) => {
      if (typeof piece === 'string') return piece;
      if (piece.kind === 'break') return ' ';
      return piece.kind === 'code' ? piece.code : plain(piece.text);
    })
    .join('');
