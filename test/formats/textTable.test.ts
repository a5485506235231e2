import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTextTable } from '../../src/formats/textTable.js';
import { LIMITS } from '../../src/map/limits.js';
import { groupedPoints } from '../../src/map/overlayTexts.js';
import { DEFAULT_PARAMETERS } from '../../src/map/specification.js';
import { textGroups } from '../../src/map/textPoints.js';

const read = (text: string) => readTextTable('texts.csv', Buffer.from(text));

test('texts and what is known of each come out of CSV as they are, quoted, tabbed, in any order, with other columns', () => {
  assert.deepEqual(
    read('\uFEFFLabel,text,else\r\nsea,"The ""old"" man,\r\nhe said",1\r\n\r\n,Call me,2\r\nland, ,3\r\n'),
    {
      texts: ['The "old" man,\r\nhe said', 'Call me'],
      labels: ['sea', ''],
    },
  );
  assert.deepEqual(read('text\tcolor\tshape\none\t#e69f00\tsquare\ntwo\tnight\tstar'), {
    texts: ['one', 'two'],
    colors: ['#e69f00', 'night'],
    shapes: ['square', 'star'],
  });
  // Columns that are only named tell nothing.
  assert.deepEqual(read('text,label,color,shape\none,sea,,\ntwo,land, ,\n'), {
    texts: ['one', 'two'],
    labels: ['sea', 'land'],
  });
});

test('what is no such table says so in a sentence', () => {
  const refused = (bytes: string | Uint8Array, message: RegExp) =>
    assert.throws(() => readTextTable('texts.csv', Buffer.from(bytes)), { code: 'file', message });
  refused('a,b\n1,2', /^The table texts\.csv cannot be read: it has no column "text"\.$/);
  refused('', /it has no column "text"\.$/);
  refused('text\n\n', /it holds no text\.$/);
  refused(Uint8Array.of(0xff, 0xfe, 0x41), /it is no text in UTF-8\.$/);
  refused('text,label\n"open,1\nmore', /the quotation marks of record \d do not match\.$/);
  refused(
    'text\nCall me\nThe ship, the sea\n',
    /record 3 has more fields than the first line has names, as where a text/,
  );
  refused('text,label\nThe ship, the sea,sea\n', /record 2 has more fields/);
  assert.deepEqual(read('text,label,,\n"The ship, the sea",sea,,,,\n').texts, ['The ship, the sea']);
  assert.deepEqual(read('text;label\nThe ship, the sea;sea\nA house, old;land\n').labels, ['sea', 'land']);
  refused(`text,label\na,${'b'.repeat(101)}`, /the label of record 2 is longer than 100 letters\.$/);
  refused(`text\n${'a\n'.repeat(LIMITS.texts + 1)}`, /it has more than 10000 texts\.$/);
  assert.equal(read(`text\n${'a\n'.repeat(LIMITS.texts)}`).texts.length, LIMITS.texts);
});

test('groups are the labels, colors and shapes that there are; given colors and shapes stay', () => {
  const { groups, of } = textGroups({
    texts: ['a', 'b', 'c', 'd', 'e'],
    labels: ['sea', 'land', 'sea', '', 'land'],
    shapes: ['square', 'x', 'square', 'x', 'circle'],
  });
  assert.deepEqual([...of], [0, 1, 0, 2, 3]);
  assert.deepEqual(
    groups.map(({ name, shape, count }) => [name, shape, count]),
    [
      ['sea, square', 'square', 2],
      ['land, x', 'circle', 1],
      ['x', 'circle', 1],
      ['land, circle', 'circle', 1],
    ],
  );
  assert.equal(groups[0]?.color === groups[1]?.color, false);
  const own = textGroups({ texts: ['a', 'b'], labels: ['x', 'y'], colors: ['#abc', '#123456'] });
  assert.deepEqual(
    own.groups.map(({ color }) => color),
    ['#abc', '#123456'],
  );
  const some = textGroups({ texts: ['a', 'b', 'c'], labels: ['sea', 'land', 'sky'], colors: ['', '', 'blue'] });
  assert.equal(new Set(some.groups.map(({ color }) => color)).size, 3);
  assert.deepEqual(
    textGroups({ texts: ['a', 'b'] }).groups.map(({ name, count }) => [name, count]),
    [['', 2]],
  );
});

test('places of a file that are not as many as its texts are not drawn', () => {
  const specification = {
    ...DEFAULT_PARAMETERS,
    overlays: [{ kind: 'texts', texts: ['a', 'b'] }],
  } as const;
  const points = { overlay: 0, x: [1, 2], y: [1, 2], distance: [0, 0], separability: null };
  assert.equal(groupedPoints(specification, [points]).length, 1);
  assert.equal(groupedPoints(specification, [{ ...points, x: [1] }]).length, 0);
  assert.equal(groupedPoints(specification, [{ ...points, overlay: 3 }]).length, 0);
});
