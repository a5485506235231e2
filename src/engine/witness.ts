import { Tensor } from 'onnxruntime-node';
import { DataType, floatTensor, type Graph, node, valueInfo } from '../onnx/graph.js';

/**
 * A product of known numbers that CUDA computes in every run beside a graph's own, to tell whether they are multiplied in float32.
 *
 * `NVIDIA_TF32_OVERRIDE=0` asks for that, but cuBLAS (13.1, on an H200) heeds it by chance: its log says COMPUTE_32F_FAST_TF32 for all
 * products of some sessions, between others that are right; 32 of 140 predictions over all layers were rounded to 10 bits. It depends
 * on what stands in memory that was used before: with glibc's MALLOC_PERTURB_ none was, and who sets the variable makes no difference.
 */

/** Large enough that TF32 is used where it may be. */
const SIDE = 64;
const NUMBERS = 'embedding_grid.witness/numbers';
const SHARE = 'embedding_grid.witness/share';
const PRODUCT = 'embedding_grid.witness/product';
/** TF32 makes 1 of it, float32 keeps it, and keeps the sum of so many 64ths of it. */
const NUMBER = 1 + 2 ** -12;

const ROWS = new Tensor('float32', new Float32Array(SIDE ** 2).fill(NUMBER), [SIDE, SIDE]);

type Tensors = Readonly<Record<string, Tensor>>;

/** The graph, and the product beside it. */
export function withWitness(graph: Graph): Graph {
  return graph.with({
    nodes: [...graph.nodes, node('MatMul', [NUMBERS, SHARE], [PRODUCT])],
    initializers: [
      ...graph.initializers.values(),
      floatTensor(SHARE, [SIDE, SIDE], new Float32Array(SIDE ** 2).fill(1 / SIDE)),
    ],
    inputs: [...graph.inputs, valueInfo(NUMBERS, DataType.FLOAT, [SIDE, SIDE])],
    outputs: [...graph.outputs, valueInfo(PRODUCT, DataType.FLOAT, [SIDE, SIDE])],
  });
}

/** What a graph with a witness is fed. */
export const withNumbers = (feeds: Tensors): Tensors => ({ ...feeds, [NUMBERS]: ROWS });

/** What a graph with a witness gave: its own results, and whether products were in float32. */
export function heard({ [PRODUCT]: product, ...results }: Tensors): {
  readonly results: Tensors;
  readonly full: boolean;
} {
  const data: unknown = product?.data;
  return { results, full: data instanceof Float32Array && data.every((value) => value === NUMBER) };
}
