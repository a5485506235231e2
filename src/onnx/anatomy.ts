import { type Dominator, pathsBetween, type Paths, valueInputs } from './dataflow.js';
import { DataType, edited, findAttribute, type Graph, node, type NodeProto, shapeOf } from './graph.js';
import { elementType, isConstant, shapeOfConstant } from './inference.js';
import { type Interface, readInterface } from './interface.js';
import { unsupported } from './source.js';

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
  /** Token mixers in each block; more than one means that a block could not be told from its neighbour. */
  readonly mixersPerBlock: readonly number[];
  readonly head: Head;
  /** What the final norm is, or null where the head reads the last block directly. */
  readonly finalNorm: string | null;
  readonly hiddenSize: number;
  readonly vocabularySize: number;
}

export interface Head {
  /** Tensor that the head's matrix reads. */
  readonly opening: string;
  /** Its logits before any scale or soft-cap, the bias added. */
  readonly closing: string;
  readonly matmul: NodeProto;
  /** The constant that the product reads: name of the tensor as the graph has it. */
  readonly weight: string;
  readonly bias: boolean;
  /** Width that the head's matrix takes; differs from the hidden size where a projection precedes it. */
  readonly width: number | undefined;
  /** Operators between the head and the logits: scale, soft-cap, cast. */
  readonly after: readonly string[];
}

/** Fused operators that hold a whole attention. */
const ATTENTION = new Set([
  'Attention',
  'MultiHeadAttention',
  'GroupQueryAttention',
  'DecoderMaskedMultiHeadAttention',
  'DecoderMaskedSelfAttention',
  'PackedAttention',
  'PackedMultiHeadAttention',
  'PagedAttention',
  'QAttention',
  'DecoderAttention',
  'SparseAttention',
  'LinearAttention',
  'LongformerAttention',
]);
/** Operators that mix positions in recurrent and convolutional blocks. */
const OTHER_MIXERS = new Set(['Conv', 'CausalConvWithState', 'Scan', 'Loop', 'LSTM', 'GRU']);
const MATMUL = new Set([
  'MatMul',
  'Gemm',
  'FusedMatMul',
  'FusedGemm',
  'TransposeMatMul',
  'MatMulNBits',
  'MatMulBnb4',
  'MatMulFpQ4',
  'MatMulInteger',
  'MatMulInteger16',
  'MatMulIntegerToFloat',
  'DynamicQuantizeMatMul',
  'QLinearMatMul',
  'QGemm',
  'Einsum',
]);
/** What may stand between the softmax of an attention and its two products. */
const PASSING = new Set(
  (
    'Add Sub Mul Div Neg Where Cast CastLike Reshape Transpose Squeeze Unsqueeze Flatten Expand Identity Dropout Tanh Max Min Clip ' +
    'Concat Slice Pad Tile IsNaN DequantizeLinear QuantizeLinear DynamicQuantizeLinear Trilu Gather'
  ).split(' '),
);
const SUMS = new Set(['Add', 'Sum']);

/** Whether an operator is a product with a matrix. */
export const isProduct = (n: NodeProto): boolean => MATMUL.has(n.opType);

/**
 * @throws ModelError `unsupported` with what was looked for and where the search ended.
 */
export function findAnatomy(original: Graph): Anatomy {
  const io = readInterface(original);
  const { graph, lookups } = findLookups(original, io);
  const paths = pathsBetween(graph, lookups, io.logits);
  if (!paths.tensors.has(io.logits))
    throw unsupported(`No path leads from the token embedding to the logits "${io.logits}".`);
  const { dominators } = paths;
  const { before, counts } = mixersBySegment(graph, paths);
  if (before > 0)
    throw unsupported(
      `The residual stream begins only at "${dominators[0]?.tensor ?? io.logits}", behind ${before} attentions: the token ids are looked up again in later blocks, so what comes before cannot be told apart.`,
      'Models with per-layer embeddings cannot be cut.',
    );
  const opened = counts
    .map((count, i) => ({ count, opening: dominators[i] }))
    .filter((s): s is { count: number; opening: Dominator } => s.count > 0 && s.opening !== undefined);
  if (opened.length === 0 && !paths.nodes.some((n) => MATMUL.has(n.opType)))
    throw unsupported(
      'This file holds the token embeddings alone: the decoder, with its blocks and head, is in another one.',
      'Name the decoder; the embeddings beside it are found by themselves.',
    );
  if (opened.length === 0)
    throw unsupported(
      'No decoder block was found: between the token embedding and the logits there is no attention that begins at one tensor.',
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
    mixersPerBlock: opened.map((s) => s.count),
    head: head.head,
    finalNorm: describeNorm(paths, last.tensor, head.head.opening),
    hiddenSize,
    vocabularySize: plausible(findVocabularySize(graph, head, io), 'vocabulary', 2 ** 24),
  };
}

