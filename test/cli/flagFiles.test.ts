import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { parseCommand } from '../../src/cli/arguments.js';
import { readFlagFiles, vectorPlace } from '../../src/cli/flagFiles.js';
import { parametersFromFlags, parametersToFlags } from '../../src/map/flags.js';
import { decodeVector } from '../../src/map/vector.js';

const folder = mkdtempSync(path.join(tmpdir(), 'embedding-grid-flags-'));
after(() => rmSync(folder, { recursive: true }));
const vectors = path.join(import.meta.dirname, '..', 'fixtures', 'vectors');

function written(name: string, content: string | Uint8Array): string {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
}

test('FILE, FILE:KEY, FILE#ROW and FILE:KEY#ROW, whatever the names hold', () => {
  const files = ['v.npy', 'C:\\v.npz', 'a:b.npz', 'a', 'odd#3', 'odd'];
  const at = (text: string) => {
    const { path: file, key, row } = vectorPlace(text, (one) => files.includes(one));
    return [file, key, row];
  };
  assert.deepEqual(at('v.npy'), ['v.npy', undefined, undefined]);
  assert.deepEqual(at('v.npy#12'), ['v.npy', undefined, 12]);
  assert.deepEqual(at('v.npy:layers.3'), ['v.npy', 'layers.3', undefined]);
  assert.deepEqual(at('v.npy:layers.3#0'), ['v.npy', 'layers.3', 0]);
  assert.deepEqual(at('C:\\v.npz:a:b#1'), ['C:\\v.npz', 'a:b', 1]);
  assert.deepEqual(at('a:b.npz:c'), ['a:b.npz', 'c', undefined]);
  assert.deepEqual(at('a:b'), ['a', 'b', undefined]);
  assert.deepEqual(at('odd#3'), ['odd#3', undefined, undefined]);
  assert.deepEqual(at('odd#4'), ['odd', undefined, 4]);
  assert.equal(at('missing.npz:key#3')[0], 'missing.npz');
  assert.equal(at('D:\\missing.npz:key')[0], 'D:\\missing.npz');
});

test('files that flags name become vectors, texts and prompts of the specification', async () => {
  const texts = written('texts.txt', '\uFEFFfirst\r\n\r\n  second, with spaces \n\t\nthird');
  const command = parseCommand([
    ...['--x-vector', `${path.join(vectors, 'deflated.npz')}:table#4`],
    ...['--y-vector', path.join(vectors, 'list.json')],
    ...['--center-prompts-file', texts, '--sample', texts, '--overlay', 'state:a', '--overlay', 'state:b'],
  ]);
  assert.ok(command.kind === 'draw');
  const { plane, overlays } = parametersFromFlags(command.map, undefined, await readFlagFiles(command.map));
  const lines = ['first', '  second, with spaces ', 'third'];
  assert.deepEqual(plane.sample, lines);
  assert.deepEqual(plane.center, { kind: 'mean', prompts: lines.map((text) => ({ kind: 'prompt', text })) });
  assert.ok(plane.axes.method === 'directions' && plane.axes.x.kind === 'vector' && plane.axes.y.kind === 'vector');
  assert.equal(plane.axes.x.name, 'deflated.npz:table#4');
  assert.equal(plane.axes.y.name, 'list.json');
  assert.equal(decodeVector(plane.axes.x.vector, 'x').length, 12);
  assert.equal(overlays.length, 2);
});

