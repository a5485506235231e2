import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { zipSync } from 'fflate';
import { npy, toNpy } from '../../src/formats/npy.js';
import {
  givenBytes,
  type GivenFile,
  listVectors,
  readVector,
  type VectorPick,
  withFile,
} from '../../src/formats/vectorFile.js';
import { Fault } from '../../src/map/fault.js';
import { temporaryFolder } from './assets.js';

/** Files that numpy and safetensors wrote, and what they say is in them: make.py beside them. */
const folder = path.join(import.meta.dirname, '..', 'fixtures', 'vectors');
const read = (file: string, pick?: VectorPick) => withFile(path.join(folder, file), (given) => readVector(given, pick));

interface Truth {
  readonly file: string;
  readonly key: string | null;
  readonly row: number | null;
  readonly vector: readonly number[];
}
const truths = JSON.parse(readFileSync(path.join(folder, 'truth.json'), 'utf8')) as readonly Truth[];

test('vectors of numpy, safetensors and JSON are read as those read them', async () => {
  assert.ok(truths.length > 50);
  for (const { file, key, row, vector } of truths) {
    const got = await read(file, { key: key ?? undefined, row: row ?? undefined, hiddenSize: vector.length });
    const name = `${file}${key === null ? '' : `:${key}`}${row === null ? '' : `#${row}`}`;
    assert.deepEqual(got.vector, Float32Array.from(vector), name);
    if (key !== null) assert.equal(got.name, name);
  }
});

test('a file is told by its content, whatever its name', async () => {
  for (const file of ['table-c.npy', 'stored.npz', 'tensors.safetensors', 'object.json']) {
    const bytes = readFileSync(path.join(folder, file));
    const own = await listVectors(givenBytes(file, bytes));
    assert.deepEqual(await listVectors(givenBytes('data.bin', bytes)), own);
    assert.deepEqual(await withFile(path.join(folder, file), listVectors), own);
  }
});

test('the arrays of a file with their shapes and types, and why some are of no use', async () => {
  const list = async (file: string) =>
    (await withFile(path.join(folder, file), listVectors)).map(
      ({ key, shape, type, count, width, refusal }) =>
        `${key ?? '-'} ${shape.join('x')} ${type} ${count}*${width}${refusal === undefined ? '' : `: ${refusal}`}`,
    );
  assert.deepEqual(await list('deflated.npz'), [
    'steering 12 float64 1*12',
    'table 5x12 float64 5*12',
    'blocks.3/out 12 float64 1*12',
  ]);
  assert.deepEqual(await list('cube-fortran.npy'), ['- 2x3x12 float64 6*12']);
  assert.deepEqual(await list('one-row.npy'), ['- 1x12 float64 1*12']);
  assert.deepEqual((await list('tensors.safetensors')).toSorted(), [
    'bf16 5x12 bfloat16 5*12',
    'f16 5x12 float16 5*12',
    'f32 5x12 float32 5*12',
    'f64 5x12 float64 5*12',
    'flags 5x12 BOOL 5*12: its numbers are of type BOOL',
    'i64 5x12 int64 5*12',
    'i8 5x12 int8 5*12',
    'layers.3.mlp 12 float32 1*12',
    'none 0x12 float32 0*12: it is empty',
    'scalar  float32 1*1',
  ]);
  assert.deepEqual(await list('object.json'), [
    'name  string 1*1: it is no list of numbers',
    'layer  number 1*1: it is no list of numbers',
    'happy 12 numbers 1*12',
    'rows 5x12 numbers 5*12',
  ]);
  assert.deepEqual(await list('objects.npy'), ['- 2 |O 1*2: it holds Python objects, which only Python may load']);
});

test('where only one array comes into question it need not be named', async () => {
  assert.equal((await read('single.npz')).name, 'single.npz:arr_0');
  assert.equal((await read('tensors.safetensors', { key: 'layers.3.mlp' })).name, 'tensors.safetensors:layers.3.mlp');
  assert.equal((await read('table-c.npy', { row: 0 })).name, 'table-c.npy#0');
  const bytes = zipSync({
    'scale.npy': npy(Float32Array.of(1, 2), [2]),
    'v.npy': npy(Float32Array.of(1, 2, 3), [3]),
  });
  const given = givenBytes('two.npz', bytes);
  assert.deepEqual((await readVector(given, { hiddenSize: 3 })).vector, Float32Array.of(1, 2, 3));
  await assert.rejects(readVector(given), /"two.npz" holds several arrays that the vector may come from\./);
});

