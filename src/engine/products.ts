import { DataType, Graph, node, valueInfo } from '../onnx/graph.js';
import { Session, Tensor } from './session.js';

/** Products of matrices in float64, by onnxruntime, whose kernels are many times faster than loops. */
export class Products {
  private constructor(private readonly session: Session) {}

  static async open(): Promise<Products> {
    const { DOUBLE } = DataType;
    const graph = Graph.of(
      {
        node: [node('Gemm', ['a', 'b'], ['product'], { transA: 1n })],
        input: [valueInfo('a', DOUBLE, ['n', 'rows']), valueInfo('b', DOUBLE, ['n', 'columns'])],
        output: [valueInfo('product', DOUBLE, ['rows', 'columns'])],
        valueInfo: [],
        initializer: [],
      },
      new Map([['', 13]]),
      8n,
    );
    return new Products(await Session.create(graph, { folder: '' }, { provider: 'cpu', prepack: false }));
  }

  /**
   * `a^T b`
   * @param a [n * rows]
   * @param b [n * columns]
   * @returns [rows * columns]
   */
  async transposed(a: Float64Array, b: Float64Array, n: number): Promise<Float64Array> {
    const { product } = await this.session.run({
      a: new Tensor('float64', a, [n, a.length / n]),
      b: new Tensor('float64', b, [n, b.length / n]),
    });
    const data: unknown = product?.data;
    if (data instanceof Float64Array) return data;
    throw new RangeError('The product gave no numbers.');
  }

  release(): Promise<void> {
    return this.session.release();
  }
}
