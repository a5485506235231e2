import { DataType } from '../../graph.js';
import { unsupported } from '../../source.js';
import type { Description, HeadNorms } from '../description.js';
import type { Parts } from './parts.js';
import type { Weights } from './weights.js';
import type { Writer } from './writer.js';

/** A block's attention, with keys and values of what came before. @param x [batch, positions, hidden]; the result too */
export function attention({ writer, weights, positions, d }: Parts, x: string, layer: number): string {
  const { attention: a, heads, keyValueHeads, headSize } = d;
  const at = `${d.blocks}${layer}.`;
  let [q, k, v] = projections(writer, weights, d, x, at);
  const { norms } = a;
  const normed = (): void => {
    if (!norms || norms.over === 'width') return;
    q = headNorm(writer, weights, norms, q, at + norms.q, heads, headSize);
    k = headNorm(writer, weights, norms, k, at + norms.k, keyValueHeads, headSize);
  };
  if (norms?.behindRotary !== true) normed();
  [q, k, v] = [swapped(writer, q), swapped(writer, k), swapped(writer, v)];
  const rotary = a.rotary(layer);
  if (rotary) {
    q = positions.rotate(q, rotary, heads, headSize);
    k = positions.rotate(k, rotary, keyValueHeads, headSize);
  }
  if (norms?.behindRotary === true) normed();

  const joined = (what: 'key' | 'value', own: string): string => {
    const past = `past_key_values.${layer}.${what}`;
    writer.input(past, DataType.FLOAT, ['batch_size', keyValueHeads, 'past_sequence_length', headSize]);
    const all = writer.named(writer.op('Concat', [past, own], { axis: 2n }), `present.${layer}.${what}`);
    writer.output(all, ['batch_size', keyValueHeads, 'total_sequence_length', headSize]);
    return all;
  };
  const repeated = (y: string): string => {
    const times = heads / keyValueHeads;
    if (times === 1) return y;
    const copies = writer.op('Expand', [writer.unsqueeze(y, 2), writer.ints(1, 1, times, 1, 1)]);
    return writer.reshape(copies, 0, heads, -1, headSize);
  };
  const keys = writer.op('Transpose', [repeated(joined('key', k))], { perm: [0n, 1n, 3n, 2n] });
  const values = repeated(joined('value', v));
  let scores = writer.op('MatMul', [writer.scaled(q, a.scale(layer)), keys]);
  if (a.alibi) scores = writer.add(scores, positions.distance(a.alibi));
  scores = writer.add(writer.capped(scores, a.cap), positions.mask(a.window(layer)));
  const mixed = writer.op('MatMul', [writer.op('Softmax', [scores], { axis: -1n }), values]);
  const together = writer.reshape(swapped(writer, mixed), 0, 0, heads * headSize);
  return weights.linear(together, at + a.o, heads * headSize, d.hidden, { bias: a.bias.o, transposed: d.transposed });
}

/** [batch, positions, heads, headSize] and [batch, heads, positions, headSize] are one another's. */
const swapped = (writer: Writer, x: string): string => writer.op('Transpose', [x], { perm: [0n, 2n, 1n, 3n] });

/** Queries, keys and values, [batch, positions, heads, headSize] each. */
function projections(
  writer: Writer,
  weights: Weights,
  { attention: a, heads, keyValueHeads, headSize, hidden, transposed }: Description,
  x: string,
  at: string,
): [string, string, string] {
  const options = { bias: a.bias.qkv, transposed };
  const clipped = (y: string): string =>
    a.clip === undefined ? y : writer.op('Clip', [y, writer.scalar(-a.clip), writer.scalar(a.clip)]);
  const byHeads = (y: string, count: number): string => writer.reshape(y, 0, 0, count, headSize);
  const { norms } = a;
  if (!a.fused) {
    const one = (name: string, count: number, norm?: string): string => {
      const width = count * headSize;
      let y = weights.linear(x, at + name, hidden, width, options);
      if (norms?.over === 'width' && norm !== undefined) y = weights.norm(y, at + norm, width, norms.norm);
      return byHeads(clipped(y), count);
    };
    return [one(a.q, heads, norms?.q), one(a.k, keyValueHeads, norms?.k), one(a.v, keyValueHeads)];
  }
  if (norms?.over === 'width') throw unsupported('Norms over a fused width are not described.');
  const width = (heads + 2 * keyValueHeads) * headSize;
  const y = clipped(weights.linear(x, at + a.fused.name, hidden, width, options));
  switch (a.fused.layout) {
    case 'blocks': {
      const own = keyValueHeads * headSize;
      const [q = '', k = '', v = ''] = writer.split(y, [heads * headSize, own, own], -1);
      return [byHeads(q, heads), byHeads(k, keyValueHeads), byHeads(v, keyValueHeads)];
    }
    case 'groups': {
      const group = heads / keyValueHeads;
      const grouped = writer.reshape(y, 0, 0, keyValueHeads, group + 2, headSize);
      const [q = '', k = '', v = ''] = writer.split(grouped, [group, 1, 1], -2);
      return [byHeads(q, heads), byHeads(k, keyValueHeads), byHeads(v, keyValueHeads)];
    }
    case 'four parts': {
      const part = (heads / 4) * headSize;
      const [q = '', v = '', k = ''] = writer.split(writer.reshape(y, 0, 0, 4, 3 * part), [part, part, part], -1);
      return [byHeads(q, heads), byHeads(k, heads), byHeads(v, heads)];
    }
  }
}

/** @param x [..., headSize], its heads on the axis before the last or, behind the rotation, before that */
function headNorm(
  writer: Writer,
  weights: Weights,
  { over, norm, behindRotary }: HeadNorms,
  x: string,
  name: string,
  heads: number,
  headSize: number,
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
