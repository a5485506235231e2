import type { StoredTensor } from '../../checkpoint/safetensors.js';
import { DataType, type Graph } from '../../graph.js';
import { broken, unsupported } from '../../source.js';
import type { Description, Norms } from '../description.js';
import { attention } from './attention.js';
import { experts, feedForward } from './feedForward.js';
import { type Block, blockOf, type Parts } from './parts.js';
import { Positions } from './positions.js';
import { recurrence } from './recurrence.js';
import { Weights } from './weights.js';
import { Writer } from './writer.js';

/** A decoder as a graph. */
export interface Decoder {
  /** Its weights are external data at their places in the checkpoint's files. */
  readonly graph: Graph;
  /** Names of tensors that the graph does not read. */
  readonly unread: readonly string[];
  /** What the names of the decoder's own tensors begin with. */
  readonly prefix: string;
  /** Whole names of a stored head and of the embedding that is said to be the head: they must be the same. */
  readonly tied: { readonly head: string; readonly embedding: string } | undefined;
}

/**
 * Writes the graph of a decoder: token ids, mask, positions and past keys and values come in, logits and present ones go out.
 * @param tensors by name
 * @throws ModelError naming the tensor that is missing or has another shape than the configuration says.
 */
export function writeDecoder(d: Description, tensors: ReadonlyMap<string, StoredTensor>): Decoder {
  const writer = new Writer();
  const prefix = findPrefix(d, tensors);
  const weights = new Weights(writer, tensors, prefix);
  const parts: Parts = { writer, weights, positions: new Positions(writer), d };
  let x = writer.named(embeddings(parts), 'embeddings');
  for (let layer = 0; layer < d.layers; layer++) x = throughBlock(blockOf(parts, layer), x);
  const { logits, vocabulary, stored } = head(parts, tensors, x);
  writer.output(writer.named(logits, 'logits'), ['batch_size', 'sequence_length', vocabulary]);
  const embedding = `${prefix}${d.embedding.name}.weight`;
  const tied = d.head.tied && stored !== undefined ? { head: stored, embedding } : undefined;
  return { graph: writer.graph(), unread: weights.unread(), prefix, tied };
}

const LARGEST = 2 ** 20;

/**
 * Sizes come from a file: what the tensors cannot bear out is refused before anything is made of it.
 * @param tensors how many there are
 * @throws ModelError
 */
export function checkSizes(d: Description, tensors: number): void {
  const { layers, heads, keyValueHeads, headSize, valueSize = headSize, hidden } = d;
  if (layers > tensors)
    throw broken(`The configuration states ${layers} layers, but the files hold ${tensors} tensors altogether.`);
  const sizes = {
    'hidden size': hidden,
    'number of heads': heads,
    'head size': headSize,
    'size of values': valueSize,
    ...narrowSizes(d),
  };
  for (const [what, size] of Object.entries(sizes))
    if (!(Number.isSafeInteger(size) && size >= 1 && size <= LARGEST))
      throw unsupported(`The configuration states a ${what} of ${size}, which no model has.`);
  if (heads % keyValueHeads !== 0)
    throw unsupported(
      `The configuration states ${heads} heads, which ${keyValueHeads} key-value heads cannot serve alike.`,
    );
}

function narrowSizes({ attention: { latent }, headSize }: Description): Record<string, number> {
  if (!latent) return {};
  const { queries, keysAndValues, turning } = latent;
  return {
    'rank of keys and values': keysAndValues.rank,
    ...(queries ? { 'rank of queries': queries.rank } : {}),
    'number of dimensions that stay': headSize - turning,
  };
}

/** Names begin otherwise in bare models, in models with a head and in those of several kinds of input. */
function findPrefix({ blocks, embedding }: Description, tensors: ReadonlyMap<string, StoredTensor>): string {
  const ending = `${embedding.name}.weight`;
  const prefixes = [...tensors.keys()]
    .filter((name) => name.endsWith(ending) && /^$|\.$/.test(name.slice(0, -ending.length)))
    .map((name) => name.slice(0, -ending.length))
    .filter((prefix) => [...tensors.keys()].some((name) => name.startsWith(`${prefix}${blocks}0.`)));
  const [prefix, ...others] = prefixes;
  if (prefix === undefined)
    throw broken(
      `The files hold no embedding "${ending}" with blocks "${blocks}0" beside it.`,
      'The checkpoint is of another kind than its configuration says, or a file is missing.',
    );
  if (others.length > 0) throw unsupported(`The files hold several decoders: under "${prefixes.join('" and "')}".`);
  return prefix;
}

