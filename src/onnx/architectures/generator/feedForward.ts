import { DataType } from '../../graph.js';
import { BLOCKS } from '../../packedWeights.js';
import { unsupported } from '../../source.js';
import type { BesideMlp, Experts, FeedForward } from '../description.js';
import type { Block } from './parts.js';
import type { Writer } from './writer.js';

/** An elementwise function by the name that transformers' activations.py gives it. @throws ModelError for others */
export function activation(block: Block, name: string, x: string): string {
  const { writer } = block;
  switch (name) {
    case 'silu':
    case 'swish':
      return writer.mul(x, writer.op('Sigmoid', [x]));
    case 'gelu':
    case 'gelu_python':
      return writer.op('Gelu', [x], { approximate: 'none' });
    case 'gelu_new':
    case 'gelu_fast':
    case 'gelu_pytorch_tanh':
    case 'gelu_python_tanh':
    case 'gelu_accurate':
      return writer.op('Gelu', [x], { approximate: 'tanh' });
    case 'quick_gelu':
      return writer.mul(x, writer.op('Sigmoid', [writer.scaled(x, 1.702)]));
    case 'relu':
      return writer.op('Relu', [x]);
    case 'relu2': {
      const y = writer.op('Relu', [x]);
      return writer.mul(y, y);
    }
    case 'tanh':
      return writer.op('Tanh', [x]);
    case 'sigmoid':
      return writer.op('Sigmoid', [x]);
    case 'xielu':
      return xielu(block, x);
    default:
      throw unsupported(`The activation "${name}" is not described.`);
  }
}

/** Apertus' activation, whose shape is learned. */
function xielu({ writer, weights }: Block, x: string): string {
  const shape = weights.under('mlp.act_fn.');
  const [beta, epsilon] = [shape.wide('beta', []), shape.wide('eps', [])];
  const right = writer.op('Softplus', [shape.wide('alpha_p', [1])]);
  const left = writer.add(beta, writer.op('Softplus', [shape.wide('alpha_n', [1])]));
  const below = writer.op('Sub', [writer.op('Exp', [writer.op('Min', [x, epsilon])]), writer.scalar(1)]);
  const negative = writer.mul(writer.op('Sub', [below, x]), left);
  const positive = writer.mul(writer.mul(right, x), x);
  const curved = writer.op('Where', [writer.op('Greater', [x, writer.scalar(0)]), positive, negative]);
  return writer.add(curved, writer.mul(beta, x));
}

/** A block's MLP. @param x [..., hidden]; the result too */
export function feedForward(
  block: Block,
  { gate, up, down, gateUp, bias, activation: name }: Omit<FeedForward, 'before'>,
  x: string,
): string {
  const { writer, weights, d } = block;
  const { hidden, transposed } = d;
  const options = { bias, transposed };
  const active = (y: string): string => activation(block, name, y);
  if (gateUp !== undefined) {
    const width = weights.outputs(gateUp, transposed) / 2;
    const both = weights.linear(x, gateUp, hidden, 2 * Math.floor(width), options);
    const [g = '', u = ''] = writer.split(both, [width, width], -1);
    return weights.linear(writer.mul(active(g), u), down, width, hidden, options);
  }
  const width = weights.outputs(up, transposed);
  const u = weights.linear(x, up, hidden, width, options);
  const inner = gate === undefined ? active(u) : writer.mul(active(weights.linear(x, gate, hidden, width, options)), u);
  return weights.linear(inner, down, width, hidden, options);
}

/**
 * A block's experts: each computes the rows that chose it, and stands in a branch of its own, so that the weights of those that
 * nobody chose are not read.
 * @param x [batch, positions, hidden]; the result too
 * @param stream the residual stream, for a router that reads it itself
 */
