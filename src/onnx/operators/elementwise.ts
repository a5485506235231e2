import { isNatural, product, quotient, sum } from '../dimension.js';
import { DataType, findAttribute } from '../graph.js';
import { combined } from './broadcast.js';
import { alike, type Operator } from './operator.js';

/** Number by number: activations, arithmetic, comparisons. */
export const ELEMENTWISE = {
  ...alike(
    [
      'Abs',
      'Acos',
      'Asin',
      'Atan',
      'Ceil',
      'Celu',
      'Cos',
      'CumSum',
      'Elu',
      'Erf',
      'Exp',
      'FastGelu',
      'Floor',
      'Gelu',
      'HardSigmoid',
      'HardSwish',
      'LeakyRelu',
      'Log',
      'Mish',
      'QuickGelu',
      'Reciprocal',
      'Relu',
      'Round',
      'Selu',
      'Sigmoid',
      'Sign',
      'Sin',
      'Softplus',
      'Softsign',
      'Sqrt',
      'Swish',
      'ThresholdedRelu',
    ],
    { shape: 'first' },
  ),
  ...alike(['Softmax', 'LogSoftmax', 'Hardmax'], { shape: 'first' }),
  Cast: {
    shape: 'first',
    type: (n) => Number(findAttribute(n, 'to')?.i ?? 1n),
    integers: (operands) =>
      findAttribute(operands.node, 'to')?.i === BigInt(DataType.INT64) ? operands.integers(0) : undefined,
    passes: ['attention', 'scores', 'values', 'logits', 'ids'],
    lasting: true,
  },
  CastLike: { shape: 'first', type: { input: 1 }, passes: ['attention', 'scores', 'values', 'logits'], reads: 'first' },
  Identity: {
    shape: 'first',
    integers: (operands) => operands.integers(0),
    passes: ['attention', 'scores', 'values', 'logits', 'ids'],
    lasting: true,
  },
  Dropout: {
    shape: 'first',
    type: (_, output) => (output === 1 ? DataType.BOOL : { input: 0 }),
    passes: ['attention', 'scores', 'values'],
  },
  Neg: { shape: 'first', passes: ['attention'] },
  Tanh: { shape: 'first', passes: ['attention', 'scores', 'logits'] },
  Clip: { shape: 'first', passes: ['attention', 'scores'] },
  Trilu: { shape: 'first', passes: ['attention'] },

  Add: {
    shape: 'broadcast',
    integers: combined(sum),
    role: 'sum',
    passes: ['attention', 'scores', 'logits'],
    lasting: true,
  },
  Sum: { shape: 'broadcast', role: 'sum' },
  Sub: {
    shape: 'broadcast',
    integers: combined((a, b) => sum(a, b, -1)),
    passes: ['attention', 'scores'],
  },
  Mul: {
    shape: 'broadcast',
    integers: combined(product),
    passes: ['attention', 'scores', 'values', 'logits'],
    lasting: true,
  },
  Div: {
    shape: 'broadcast',
    // Division of whole numbers cuts towards zero.
    integers: combined((a, b) => (isNatural(a) ? quotient(a, b) : undefined)),
    passes: ['attention', 'scores', 'values', 'logits'],
    lasting: true,
  },
  ...alike(['Max', 'Min'], { shape: 'broadcast', passes: ['attention', 'scores'] }),
  ...alike(['Mean', 'Mod', 'Pow', 'PRelu', 'BitwiseAnd', 'BitwiseOr'], { shape: 'broadcast' }),
  Where: {
    shape: 'broadcast',
    type: { input: 1 },
    integers: (operands) => {
      const [truth, yes, no] = [operands.truths(0), operands.integers(1), operands.integers(2)];
      if (!truth || !yes || !no || truth.length !== yes.values.length || truth.length !== no.values.length)
        return undefined;
      const values = truth.map((is, i) => (is ? yes : no).values[i]);
      return values.every((d) => d !== undefined) ? { scalar: yes.scalar && no.scalar, values } : undefined;
    },
    passes: ['attention', 'scores'],
  },
  ...alike(['Equal', 'Greater', 'Less', 'GreaterOrEqual', 'LessOrEqual', 'And', 'Or', 'Xor'], {
    shape: 'broadcast',
    type: DataType.BOOL,
  }),
  Not: { shape: 'first', type: DataType.BOOL },
  IsNaN: { shape: 'first', type: DataType.BOOL, passes: ['attention'] },
  IsInf: { shape: 'first', type: DataType.BOOL },

  // The same inputs give other outputs each time.
  ...alike(['RandomNormalLike', 'RandomUniformLike'], { shape: 'first', type: typeAttribute, random: true }),
  Bernoulli: { shape: 'first', type: typeAttribute, random: true },
} satisfies Record<string, Operator>;

/** A type that is stated, else the first input's. */
function typeAttribute(n: Parameters<typeof findAttribute>[0]): number | { input: number } {
  const stated = findAttribute(n, 'dtype')?.i;
  return stated === undefined ? { input: 0 } : Number(stated);
}
