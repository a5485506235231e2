import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { parseCommand } from '../../src/cli/arguments.js';
import { readFlagFiles, vectorPlace } from '../../src/cli/flagFiles.js';
import { parametersFromFlags } from '../../src/map/flags.js';
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
    [{ 'x-vector': 'none.npz:key#3' }, 'file', /^"none\.npz" cannot be read: there is no such file\.$/],
    [{ 'y-vector': path.join(vectors, 'nan.npy') }, 'file', /^"nan\.npy" holds a number that is not finite/],
    [{ 'center-vector': path.join(vectors, 'table-c.npy') }, 'bad-parameter', /^"table-c\.npy" holds 5 vectors\.$/],
    [{ 'center-vector': `${path.join(vectors, 'stored.npz')}:steer` }, 'bad-parameter', /has no array "steer"\.$/],
  ];
  for (const [given, code, message] of cases) await assert.rejects(readFlagFiles(given), { code, message });
});
