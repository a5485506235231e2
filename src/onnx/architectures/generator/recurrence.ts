import { DataType, MICROSOFT } from '../../graph.js';
import { unsupported } from '../../source.js';
import type { DeltaNet, Recurrence, ShortConvolution, StateSpace } from '../description.js';
import { activation } from './feedForward.js';
import type { Block } from './parts.js';

/** What stands in place of attention, with the state of what came before. @param x [batch, positions, hidden]; the result too */
export function recurrence(block: Block, r: Recurrence, x: string): string {
  switch (r.kind) {
    case 'convolution':
      return shortConvolution(block, r, x);
    case 'state space':
      return stateSpace(block, r, x);
    case 'delta rule':
      return deltaNet(block, r, x);
  }
}

/** LFM2's. */
function shortConvolution(block: Block, r: ShortConvolution, x: string): string {
  const { writer, weights, d } = block;
  const { hidden } = d;
  const { bias, positions } = r;
  const all = weights.linear(x, r.input, hidden, 3 * hidden, { bias });
  const [before = '', behind = '', y = ''] = writer.split(all, [hidden, hidden, hidden], -1);
  const convolution = { name: r.convolution, channels: hidden, positions, bias };
  const seen = convolved(block, convolution, writer.mul(before, y));
  return weights.linear(writer.mul(behind, seen), r.output, hidden, hidden, { bias });
}

/** Mamba 2: a state for each head falls off with a step of time, and a key times a value is added to it. */
function stateSpace(block: Block, r: StateSpace, x: string): string {
  const { writer, weights, d } = block;
  const { heads, headSize, stateSize, groups, positions, bias } = r;
  refuseUneven(heads, groups);
  const [inner, keys] = [heads * headSize, groups * stateSize];
  const channels = inner + 2 * keys;
  const active = (y: string): string => activation(block, r.activation, y);
  const all = weights.linear(x, r.input, d.hidden, inner + channels + heads, { bias });
  const [gate = '', mixed = '', time = ''] = writer.split(all, [inner, channels, heads], -1);
  const convolution = { name: r.convolution, channels, positions, bias: r.convolutionBias };
  const seen = active(convolved(block, convolution, mixed));
  const [values = '', key = '', query = ''] = writer.split(seen, [inner, keys, keys], -1);
  const [least, most] = r.steps;
  let step = writer.op('Softplus', [writer.add(time, weights.wide(r.stepBias, [heads]))]);
  if (least > 0) step = writer.op('Max', [step, writer.scalar(least)]);
  if (most < Infinity) step = writer.op('Min', [step, writer.scalar(most)]);
  const byHeads = (y: string): string => writer.reshape(y, 0, 0, heads, headSize);
  const given = writer.reshape(writer.mul(byHeads(values), writer.unsqueeze(step, -1)), 0, 0, inner);
  const state = { heads, keyHeads: groups, keySize: stateSize, valueSize: headSize };
  const recalled = linearAttention(block, state, {
    query,
    key,
    value: given,
    decay: decay(block, r, step),
    beta: undefined,
    scale: 1,
  });
  const skip = writer.mul(byHeads(values), writer.unsqueeze(weights.wide(r.skip, [heads]), -1));
  const sum = writer.add(recalled, writer.reshape(skip, 0, 0, inner));
  // Normed behind the gate, each group by itself.
  const gated = writer.mul(sum, writer.mul(gate, writer.op('Sigmoid', [gate])));
  const plain = { ...d.norm, kind: 'rms', offset: 0, bias: false } as const;
  const normed =
    groups === 1
      ? weights.norm(gated, r.norm, inner, { ...plain, weight: true })
      : writer.mul(
          writer.reshape(
            weights.norm(writer.reshape(gated, 0, 0, groups, inner / groups), '', inner / groups, {
              ...plain,
              weight: false,
            }),
            ...[0, 0, inner],
          ),
          weights.wide(`${r.norm}.weight`, [inner]),
        );
  return weights.linear(normed, r.output, inner, d.hidden, { bias });
}

/** The logarithm of what is left of a state behind steps of time, [batch, positions, heads]; the steps too. */
function decay({ writer, weights }: Block, r: StateSpace | DeltaNet, step: string): string {
  const stored = weights.wide(r.rate.name, [r.heads]);
  const rate = r.rate.stored === 'negative' ? stored : writer.op('Neg', [writer.op('Exp', [stored])]);
  return writer.mul(step, rate);
}

function refuseUneven(heads: number, keyHeads: number): void {
  if (heads % keyHeads !== 0)
    throw unsupported(
      `${heads} heads of values, which ${keyHeads} heads of keys cannot serve alike, are not described.`,
    );
}