/** Sizes come from the file: what no model has is not allocated. */
function plausible(size: number, what: string, most: number): number {
  if (Number.isInteger(size) && size >= 1 && size <= most) return size;
  throw unsupported(`The graph states a ${what} of ${size}, which no model has.`);
}

/** The operators that look a float vector up in a constant table by the token ids. */
function findLookups(graph: Graph, io: Interface): { graph: Graph; lookups: Set<NodeProto> } {
  if (io.embeds !== undefined) {
    // The vectors come in ready-made: an Identity stands in for the lookup, so that there is an operator to start from.
    const embeds = io.embeds;
    const copy = `${embeds}/embeddings`;
    const start = node('Identity', [embeds], [copy]);
    const nodes = graph.nodes.map((n) => edited(n, { input: n.input.map((i) => (i === embeds ? copy : i)) }));
    const rewired = graph.with({ nodes: [start, ...nodes] });
    const producer = rewired.producers.get(copy);
    return { graph: rewired, lookups: new Set(producer ? [producer] : []) };
  }
  const ids = io.ids;
  if (ids === undefined)
    throw unsupported(
      `No token ids come in: the inputs are ${graph.inputs.map((i) => `"${i.name}"`).join(', ') || 'none'}.`,
      'A decoder exported for text generation has an input of token ids.',
    );
  // Followed through integers alone: a router chooses its experts' weights by what was once looked up, too.
  const indices = new Set([ids]);
  const lookups = new Set<NodeProto>();
  for (const n of graph.nodes) {
    if (!valueInputs(n).some((input) => indices.has(input))) continue;
    if (isLookup(graph, n, indices)) lookups.add(n);
    else for (const output of n.output) if (output !== '' && !isFloat(elementType(graph, output))) indices.add(output);
  }
  if (lookups.size === 0)
    throw unsupported(`No embedding was found: nothing looks the input "${ids}" up in a table of vectors.`);
  return { graph, lookups };
}

function isLookup(graph: Graph, n: NodeProto, indices: ReadonlySet<string>): boolean {
  if (n.opType !== 'Gather' && n.opType !== 'GatherBlockQuantized' && n.opType !== 'GatherND') return false;
  const [table = '', index = ''] = n.input;
  return indices.has(index) && isConstant(graph, table) && !isInteger(graph, n);
}

const isFloat = (type: number | undefined): boolean =>
  type === DataType.FLOAT || type === DataType.FLOAT16 || type === DataType.BFLOAT16 || type === DataType.DOUBLE;

/** A table of integers looked up by ids is a map of ids, unless a DequantizeLinear makes vectors of it. */
function isInteger(graph: Graph, lookup: NodeProto): boolean {
  if (lookup.opType === 'GatherBlockQuantized') return false;
  const type = elementType(graph, lookup.output[0] ?? '');
  if (type === undefined || isFloat(type)) return false;
  const readers = graph.consumers.get(lookup.output[0] ?? '') ?? [];
  return !readers.some(
    (r) =>
      r.opType === 'DequantizeLinear' ||
      (r.opType === 'Cast' && r.input.length === 1 && elementType(graph, r.output[0] ?? '') === DataType.FLOAT),
  );
}

/** How many token mixers lie between dominator i and dominator i + 1, and before the first dominator. */
function mixersBySegment(graph: Graph, paths: Paths): { before: number; counts: number[] } {
  const counts = new Array<number>(paths.dominators.length).fill(0);
  let before = 0;
  let segment = -1;
  let nextDominator = 0;
  paths.nodes.forEach((n, i) => {
    while (nextDominator < paths.dominators.length && (paths.dominators[nextDominator]?.at ?? Infinity) < i) {
      segment = nextDominator++;
    }
    // The producer of dominator k + 1 closes segment k.
    if (!isMixer(graph, paths, n)) return;
    if (segment < 0) before++;
    else counts[segment] = (counts[segment] ?? 0) + 1;
  });
  return { before, counts };
}

/** Whether an operator mixes positions: an attention, fused or by its softmax, a convolution over time, a recurrence. */
export function isMixer(graph: Graph, paths: Paths, n: NodeProto): boolean {
  if (ATTENTION.has(n.opType)) return true;
  if (OTHER_MIXERS.has(n.opType)) return n.opType !== 'Conv' || isTimeConvolution(graph, n);
  return n.opType === 'Softmax' && leadsToProduct(graph, paths, n, 'up') && leadsToProduct(graph, paths, n, 'down');
}

/** A convolution whose kernel is wider than one position. */
function isTimeConvolution(graph: Graph, n: NodeProto): boolean {
  const shape = shapeOfConstant(graph, n.input[1] ?? '');
  return shape === undefined || shape.slice(2).some((k) => k > 1);
}

