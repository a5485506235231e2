import type { Anatomy } from './anatomy.js';
import { type Addends, type Block, findBlocks, type Found } from './blocks.js';
import {
  DataType,
  edited,
  floatScalar,
  floatTensor,
  type Graph,
  int64Tensor,
  node,
  type NodeProto,
  type TensorProto,
} from './graph.js';
import { elementType, rankOf } from './inference.js';
import { unsupported } from './source.js';

/**
 * A change of a model's computation, at every position unless said otherwise. Blocks count from 0; vectors are [hiddenSize].
 * `replace`: what attention or MLP add to the residual stream becomes nothing (`by` null: zero ablation) or one vector at all
 * positions (mean ablation; McDougall et al., 2023). `heads`: some attention heads' slices of the output projection's input,
 * *before* that product, become 0 or, of `by` [heads * head size], their part of it. `add`: a vector is added to a block's output
 * (activation addition; Turner et al., 2023). `project`: a direction is taken out of it (Arditi et al., 2024).
 */
export type GraphIntervention =
  | { readonly kind: 'skip'; readonly block: number }
  | {
      readonly kind: 'replace';
      readonly block: number;
      readonly part: 'attention' | 'mlp';
      readonly by: Float32Array | null;
    }
  | {
      readonly kind: 'heads';
      readonly block: number;
      readonly heads: readonly number[];
      readonly by: Float32Array | null;
    }
  | { readonly kind: 'add'; readonly block: number; readonly vector: Float32Array; readonly positions: 'last' | 'all' }
  | { readonly kind: 'project'; readonly block: number; readonly direction: Float32Array };

/**
 * The model with interventions, which act in their order. The tensors of the residual stream keep their names: what `add` and
 * `project` change is read by what follows a block's output, so that a vector that stands in for this output is changed as well.
 * @param attentionHeads as the configuration has them, for graphs that do not say
 * @throws ModelError `unsupported` where the export does not show what is asked for.
 */
export function intervene(
  anatomy: Anatomy,
  interventions: readonly GraphIntervention[],
  attentionHeads: number | undefined,
): Anatomy {
  if (interventions.length === 0) return anatomy;
  const blocks = findBlocks(anatomy);
  const rewriting = new Rewriting(anatomy, blocks, attentionHeads);
  for (const intervention of interventions) rewriting.apply(intervention);
  return { ...anatomy, graph: rewriting.graph };
}

class Rewriting {
  private count = 0;
  /** What the readers of a block's output read by now. */
  private readonly seen = new Map<string, string>();
  graph: Graph;

  constructor(
    anatomy: Anatomy,
    private readonly blocks: readonly Block[],
    private readonly attentionHeads: number | undefined,
  ) {
    this.graph = anatomy.graph;
  }

  apply(intervention: GraphIntervention): void {
    const block = this.blocks[intervention.block];
    if (!block) throw new RangeError(`No block ${intervention.block}.`);
    this.count++;
    switch (intervention.kind) {
      case 'skip':
        return this.skip(block);
      case 'replace':
        return this.replace(this.shown(block[intervention.part], intervention), intervention.by);
      case 'heads':
        return this.replaceHeads(block, intervention.heads, intervention.by);
      case 'add':
        return intervention.positions === 'all'
          ? this.addAll(block.output, intervention.vector)
          : this.addLast(block.output, intervention.vector);
      case 'project':
        return this.project(block.output, intervention.direction);
    }
  }

  private shown<T>(part: Found<T>, { block }: GraphIntervention): T {
    if ('found' in part) return part.found;
    throw unsupported(
      `The export does not show this part of block ${block}: ${part.missing}.`,
      'An export that fuses less, or the model’s checkpoint, shows it.',
    );
  }

  /** The block's output is its input. */
  private skip({ input, output }: Block): void {
    this.rewrite({
      nodes: [
        ...this.graph.nodes.map((n) =>
          n.output.includes(output)
            ? edited(n, { output: n.output.map((o) => (o === output ? this.name('was') : o)) })
            : n,
        ),
        node('Identity', [this.seen.get(input) ?? input], [output]),
      ],
    });
  }

  /** The sums read something else in the addends' place: the first carries the vector, all others are nothing. */
  private replace(addends: Addends, by: Float32Array | null): void {
    addends.forEach((addend, i) => {
      const { nodes, initializers, name } = this.constant(addend, i === 0 ? by : null, String(i));
      this.reread(addend, name, { nodes, initializers }, (n) => n.opType === 'Add' || n.opType === 'Sum');
    });
  }

