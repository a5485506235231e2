import { findHead, type FoundHead, type Head, constantOperand, innerWidth, outputWidth } from './anatomy/head.js';
import { findLookups } from './anatomy/lookups.js';
import { mixersBySegment, mixersOf } from './anatomy/mixers.js';
import { type Dominator, isResidualSum, pathsBetween, type Paths, valueInputs } from './dataflow.js';
import { type Graph, type NodeProto, shapeOf } from './graph.js';
import { shapeOfConstant } from './inference.js';
import { type Interface, readInterface } from './interface.js';
import { isProduct } from './operators/table.js';
import { unsupported } from './source.js';
import { withinBudget } from './work.js';

/**
 * Where things are in a decoder: the residual stream, the blocks, the final norm and the head, found from the dataflow
 * alone. Node and tensor names are never looked at. Method: dominators of the paths from the embedding lookups to the
 * logits; a block begins at the dominator that opens a segment with a token mixer (attention, or a convolution over time).
 */
export interface Anatomy {
  readonly graph: Graph;
  readonly interface: Interface;
  readonly paths: Paths;
  /** [n + 1]: the tensor that enters block 0 ("embeddings"), then the output of every block. */
  readonly residual: readonly string[];
  /** Operators that mix positions. */
  readonly mixers: ReadonlySet<NodeProto>;
  /** Token mixers in each block; more than one means that a block could not be told from its neighbour. */
  readonly mixersPerBlock: readonly number[];
  readonly head: Head;
  /** What the final norm is, or null where the head reads the last block directly. */
  readonly finalNorm: string | null;
  readonly hiddenSize: number;
  readonly vocabularySize: number;
}

/**
 * @throws ModelError `unsupported` with what was looked for and where the search ended.
 */
export const findAnatomy = (graph: Graph): Anatomy => withinBudget(() => anatomyOf(graph));

function anatomyOf(original: Graph): Anatomy {
  const io = readInterface(original);
  const { graph, lookups } = findLookups(original, io);
  const paths = pathsBetween(graph, lookups, io.logits);
  if (!paths.tensors.has(io.logits))
    throw unsupported(`No path leads from the token embedding to the logits "${io.logits}".`);
  const { dominators } = paths;
  const mixers = mixersOf(graph, paths);
  const { before, counts } = mixersBySegment(paths, mixers);
  if (before > 0)
    throw unsupported(
      `The residual stream begins only at "${dominators[0]?.tensor ?? io.logits}", behind ${before} attentions: the token ids are looked up again in later blocks, so what comes before cannot be told apart.`,
      'Models with per-layer embeddings cannot be cut.',
    );
  const opened = counts
    .map((count, i) => ({ count, opening: dominators[i] }))
    .filter((s): s is { count: number; opening: Dominator } => s.count > 0 && s.opening !== undefined);
  if (opened.length === 0 && !paths.nodes.some((n) => isProduct(n)))
    throw unsupported(
      'This file holds the token embeddings alone: the decoder, with its blocks and head, is in another one.',
      'Name the decoder; the embeddings beside it are found by themselves.',
    );
  if (opened.length === 0)
    throw unsupported(
      'No decoder block was found: between the token embedding and the logits there is no attention that begins at one tensor.',
    );

  const most = OPERATORS_A_BLOCK * (opened.length + 2);
  if (graph.nodes.length > most)
    throw unsupported(
      `The graph has ${graph.nodes.length} operators for ${opened.length} ${opened.length === 1 ? 'block' : 'blocks'}, more than any model.`,
    );

  const head = findHead(graph, paths, io.logits);
  const last = findLastOutput(
    paths,
    opened.map((s) => s.opening),
    head.openingIndex,
  );
  const residual = [...opened.map((s) => s.opening.tensor), last.tensor];
  const hiddenSize = plausible(findHiddenSize(graph, paths, last.tensor, head, lookups, io), 'hidden size', 2 ** 20);
  return {
    graph,
    interface: io,
    paths,
    residual,
    mixers,
    mixersPerBlock: opened.map((s) => s.count),
    head: head.head,
    finalNorm: describeNorm(paths, last.tensor, head.head.opening),
    hiddenSize,
    vocabularySize: plausible(findVocabularySize(graph, head, io), 'vocabulary', 2 ** 24),
  };
}

/**
 * A block's mixture of hundreds of experts, unrolled, has some thousand operators; onnxruntime takes minutes over graphs of many
 * more.
 */
const OPERATORS_A_BLOCK = 10_000;

/** Sizes come from the file: what no model has is not allocated. */
function plausible(size: number, what: string, most: number): number {
  if (Number.isInteger(size) && size >= 1 && size <= most) return size;
  throw unsupported(`The graph states a ${what} of ${size}, which no model has.`);
}

/**
 * The output of the last block: the last sum of two values before the head, followed by the same operators that follow
 * such a sum in the earlier blocks (a cast, a reshape, a norm in post-norm models).
 */
