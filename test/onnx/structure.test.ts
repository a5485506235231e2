import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DataType, decodeModel } from '../../src/onnx/graph.js';
import { TensorProto_DataLocation } from '../../src/onnx/proto/onnx_pb.js';
import { OWN_FILE, readStructure } from '../../src/onnx/structure.js';

/** A field of bytes. */
const field = (number: number, bytes: Uint8Array): Uint8Array => {
  const length: number[] = [];
  for (let rest = bytes.length; ; rest >>= 7) {
    length.push((rest & 127) | (rest > 127 ? 128 : 0));
    if (rest <= 127) break;
  }
  return Buffer.concat([Uint8Array.of(number * 8 + 2, ...length), bytes]);
};

test('a weight that says outright that its bytes stand with it is read from where they stand', () => {
  // As onnx writes it after external data was loaded: quantize_dynamic's files are full of them.
  const bytes = new Uint8Array(4096).fill(7);
  const tensor = Buffer.concat([
    Uint8Array.of(8, 0x80, 0x08), // dims: 1024
    Uint8Array.of(16, DataType.FLOAT),
    field(8, Buffer.from('weight')),
    field(9, bytes),
    Uint8Array.of(14 * 8, TensorProto_DataLocation.DEFAULT),
  ]);
  const model = field(7, field(5, tensor));
  const source = { size: model.length, read: (at: number, length: number) => model.subarray(at, at + length) };
  const [weight] = decodeModel(readStructure(source)).graph?.initializer ?? [];
  assert.equal(weight?.dataLocation, TensorProto_DataLocation.EXTERNAL);
  const told = new Map(weight.externalData.map(({ key, value }) => [key, value]));
  assert.equal(told.get('location'), OWN_FILE);
  const offset = Number(told.get('offset'));
  assert.deepEqual(model.subarray(offset, offset + Number(told.get('length'))), Buffer.from(bytes));
});