function leadsToProduct(graph: Graph, paths: Paths, from: NodeProto, way: 'up' | 'down'): boolean {
  const seen = new Set<NodeProto>([from]);
  const queue = [from];
  let looked = 0;
  while (queue.length > 0 && seen.size < 200 && looked < 5000) {
    const n = queue.pop();
    if (!n) break;
    const neighbours =
      way === 'up'
        ? n.input.filter((i) => paths.tensors.has(i)).flatMap((i) => graph.producers.get(i) ?? [])
        : n.output
            .flatMap((o) => graph.consumers.get(o) ?? [])
            .filter((c) => c.output.some((o) => paths.tensors.has(o)));
    looked += neighbours.length;
    for (const next of neighbours) {
      if (seen.has(next)) continue;
      seen.add(next);
      if (MATMUL.has(next.opType)) {
        if (next.input.filter((i) => paths.tensors.has(i)).length >= 2) return true;
      } else if (PASSING.has(next.opType)) {
        queue.push(next);
      }
    }
  }
  return false;
}

interface FoundHead {
  readonly head: Head;
  /** Index of the dominator that the head reads. */
  readonly openingIndex: number;
  readonly weightShape: readonly number[] | undefined;
}

/** The last segment between dominators that holds a product with a constant matrix. */
function findHead(graph: Graph, paths: Paths, logits: string): FoundHead {
  const { dominators, nodes } = paths;
  for (let i = dominators.length - 2; i >= 0; i--) {
    const opening = dominators[i];
    const closing = dominators[i + 1];
    if (!opening || !closing) continue;
    const segment = nodes.slice(opening.at + 1, closing.at + 1);
    const matmul = segment.find((n) => MATMUL.has(n.opType) && constantOperand(graph, n) !== undefined);
    if (!matmul) continue;
    // A product inside a residual sum belongs to a block: the graph ends behind its last block, without a head.
    if (segment.some((n) => isResidualSum(paths, n))) break;
    const weight = constantOperand(graph, matmul) ?? '';
    const vocabulary = outputWidth(graph, matmul, weight);
    // Additions of a constant row as wide as the vocabulary are the head's bias.
    let end = i + 1;
    let bias = matmul.opType === 'Gemm' && (matmul.input[2] ?? '') !== '';
    if (matmul.opType === 'MatMulNBits' && (matmul.input[5] ?? '') !== '') bias = true;
    for (let j = i + 2; j < dominators.length; j++) {
      const d = dominators[j];
      if (!d) break;
      const addend = d.producer.opType === 'Add' ? d.producer.input.find((x) => isConstant(graph, x)) : undefined;
      const width = addend === undefined ? undefined : shapeOfConstant(graph, addend)?.at(-1);
      if (
        addend !== undefined &&
        width !== undefined &&
        width > 1 &&
        (vocabulary === undefined || width === vocabulary)
      ) {
        bias = true;
        end = j;
      } else if (d.producer.opType !== 'Cast' && d.producer.opType !== 'Reshape' && d.producer.opType !== 'Identity') {
        break;
      }
    }
    const last = dominators[end];
    if (!last) continue;
    return {
      openingIndex: i,
      weightShape: shapeOfConstant(graph, weight),
      head: {
        opening: opening.tensor,
        closing: last.tensor,
        matmul,
        weight,
        bias,
        width: innerWidth(graph, matmul, weight),
        after: dominators.slice(end + 1).map((d) => d.producer.opType),
      },
    };
  }
  throw unsupported(`No head was found: no product with a constant matrix leads to the logits "${logits}".`);
}

/** Whether an operator adds two values that both come from the embedding. */
export const isResidualSum = (paths: Paths, n: NodeProto): boolean =>
  SUMS.has(n.opType) && n.input.filter((i) => paths.tensors.has(i)).length >= 2;

/** A product's constant matrix, by name. */
export const constantOperand = (graph: Graph, n: NodeProto): string | undefined =>
  n.input
    .filter((i) => i !== '')
    .slice(0, 3)
    .find((i) => isConstant(graph, i));

/** Width that a product's constant matrix takes in, where its shape tells. */
export function innerWidth(graph: Graph, n: NodeProto, weight: string): number | undefined {
  const k = findAttribute(n, 'K');
  if (k) return Number(k.i);
  const shape = shapeOfConstant(graph, weight);
  if (shape?.length !== 2) return undefined;
  return isTransposed(n, weight) ? shape[1] : shape[0];
}

function outputWidth(graph: Graph, n: NodeProto, weight: string): number | undefined {
  const width = findAttribute(n, 'N');
  if (width) return Number(width.i);
  const shape = shapeOfConstant(graph, weight);
  if (shape?.length !== 2) return undefined;
  return isTransposed(n, weight) ? shape[0] : shape[1];
}

const isTransposed = (n: NodeProto, weight: string): boolean =>
  (findAttribute(n, n.input[0] === weight ? 'transA' : 'transB')?.i ?? 0n) === 1n;

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
    if (MATMUL.has(n.opType)) {
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
