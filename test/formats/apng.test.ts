import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32, inflateSync } from 'node:zlib';
import { animatedPng } from '../../src/formats/apng.js';
import { encodePng } from '../../src/formats/pngFile.js';

const frame = (value: number, width = 5, height = 3): Uint8Array =>
  encodePng({ width, height, channels: 3, data: new Uint8Array(3 * width * height).fill(value) }, 300);

/** Chunks by the format's own rules: length, type, data, CRC-32. */
function chunks(bytes: Uint8Array): { type: string; data: Buffer }[] {
  const all = Buffer.from(bytes);
  const found: { type: string; data: Buffer }[] = [];
  for (let at = 8; at < all.length;) {
    const length = all.readUInt32BE(at);
    assert.equal(all.readUInt32BE(at + 8 + length), crc32(all.subarray(at + 4, at + 8 + length)));
    found.push({ type: all.toString('latin1', at + 4, at + 8), data: all.subarray(at + 8, at + 8 + length) });
    at += length + 12;
  }
  return found;
}

test('every picture is a frame, numbered in a row, each shown as long', () => {
  const film = chunks(animatedPng([frame(1), frame(2), frame(3)], 700));
  assert.deepEqual(
    film.map(({ type }) => type),
    ['IHDR', 'acTL', 'pHYs', 'fcTL', 'IDAT', 'fcTL', 'fdAT', 'fcTL', 'fdAT', 'IEND'],
  );
  assert.deepEqual([film[1]?.data.readUInt32BE(0), film[1]?.data.readUInt32BE(4)], [3, 0]);
  const numbered = film.filter(({ type }) => type === 'fcTL' || type === 'fdAT');
  assert.deepEqual(
    numbered.map(({ data }) => data.readUInt32BE(0)),
    [0, 1, 2, 3, 4],
  );
  for (const { data } of film.filter(({ type }) => type === 'fcTL')) {
    assert.equal(data.length, 26);
    assert.deepEqual(
      [4, 8, 12, 16].map((at) => data.readUInt32BE(at)),
      [5, 3, 0, 0],
    );
    assert.equal(data.readUInt16BE(20) / data.readUInt16BE(22), 0.7);
  }
  const pixels = film
    .filter(({ type }) => type === 'IDAT' || type === 'fdAT')
    .map(({ type, data }) => inflateSync(type === 'fdAT' ? data.subarray(4) : data)[1]);
  assert.deepEqual(pixels, [1, 2, 3]);
});

test('pictures of other sizes, or none, make no film', () => {
  assert.throws(() => animatedPng([frame(1), frame(2, 6)], 700), { code: 'internal' });
  assert.throws(() => animatedPng([], 700), { code: 'internal' });
});