test('what cannot be taken is refused by name', async () => {
  const cases: [file: string, pick: VectorPick, code: string, message: RegExp, hint?: RegExp][] = [
    ['nan.npy', {}, 'file', /^"nan\.npy" holds a number that is not finite: number 1 is NaN\.$/],
    ['infinite.npy', {}, 'file', /^"infinite\.npy" holds .* number 2 is -Infinity\.$/],
    ['too-large.npy', {}, 'file', /^"too-large\.npy" holds .* number 1 is Infinity\.$/],
    ['nan.safetensors', {}, 'file', /^"nan\.safetensors:bad" holds a number that is not finite/],
    ['nan.json', {}, 'file', /^"nan\.json" holds a number that is not finite\.$/],
    ['complex.npy', {}, 'bad-parameter', /^No vector can be taken from "complex\.npy": its numbers are of type <c8\.$/],
    ['text.npy', {}, 'bad-parameter', /"text\.npy": it holds no numbers\.$/],
    ['objects.npy', {}, 'bad-parameter', /"objects\.npy": it holds Python objects, which only Python may load\.$/],
    ['structure.npy', {}, 'bad-parameter', /"structure\.npy": it holds structures, not numbers\.$/],
    ['flags.npy', {}, 'bad-parameter', /"flags\.npy": its numbers are of type \|b1\.$/],
    ['half-as-void.npy', {}, 'bad-parameter', /"half-as-void\.npy": its numbers are of no type that numpy knows\.$/],
    ['empty.npy', {}, 'bad-parameter', /"empty\.npy": it is empty\.$/],
    ['tensor.pt', {}, 'file', /^"tensor\.pt" is an archive without numpy arrays\.$/, /can run code and are not opened/],
    ['no-arrays.npz', {}, 'file', /^"no-arrays\.npz" is an archive without numpy arrays\.$/, /numpy\.savez/],
    ['make.py', {}, 'file', /^"make\.py" is neither \.npy, \.npz, safetensors nor JSON\.$/],
    ['cut.npy', { row: 4 }, 'file', /^"cut\.npy" is damaged or cut off: it ends before its numbers do\.$/],
    ['cut-header.npy', {}, 'file', /^"cut-header\.npy" is damaged or cut off/],
    ['cut.npz', {}, 'file', /^"cut\.npz" is damaged or cut off: the directory of its arrays cannot be read\.$/],
    ['cut-header.safetensors', {}, 'file', /^"cut-header\.safetensors" is a damaged or cut off safetensors file\.$/],
    ['outside.safetensors', {}, 'file', /^"outside\.safetensors:v" is damaged or cut off\.$/],
    ['negative.safetensors', {}, 'file', /^"negative\.safetensors:v" is damaged or cut off\.$/],
    ['short.safetensors', {}, 'file', /^"short\.safetensors:v" is damaged or cut off\.$/],
    ['huge.safetensors', {}, 'file', /^"huge\.safetensors:v" is damaged or cut off\.$/],
    [
      'prototype.safetensors',
      {},
      'bad-parameter',
      /"prototype\.safetensors:v": its numbers are of type constructor\.$/,
    ],
    ['bomb.npz', {}, 'bad-parameter', /"bomb\.npz:v": its vectors have more than 1048576 numbers\.$/],
    ['liar.npz', {}, 'file', /^"liar\.npz:v" is damaged: it claims to be larger than it can be\.$/],
    ['more.npz', {}, 'file', /^"more\.npz:v" is damaged/],
    ['bzip2.npz', {}, 'file', /^"bzip2\.npz:v" is compressed in a way that numpy does not use\.$/],
    ['damaged.npz', { key: 'steering' }, 'file', /^"damaged\.npz:steering" is damaged/],
    ['missing.npy', {}, 'file', /missing\.npy" cannot be read: there is no such file\.$/],
    ['table-c.npy', {}, 'bad-parameter', /^"table-c\.npy" holds 5 vectors\.$/, /^Say which: a row, 0 to 4\.$/],
    ['table-c.npy', { row: 5 }, 'bad-parameter', /^"table-c\.npy" has no row 5\.$/, /^Its rows are 0 to 4\.$/],
    ['table-c.npy', { row: -1 }, 'bad-parameter', /^"table-c\.npy" has no row -1\.$/],
    ['list.json', { row: 1 }, 'bad-parameter', /^"list\.json" has no row 1\.$/, /^It holds one vector, row 0\.$/],
    [
      'table-c.npy',
      { row: 1, hiddenSize: 5 },
      'bad-parameter',
      /^"table-c\.npy" has vectors of 12 numbers; the hidden states of this model have 5\.$/,
      /save its transpose/,
    ],
    [
      'stored.npz',
      { key: 'scale', hiddenSize: 12 },
      'bad-parameter',
      /^"stored\.npz:scale" has a vector of 1 number; the hidden states of this model have 12\.$/,
    ],
    [
      'stored.npz',
      { hiddenSize: 99 },
      'bad-parameter',
      /^None of the arrays of "stored\.npz" holds vectors of 99 numbers/,
      /^Its arrays are: steering, table, scale\.$/,
    ],
    [
      'stored.npz',
      { key: 'steer' },
      'bad-parameter',
      /^"stored\.npz" has no array "steer"\.$/,
      /steering, table, scale/,
    ],
    ['single.npz', { key: '__proto__' }, 'bad-parameter', /^"single\.npz" has no array "__proto__"\.$/, /arr_0/],
    ['list.json', { key: 'v' }, 'bad-parameter', /^"list\.json" has no array "v"\.$/, /^Its only array has no name\.$/],
    ['object.json', { key: 'name' }, 'bad-parameter', /"object\.json:name": it is no list of numbers\.$/],
  ];
  for (const [file, pick, code, message, hint] of cases)
    await assert.rejects(read(file, pick), (fault) => {
      assert.ok(fault instanceof Fault, `${file}: ${String(fault)}`);
      assert.deepEqual([fault.code, message.test(fault.message)], [code, true], `${file}: ${fault.message}`);
      if (hint) assert.match(fault.hint ?? '', hint);
      return true;
    });
});

test('JSON that is no table is refused', async () => {
  const of = (text: string) => readVector(givenBytes('a.json', new TextEncoder().encode(text)), { row: 0 });
  await assert.rejects(of('[[1, 2], [3]]'), /its lists are not equally long/);
  await assert.rejects(of('[[1, 2], 3]'), /it holds something else than numbers/);
  await assert.rejects(of('[1, "2"]'), /it holds something else than numbers/);
  await assert.rejects(of('[1, null]'), /it holds something else than numbers/);
  await assert.rejects(of('[]'), /it is empty/);
  await assert.rejects(of('{}'), /"a\.json" holds no arrays/);
  await assert.rejects(of('[1, 2'), /"a\.json" is no valid JSON/);
  await assert.rejects(of(`${'['.repeat(5000)}1${']'.repeat(5000)}`), Fault);
});

test('a file cut anywhere gives its own numbers or a fault, never others', async () => {
  for (const [file, pick] of [
    ['table-big-fortran.npy', { row: 4 }],
    ['deflated.npz', { key: 'table', row: 4 }],
    ['zip64.npz', { key: 'a', row: 2 }],
    ['tensors.safetensors', { key: 'f64', row: 2 }],
    ['lists.json', { row: 4 }],
  ] as const) {
    const bytes = readFileSync(path.join(folder, file));
    const { vector } = await readVector(givenBytes(file, bytes), pick);
    for (let length = 0; length < bytes.length; length++)
      await readVector(givenBytes(file, bytes.subarray(0, length)), pick).then(
        (got) => assert.deepEqual(got.vector, vector),
        (fault: unknown) => assert.ok(fault instanceof Fault, `${file} cut at ${length}: ${String(fault)}`),
      );
  }
});

test('a file with any byte changed gives numbers or a fault', async () => {
  for (const [file, pick] of [
    ['table-fortran.npy', { row: 4 }],
    ['deflated.npz', { key: 'table', row: 4 }],
    ['zip64.npz', { key: 'b' }],
    ['tensors.safetensors', { key: 'i8', row: 2 }],
  ] as const) {
    const bytes = readFileSync(path.join(folder, file));
    for (let at = 0; at < bytes.length; at++)
      for (const value of [0xff, (bytes[at] ?? 0) ^ 0x01]) {
        const changed = Uint8Array.from(bytes);
        changed[at] = value;
        const given = givenBytes(file, changed);
        await readVector(given, pick).catch((fault: unknown) => {
          assert.ok(fault instanceof Fault, `${file} with ${value} at ${at}: ${String(fault)}`);
        });
      }
  }
});

/** A file that counts what is read of it. */
function counted(file: GivenFile): { given: GivenFile; bytes: () => number } {
  let sum = 0;
  const given = {
    ...file,
    read(offset: number, length: number) {
      sum += length;
      return file.read(offset, length);
    },
  };
  return { given, bytes: () => sum };
}

test('of a large file only the vector is read', async () => {
  const output = temporaryFolder();
  const file = path.join(output, 'large.npy');
  // 8 GB of zeros that take no place on the disk, behind a header that numpy would write.
  const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2000000, 1000), }".padEnd(117);
  const start = Buffer.concat([Buffer.from('\x93NUMPY\x01\x00\x76\x00', 'latin1'), Buffer.from(`${header}\n`)]);
  writeFileSync(file, start);
  truncateSync(file, 128 + 8e9);
  await withFile(file, async (whole) => {
    const { given, bytes } = counted(whole);
    const { vector } = await readVector(given, { row: 1_999_999, hiddenSize: 1000 });
    assert.deepEqual(vector, new Float32Array(1000));
    assert.ok(bytes() < 10_000, `${bytes()} bytes`);
  });
});

