import { DataType } from '../../graph.js';
import { unsupported } from '../../source.js';
import type { HeadNorms, Latent, Narrow } from '../description.js';
import type { Block } from './parts.js';
import type { Writer } from './writer.js';

/** A block's attention, with keys and values of what came before. @param x [batch, positions, hidden]; the result too */
export function attention(block: Block, x: string): string {
  const { writer, weights, positions, d, layer } = block;
  const { attention: a, heads, keyValueHeads, headSize, valueSize = headSize } = d;
  const { q, k, v, gate } = a.latent ? latent(block, a.latent, x) : separate(block, x);

  const joined = (what: 'key' | 'value', own: string, width: number): string => {
    const past = `past_key_values.${layer}.${what}`;
    writer.input(past, DataType.FLOAT, ['batch_size', keyValueHeads, 'past_sequence_length', width]);
    const all = writer.named(writer.op('Concat', [past, own], { axis: 2n }), `present.${layer}.${what}`);
    writer.output(all, ['batch_size', keyValueHeads, 'total_sequence_length', width]);
    return all;
  };
  const repeated = (y: string, width: number): string => {
    const times = heads / keyValueHeads;
    if (times === 1) return y;
    const copies = writer.op('Expand', [writer.unsqueeze(y, 2), writer.ints(1, 1, times, 1, 1)]);
    return writer.reshape(copies, 0, heads, -1, width);
  };
  const keys = writer.op('Transpose', [repeated(joined('key', k, headSize), headSize)], { perm: [0n, 1n, 3n, 2n] });
  const values = repeated(joined('value', v, valueSize), valueSize);
  let scores = writer.op('MatMul', [writer.scaled(q, a.scale(layer)), keys]);
  if (a.alibi) scores = writer.add(scores, positions.distance(a.alibi));
  scores = writer.add(writer.capped(scores, a.cap), positions.mask(a.window(layer)));
  let mixed = writer.op('MatMul', [writer.op('Softmax', [scores], { axis: -1n }), values]);
  if (a.sinks !== undefined) mixed = writer.mul(mixed, besideSinks(block, scores, a.sinks));
  const width = heads * valueSize;
  let together = writer.reshape(swapped(writer, mixed), 0, 0, width);
  if (gate !== undefined) together = writer.mul(together, writer.op('Sigmoid', [gate]));
  return weights.linear(together, a.o, width, d.hidden, { bias: a.bias.o, transposed: d.transposed });
}

/** What is left of the weights beside a head's sink: sigmoid(log(sum(exp(scores))) - sink). [batch, heads, positions, 1] */
function besideSinks({ writer, weights, d }: Block, scores: string, name: string): string {
  const sinks = writer.reshape(weights.wide(name, [d.heads]), 1, d.heads, 1, 1);
  const sum = writer.op('ReduceLogSumExp', [scores, writer.ints(-1)], { keepdims: 1n });
  return writer.op('Sigmoid', [writer.op('Sub', [sum, sinks])]);
}

/** [batch, heads, positions, size] each, turned; and the gate of what attention gives, [batch, positions, heads * size]. */
interface Projected {
  readonly q: string;
  readonly k: string;
  readonly v: string;
  readonly gate: string | undefined;
}

function separate(block: Block, x: string): Projected {
  const { writer, weights, positions, d, layer } = block;
  const { attention: a, heads, keyValueHeads, headSize } = d;
  const projected = projections(block, x);
  let { q, k, v } = projected;
  const { norms } = a;
  const normed = (): void => {
    if (!norms || norms.over === 'width') return;
    q = headNorm(block, norms, q, norms.q, heads);
    k = headNorm(block, norms, k, norms.k, keyValueHeads);
  };
  if (norms?.behindRotary !== true) normed();
  if (norms?.values === true)
    v = weights.norm(v, '', headSize, { ...norms.norm, offset: 0, weight: false, bias: false });
  [q, k, v] = [swapped(writer, q), swapped(writer, k), swapped(writer, v)];
  const rotary = a.rotary(layer);
  if (rotary) {
    q = positions.rotate(q, rotary, heads, headSize);
    k = positions.rotate(k, rotary, keyValueHeads, headSize);
  }
  if (norms?.behindRotary === true) normed();
  return { q, k, v, gate: projected.gate };
}

/** Multi-head latent attention: DeepSeek-V2 (2024). Keys and values are kept as heads see them. */
function latent({ writer, weights, positions, d, layer }: Block, l: Latent, x: string): Projected {
  const { attention: a, heads, headSize, valueSize = headSize } = d;
  const { turning } = l;
  const still = headSize - turning;
  const up = (y: string, { rank, norm, up: name }: Narrow, width: number): string =>
    weights.linear(weights.norm(y, norm, rank, { ...d.norm, epsilon: l.epsilon }), name, rank, width);
  const byHeads = (y: string, count: number, width: number): string =>
    swapped(writer, writer.reshape(y, 0, 0, count, width));
  const rotary = a.rotary(layer);
  const turned = (y: string, count: number): string => (rotary ? positions.rotate(y, rotary, count, turning) : y);

  const { queries, keysAndValues } = l;
  const wide = queries
    ? up(weights.linear(x, queries.down, d.hidden, queries.rank, { bias: queries.bias }), queries, heads * headSize)
    : weights.linear(x, a.q, d.hidden, heads * headSize, { bias: a.bias.qkv });
  const [qStill = '', qTurning = ''] = writer.split(byHeads(wide, heads, headSize), [still, turning], -1);
  const q = writer.op('Concat', [qStill, turned(qTurning, heads)], { axis: -1n });

  const { rank, down, bias } = keysAndValues;
  const narrow = weights.linear(x, down, d.hidden, rank + turning, { bias });
  const [row = '', shared = ''] = writer.split(narrow, [rank, turning], -1);
  const { apart } = keysAndValues;
  const [kStill, v] = apart ? separately(apart) : together();
  const kTurned = writer.op('Expand', [turned(byHeads(shared, 1, turning), 1), writer.ints(1, heads, 1, 1)]);
  return { q, k: writer.op('Concat', [kStill, kTurned], { axis: -1n }), v, gate: undefined };

  function together(): [string, string] {
    const both = byHeads(up(row, keysAndValues, heads * (still + valueSize)), heads, still + valueSize);
    const [keys = '', values = ''] = writer.split(both, [still, valueSize], -1);
    return [keys, values];
  }

  function separately(names: { readonly k: string; readonly v: string }): [string, string] {
    const own = writer.unsqueeze(weights.norm(row, keysAndValues.norm, rank, { ...d.norm, epsilon: l.epsilon }), 1);
    return [
      writer.op('MatMul', [own, weights.wide(`${names.k}.weight`, [heads, rank, still])]),
      writer.product(own, weights.wide(`${names.v}.weight`, [heads, valueSize, rank])),
    ];
  }
}

