import { edited, type Graph, int64Tensor, node, type TensorProto } from '../graph.js';

/**
 * RotaryEmbedding (opset 23) without position ids wants its tables as long as the batch, where exporters hand it tables of
 * batch 1: they are expanded, so that cells can run side by side.
 */
export function rotaryForBatches(graph: Graph): Graph {
  const initializers: TensorProto[] = [];
  const nodes = graph.nodes.flatMap((n) => {
    const [x = '', cos = '', sin = '', positions = ''] = n.input;
    if (n.opType !== 'RotaryEmbedding' || n.domain !== '' || positions !== '') return [n];
    const name = (part: string): string => `${n.output[0] ?? ''}/${part}`;
    initializers.push(int64Tensor(name('0'), [0]), int64Tensor(name('1,1'), [1, 1]));
    return [
      node('Shape', [x], [name('shape')]),
      node('Gather', [name('shape'), name('0')], [name('batch')]),
      node('Concat', [name('batch'), name('1,1')], [name('expand')], { axis: 0n }),
      node('Expand', [cos, name('expand')], [name('cos')]),
      node('Expand', [sin, name('expand')], [name('sin')]),
      edited(n, { input: [x, name('cos'), name('sin')] }),
    ];
  });
  if (initializers.length === 0) return graph;
  return graph.with({ nodes, initializers: [...graph.initializers.values(), ...initializers] });
}