/** Qwen3-Next's: of what a state recalls for a key, the difference to the value is written into it. */
function deltaNet(block: Block, r: DeltaNet, x: string): string {
  const { writer, weights, d } = block;
  const { heads, keyHeads, keySize, valueSize, positions } = r;
  refuseUneven(heads, keyHeads);
  const [keys, values] = [keyHeads * keySize, heads * valueSize];
  const channels = 2 * keys + values;
  const active = (y: string): string => activation(block, r.activation, y);
  const { mixed, gate, write, time } = deltaProjections(block, r, x);
  const convolution = { name: r.convolution, channels, positions, bias: false };
  const seen = active(convolved(block, convolution, mixed));
  const [query = '', key = '', value = ''] = writer.split(seen, [keys, keys, values], -1);
  const copies = r.order === 'in turn' ? heads / keyHeads : 1;
  const unit = (y: string): string => {
    const byHeads = writer.reshape(y, 0, 0, keyHeads, keySize);
    const square = writer.op('ReduceSumSquare', [byHeads, writer.ints(-1)], { keepdims: 1n });
    const length = writer.op('Sqrt', [writer.add(square, writer.scalar(1e-6))]);
    const one = writer.reshape(writer.op('Div', [byHeads, length]), 0, 0, keys);
    return copies === 1 ? one : writer.op('Concat', new Array<string>(copies).fill(one), { axis: -1n });
  };
  const step = writer.op('Softplus', [writer.add(time, weights.wide(r.stepBias, [heads]))]);
  const state = { heads, keyHeads: copies * keyHeads, keySize, valueSize };
  const recalled = linearAttention(block, state, {
    query: unit(query),
    key: unit(key),
    value,
    decay: decay(block, r, step),
    beta: writer.op('Sigmoid', [write]),
    scale: keySize ** -0.5,
  });
  const byHeads = writer.reshape(recalled, 0, 0, heads, valueSize);
  const normed = weights.norm(byHeads, r.norm, valueSize, { ...d.norm, offset: 0 });
  const gated = writer.mul(writer.reshape(normed, 0, 0, values), writer.mul(gate, writer.op('Sigmoid', [gate])));
  return weights.linear(gated, r.output, values, d.hidden);
}

/** What is convolved, the gate, how much is written and how fast a state falls off. */
function deltaProjections(
  { writer, weights, d }: Block,
  { heads, keyHeads, keySize, valueSize, inputs, rates }: DeltaNet,
  x: string,
): { readonly mixed: string; readonly gate: string; readonly write: string; readonly time: string } {
  const [keys, values] = [keyHeads * keySize, heads * valueSize];
  const linear = (name: string, width: number): string => weights.linear(x, name, d.hidden, width);
  const each = heads / keyHeads;
  const byKeys = (y: string, sizes: readonly number[]): string[] => {
    const width = sizes.reduce((sum, size) => sum + size, 0);
    const parts = writer.split(writer.reshape(y, 0, 0, keyHeads, width), sizes, -1);
    return parts.map((part, i) => writer.reshape(part, 0, 0, keyHeads * (sizes[i] ?? 0)));
  };
  const mixedAndGate = (): { readonly mixed: string; readonly gate: string } => {
    if (typeof inputs === 'object')
      return { mixed: linear(inputs.mixed, 2 * keys + values), gate: linear(inputs.gate, values) };
    const own = [keySize, keySize, each * valueSize, each * valueSize];
    const [query = '', key = '', value = '', gate = ''] = byKeys(linear(inputs, 2 * keys + 2 * values), own);
    return { mixed: writer.op('Concat', [query, key, value], { axis: -1n }), gate };
  };
  const own = mixedAndGate();
  if (typeof rates === 'object') return { ...own, write: linear(rates.write, heads), time: linear(rates.step, heads) };
  const [write = '', time = ''] = byKeys(linear(rates, 2 * heads), [each, each]);
  return { ...own, write, time };
}

interface Convolution {
  readonly name: string;
  readonly channels: number;
  readonly positions: number;
  readonly bias: boolean;
}

/** Each channel with weights of its own for some positions up to this one. @param x [batch, positions, channels]; the result too */
function convolved({ writer, weights, layer }: Block, c: Convolution, x: string): string {
  const { name, channels, positions, bias } = c;
  if (positions < 2) throw unsupported(`A convolution over ${positions} position is not described.`);
  const state = ['batch_size', channels, positions - 1];
  const past = writer.input(`past_conv.${layer}`, DataType.FLOAT, state);
  const turned = (y: string): string => writer.op('Transpose', [y], { perm: [0n, 2n, 1n] });
  const kernel = weights.wide(`${name}.weight`, [channels, 1, positions]);
  const offsets = bias ? weights.wide(`${name}.bias`, [channels]) : '';
  const input = [turned(x), kernel, offsets, past];
  const [y = '', present = ''] = writer.ops('CausalConvWithState', input, 2, {}, MICROSOFT);
  writer.output(writer.named(writer.op('Identity', [present]), `present_conv.${layer}`), state);
  return turned(y);
}

interface State {
  readonly heads: number;
  readonly keyHeads: number;
  readonly keySize: number;
  readonly valueSize: number;
}

/** [batch, positions, heads * size] each; `decay` and `beta` [batch, positions, heads], the first the logarithm. */
interface Recall {
  readonly query: string;
  readonly key: string;
  readonly value: string;
  readonly decay: string;
  /** How much is written; left out, a value is added whatever the state recalls. */
  readonly beta: string | undefined;
  readonly scale: number;
}

/** @returns what is recalled, [batch, positions, heads * valueSize] */
function linearAttention({ writer, layer }: Block, s: State, recall: Recall): string {
  const { heads, keyHeads, keySize, valueSize } = s;
  const { query, key, value, decay, beta, scale } = recall;
  const state = ['batch_size', heads, keySize, valueSize];
  const past = writer.input(`past_recurrent.${layer}`, DataType.FLOAT, state);
  const input = [query, key, value, past, decay, ...(beta === undefined ? [] : [beta])];
  const attributes = {
    q_num_heads: BigInt(keyHeads),
    kv_num_heads: BigInt(heads),
    update_rule: beta === undefined ? 'gated' : 'gated_delta',
    scale,
  };
  const [y = '', present = ''] = writer.ops('LinearAttention', input, 2, attributes, MICROSOFT);
  writer.output(writer.named(writer.op('Identity', [present]), `present_recurrent.${layer}`), state);
  return y;
}
