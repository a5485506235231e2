import { attentionsOf, type Attention, sourceOf } from './attention.js';
import { edited, findAttribute, type Graph, int64Tensor, node, type NodeProto, type TensorProto } from './graph.js';
import { rankOf, smallIntegers } from './inference.js';

/** A past input and which of its axes is the batch. */
export type Pasts = ReadonlyMap<string, number>;

/**
 * A graph whose past keys and values are fed once, with batch 1, for all cells: they are repeated inside, each for as long as
 * its block needs it; not at all where {@link splitPasts} was there before.
 * @param cells tensor whose first dimension is the batch
 */
export function repeatPasts(graph: Graph, pasts: Pasts, cells: string): Graph {
  const initializers: TensorProto[] = [int64Tensor('embedding_grid.past/0', [0])];
  const nodes: NodeProto[] = [
    node('Shape', [cells], ['embedding_grid.past/shape']),
    node('Gather', ['embedding_grid.past/shape', 'embedding_grid.past/0'], ['embedding_grid.past/batch']),
  ];
  const replaced = new Map<string, { repeated: string; repeats: string }>();
  for (const [past, axis] of pasts) {
    const rank = graph.consumers.has(past) ? rankOf(graph, past) : undefined;
    if (rank === undefined) continue;
    const name = (part: string): string => `${past}/embedding_grid.${part}`;
    const ones = (from: string, count: number): string[] => {
      if (count === 0) return [];
      initializers.push(int64Tensor(name(from), Array<number>(count).fill(1)));
      return [name(from)];
    };
    const parts = [...ones('before', axis), 'embedding_grid.past/batch', ...ones('behind', rank - 1 - axis)];
    nodes.push(node('Concat', parts, [name('repeats')], { axis: 0n }));
    nodes.push(node('Tile', [past, name('repeats')], [repeatedPast(past)]));
    replaced.set(past, { repeated: repeatedPast(past), repeats: name('repeats') });
  }
  if (replaced.size === 0) return graph;
  for (const n of graph.nodes) {
    const [past = ''] = n.input;
    const repeats = n.opType === 'Shape' && n.attribute.length === 0 ? replaced.get(past)?.repeats : undefined;
    if (n.name.startsWith(SHARED)) nodes.push(n);
    else if (repeats !== undefined) {
      // Only its shape is asked for.
      const own = `${n.output[0] ?? ''}/embedding_grid.own`;
      nodes.push(node('Shape', [past], [own]), node('Mul', [own, repeats], n.output));
    } else nodes.push(edited(n, { input: n.input.map((input) => replaced.get(input)?.repeated ?? input) }));
  }
  return graph.with({ nodes, initializers: [...graph.initializers.values(), ...initializers] });
}

/** The tensor that a past is repeated as. */
export const repeatedPast = (past: string): string => `${past}/embedding_grid.repeated`;

/** Names of operators that take a past with batch 1 as it is. */
const SHARED = 'embedding_grid.shared/';

/**
 * Attention over a past that all cells share, as it is cheapest: the cells of a batch are to the shared keys what the positions of
 * a sequence are to their own, so their scores are one matrix product and no key or value is copied for any cell. Scores and
 * values of the cells' own position are had beside.
 * @param graph of one new position a cell
 * @param whole the graph that it was cut out of, which knows the ranks of the same tensors
 * @returns the same graph where no attention over a past is written out
 */
export function splitPasts(graph: Graph, pasts: Pasts, whole: Graph = graph): Graph {
  const order = new Map(graph.nodes.map((n, i) => [n, i]));
  const pieces = attentionsOf(graph).flatMap((attention, i) => {
    const piece = splitOne({ graph, whole, pasts, order }, attention, `${SHARED}${i}`);
    return piece ? [piece] : [];
  });
  if (pieces.length === 0) return graph;
  const replaced = new Set(pieces.flatMap((piece) => piece.replaced));
  return graph.with({
    nodes: [...graph.nodes.filter((n) => !replaced.has(n)), ...pieces.flatMap((piece) => piece.nodes)],
    initializers: [...graph.initializers.values(), ...pieces.flatMap((piece) => piece.initializers)],
  });
}

