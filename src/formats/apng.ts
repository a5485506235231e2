import { Fault } from '../map/fault.js';
import { pngChunk as chunk } from './pngFile.js';

const SIGNATURE_BYTES = 8;

/**
 * Pictures as one that moves: an animated PNG (W3C PNG, third edition), which programs that do not know of it show as its first
 * picture. It goes round without end.
 * @param pngs of one size and one kind of color; at least one
 * @param milliseconds how long each is shown, 1 ... 65 535
 * @throws Fault `internal` where they differ in size or color.
 */
export function animatedPng(pngs: readonly Uint8Array[], milliseconds: number): Uint8Array {
  const frames = pngs.map(chunksOf);
  const [first] = frames;
  const head = first?.find(({ type }) => type === 'IHDR');
  if (!first || !head) throw unlike();
  let sequence = 0;
  const numbered = (type: string, data: Uint8Array): Uint8Array => {
    const all = Buffer.alloc(data.length + 4);
    all.writeUInt32BE(sequence++, 0);
    all.set(data, 4);
    return chunk(type, all);
  };
  const count = Buffer.alloc(8); // 0 plays: without end
  count.writeUInt32BE(frames.length, 0);
  const control = Buffer.alloc(22); // of all of the picture, from its corner, in place of the one before
  control.set(head.data.subarray(0, 8), 0);
  control.writeUInt16BE(milliseconds, 16);
  control.writeUInt16BE(1000, 18);
  const body = frames.flatMap((chunks, i) => {
    const own = chunks.find(({ type }) => type === 'IHDR');
    if (!own || Buffer.compare(own.data, head.data) !== 0) throw unlike();
    const data = chunks.filter(({ type }) => type === 'IDAT');
    return [
      numbered('fcTL', control),
      ...data.map((part) => (i === 0 ? chunk('IDAT', part.data) : numbered('fdAT', part.data))),
    ];
  });
  const before = first.slice(
    0,
    first.findIndex(({ type }) => type === 'IDAT'),
  );
  return Buffer.concat([
    (pngs[0] ?? new Uint8Array()).subarray(0, SIGNATURE_BYTES),
    ...before.flatMap(({ type, data }) => [chunk(type, data), ...(type === 'IHDR' ? [chunk('acTL', count)] : [])]),
    ...body,
    chunk('IEND', new Uint8Array()),
  ]);
}

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
}

function chunksOf(png: Uint8Array): readonly Chunk[] {
  const bytes = Buffer.from(png.buffer, png.byteOffset, png.byteLength);
  const chunks: Chunk[] = [];
  for (let at = SIGNATURE_BYTES; at + 12 <= bytes.length;) {
    const length = bytes.readUInt32BE(at);
    chunks.push({ type: bytes.toString('latin1', at + 4, at + 8), data: bytes.subarray(at + 8, at + 8 + length) });
    at += length + 12;
  }
  return chunks;
}

const unlike = (): Fault =>
  new Fault({ code: 'internal', message: 'The pictures of the maps differ in size, so that they make no film.' });
