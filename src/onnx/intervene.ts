import type { Anatomy } from './anatomy.js';
import { type Addends, type Block, findBlocks, type Found, type HeadSplit } from './blocks.js';
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
  valueInfo,
} from './graph.js';
import { elementType, rankOf } from './inference.js';
import { absent, unsupported } from './source.js';

/** What stands in a part's place: nothing, one vector at all positions, or a row for each position, fed under a name. */
export type Instead = null | Float32Array | { readonly fed: string };

/**
 * A change of a model's computation, at every position unless said otherwise. Blocks count from 0; vectors are [hiddenSize].
 * `replace`: what attention or MLP add to the residual stream becomes nothing (`by` null: zero ablation), one vector at all
 * positions (mean ablation; McDougall et al., 2023) or what is fed [positions, width] (activation patching; Meng et al., 2022).
 * `heads`: some attention heads' slices of the output projection's input, *before* that product, become their part of it, [heads *
 * head size]. `add`: a vector is added to a block's output (activation addition; Turner et al., 2023). `project`: a direction is
 * taken out of it (Arditi et al., 2024).
 */
export type GraphIntervention =
  | { readonly kind: 'skip'; readonly block: number }
  | { readonly kind: 'replace'; readonly block: number; readonly part: 'attention' | 'mlp'; readonly by: Instead }
  | { readonly kind: 'heads'; readonly block: number; readonly heads: readonly number[]; readonly by: Instead }
  | {
      readonly kind: 'add';
      readonly block: number;
      readonly vector: Float32Array;
      /** The input that takes the vector: one graph serves all. Left out: it is a constant. */
      readonly input?: string;
      readonly positions: 'last' | 'all' | 'later';
    }
  | { readonly kind: 'project'; readonly block: number; readonly direction: Float32Array };

const FLOATS: ReadonlySet<number> = new Set([DataType.FLOAT, DataType.FLOAT16, DataType.BFLOAT16, DataType.DOUBLE]);

/** int64 [1]: how many positions lie behind the one that the grid's vector takes. */
export const LATER = 'embedding_grid.later';

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

/** What a part of a block gives, for an intervention to put in its place: the sum of `tensors`, each [..., positions, width]. */
export interface PartValues {
  readonly tensors: readonly string[];
  readonly width: number;
}

/**
 * Where a part of a block can be read.
 * @param attentionHeads as the configuration has them
 * @throws ModelError `unsupported` where the export does not show it, or has no such attention heads.
 */
export function partValues(
  anatomy: Anatomy,
  { block, part, heads = [] }: { block: number; part: 'attention' | 'mlp' | 'heads'; heads?: readonly number[] },
  attentionHeads: number | undefined,
): PartValues {
  const found = findBlocks(anatomy)[block];
  if (!found) throw new RangeError(`No block ${block}.`);
  if (part !== 'heads') return { tensors: shown(found[part], block), width: anatomy.hiddenSize };
  const { tensor, width } = headsOf(shown(found.heads, block), heads, attentionHeads);
  return { tensors: [tensor], width };
}

function shown<T>(part: Found<T>, block: number): T {
  if ('found' in part) return part.found;
  throw unsupported(
    `The export does not show this part of block ${block}: ${part.missing}.`,
    'An export that fuses less, or the model’s checkpoint, shows it.',
  );
}

/** Where attention heads are joined, how wide all of them are, and one. @throws ModelError `unsupported` */
function headsOf(
  split: HeadSplit,
  heads: readonly number[],
  attentionHeads: number | undefined,
): { readonly tensor: string; readonly width: number; readonly size: number } {
  const count = split.count ?? attentionHeads;
  const { width, tensor } = split;
  if (count === undefined || width === undefined || width % count !== 0)
    throw unsupported(
      'Neither the graph nor a configuration says how many attention heads there are.',
      'Put config.json beside the model.',
    );
  const wrong = heads.find((head) => head < 0 || head >= count);
  if (wrong !== undefined)
    throw absent(`There is no attention head ${wrong}: the block has ${count}.`, `Choose 0 to ${count - 1}.`);
  return { tensor, width, size: width / count };
}