interface Piece {
  readonly replaced: readonly NodeProto[];
  readonly nodes: readonly NodeProto[];
  readonly initializers: readonly TensorProto[];
}

interface Splitting {
  readonly graph: Graph;
  readonly whole: Graph;
  readonly pasts: Pasts;
  readonly order: ReadonlyMap<NodeProto, number>;
}

function splitOne(splitting: Splitting, { scores, product }: Attention, name: string): Piece | undefined {
  if (scores.opType !== 'MatMul' || scores.domain !== '') return undefined;
  const [queries = '', keys = ''] = scores.input;
  const [weights = '', values = ''] = product.input;
  const key = chainOf(splitting, keys);
  const value = chainOf(splitting, values);
  if (!key || !value) return undefined;
  const initializers = [
    int64Tensor(`${name}/0`, [0]),
    int64Tensor(`${name}/-1`, [-1]),
    int64Tensor(`${name}/end`, [2 ** 31]),
    int64Tensor(`${name}/3`, [3]),
  ];
  const nodes: NodeProto[] = [];
  const put = (
    opType: string,
    input: string[],
    part: string,
    attributes: Parameters<typeof node>[3] = {},
    output = `${name}/${part}`,
  ): string => {
    nodes.push(edited(node(opType, input, [output], attributes), { name: `${SHARED}${output}` }));
    return output;
  };
  /** [batch, heads, 1, n] and [1, heads, batch, n] are one another's. */
  const swapped = (input: string, part: string): string => put('Transpose', [input], part, { perm: [2n, 1n, 0n, 3n] });

  const keyPair = copies(key, keys, `${name}/key`, nodes);
  const valuePair = copies(value, values, `${name}/value`, nodes);
  const past = put('MatMul', [swapped(queries, 'queries'), keyPair.past], 'scores-of-past');
  const own = put('MatMul', [queries, keyPair.own], 'own-score');
  put('Concat', [swapped(past, 'past-scores'), own], '', { axis: 3n }, scores.output[0] ?? '');

  const slice = (from: string, to: string, part: string): string =>
    put('Slice', [weights, `${name}/${from}`, `${name}/${to}`, `${name}/3`], part);
  const pastWeights = swapped(slice('0', '-1', 'past-weights'), 'weights-of-past');
  const sum = swapped(put('MatMul', [pastWeights, valuePair.past], 'values-of-past'), 'past-values');
  const ownValues = put('Mul', [slice('-1', 'end', 'own-weight'), valuePair.own], 'own-values');
  put('Add', [sum, ownValues], '', {}, product.output[0] ?? '');

  const shapes = [key, value].flatMap((chain, i) => shapesOf(splitting, chain, `${name}/${i === 0 ? 'key' : 'value'}`));
  return {
    replaced: [scores, product, ...shapes.flatMap((shape) => shape.replaced)],
    nodes: [...nodes, ...shapes.flatMap((shape) => shape.nodes)],
    initializers: [...initializers, ...shapes.flatMap((shape) => shape.initializers)],
  };
}

/** From the Concat of a past and what is new to a product: operators that depend on it, in their order. */
interface Chain {
  readonly join: NodeProto;
  readonly past: string;
  readonly own: string;
  readonly nodes: readonly NodeProto[];
}

function chainOf({ graph, pasts, order }: Splitting, end: string): Chain | undefined {
  const { join } = sourceOf(graph, end) ?? {};
  const [past = '', own = ''] = join?.input ?? [];
  const axis = Number(join && findAttribute(join, 'axis')?.i);
  // [batch, heads, positions, width]
  if (join?.input.length !== 2 || pasts.get(past) !== 0 || rankOf(graph, past) !== 4) return undefined;
  if (axis !== 2 && axis !== -2) return undefined;
  const first = order.get(join) ?? 0;
  const depends = new Map<string, boolean>([[join.output[0] ?? '', true]]);
  const nodes: NodeProto[] = [];
  const visit = (tensor: string): boolean => {
    const known = depends.get(tensor);
    if (known !== undefined) return known;
    const n = graph.producers.get(tensor);
    // Operators stand in their order: what comes before the Concat cannot depend on it.
    const behind = n && (order.get(n) ?? 0) > first ? n : undefined;
    const does = behind?.input.map(visit).some(Boolean) === true;
    if (behind && does) nodes.push(behind);
    for (const output of n?.output ?? [tensor]) depends.set(output, does);
    return does;
  };
  visit(end);
  return { join, past, own, nodes };
}

