import type { Anatomy } from './anatomy.js';
import { constantOperand, innerWidth } from './anatomy/head.js';
import { isResidualSum, valueInputs } from './dataflow.js';
import { findAttribute, type Graph, type NodeProto } from './graph.js';
import { isProduct, operatorOf } from './operators/table.js';
import { spend, withinBudget } from './work.js';

/** Something of a block, or why the export does not show it. */
export type Found<T> = { readonly found: T } | { readonly missing: string };

/** What a sublayer adds to the residual stream: the terms of its sums, as tensors; their own norms and scales included. */
export type Addends = readonly [string, ...string[]];

/**
 * One decoder block: what comes in, what goes out, what attention and MLP add on the way. Parallel blocks add both in one sum,
 * and a mixture of experts may add several terms.
 */
export interface Block {
  readonly input: string;
  readonly output: string;
  readonly attention: Found<Addends>;
  readonly mlp: Found<Addends>;
  /** The input of attention's output projection, [..., attention heads * head size], and the product that reads it. */
  readonly heads: Found<HeadSplit>;
}

export interface HeadSplit {
  readonly tensor: string;
  readonly reader: NodeProto;
  /** Attention heads * head size, where the product's matrix tells. */
  readonly width: number | undefined;
  /** Attention heads, where the graph says; else the model's configuration has to. */
  readonly count: number | undefined;
}

/**
 * The blocks of a decoder, by its dataflow alone. Method: within a block every dominator that is a sum of two values on the path
 * is a sum of the residual stream; of the terms of its tree of additions the one that is a dominator itself is the stream, the
 * others are what sublayers add. A term that depends on a token mixer within the block is attention's.
 */
export function findBlocks(anatomy: Anatomy): Block[] {
  return withinBudget(() =>
    anatomy.residual.slice(0, -1).map((input, i) => blockOf(anatomy, input, anatomy.residual[i + 1] ?? '')),
  );
}

function blockOf(anatomy: Anatomy, input: string, output: string): Block {
  const { graph, paths } = anatomy;
  const at = new Map(paths.dominators.map(({ tensor }, i) => [tensor, i]));
  const stream = new Set(
    paths.dominators.slice(at.get(input) ?? 0, (at.get(output) ?? 0) + 1).map(({ tensor }) => tensor),
  );
  const attention: string[] = [];
  const mlp: string[] = [];
  let projection: Found<HeadSplit> = { missing: 'attention adds nothing that can be told apart' };
  for (const { tensor, producer } of paths.dominators.slice((at.get(input) ?? 0) + 1, (at.get(output) ?? 0) + 1)) {
    if (!isResidualSum(paths, producer) || !stream.has(tensor)) continue;
    const terms = termsOf(anatomy, producer, stream);
    // A sum without a term of the stream lies inside a sublayer that the stream does not pass by.
    if (terms.branches.length === 0 || !terms.joinsStream) continue;
    for (const term of terms.branches) {
      const mixer = mixerBefore(anatomy, term, stream);
      (mixer ? attention : mlp).push(term);
      if (mixer) projection = findProjection(anatomy, term, mixer, stream);
    }
  }
  const found = (terms: string[], what: string): Found<Addends> => {
    const [first, ...others] = terms;
    return first === undefined
      ? { missing: `no sum of the residual stream shows what ${what} adds` }
      : { found: [first, ...others] };
  };
  return {
    input,
    output,
    attention: found(attention, 'attention'),
    mlp: found(mlp, 'the MLP'),
    heads: attention.length > 1 ? { missing: 'attention adds several terms' } : projection,
  };

  function termsOf(
    { paths: { tensors } }: Anatomy,
    sum: NodeProto,
    dominating: ReadonlySet<string>,
  ): { branches: string[]; joinsStream: boolean } {
    const branches: string[] = [];
    let joinsStream = false;
    for (const term of sum.input.filter((name) => tensors.has(name))) {
      const producer = graph.producers.get(term);
      if (dominating.has(term)) joinsStream = true;
      else if (producer && isResidualSum(paths, producer) && onlyReader(graph, term)) {
        const inner = termsOf(anatomy, producer, dominating);
        branches.push(...inner.branches);
        joinsStream ||= inner.joinsStream;
      } else branches.push(term);
    }
    return { branches, joinsStream };
  }
}

const onlyReader = (graph: Graph, tensor: string): boolean => (graph.consumers.get(tensor) ?? []).length === 1;

/** The last token mixer that a term depends on, the residual stream left out. */
function mixerBefore(
  { graph, paths, mixers }: Anatomy,
  term: string,
  stream: ReadonlySet<string>,
): NodeProto | undefined {
  const seen = new Set<string>();
  const queue = [term];
  for (let tensor = queue.shift(); tensor !== undefined; tensor = queue.shift()) {
    if (seen.has(tensor) || stream.has(tensor) || !paths.tensors.has(tensor)) continue;
    seen.add(tensor);
    const producer = graph.producers.get(tensor);
    if (!producer) continue;
    if (mixers.has(producer)) return producer;
    spend(1);
    queue.push(...valueInputs(producer));
  }
  return undefined;
}

/** Between the mixer and what it adds: the product with a constant matrix that joins the attention heads. */
function findProjection(
  anatomy: Anatomy,
  term: string,
  mixer: NodeProto,
  stream: ReadonlySet<string>,
): Found<HeadSplit> {
  const { graph, paths } = anatomy;
  for (let tensor = term, steps = 0; steps < 64; steps++) {
    const producer = graph.producers.get(tensor);
    if (!producer || stream.has(tensor)) break;
    if (producer === mixer) return { missing: `${mixer.opType} joins its attention heads inside one operator` };
    const data = valueInputs(producer).filter((name) => paths.tensors.has(name));
    const [input] = data;
    if (isProduct(producer) && constantOperand(graph, producer) !== undefined && input !== undefined) {
      const before = beforeQuantization(graph, input);
      const reader = before === input ? producer : graph.producers.get(input);
      if (!reader || mixerBefore(anatomy, before, stream) === undefined) break;
      if (keepsState(mixer)) return { missing: 'this block keeps a state instead of attending' };
      const stated = Number(findAttribute(mixer, 'num_heads')?.i ?? 0n);
      return {
        found: {
          tensor: before,
          reader,
          width: innerWidth(graph, producer, constantOperand(graph, producer) ?? ''),
          count: stated > 0 ? stated : undefined,
        },
      };
    }
    if (input === undefined) break;
    // A norm written out, a gate or a scale: they read the value that they change last.
    tensor = data.length === 1 ? input : (data.find((name) => mixerBefore(anatomy, name, stream)) ?? input);
  }
  return { missing: 'no product with a constant matrix follows attention' };
}

/** Whether what came before is a state of one size, which has no attention heads. */
const keepsState = (mixer: NodeProto): boolean =>
  mixer.opType === 'LinearAttention' ||
  operatorOf(mixer).role === 'recurrence' ||
  operatorOf(mixer).role === 'convolution';

const beforeQuantization = (graph: Graph, tensor: string): string => {
  const producer = graph.producers.get(tensor);
  return producer && /^(Dynamic)?QuantizeLinear$/.test(producer.opType) ? (producer.input[0] ?? tensor) : tensor;
};