class Rewriting {
  private count = 0;
  /** What the readers of a block's output, of an addend, of joined attention heads read by now. */
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
        return this.replace(shown(block[intervention.part], intervention.block), intervention.by);
      case 'heads':
        return this.replaceHeads(block, intervention.heads, intervention.by);
      case 'add':
        return intervention.positions === 'all'
          ? this.addAll(block.output, intervention)
          : this.addFrom(block.output, intervention, intervention.positions);
      case 'project':
        return this.project(block.output, intervention.direction);
    }
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
  private replace(addends: Addends, by: Instead): void {
    addends.forEach((addend, i) => {
      const { nodes, initializers, name } = this.row(addend, i === 0 ? by : null, String(i));
      const from = this.seen.get(addend) ?? addend;
      this.reread(from, name, { nodes, initializers }, (n) => n.opType === 'Add' || n.opType === 'Sum');
      this.seen.set(addend, name);
    });
  }

  private replaceHeads(block: Block, heads: readonly number[], by: Instead): void {
    const split = shown(block.heads, this.blocks.indexOf(block));
    const { width, size } = headsOf(split, heads, this.attentionHeads);
    const chosen = Float32Array.from({ length: width }, (_, i) => Number(heads.includes(Math.floor(i / size))));
    const others = chosen.map((one) => 1 - one);
    const keep = this.constant(split.tensor, others, 'keep');
    const take = this.constant(split.tensor, chosen, 'take');
    const instead = this.row(split.tensor, by, 'instead');
    const from = this.seen.get(split.tensor) ?? split.tensor;
    const nodes = [
      ...[keep, take, instead].flatMap((one) => one.nodes),
      node('Mul', [from, keep.name], [this.name('kept')]),
      node('Mul', [instead.name, take.name], [this.name('taken')]),
      node('Add', [this.name('kept'), this.name('taken')], [this.name('heads')]),
    ];
    const initializers = [keep, take, instead].flatMap((one) => one.initializers);
    const outputs = new Set(split.reader.output);
    this.reread(from, this.name('heads'), { nodes, initializers }, (n) => n.output.some((o) => outputs.has(o)));
    this.seen.set(split.tensor, this.name('heads'));
  }

  /** What stands in a tensor's place, in its number type. */
  private row(like: string, by: Instead, part: string): Added & { name: string } {
    if (by === null || by instanceof Float32Array) return this.constant(like, by, part);
    const { fed } = by;
    const { name } = this;
    if (!this.graph.isInput(fed))
      this.graph = this.graph.with({
        inputs: [...this.graph.inputs, valueInfo(fed, DataType.FLOAT, [`${fed}/positions`, `${fed}/width`])],
      });
    const cast = this.cast(fed, like, name(`${part}/cast`));
    const type = cast.name;
    if (rankOf(this.graph, like) !== 2) return cast;
    // Batch and positions are one axis: the rows are repeated for every member of the batch.
    const row = (what: string): string => name(`${part}/${what}`);
    return {
      name: row('rows'),
      nodes: [
        ...cast.nodes,
        node('Shape', [like], [row('shape')]),
        node('Gather', [row('shape'), row('0')], [row('all')], { axis: 0n }),
        node('Shape', [fed], [row('fed')]),
        node('Gather', [row('fed'), row('0')], [row('positions')], { axis: 0n }),
        node('Div', [row('all'), row('positions')], [row('batch')]),
        node('Concat', [row('batch'), row('1')], [row('times')], { axis: 0n }),
        node('Tile', [type, row('times')], [row('rows')]),
      ],
      initializers: [...cast.initializers, int64Tensor(row('0'), [0]), int64Tensor(row('1'), [1])],
    };
  }

  private addAll(output: string, vector: AddedVector): void {
    const from = this.seen.get(output) ?? output;
    const { nodes, initializers, name } = this.added(output, vector);
    const sum = this.name('sum');
    this.follow(output, sum, { nodes: [...nodes, node('Add', [from, name], [sum])], initializers });
  }

  /** The last positions are sliced off, changed and put back. */
  private addFrom(output: string, vector: AddedVector, positions: 'last' | 'later'): void {
    if (rankOf(this.graph, output) === 2)
      throw unsupported('This export joins batch and positions, so that single positions cannot be told apart.');
    const { name } = this;
    const from = this.seen.get(output) ?? output;
    const row = this.added(output, vector);
    if (positions === 'later' && !this.graph.isInput(LATER))
      this.graph = this.graph.with({ inputs: [...this.graph.inputs, valueInfo(LATER, DataType.INT64, [1])] });
    const count = positions === 'later' ? LATER : name('1');
    this.follow(output, name('joined'), {
      nodes: [
        ...row.nodes,
        node('Shape', [from], [name('shape')]),
        node('Gather', [name('shape'), name('1')], [name('length')], { axis: 0n }),
        node('Sub', [name('length'), count], [name('start')]),
        node('Slice', [from, name('0'), name('start'), name('1')], [name('before')]),
        node('Slice', [from, name('start'), name('end'), name('1')], [name('behind')]),
        node('Add', [name('behind'), row.name], [name('sum')]),
        node('Concat', [name('before'), name('sum')], [name('joined')], { axis: 1n }),
      ],
      initializers: [
        ...row.initializers,
        int64Tensor(name('0'), [0]),
        int64Tensor(name('1'), [1]),
        int64Tensor(name('end'), [2 ** 40]),
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

  private added(like: string, { vector, input }: AddedVector): Added & { name: string } {
    if (input === undefined) return this.constant(like, vector, 'vector');
    if (!this.graph.isInput(input))
      this.graph = this.graph.with({
        inputs: [...this.graph.inputs, valueInfo(input, DataType.FLOAT, [vector.length])],
      });
    return this.cast(input, like, this.name('vector/cast'));
  }

  /** A row of numbers, or 0, in a tensor's own number type. */
  private constant(like: string, values: Float32Array | null, part: string): Added & { name: string } {
    const name = this.name(part);
    const tensor = values ? floatTensor(name, [values.length], values) : floatScalar(name, 0);
    const cast = this.cast(name, like, `${name}/cast`);
    return { ...cast, initializers: [tensor] };
  }

  /** Of a tensor; of what comes out of a branch, which tells nothing, that of the residual stream. */
  private floatType(tensor: string): number {
    const types = [tensor, this.blocks[0]?.input ?? ''].map((name) => elementType(this.graph, name));
    return types.find((type) => type !== undefined && FLOATS.has(type)) ?? DataType.FLOAT;
  }

  /** A float32 tensor in another's number type. */
  private cast(name: string, like: string, as: string): Added & { name: string } {
    const type = this.floatType(like);
    if (type === DataType.FLOAT) return { name, nodes: [], initializers: [] };
    return { name: as, nodes: [node('Cast', [name], [as], { to: BigInt(type) })], initializers: [] };
  }

  private name = (part: string): string => `embedding_grid.intervention/${this.count}/${part}`;
}

type AddedVector = Pick<Extract<GraphIntervention, { kind: 'add' }>, 'vector' | 'input'>;

interface Added {
  readonly nodes: readonly NodeProto[];
  readonly initializers: readonly TensorProto[];
}