/** [batch, positions, heads, headSize] and [batch, heads, positions, headSize] are one another's. */
const swapped = (writer: Writer, x: string): string => writer.op('Transpose', [x], { perm: [0n, 2n, 1n, 3n] });

/** Queries, keys and values, [batch, positions, heads, headSize] each, and a gate, [batch, positions, heads * headSize]. */
function projections({ writer, weights, d }: Block, x: string): Projected {
  const { attention: a, heads, keyValueHeads, headSize, hidden, transposed } = d;
  const options = { bias: a.bias.qkv, transposed };
  const clipped = (y: string): string =>
    a.clip === undefined ? y : writer.op('Clip', [y, writer.scalar(-a.clip), writer.scalar(a.clip)]);
  const byHeads = (y: string, count: number): string => writer.reshape(y, 0, 0, count, headSize);
  const { norms } = a;
  const gateless = (q: string, k: string, v: string): Projected => ({ q, k, v, gate: undefined });
  if (!a.fused) {
    const one = (name: string, count: number, norm?: string): string => {
      const width = count * headSize;
      let y = weights.linear(x, name, hidden, width, options);
      if (norms?.over === 'width' && norm !== undefined) y = weights.norm(y, norm, width, norms.norm);
      return byHeads(clipped(y), count);
    };
    const keysAndValues = (): [string, string] => [one(a.k, keyValueHeads, norms?.k), one(a.v, keyValueHeads)];
    if (a.gated !== true) return gateless(one(a.q, heads, norms?.q), ...keysAndValues());
    const wide = weights.linear(x, a.q, hidden, 2 * heads * headSize, options);
    const [q = '', gate = ''] = writer.split(writer.reshape(wide, 0, 0, heads, 2 * headSize), [headSize, headSize], -1);
    const [k, v] = keysAndValues();
    return { q, k, v, gate: writer.reshape(gate, 0, 0, heads * headSize) };
  }
  if (a.gated === true) throw unsupported('Gates beside a fused projection are not described.');
  if (norms?.over === 'width') throw unsupported('Norms over a fused width are not described.');
  const width = (heads + 2 * keyValueHeads) * headSize;
  const y = clipped(weights.linear(x, a.fused.name, hidden, width, options));
  switch (a.fused.layout) {
    case 'blocks': {
      const own = keyValueHeads * headSize;
      const [q = '', k = '', v = ''] = writer.split(y, [heads * headSize, own, own], -1);
      return gateless(byHeads(q, heads), byHeads(k, keyValueHeads), byHeads(v, keyValueHeads));
    }
    case 'groups': {
      const group = heads / keyValueHeads;
      const grouped = writer.reshape(y, 0, 0, keyValueHeads, group + 2, headSize);
      const [q = '', k = '', v = ''] = writer.split(grouped, [group, 1, 1], -2);
      return gateless(byHeads(q, heads), byHeads(k, keyValueHeads), byHeads(v, keyValueHeads));
    }
    case 'four parts': {
      const part = (heads / 4) * headSize;
      const [q = '', v = '', k = ''] = writer.split(writer.reshape(y, 0, 0, 4, 3 * part), [part, part, part], -1);
      return gateless(byHeads(q, heads), byHeads(k, heads), byHeads(v, heads));
    }
  }
}

/** @param x [..., headSize], its heads on the axis before the last or, behind the rotation, before that */
function headNorm(
  { writer, weights, d: { headSize } }: Block,
  { over, norm, behindRotary }: HeadNorms,
  x: string,
  name: string,
  heads: number,
): string {
  if (over === 'head') return weights.norm(x, name, headSize, norm);
  // Another weight for each head: normed without one, then multiplied.
  const plain = weights.norm(x, name, headSize, { ...norm, weight: false, bias: false, offset: 0 });
  const shape = behindRotary ? [heads, 1, headSize] : [heads, headSize];
  if (over === 'each head') {
    const weight = weights.wide(`${name}.weight`, [heads, headSize]);
    return writer.mul(plain, behindRotary ? writer.reshape(weight, ...shape) : weight);
  }
  const rows = Array.from({ length: heads }, (_, i) => weights.wide(`${name}.norms.${i}.weight`, [headSize]));
  return writer.mul(plain, writer.reshape(writer.op('Concat', rows, { axis: 0n }), ...shape));
}