function findLastOutput(paths: Paths, openings: readonly Dominator[], headIndex: number): Dominator {
  const { dominators } = paths;
  const isSum = (d: Dominator): boolean => isResidualSum(paths, d.producer);
  const indexOf = new Map(dominators.map((d, i) => [d.tensor, i]));
  let sumIndex = headIndex;
  const lastOpening = indexOf.get(openings.at(-1)?.tensor ?? '') ?? 0;
  while (sumIndex > lastOpening) {
    const d = dominators[sumIndex];
    if (d && isSum(d)) break;
    sumIndex--;
  }
  if (sumIndex === lastOpening)
    throw unsupported(
      `The end of the last block was not found: after "${dominators[lastOpening]?.tensor ?? ''}" nothing is added to the residual stream.`,
    );
  const tail: string[] = [];
  const previous = indexOf.get(openings.at(-1)?.tensor ?? '') ?? 0;
  if (openings.length > 1) {
    let i = previous;
    for (; i > 0; i--) {
      const d = dominators[i];
      if (!d || isSum(d)) break;
      tail.unshift(d.producer.opType);
    }
    if (i === 0) tail.length = 0;
  } else {
    // A single block shows no pattern; operators that only rename the value still belong to the stream.
    for (let i = sumIndex + 1; i <= headIndex; i++) {
      const type = dominators[i]?.producer.opType ?? '';
      if (type !== 'Reshape' && type !== 'Identity') break;
      tail.push(type);
    }
  }
  let end = sumIndex;
  for (const type of tail) {
    const next = dominators[end + 1];
    if (end + 1 > headIndex || next?.producer.opType !== type) break;
    end++;
  }
  const last = dominators[end];
  if (!last) throw unsupported('The end of the last block was not found.');
  return last;
}

/** The final norm in a word, fused or written out. */
function describeNorm(paths: Paths, last: string, opening: string): string | null {
  if (last === opening) return null;
  const at = (tensor: string): number => paths.dominators.find((d) => d.tensor === tensor)?.at ?? 0;
  const types = paths.nodes.slice(at(last) + 1, at(opening) + 1).map((n) => n.opType);
  const fused = types.find((type) => type.includes('Norm'));
  if (fused !== undefined) return fused;
  if (!types.some((type) => /^Reduce|^Pow$/.test(type))) return types.join(', ');
  return types.includes('Sub') ? 'LayerNorm, written out' : 'RMSNorm, written out';
}

/** Width of the residual stream, from the first source that states it. */
function findHiddenSize(
  graph: Graph,
  paths: Paths,
  lastOutput: string,
  head: FoundHead,
  lookups: ReadonlySet<NodeProto>,
  io: Interface,
): number {
  const stated = shapeOf(graph.valueInfo.get(lastOutput))?.at(-1);
  if (typeof stated === 'number' && stated > 0) return stated;
  // The final norm's weight is a row as wide as the stream; a projection before the head takes in the stream itself.
  const lastAt = paths.dominators.find((d) => d.tensor === lastOutput)?.at ?? 0;
  const openingAt = paths.dominators[head.openingIndex]?.at ?? 0;
  for (const n of paths.nodes.slice(lastAt + 1, openingAt + 1)) {
    if (isProduct(n)) {
      const width = innerWidth(graph, n, constantOperand(graph, n) ?? '');
      if (width !== undefined) return width;
      continue;
    }
    for (const input of valueInputs(n)) {
      const shape = shapeOfConstant(graph, input);
      if (shape?.length === 1 && (shape[0] ?? 0) > 1) return shape[0] ?? 0;
    }
  }
  if (head.head.width !== undefined) return head.head.width;
  const embedsWidth = shapeOf(graph.valueInfo.get(io.embeds ?? ''))?.at(-1);
  if (typeof embedsWidth === 'number') return embedsWidth;
  for (const lookup of lookups) {
    const width = shapeOfConstant(graph, lookup.input[0] ?? '')?.at(-1);
    if (width !== undefined && lookup.opType === 'Gather') return width;
  }
  throw unsupported('The width of the residual stream is stated nowhere in the graph.');
}

function findVocabularySize(graph: Graph, head: FoundHead, io: Interface): number {
  const width = outputWidth(graph, head.head.matmul, head.head.weight);
  if (width !== undefined) return width;
  const stated = shapeOf(graph.valueInfo.get(io.logits))?.at(-1);
  if (typeof stated === 'number') return stated;
  const scales = head.head.matmul.input
    .map((i) => shapeOfConstant(graph, i)?.at(-1))
    .filter((n): n is number => n !== undefined && n > 1);
  const largest = Math.max(0, ...scales);
  if (largest > 0) return largest;
  throw unsupported(`The size of the vocabulary is stated nowhere: the head is a ${head.head.matmul.opType}.`);
}