  private replaceHeads(block: Block, heads: readonly number[], by: Float32Array | null): void {
    const split = this.shown(block.heads, { kind: 'heads', block: this.blocks.indexOf(block), heads, by });
    const count = split.count ?? this.attentionHeads;
    const { width } = split;
    if (count === undefined || width === undefined || width % count !== 0)
      throw unsupported(
        'Neither the graph nor a configuration says how many attention heads there are.',
        'Put config.json beside the model.',
      );
    const wrong = heads.find((head) => head < 0 || head >= count);
    if (wrong !== undefined) throw unsupported(`There is no attention head ${wrong}: the block has ${count}.`);
    const size = width / count;
    const chosen = Uint8Array.from({ length: width }, (_, i) => Number(heads.includes(Math.floor(i / size))));
    const keep = Float32Array.from(chosen, (one) => 1 - one);
    const instead = Float32Array.from(chosen, (one, i) => (one ? (by?.[i] ?? 0) : 0));
    const mask = this.constant(split.tensor, keep, 'keep');
    const offset = this.constant(split.tensor, by === null ? null : instead, 'instead');
    const nodes = [
      ...mask.nodes,
      ...offset.nodes,
      node('Mul', [split.tensor, mask.name], [this.name('kept')]),
      node('Add', [this.name('kept'), offset.name], [this.name('heads')]),
    ];
    const outputs = new Set(split.reader.output);
    this.reread(
      split.tensor,
      this.name('heads'),
      { nodes, initializers: [...mask.initializers, ...offset.initializers] },
      (n) => n.output.some((o) => outputs.has(o)),
    );
  }

  private addAll(output: string, vector: Float32Array): void {
    const from = this.seen.get(output) ?? output;
    const { nodes, initializers, name } = this.constant(output, vector, 'vector');
    const sum = this.name('sum');
    this.follow(output, sum, { nodes: [...nodes, node('Add', [from, name], [sum])], initializers });
  }

  /** The last position is sliced off, changed and put back. */
  private addLast(output: string, vector: Float32Array): void {
    if (rankOf(this.graph, output) === 2)
      throw unsupported('This export joins batch and positions, so that the last position cannot be told apart.');
    const { name } = this;
    const from = this.seen.get(output) ?? output;
    const row = this.constant(output, vector, 'vector');
    this.follow(output, name('joined'), {
      nodes: [
        ...row.nodes,
        node('Slice', [from, name('0'), name('-1'), name('axis')], [name('before')]),
        node('Slice', [from, name('-1'), name('end'), name('axis')], [name('last')]),
        node('Add', [name('last'), row.name], [name('sum')]),
        node('Concat', [name('before'), name('sum')], [name('joined')], { axis: 1n }),
      ],
      initializers: [
        ...row.initializers,
        int64Tensor(name('0'), [0]),
        int64Tensor(name('-1'), [-1]),
        int64Tensor(name('end'), [2 ** 40]),
        int64Tensor(name('axis'), [1]),
      ],
    });
  }

  /** x - (x . d) d, d of length 1. */
  private project(output: string, direction: Float32Array): void {
    const { name } = this;
    const from = this.seen.get(output) ?? output;
    const length = Math.hypot(...direction);
    const row = this.constant(
      output,
      direction.map((x) => x / length),
      'direction',
    );
    const opset = this.graph.opsets.get('') ?? 0;
    this.follow(output, name('rest'), {
      nodes: [
        ...row.nodes,
        node('Mul', [from, row.name], [name('weighted')]),
        opset >= 13
          ? node('ReduceSum', [name('weighted'), name('axes')], [name('dot')])
          : node('ReduceSum', [name('weighted')], [name('dot')], { axes: [-1n] }),
        node('Mul', [name('dot'), row.name], [name('along')]),
        node('Sub', [from, name('along')], [name('rest')]),
      ],
      initializers: [...row.initializers, int64Tensor(name('axes'), [-1])],
    });
  }

  /** What read a block's output reads the changed one from here on. */
  private follow(output: string, changed: string, added: Added): void {
    const from = this.seen.get(output) ?? output;
    const own = new Set(added.nodes);
    this.reread(from, changed, added, (n) => !own.has(n));
    this.seen.set(output, changed);
  }

  /** Some readers of a tensor read another one. */
  private reread(from: string, to: string, { nodes, initializers }: Added, readers: (n: NodeProto) => boolean): void {
    const rewired = this.graph.nodes.map((n) =>
      n.input.includes(from) && readers(n) ? edited(n, { input: n.input.map((i) => (i === from ? to : i)) }) : n,
    );
    this.rewrite({ nodes: [...rewired, ...nodes], initializers });
  }

  private rewrite({
    nodes,
    initializers = [],
  }: {
    nodes: readonly NodeProto[];
    initializers?: readonly TensorProto[];
  }): void {
    this.graph = this.graph.with({ nodes, initializers: [...this.graph.initializers.values(), ...initializers] });
  }

  /** A row of numbers, or 0, in a tensor's own number type. */
  private constant(like: string, values: Float32Array | null, part: string): Added & { name: string } {
    const name = this.name(part);
    const tensor = values ? floatTensor(name, [values.length], values) : floatScalar(name, 0);
    const type = elementType(this.graph, like) ?? DataType.FLOAT;
    if (type === DataType.FLOAT) return { name, nodes: [], initializers: [tensor] };
    return {
      name: `${name}/cast`,
      nodes: [node('Cast', [name], [`${name}/cast`], { to: BigInt(type) })],
      initializers: [tensor],
    };
  }

  private name = (part: string): string => `embedding_grid.intervention/${this.count}/${part}`;
}

interface Added {
  readonly nodes: readonly NodeProto[];
  readonly initializers: readonly TensorProto[];
}
