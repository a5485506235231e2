import { readFileSync, writeFileSync } from 'node:fs';

/** A tensor with its bytes. */
export interface HeldTensor {
  dtype: string;
  shape: number[];
  bytes: Uint8Array;
}

export type Held = Record<string, HeldTensor>;

/** All of a small file. */
export function readSafetensors(file: string): Held {
  const bytes = readFileSync(file);
  const length = Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  return Object.fromEntries(
    Object.entries(header)
      .filter(([name]) => name !== '__metadata__')
      .map(([name, { dtype, shape, data_offsets: offsets }]) => [
        name,
        { dtype, shape, bytes: bytes.subarray(8 + length + offsets[0], 8 + length + offsets[1]) },
      ]),
  );
}

/** Writes tensors one behind another; `lie` may say otherwise in the header, a text of its own or an object. */
export function writeSafetensors(
  file: string,
  tensors: Held,
  lie: (header: Record<string, { dtype: string; shape: number[]; data_offsets: number[] }>) => unknown = (h) => h,
): void {
  let at = 0;
  const header = Object.fromEntries(
    Object.entries(tensors).map(([name, { dtype, shape, bytes }]) => {
      const from = at;
      at += bytes.length;
      return [name, { dtype, shape, data_offsets: [from, at] }];
    }),
  );
  const told = lie(header);
  const text = Buffer.from(typeof told === 'string' ? told : JSON.stringify(told));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(file, Buffer.concat([length, text, ...Object.values(tensors).map(({ bytes }) => bytes)]));
}