export function experts(block: Block, e: Experts, x: string, stream = x): string {
  const { writer, weights, d } = block;
  const { hidden } = d;
  const rows = writer.reshape(x, -1, hidden);
  const asked = e.beside ? routed(block, e.beside, writer.reshape(stream, -1, hidden)) : rows;
  const scores = weights.linear(asked, e.router, hidden, e.count, { bias: e.routerBias === true });
  const correction = e.correction === undefined ? undefined : weights.wide(e.correction, [e.count]);
  const { shares: plain, chosen } = route(writer, e, scores, correction);
  const shares = e.beside
    ? writer.mul(plain, writer.op('Gather', [weights.wide(e.beside.shares, [e.count]), chosen]))
    : plain;
  // Tables [rows, experts]: who chose whom, and with which share.
  const none = writer.op('ConstantOfShape', [writer.op('Shape', [scores])]);
  const share = writer.op('ScatterElements', [none, chosen, shares], { axis: 1n });
  const ones = writer.add(writer.op('ConstantOfShape', [writer.op('Shape', [chosen])]), writer.scalar(1));
  const choice = writer.op('ScatterElements', [none, chosen, ones], { axis: 1n });
  const anyone = writer.cast(writer.op('ReduceMax', [choice, writer.ints(0)], { keepdims: 0n }), DataType.BOOL);
  let sum = writer.op('ConstantOfShape', [writer.op('Shape', [rows])]);
  for (let i = 0; i < e.count; i++) {
    const before = sum;
    const expert = (): string => {
      const column = (table: string): string => writer.op('Gather', [table, writer.int(i)], { axis: 1n });
      const who = writer.op('Transpose', [writer.op('NonZero', [column(choice)])], { perm: [1n, 0n] });
      const own = writer.op('GatherND', [rows, who]);
      const weight = writer.unsqueeze(writer.op('GatherND', [column(share), who]), 1);
      const result = writer.mul(oneExpert(block, e, own, i), weight);
      return writer.op('ScatterND', [before, who, result], { reduction: 'add' });
    };
    sum = writer.branch(writer.op('Gather', [anyone, writer.int(i)]), expert, before, ['rows', hidden]);
  }
  if (e.shared) sum = writer.add(sum, shared(block, e, e.shared, rows));
  return writer.op('Reshape', [sum, writer.op('Shape', [x])]);
}

/** What Gemma 4's router reads. @param x [rows, hidden]; the result too */
function routed({ writer, weights, d }: Block, { router }: BesideMlp, x: string): string {
  const { hidden, norm } = d;
  const plain = weights.norm(x, '', hidden, { ...norm, weight: false, bias: false, offset: 0 });
  return writer.scaled(writer.mul(plain, weights.wide(router.name, [hidden])), router.scale);
}

/**
 * Which experts each row chooses, and their shares: [rows, top] each.
 * @param scores [rows, experts]
 * @param correction of the shares that are compared, [experts]
 */
function route(
  writer: Writer,
  e: Experts,
  scores: string,
  correction: string | undefined,
): { readonly shares: string; readonly chosen: string } {
  const softmax = (x: string): string => writer.op('Softmax', [x], { axis: -1n });
  const best = (x: string): [string, string] => largest(writer, x, e.top);
  const scaled = (shares: string): string => writer.scaled(shares, e.scale);
  if (e.shares === 'softmax of chosen') {
    const [values, chosen] = best(scores);
    return { shares: scaled(softmax(values)), chosen };
  }
  const all = e.shares === 'sigmoid' ? writer.op('Sigmoid', [scores]) : softmax(scores);
  const compared = correction === undefined ? all : writer.add(all, correction);
  const [values, chosen] = best(e.groups ? inBestGroups(writer, e, e.groups, compared) : compared);
  const own = compared === all ? values : writer.op('GatherElements', [all, chosen], { axis: 1n });
  if (!e.normalized) return { shares: scaled(own), chosen };
  const sum = writer.op('ReduceSum', [own, writer.ints(-1)], { keepdims: 1n });
  const divisor = e.epsilon === undefined ? sum : writer.add(sum, writer.scalar(e.epsilon));
  return { shares: scaled(writer.op('Div', [own, divisor])), chosen };
}

/** The largest numbers of a row, and their places. */
function largest(writer: Writer, x: string, count: number): [string, string] {
  const [values = '', places = ''] = writer.ops('TopK', [x, writer.ints(count)], 2, { axis: -1n });
  return [values, places];
}

/** Shares of experts outside of the best groups become lower than all others. @param x [rows, experts]; the result too */
function inBestGroups(writer: Writer, e: Experts, groups: NonNullable<Experts['groups']>, x: string): string {
  const size = e.count / groups.count;
  const grouped = writer.reshape(x, -1, groups.count, size);
  const [first] = largest(writer, grouped, groups.by === 'best' ? 1 : 2);
  const worth = writer.op('ReduceSum', [first, writer.ints(-1)], { keepdims: 0n });
  const [, best] = largest(writer, worth, groups.top);
  const none = writer.op('ConstantOfShape', [writer.op('Shape', [worth])]);
  const ones = writer.add(writer.op('ConstantOfShape', [writer.op('Shape', [best])]), writer.scalar(1));
  const isBest = writer.cast(writer.op('ScatterElements', [none, best, ones], { axis: 1n }), DataType.BOOL);
  const kept = writer.op('Where', [writer.unsqueeze(isBest, -1), grouped, writer.scalar(-3.4028234663852886e38)]);
  return writer.reshape(kept, -1, e.count);
}