function embeddings({ writer, weights, positions, d }: Parts): string {
  const { name, scale, norm, positions: learned, projection } = d.embedding;
  const ids = writer.input('input_ids', DataType.INT64, ['batch_size', 'sequence_length']);
  const narrow = projection === undefined ? undefined : weights.shapeOf(`${projection}.weight`)?.[1];
  let x = writer.scaled(weights.lookUp(name, narrow ?? d.hidden, ids), scale);
  if (norm !== undefined) x = weights.norm(x, norm, d.hidden, d.norm);
  if (projection !== undefined) x = weights.linear(x, projection, narrow ?? 0, d.hidden);
  if (learned) {
    const at = positions.ids();
    const row = learned.offset === 0 ? at : writer.add(at, writer.ints(learned.offset));
    x = writer.add(x, weights.lookUp(learned.name, d.hidden, row));
  }
  return x;
}

/** @param x [batch, positions, hidden]; the result too */
function throughBlock(block: Block, x: string): string {
  const { writer, weights, d, layer } = block;
  const { attention: a, feedForward: f, hidden } = d;
  const normed = (y: string, name: string | undefined): string =>
    name === undefined ? y : weights.norm(y, name, hidden, d.norm);
  const given = (y: string, { after }: Norms): string => writer.scaled(normed(y, after), d.residualScale);
  const chosen = d.experts?.(layer);
  const mlp = (y: string): string => feedForward(block, f, y);
  const fed = (y: string): string => (chosen ? experts(block, chosen, y) : mlp(y));
  const before = normed(x, a.before);
  const instead = d.recurrence?.(layer);
  const attended = given(instead ? recurrence(block, instead, before) : attention(block, before), a);
  const name = `blocks.${layer}`;
  if (d.withoutFeedForward === true) return writer.named(writer.add(x, attended), name);
  if (d.parallel) {
    const other = given(fed(f.before === undefined ? before : normed(x, f.before)), f);
    return writer.named(writer.add(writer.add(attended, other), x), name);
  }
  const middle = normed(writer.add(d.addsToNormed === true ? before : x, attended), a.onSum);
  const beside = chosen?.beside;
  const read = normed(middle, f.before);
  const second = beside
    ? writer.add(
        normed(mlp(read), beside.mlpAfter),
        normed(experts(block, chosen, normed(middle, beside.before), middle), beside.after),
      )
    : fed(read);
  const sum = normed(writer.add(d.addsToNormed === true ? read : middle, given(second, f)), f.onSum);
  if (d.blockScale === undefined) return writer.named(sum, name);
  return writer.named(writer.mul(sum, weights.wide(d.blockScale, [1])), name);
}

function head(
  { writer, weights, d }: Parts,
  tensors: ReadonlyMap<string, StoredTensor>,
  x: string,
): { readonly logits: string; readonly vocabulary: number; readonly stored: string | undefined } {
  const { name, tied, bias, scale, cap, projection } = d.head;
  let y = d.finalNorm === undefined ? x : weights.norm(x, d.finalNorm, d.hidden, d.norm);
  let width = d.hidden;
  if (projection !== undefined) {
    width = weights.outputs(projection);
    y = weights.linear(y, projection, d.hidden, width);
  }
  const found = [...tensors.keys()].filter((key) => key === `${name}.weight` || key.endsWith(`.${name}.weight`));
  const [own, ...others] = found.map((key) => `/${key.slice(0, -'.weight'.length)}`);
  if (others.length > 0) throw unsupported(`The files hold several heads: "${found.join('" and "')}".`);
  if (!tied && own === undefined)
    throw broken(
      `The files hold no head "${name}.weight", and the configuration does not say that the embedding is the head ("tie_word_embeddings").`,
      'The checkpoint may be of a bare model or of a classifier, or a file is missing.',
    );
  const matrix = tied || own === undefined ? d.embedding.name : own;
  const vocabulary = weights.outputs(matrix);
  let logits = weights.linear(y, matrix, width, vocabulary);
  if (bias) {
    const key = [...tensors.keys()].find((one) => one === `${name}.bias` || one.endsWith(`.${name}.bias`));
    logits = writer.add(logits, weights.wide(`/${key ?? `${name}.bias`}`, [vocabulary]));
  }
  return { logits: writer.capped(writer.scaled(logits, scale), cap), vocabulary, stored: found[0] };
}
