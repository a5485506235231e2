import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { Session, Tensor } from '../../src/engine/session.js';
import {
  type AttributeValue,
  DataType,
  floatTensor,
  Graph,
  int64Tensor,
  MICROSOFT,
  node,
  type TensorProto,
  valueInfo,
} from '../../src/onnx/graph.js';
import { halfBytes, splitHalfWeights } from '../../src/onnx/halfWeights.js';
import { TensorProto_DataLocation, TensorProtoSchema } from '../../src/onnx/proto/onnx_pb.js';
import { random } from '../engine/llama.js';
import { temporaryFolder } from '../engine/temporary.js';

const [ROWS, INPUTS, OUTPUTS] = [5, 37, 53];
/** Small enough that the matrices are cut into several parts, the last of them shorter. */
const PART_BYTES = 4 * 512;
const folder = temporaryFolder();

/** A weight of 16 bits at an odd place in a file, and what it is in float32. */
function stored(dataType: number, dims: readonly number[]): { tensor: TensorProto; values: Float32Array } {
  const next = random(dims[0] ?? 1);
  const halves = new Uint16Array(dims.reduce((a, b) => a * b, 1));
  const values = Float32Array.from(halves, (_, i) => {
    // Eight bits of fraction and a small exponent: both types have them.
    const x = Math.round(next() * 128) / 128;
    const bits = new Uint32Array(Float32Array.of(x).buffer)[0] ?? 0;
    const exponent = ((bits >>> 23) & 255) - 112;
    const half = exponent <= 0 ? 0 : ((bits >>> 16) & 0x8000) | (exponent << 10) | ((bits >>> 13) & 1023);
    halves[i] = dataType === DataType.BFLOAT16 ? bits >>> 16 : half;
    return x;
  });
  const file = `${dataType}-${dims.join('x')}.bin`;
  writeFileSync(path.join(folder, file), Buffer.concat([Buffer.alloc(6), Buffer.from(halves.buffer)]));
  const externalData = Object.entries({ location: file, offset: '6', length: `${halves.byteLength}` });
  const tensor = create(TensorProtoSchema, {
    name: 'weight',
    dataType,
    dims: dims.map(BigInt),
    dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: externalData.map(([key, value]) => ({ key, value })),
  });
  return { tensor, values };
}

interface Product {
  readonly name: string;
  readonly type: string;
  readonly dims: readonly [number, number];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly bias?: boolean;
  readonly domain?: string;
  /** The matrix is on the left, and what comes out is turned. */
  readonly left?: boolean;
}

const PRODUCTS: readonly Product[] = [
  { name: 'MatMul', type: 'MatMul', dims: [INPUTS, OUTPUTS] },
  { name: 'FusedMatMul', type: 'FusedMatMul', dims: [INPUTS, OUTPUTS], attributes: { alpha: 1 }, domain: MICROSOFT },
  {
    name: 'FusedMatMul, transposed and scaled',
    type: 'FusedMatMul',
    dims: [OUTPUTS, INPUTS],
    attributes: { transB: 1n, alpha: 0.5 },
    domain: MICROSOFT,
  },
  { name: 'Gemm', type: 'Gemm', dims: [INPUTS, OUTPUTS] },
  { name: 'Gemm with a bias', type: 'Gemm', dims: [INPUTS, OUTPUTS], bias: true },
  {
    name: 'Gemm, transposed, with a bias',
    type: 'Gemm',
    dims: [OUTPUTS, INPUTS],
    attributes: { transB: 1n },
    bias: true,
  },
  {
    name: 'Gemm with the matrix on the left',
    type: 'Gemm',
    dims: [OUTPUTS, INPUTS],
    attributes: { transB: 1n, alpha: 0.5 },
    left: true,
  },
];

async function outputOf(graph: Graph, feeds: Record<string, Tensor>, keepHalf: boolean): Promise<Float32Array> {
  const session = await Session.create(graph, { folder }, { provider: 'cpu', prepack: false, keepHalf });
  try {
    const data: unknown = (await session.run(feeds)).y?.data;
    assert.ok(data instanceof Float32Array);
    return data.slice();
  } finally {
    await session.release();
  }
}