test('what would have to be inflated for too long is refused at once', async () => {
  // Random numbers cannot be compressed; the directory then says that they are more than a gigabyte.
  const numbers = Float32Array.from({ length: 400_000 }, (_, i) => Math.sin(i * i));
  const array = Buffer.from(npy(numbers, [400, 1000]));
  const header = array.indexOf('(400, 1000), }');
  array.write('(300000, 1000), }'.padEnd(20), header, 'latin1');
  const bytes = Buffer.from(zipSync({ 'v.npy': array }));
  const directory = bytes.lastIndexOf('PK\x01\x02', undefined, 'latin1');
  bytes.writeUInt32LE(128 + 1.2e9, directory + 24);
  const { given, bytes: read } = counted(givenBytes('v.npz', bytes));
  await assert.rejects(readVector(given, { row: 299_999 }), { code: 'file', hint: /numpy\.savez/ });
  assert.ok(read() < 100_000, `${read()} bytes`);
  assert.deepEqual((await readVector(given, { row: 7 })).vector, numbers.subarray(7000, 8000));
});

test('an exported vector comes back bit for bit', async () => {
  const vector = Float32Array.of(1, -0, 1e-45, 3.4028234663852886e38, Math.fround(0.1));
  const { vector: back, name } = await readVector(givenBytes('h.npy', toNpy(vector)), { hiddenSize: 5 });
  assert.deepEqual(back, vector);
  assert.ok(Object.is(back[1], -0));
  assert.equal(name, 'h.npy');
});