/** The chain once for the past and once for the cells' own position. */
function copies(
  { join, past, own, nodes }: Chain,
  end: string,
  name: string,
  into: NodeProto[],
): { past: string; own: string } {
  const copy = (kind: 'past' | 'own', start: string): string => {
    const renamed = new Map([[join.output[0] ?? '', start]]);
    for (const n of nodes) for (const output of n.output) renamed.set(output, `${name}/${kind}/${output}`);
    for (const n of nodes)
      into.push(
        edited(n, {
          name: `${SHARED}${name}/${kind}/${n.output[0] ?? ''}`,
          input: n.input.map((input) => renamed.get(input) ?? input),
          output: n.output.map((output) => renamed.get(output) ?? output),
        }),
      );
    return renamed.get(end) ?? end;
  };
  return { past: copy('past', past), own: copy('own', own) };
}

/**
 * Shapes of joined keys or values that something else asks for (a mask is cut to their length): those of the own position's
 * copy, and as many positions more as the past has. Without this the joined tensors would be made for their shape.
 */
function shapesOf({ graph, whole }: Splitting, { join, past, own, nodes }: Chain, name: string): Piece[] {
  const chain = new Set(nodes);
  const places = new Map<string, { rank: number; at: number }>([[join.output[0] ?? '', { rank: 4, at: 2 }]]);
  for (const n of nodes) {
    const before = places.get(n.input[0] ?? '');
    const place = before && placeBehind(whole, n, before);
    if (place) for (const output of n.output) places.set(output, place);
  }
  return [...places].flatMap(([tensor, { rank, at }]) =>
    (graph.consumers.get(tensor) ?? []).flatMap((shape) => {
      if (shape.opType !== 'Shape' || shape.attribute.length > 0 || chain.has(shape)) return [];
      const output = shape.output[0] ?? '';
      const part = (what: string): string => `${name}/${what}/${output}`;
      const copy = tensor === join.output[0] ? own : `${name}/own/${tensor}`;
      const made = [
        node('Shape', [past], [part('past-shape')]),
        node('Gather', [part('past-shape'), part('2')], [part('length')]),
        node('Mul', [part('length'), part('place')], [part('more')]),
        node('Shape', [copy], [part('own-shape')]),
        node('Add', [part('own-shape'), part('more')], [output]),
      ];
      return [
        {
          replaced: [shape],
          nodes: made.map((n) => edited(n, { name: `${SHARED}${n.output[0] ?? ''}` })),
          initializers: [
            int64Tensor(part('2'), [2]),
            int64Tensor(
              part('place'),
              Array.from({ length: rank }, (_, i) => (i === at ? 1 : 0)),
            ),
          ],
        },
      ];
    }),
  );
}

/** Which axis holds the positions behind an operator, told from the end where axes are merged. */
function placeBehind(
  graph: Graph,
  n: NodeProto,
  { rank, at }: { rank: number; at: number },
): { rank: number; at: number } | undefined {
  switch (n.opType) {
    case 'Cast':
    case 'Identity':
    case 'Expand':
    case 'Mul':
    case 'Div':
      return { rank, at };
    case 'Transpose': {
      const order = findAttribute(n, 'perm')?.ints.map(Number);
      return order && { rank, at: order.indexOf(at) };
    }
    case 'Unsqueeze': {
      const axes = smallIntegers(graph, n.input[1] ?? '') ?? findAttribute(n, 'axes')?.ints.map(Number);
      const [axis, ...more] = axes ?? [];
      if (axis === undefined || more.length > 0) return undefined;
      const inserted = axis < 0 ? axis + rank + 1 : axis;
      return { rank: rank + 1, at: inserted <= at ? at + 1 : at };
    }
    case 'Reshape': {
      const after = rankOf(graph, n.output[0] ?? '');
      return after === undefined ? undefined : { rank: after, at: after - (rank - at) };
    }
    default:
      return undefined;
  }
}
