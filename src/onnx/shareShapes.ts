import { constantOf, type Dimension, isKnown, keyOf } from './dimension.js';
import { edited, type Graph, int64Tensor, node, type NodeProto, type TensorProto } from './graph.js';
import type { Integers } from './operators/operator.js';
import { axisOfRun, Shapes } from './shapes.js';

/**
 * Exporters write out how every shape is computed: thousands of operators, most of which compute the same few vectors in every
 * block. Here all shapes are followed in terms of the sizes that only a run tells (the batch, the length of a past), and every
 * vector that is needed is made once. No arithmetic of the model is touched.
 */
export function shareShapes(graph: Graph): Graph {
  const known = new Shapes(graph);
  const made = new Vectors(graph);
  const nodes = graph.nodes.map((n) => {
    if (n.output.some((output) => known.integers.has(output) || known.truths.has(output))) return n;
    const input = n.input.map((name) => {
      const value = known.integers.get(name);
      return value && graph.producers.has(name) ? made.tensor(value) : name;
    });
    return input.every((name, i) => name === n.input[i]) ? n : edited(n, { input });
  });
  if (made.nodes.length + made.initializers.length === 0) return graph;
  return graph.with({
    nodes: [...nodes, ...made.nodes],
    initializers: [...graph.initializers.values(), ...made.initializers],
  });
}

/** Makes vectors of sizes, every one once. */
class Vectors {
  readonly nodes: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];
  private readonly made = new Map<string, string>();

  constructor(private readonly graph: Graph) {}

  tensor({ scalar, values }: Integers): string {
    const key = values.map(keyOf).join(',');
    if (values.every(isKnown)) {
      const numbers = values.map((d) => d.constant);
      return this.once(`${scalar ? '' : '['}${key}`, (name) =>
        this.initializers.push(int64Tensor(name, numbers, scalar)),
      );
    }
    const [only] = values;
    if (scalar && only)
      return this.once(key, (name) =>
        this.nodes.push(
          node('Squeeze', [this.tensor({ scalar: false, values }), ...this.squeezed()], [name], this.axes()),
        ),
      );
    if (values.length > 1)
      return this.once(`[${key}`, (name) =>
        this.nodes.push(
          node(
            'Concat',
            values.map((d) => this.tensor({ scalar: false, values: [d] })),
            [name],
            { axis: 0n },
          ),
        ),
      );
    return this.once(`[${key}`, (name) => this.size(name, only ?? constantOf(0)));
  }

  /** One size as a vector of one. */
  private size(name: string, { constant, terms }: Dimension): void {
    const parts = [...terms].map(([size, times]) => {
      const plain = this.dimension(size);
      if (times === 1) return plain;
      const factor = this.tensor({ scalar: false, values: [constantOf(times)] });
      return this.once(`[${times}*${size}`, (output) => this.nodes.push(node('Mul', [plain, factor], [output])));
    });
    if (constant !== 0) parts.push(this.tensor({ scalar: false, values: [constantOf(constant)] }));
    let [total = ''] = parts;
    parts.slice(1).forEach((part, i) => {
      const output = i === parts.length - 2 ? name : `${name}/${i}`;
      this.nodes.push(node('Add', [total, part], [output]));
      total = output;
    });
    if (parts.length === 1) this.nodes.push(node('Identity', [total], [name]));
  }

  private dimension(size: string): string {
    const [tensor, axis] = axisOfRun(size);
    const shape = this.once(`shape ${tensor}`, (name) => this.nodes.push(node('Shape', [tensor], [name])));
    const index = this.tensor({ scalar: false, values: [constantOf(axis)] });
    return this.once(`size ${size}`, (name) => this.nodes.push(node('Gather', [shape, index], [name], { axis: 0n })));
  }

  private get opset(): number {
    return this.graph.opsets.get('') ?? 17;
  }

  private squeezed(): string[] {
    return this.opset >= 13 ? [this.tensor({ scalar: false, values: [constantOf(0)] })] : [];
  }

  private axes(): Record<string, bigint[]> {
    return this.opset >= 13 ? {} : { axes: [0n] };
  }

  private once(key: string, make: (name: string) => void): string {
    const known = this.made.get(key);
    if (known !== undefined) return known;
    const name = `embedding_grid.shapes/${key}`;
    this.made.set(key, name);
    make(name);
    return name;
  }
}
