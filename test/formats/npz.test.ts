import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { unzipSync } from 'fflate';
import { toNpz } from '../../src/formats/npz.js';
import { coordinates } from '../../src/map/grid.js';
import type { TokenMap } from '../../src/map/tokenMap.js';
import { syntheticMap } from '../map/syntheticMap.js';
import { temporaryFolder } from './assets.js';

function smallMap(): TokenMap {
  const map = syntheticMap({ columns: 5, rows: 3, topK: 4, hiddenSize: 7, spacing: 0.25, center: [3, -1] });
  map.cells.computed[6] = 0;
  return map;
}

/** Dtype, shape and bytes of a .npy file, read as numpy's documentation of format 1.0 says. */
function readNpy(file: Uint8Array): { type: string; shape: number[]; data: DataView } {
  const bytes = Buffer.from(file);
  assert.equal(bytes.toString('latin1', 0, 8), '\x93NUMPY\x01\x00');
  const length = bytes.readUInt16LE(8);
  assert.equal((10 + length) % 64, 0);
  const header = bytes.toString('latin1', 10, 10 + length);
  const match = /^\{'descr': '([^']+)', 'fortran_order': False, 'shape': \(([\d, ]*)\), \} *\n$/.exec(header);
  assert.ok(match, header);
  const shape = (match[2] ?? '')
    .split(',')
    .filter((part) => part.trim() !== '')
    .map(Number);
  return {
    type: match[1] ?? '',
    shape,
    data: new DataView(file.buffer, file.byteOffset + 10 + length, file.length - 10 - length),
  };
}

test('the arrays, their types, shapes and numbers', () => {
  const map = smallMap();
  const files = unzipSync(toNpz(map));
  const array = (name: string) => readNpy(files[`${name}.npy`] ?? new Uint8Array());
  const shapes = Object.fromEntries(
    Object.keys(files).map((file) => [file.replace('.npy', ''), array(file.replace('.npy', ''))]),
  );
  assert.deepEqual(
    Object.entries(shapes).map(([name, { type, shape }]) => `${name} ${type.replace(/U\d+/, 'U')} ${shape.join('x')}`),
    [
      'x <f8 5',
      'y <f8 3',
      'token_ids <i4 3x5',
      'probabilities <f4 3x5',
      'margin <f4 3x5',
      'entropy <f4 3x5',
      'top_ids <i4 3x5x4',
      'top_probabilities <f4 3x5x4',
      'c <f4 7',
      'u <f4 7',
      'v <f4 7',
      'specification <U ',
      'tokens <U ',
    ],
  );
  const { xs, ys } = coordinates(map.specification.grid);
  xs.forEach((x, i) => assert.equal(array('x').data.getFloat64(i * 8, true), x));
  ys.forEach((y, i) => assert.equal(array('y').data.getFloat64(i * 8, true), y));
  for (let cell = 0; cell < 15; cell++) {
    const done = cell !== 6;
    assert.equal(array('token_ids').data.getInt32(cell * 4, true), done ? map.cells.ids[cell * 4] : -1);
    assert.equal(
      array('probabilities').data.getFloat32(cell * 4, true),
      done ? map.cells.probabilities[cell * 4] : NaN,
    );
    assert.equal(array('entropy').data.getFloat32(cell * 4, true), done ? map.cells.entropy[cell] : NaN);
    assert.equal(array('top_ids').data.getInt32((cell * 4 + 3) * 4, true), done ? map.cells.ids[cell * 4 + 3] : -1);
  }
  map.plane.v.forEach((value, i) => assert.equal(array('v').data.getFloat32(i * 4, true), value));
  assert.equal(array('u').data.byteLength, 28);
});

test('an adaptive map has what was filled in', () => {
  const map = smallMap();
  const filled = Uint8Array.from({ length: 15 }, (_, cell) => cell % 2);
  const file = unzipSync(toNpz({ ...map, cells: { ...map.cells, filled } }))['filled_in.npy'];
  const { type, shape, data } = readNpy(file ?? new Uint8Array());
  assert.deepEqual([type, ...shape], ['<i4', 3, 5]);
  filled.forEach((value, cell) => assert.equal(data.getInt32(cell * 4, true), value));
});

test('the same map gives the same bytes', () => {
  assert.deepEqual(toNpz(smallMap()), toNpz(smallMap()));
});

/** A Python with numpy: `PYTHON`, else what is on the path. */
const python = [process.env.PYTHON ?? 'python3', 'python3', 'python'].find((program) => {
  try {
    execFileSync(program, ['-c', 'import numpy'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
});

const SCRIPT = `
import json, sys, numpy
with numpy.load(sys.argv[1], allow_pickle=False) as file:
    print(json.dumps({name: [file[name].dtype.str[:2], list(file[name].shape), numpy.nan_to_num(file[name], nan=-2).ravel().tolist()
        if file[name].dtype.kind != "U" else str(file[name])] for name in file.files}))
`;

test(`numpy.load reads it (${python ? 'with numpy' : 'no Python with numpy here: only its table of contents is checked'})`, () => {
  const map = smallMap();
  const bytes = toNpz(map);
  if (!python) {
    assert.equal(Object.keys(unzipSync(bytes)).length, 13);
    return;
  }
  const file = join(temporaryFolder(), 'map.npz');
  writeFileSync(file, bytes);
  const arrays = JSON.parse(execFileSync(python, ['-c', SCRIPT, file], { encoding: 'utf8' })) as Record<
    string,
    [type: string, shape: number[], values: number[] | string]
  >;
  const ids = [...map.cells.ids].filter((_, i) => i % 4 === 0);
  ids[6] = -1;
  assert.deepEqual(arrays.token_ids, ['<i', [3, 5], ids]);
  assert.deepEqual(arrays.u, ['<f', [7], [...map.plane.u]]);
  assert.deepEqual(arrays.x, ['<f', [5], [2.5, 2.75, 3, 3.25, 3.5]]);
  assert.equal(arrays.top_probabilities?.[2][0], map.cells.probabilities[0]);
  assert.deepEqual(arrays.probabilities?.[2][6], -2);
  assert.deepEqual(JSON.parse(String(arrays.specification?.[2])), map.specification);
  const tokens = [...map.tokens.values()].map(({ id, text, kind }) => [id, { text, kind }] as const);
  assert.deepEqual(JSON.parse(String(arrays.tokens?.[2])), Object.fromEntries(tokens));
});