/** An expert's MLP. @param x [rows, hidden]; the result too */
function oneExpert(block: Block, e: Experts, x: string, number: number): string {
  const { writer, weights, d } = block;
  const { activation: name } = e;
  if (e.clamped) return clampedExpert(block, e, e.clamped, x, number);
  if (!e.stacked) {
    const own = (matrix: string): string => matrix.replace('#', String(number));
    const matrices = { gate: own(e.gate), up: own(e.up), down: own(e.down), bias: false, activation: name };
    return feedForward(block, matrices, x);
  }
  // One row of the tensor [experts, rows, columns] is an expert's matrix. Some are stored without an ending.
  const ending = weights.shapeOf(e.gate) ? '' : '.weight';
  const rows = weights.shapeOf(`${e.gate}${ending}`)?.[1] ?? 0;
  const matrix = (stacked: string, rows: number, columns: number): string =>
    weights.wide(`${stacked}${ending}`, [e.count, rows, columns], [number, number + 1], [rows, columns]);
  if (e.gate !== e.up) {
    const [g, u] = [e.gate, e.up].map((name) => writer.product(x, matrix(name, rows, d.hidden)));
    const inner = writer.mul(activation(block, name, g ?? ''), u ?? '');
    return writer.product(inner, matrix(e.down, d.hidden, rows));
  }
  const width = rows / 2;
  const both = writer.product(x, matrix(e.gate, 2 * Math.floor(width), d.hidden));
  const [g = '', u = ''] = writer.split(both, [width, width], -1);
  return writer.product(writer.mul(activation(block, name, g), u), matrix(e.down, d.hidden, width));
}

/** One of gpt-oss's experts. @param x [rows, hidden]; the result too */
function clampedExpert(
  { writer, weights, d: { hidden } }: Block,
  e: Experts,
  { alpha, limit }: NonNullable<Experts['clamped']>,
  x: string,
  number: number,
): string {
  const one = [number, number + 1] as const;
  const alternate = e.gate === e.up;
  const bias = (name: string): string => `${name}${alternate ? '_bias' : '.bias'}`;
  const product = (y: string, name: string, inputs: number, outputs: number): string => {
    const shape = [e.count, outputs, inputs] as const;
    const whole = alternate
      ? weights.shapeOf(`${name}${BLOCKS}`)
        ? writer.product(y, weights.unpacked(name, shape, number))
        : writer.op('MatMul', [y, weights.wide(name, [e.count, inputs, outputs], one, [inputs, outputs])])
      : writer.product(y, weights.perhapsUnpacked(`${name}.weight`, shape, number));
    return writer.add(whole, weights.wide(bias(name), [e.count, outputs], one, [outputs]));
  };
  const outputs = weights.shapeOf(bias(e.gate))?.[1] ?? 0;
  const width = alternate ? outputs / 2 : outputs;
  const [g = '', u = ''] = alternate
    ? writer
        .split(writer.reshape(product(x, e.gate, hidden, outputs), -1, width, 2), [1, 1], -1)
        .map((y) => writer.op('Squeeze', [y, writer.ints(-1)]))
    : [product(x, e.gate, hidden, width), product(x, e.up, hidden, width)];
  const gate = writer.op('Min', [g, writer.scalar(limit)]);
  const up = writer.op('Clip', [u, writer.scalar(-limit), writer.scalar(limit)]);
  const opened = writer.mul(gate, writer.op('Sigmoid', [writer.scaled(gate, alpha)]));
  return product(writer.mul(writer.add(up, writer.scalar(1)), opened), e.down, width, hidden);
}

/** The MLP that every position passes. @param x [rows, hidden]; the result too */
function shared(
  block: Block,
  { activation: name }: Experts,
  { matrices, gate }: NonNullable<Experts['shared']>,
  x: string,
): string {
  const { writer, weights, d } = block;
  const y = feedForward(block, { ...matrices, bias: false, activation: name }, x);
  if (gate === undefined) return y;
  return writer.mul(y, writer.op('Sigmoid', [weights.linear(x, gate, d.hidden, 1)]));
}