test('files that are not there, or something else, are refused by name', async () => {
  mkdirSync(path.join(folder, 'sub'));
  const cases: [Record<string, string>, string, RegExp][] = [
    [{ texts: path.join(folder, 'none.txt') }, 'file', /none\.txt" cannot be read: there is no such file\.$/],
    [{ sample: path.join(folder, 'sub') }, 'file', /sub" cannot be read: it is a folder\.$/],
    [{ texts: written('latin1.txt', Uint8Array.of(0x63, 0xe9)) }, 'file', /latin1\.txt .*: it is no text in UTF-8\.$/],
    [{ 'center-prompts-file': written('empty.txt', ' \n\n') }, 'file', /empty\.txt cannot be read: it is empty\.$/],
    [{ texts: written('large.txt', new Uint8Array(8e6 + 1)) }, 'file', /large\.txt" is larger than 8 MB\.$/],
    [{ 'x-vector': 'none.npz:key#3' }, 'file', /none\.npz" cannot be read: there is no such file\.$/],
    [{ 'y-vector': path.join(vectors, 'nan.npy') }, 'file', /^"nan\.npy" holds a number that is not finite/],
    [{ 'center-vector': path.join(vectors, 'table-c.npy') }, 'bad-parameter', /^"table-c\.npy" holds 5 vectors\.$/],
    [{ 'center-vector': `${path.join(vectors, 'stored.npz')}:steer` }, 'bad-parameter', /has no array "steer"\.$/],
  ];
  for (const [given, code, message] of cases) await assert.rejects(readFlagFiles(given), { code, message });
});

test('a vector of an intervention in words: differences of prompts and of lists of prompts, rows of tokens', async () => {
  const hate = written('hate.txt', 'I hate it\nAwful');
  const love = written('love.txt', 'I love it');
  const prompts = (...texts: string[]) => texts.map((text) => ({ kind: 'prompt', text }));
  const row = (matrix: string, token: string | number) => ({ kind: 'row', matrix, token });
  const difference = (from: string[], to: string[]) => ({
    kind: 'difference',
    from: prompts(...from),
    to: prompts(...to),
  });
  const cases: [string, object][] = [
    ['add:prompt:I hate it->I love it*4@3', { vector: difference(['I hate it'], ['I love it']), coefficient: 4 }],
    [
      'add:prompt:I hate it -> I love it*-.5@3:last',
      { vector: difference(['I hate it'], ['I love it']), positions: 'last' },
    ],
    ['add:prompt:a@2:all->b@3*2*1@3:later', { vector: difference(['a@2:all'], ['b@3*2']), positions: 'later' }],
    [`add:prompts:${hate}->${love}*2@3`, { vector: difference(['I hate it', 'Awful'], ['I love it']), coefficient: 2 }],
    [`project:prompts:${hate}->${love}@3`, { direction: difference(['I hate it', 'Awful'], ['I love it']) }],
    [`add:prompts:${hate}@3`, { vector: { kind: 'mean', prompts: prompts('I hate it', 'Awful') }, coefficient: 1 }],
    [`project:prompt:${'The sea '.repeat(600)}@3`, { direction: { kind: 'prompt', text: 'The sea '.repeat(600) } }],
    ['project:prompt:The sea*2@3', { direction: { kind: 'prompt', text: 'The sea*2' } }],
    ['add:unembedding: Paris*2.5@3', { vector: row('unembedding', ' Paris'), coefficient: 2.5, positions: 'all' }],
    ['add:embedding:#7@3:last', { vector: row('embedding', 7), coefficient: 1, positions: 'last' }],
    ['project:unembedding:a\\,b@3', { direction: row('unembedding', 'a,b') }],
  ];
  for (const [text, expected] of cases) {
    const given = { intervene: [text] };
    const parameters = parametersFromFlags(given, undefined, await readFlagFiles(given));
    const [found] = parameters.interventions;
    assert.deepEqual(found, { ...found, block: 3, ...expected }, text);
    // What is copied as a command line is the same again, in words where it was.
    if (text.includes('prompts:')) continue;
    const flags = parametersToFlags(parameters);
    assert.ok(!flags[1]?.startsWith('{'), flags[1]);
    assert.deepEqual(parametersFromFlags({ intervene: flags.slice(1) }).interventions, parameters.interventions);
  }
});

test('an intervention that may mean two things is refused', async () => {
  const here = process.cwd();
  process.chdir(folder);
  written('embedding', 'x');
  try {
    const refused = async (text: string, message: RegExp): Promise<void> =>
      assert.rejects(
        async () => parametersFromFlags({ intervene: [text] }, undefined, await readFlagFiles({ intervene: [text] })),
        { code: 'bad-parameter', message },
        text,
      );
    await refused('add:embedding: Paris@3', /can mean a token’s row or the file embedding\.$/);
    await refused('add:prompt:a->b->c@3', /cannot be told which arrow or space/);
    await refused('add:prompt:a ->b@3', /cannot be told which arrow or space/);
    await refused('add:prompt:->b@3', /the prompt is empty/);
    await refused('add:unembedding:a,b@3', /these are 2 tokens/);
    await refused('add:unembedding:@3', /this is no intervention|the token is empty/);
    await assert.rejects(readFlagFiles({ intervene: ['add:prompts:none.txt->love.txt@3'] }), { code: 'file' });
  } finally {
    process.chdir(here);
  }
});
