import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { readingOf, readReading } from '../../src/formats/reading.js';
import { Fault } from '../../src/map/fault.js';
import type { ReadingBlock, ReadingText } from '../../src/map/pageFile/reading.js';

const folder = mkdtempSync(path.join(tmpdir(), 'embedding-grid-reading-'));
after(() => rmSync(folder, { recursive: true }));

const file = (bytes: string | Uint8Array): string => {
  const place = path.join(folder, 'lesson.md');
  writeFileSync(place, bytes);
  return place;
};

/** All links of a text. */
function linksOf(text: ReadingText): string[] {
  return text.flatMap((piece) => {
    if (typeof piece === 'string' || piece.kind === 'code' || piece.kind === 'break') return [];
    return [...(piece.kind === 'link' ? [piece.to] : []), ...linksOf(piece.text)];
  });
}

function depthOf(blocks: readonly ReadingBlock[]): number {
  const within = blocks.map((block) => {
    if (block.kind === 'quote') return depthOf(block.blocks);
    return block.kind === 'list' ? Math.max(0, ...block.items.map((item) => depthOf(item.blocks))) : 0;
  });
  return 1 + Math.max(0, ...within);
}

test('A lesson: title, headings without gaps, tasks, lists, quotes, code, emphasis', () => {
  const { title, blocks } = readingOf(
    '# A *map*\n\n#### Find out\n\n- [ ] What comes **next**?\n- [x] Done\n\n3. three\n\n> quoted\n\n```\n<b>\n```\n\n# Again',
  );
  assert.equal(title, 'A map');
  assert.deepEqual(blocks, [
    { kind: 'heading', level: 2, text: ['Find out'] },
    {
      kind: 'list',
      first: null,
      items: [
        {
          done: false,
          blocks: [{ kind: 'paragraph', text: ['What comes ', { kind: 'strong', text: ['next'] }, '?'] }],
        },
        { done: true, blocks: [{ kind: 'paragraph', text: ['Done'] }] },
      ],
    },
    { kind: 'list', first: 3, items: [{ done: null, blocks: [{ kind: 'paragraph', text: ['three'] }] }] },
    { kind: 'quote', blocks: [{ kind: 'paragraph', text: ['quoted'] }] },
    { kind: 'code', code: '<b>\n' },
    { kind: 'heading', level: 2, text: ['Again'] },
  ]);
});

test('Links lead to the web or to mail; all others are the text that they are', () => {
  for (const to of [
    'javascript:alert(1)',
    'JaVaScRiPt:x',
    'data:text/html,x',
    'file:///etc',
    'vbscript:x',
    'x.html',
    '#a',
  ]) {
    const [block] = readingOf(`[a](${to}) <${to}> ![b](${to})\n\n[c]: ${to}\n`).blocks;
    assert.ok(block?.kind === 'paragraph');
    assert.deepEqual(linksOf(block.text), [], to);
  }
  const [block] = readingOf('[a](https://e.org/?q="x") <mailto:a@b.org> [b](HTTP://e.org)').blocks;
  assert.ok(block?.kind === 'paragraph');
  assert.deepEqual(linksOf(block.text), ['https://e.org/?q=%22x%22', 'mailto:a@b.org', 'HTTP://e.org']);
});

test('A hostile text of a megabyte is read, however deep it goes', () => {
  for (const piece of [
    '[',
    '>',
    '> ',
    '**a',
    '*a **b ',
    '`',
    '![',
    '<',
    '- ',
    '[a](',
    '&',
    '_a*',
    '1. ',
    '# ',
    '\u202E',
  ]) {
    const { blocks } = readingOf(piece.repeat(1e6 / piece.length));
    assert.ok(depthOf(blocks) < 30, piece);
    JSON.stringify(blocks);
  }
});

test('What is no text is refused in a sentence: too large, not UTF-8, empty, not there', async () => {
  const refused = async (place: string, why: RegExp): Promise<void> =>
    assert.rejects(
      readReading(place),
      (thrown) => thrown instanceof Fault && thrown.code === 'file' && why.test(thrown.message),
    );
  await refused(file('a'.repeat(5e6)), /larger than 1 MB/);
  await refused(file(Uint8Array.of(0xff, 0xfe, 0)), /no text in UTF-8/);
  await refused(file(' \n'), /empty/);
  await refused(path.join(folder, 'none.md'), /no such file/);
  await refused(folder, /folder/);
});