const opsets = new Map([
  ['', 17],
  [MICROSOFT, 1],
]);

for (const [kind, dataType] of [
  ['float16', DataType.FLOAT16],
  ['bfloat16', DataType.BFLOAT16],
] as const) {
  for (const product of PRODUCTS)
    test(`${kind}, ${product.name}: in parts it is the product with the widened matrix`, async () => {
      const { tensor, values } = stored(dataType, product.dims);
      const shape = product.type === 'Gemm' ? [ROWS, INPUTS] : [1, ROWS, INPUTS];
      const bias = Float32Array.from({ length: OUTPUTS }, (_, j) => j);
      const graph = Graph.of(
        {
          node: [
            node('Cast', ['weight'], ['wide'], { to: BigInt(DataType.FLOAT) }),
            node(
              product.type,
              [...(product.left ? ['wide', 'x'] : ['x', 'wide']), ...(product.bias ? ['bias'] : [])],
              ['y'],
              product.attributes ?? {},
              product.domain ?? '',
            ),
          ],
          initializer: [tensor, ...(product.bias ? [floatTensor('bias', [OUTPUTS], bias)] : [])],
          input: [valueInfo('x', DataType.FLOAT, shape)],
          output: [valueInfo('y', DataType.FLOAT)],
          valueInfo: [],
        },
        opsets,
        8n,
      );
      assert.equal(halfBytes(graph), 2 * INPUTS * OUTPUTS);
      const split = splitHalfWeights(graph, PART_BYTES);
      const parts = [...split.initializers.values()].filter((t) => t.dataType === dataType);
      assert.ok(parts.length > 3, `${parts.length} parts`);
      assert.equal(
        parts.reduce((sum, t) => sum + Number(t.dims[0]) * Number(t.dims[1]), 0),
        INPUTS * OUTPUTS,
      );

      const next = random(7);
      const x = Float32Array.from({ length: ROWS * INPUTS }, next);
      const feeds = { x: new Tensor('float32', x, shape) };
      const transposed = product.attributes?.transB === 1n;
      const alpha = typeof product.attributes?.alpha === 'number' ? product.attributes.alpha : 1;
      for (const keepHalf of [true, false]) {
        const y = await outputOf(split, feeds, keepHalf);
        assert.equal(y.length, ROWS * OUTPUTS);
        for (let i = 0; i < ROWS; i++)
          for (let j = 0; j < OUTPUTS; j++) {
            let sum = 0;
            for (let k = 0; k < INPUTS; k++)
              sum += (x[i * INPUTS + k] ?? 0) * (values[transposed ? j * INPUTS + k : k * OUTPUTS + j] ?? 0);
            const wanted = alpha * sum + (product.bias ? (bias[j] ?? 0) : 0);
            const at = product.left ? j * ROWS + i : i * OUTPUTS + j;
            assert.ok(Math.abs((y[at] ?? NaN) - wanted) < 1e-4, `${i}, ${j}`);
          }
      }
    });

  test(`${kind}: of a table the rows that are looked up are widened, and no other`, async () => {
    const { tensor, values } = stored(dataType, [OUTPUTS, INPUTS]);
    const graph = Graph.of(
      {
        node: [
          node('Cast', ['weight'], ['wide'], { to: BigInt(DataType.FLOAT) }),
          node('Gather', ['wide', 'ids'], ['y'], { axis: 0n }),
        ],
        initializer: [tensor, int64Tensor('ids', [3, 0, OUTPUTS - 1])],
        input: [],
        output: [valueInfo('y', DataType.FLOAT)],
        valueInfo: [],
      },
      opsets,
      8n,
    );
    const split = splitHalfWeights(graph, PART_BYTES);
    assert.equal(split.nodes.find((n) => n.opType === 'Gather')?.input[0], 'weight');
    const y = await outputOf(split, {}, true);
    const wanted = [3, 0, OUTPUTS - 1].flatMap((row) => [...values.subarray(row * INPUTS, (row + 1) * INPUTS)]);
    assert.deepEqual([...y], wanted);
  });
}