/** An archive whose directory names one member, of zeros, many times. */
function sharedMember(names: number): Uint8Array {
  const one = Buffer.from(zipSync({ 'm0.npy': [npy(new Float32Array(2 ** 20), [2 ** 20]), { level: 9 }] }));
  const end = one.length - 22;
  const directory = one.readUInt32LE(end + 16);
  const entry = one.subarray(directory, end);
  const tail = Buffer.from(one.subarray(end));
  const entries = Array.from({ length: names }, () => entry);
  tail.writeUInt16LE(names, 8);
  tail.writeUInt16LE(names, 10);
  tail.writeUInt32LE(entry.length * names, 12);
  return Buffer.concat([one.subarray(0, directory), ...entries, tail]);
}

test('an archive that makes much of little is refused at once', async () => {
  for (const names of [2, 200, 4000])
    await assert.rejects(listVectors(givenBytes('bomb.npz', sharedMember(names))), {
      code: 'file',
      message: /damaged/,
    });
  await assert.rejects(listVectors(givenBytes('bomb.npz', sharedMember(5000))), { message: /holds 5000 arrays/ });
});

test('of compressed arrays no more is inflated than their headers need, to say what they are', async () => {
  const zeros = npy(new Float32Array(2 ** 21), [2 ** 11, 2 ** 10]);
  const archive = zipSync(
    Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`m${i}.npy`, [zeros, { level: 9 }] as const])),
  );
  const { given, bytes } = counted(givenBytes('many.npz', archive));
  // Besides the archive's directory, which is looked for in its last 64 kB.
  const listing = 2 ** 16 + 22 + 20 + 20 * 100;
  assert.equal((await listVectors(given)).length, 20);
  await assert.rejects(readVector(given), /several arrays/);
  // Twice 20 headers, of few compressed bytes each: nothing of the 8 MB behind them.
  assert.ok(bytes() < 2 * (listing + 20 * 512), `${bytes()} bytes of ${archive.length}`);
});

if (process.platform !== 'win32')
  test('what is no file is not waited for', async () => {
    const pipe = path.join(temporaryFolder(), 'pipe.npy');
    spawnSync('mkfifo', [pipe]);
    for (const place of [pipe, '/dev/zero', path.dirname(pipe)])
      await assert.rejects(withFile(place, listVectors), {
        code: 'file',
        message: /cannot be read: it is (no file|a folder)/,
      });
  });
