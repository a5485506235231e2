import { Fault } from '../map/fault.js';
import { DataType } from '../onnx/graph.js';
import { Tensor } from './session.js';

/** A mask over the longest prompt is the most that is ever fed. */
const MOST_NUMBERS = 2 ** 28;

type Data = BigInt64Array | Int32Array | Float32Array | Float64Array | Uint8Array | Int8Array | Uint16Array;

/**
 * A tensor of an element type (DataType number).
 * @param value of each number; of float16: 0, 1 or less than 0, which is the most negative number
 * @throws Fault `model-unsupported` where it would be larger than any that a decoder of text takes, or of a type that cannot be fed
 */
export function tensorOf(
  name: string,
  type: number,
  dims: readonly number[],
  value: (index: number) => number,
): Tensor {
  const count = dims.reduce((a, b) => a * b, 1);
  if (!(count <= MOST_NUMBERS) || dims.some((d) => d < 0))
    throw new Fault({
      code: 'model-unsupported',
      message: `The input "${name}" of ${dims.join(' x ')} numbers is none that a decoder of text has.`,
    });
  const fill = <T extends Data>(data: T, convert: (v: number) => T[number]): T => {
    for (let i = 0; i < count; i++) data[i] = convert(value(i));
    return data;
  };
  switch (type) {
    case DataType.INT64:
      return new Tensor('int64', fill(new BigInt64Array(count), BigInt), dims);
    case DataType.INT32:
      return new Tensor('int32', fill(new Int32Array(count), Number), dims);
    case DataType.UINT8:
      return new Tensor('uint8', fill(new Uint8Array(count), Number), dims);
    case DataType.INT8:
      return new Tensor('int8', fill(new Int8Array(count), Number), dims);
    case DataType.BOOL:
      return new Tensor('bool', fill(new Uint8Array(count), Number), dims);
    case DataType.DOUBLE:
      return new Tensor('float64', fill(new Float64Array(count), Number), dims);
    case DataType.FLOAT16:
      return new Tensor(
        'float16',
        fill(new Uint16Array(count), (v) => (v < 0 ? 0xfbff : v === 1 ? 0x3c00 : 0)),
        dims,
      );
    case DataType.FLOAT:
    case DataType.BFLOAT16:
      return new Tensor('float32', fill(new Float32Array(count), Number), dims);
    default:
      throw new Fault({
        code: 'model-unsupported',
        message: `The input "${name}" has a number type (${type}) that onnxruntime for Node.js cannot be given.`,
      });
  }
}
