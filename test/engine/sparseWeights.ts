import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { create } from '@bufbuild/protobuf';
import { DataType } from '../../src/onnx/graph.js';
import { TensorProto_DataLocation, TensorProtoSchema } from '../../src/onnx/proto/onnx_pb.js';
import { random, type Weights } from './llama.js';

/**
 * Weights laid one after another into a sparse file: matrices and norms that are not wanted are holes, which read as zeros and
 * take no space on the disk.
 */
export function sparseWeights(
  file: string,
  location: string,
  wanted: (name: string) => boolean,
): { weights: Weights; bytes: () => number; close: () => void } {
  const fd = openSync(file, 'w');
  let at = 0;
  const weights: Weights = (name, dims) => {
    const offset = at;
    const length = 4 * dims.reduce((a, b) => a * b, 1);
    if (wanted(name)) fill(fd, offset, length, dims);
    at = Math.ceil((offset + length) / 4096) * 4096;
    return create(TensorProtoSchema, {
      name,
      dataType: DataType.FLOAT,
      dims: dims.map(BigInt),
      dataLocation: TensorProto_DataLocation.EXTERNAL,
      externalData: [
        { key: 'location', value: location },
        { key: 'offset', value: String(offset) },
        { key: 'length', value: String(length) },
      ],
    });
  };
  return {
    weights,
    bytes: () => at,
    close: () => {
      ftruncateSync(fd, at);
      closeSync(fd);
    },
  };
}

/** Ones for a norm; for a matrix one pseudo-random block over and over, since two gigabytes should take seconds. */
function fill(fd: number, offset: number, length: number, dims: readonly number[]): void {
  const next = random(length);
  const scale = Math.sqrt(3 / (dims[0] ?? 1));
  const block = new Float32Array(4_000_037); // prime: rows differ
  for (let i = 0; i < block.length; i++) block[i] = dims.length === 1 ? 1 : next() * scale;
  const bytes = new Uint8Array(block.buffer);
  for (let done = 0; done < length;)
    done += writeSync(fd, bytes, 0, Math.min(bytes.length, length - done), offset + done);
}
