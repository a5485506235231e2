import { DataType, elemTypeOf, findAttribute } from '../graph.js';
import { alike, type Operator, type ShapeRule, type Slots, type TypeRule } from './operator.js';

const keysAndValues = (past: number, count?: Slots['count']): (() => Slots) => {
  const slots: Slots = {
    pasts: [
      [past, 1],
      [past + 1, 2],
    ],
    ...(count && { count }),
  };
  return () => slots;
};
const joint =
  (past: number): (() => Slots) =>
  () => ({ pasts: [[past, 1]] });

/** Outputs of all positions, [length, directions, batch, hidden], and the last states, [directions, batch, hidden]. */
const states: ShapeRule = () => [Array(4).fill(undefined), Array(3).fill(undefined), Array(3).fill(undefined)];

/** Not even how many sizes there are can be told from outside. */
const untold: ShapeRule = () => undefined;

/** The type that the graph inside states for its output, which stands some places further back there. */
const ofBranch =
  (name: string, behind: number): TypeRule =>
  (n, output) =>
    elemTypeOf(findAttribute(n, name)?.g?.output[output + behind]);

/** Operators that mix positions, and those that hold graphs. */
export const MIXERS = {
  // ai.onnx has keys and values apart, com.microsoft joins them.
  Attention: { role: 'attention', slots: (n) => (n.domain === '' ? keysAndValues(4)() : joint(4)()) },
  MultiHeadAttention: { shape: 'first', role: 'attention', slots: keysAndValues(6) },
  GroupQueryAttention: { role: 'attention', slots: keysAndValues(3, { input: 5, less: 1 }) },
  SparseAttention: { role: 'attention', slots: keysAndValues(3, { input: 7, less: 0 }) },
  DecoderMaskedMultiHeadAttention: { role: 'attention', slots: keysAndValues(5) },
  DecoderMaskedSelfAttention: { role: 'attention', slots: joint(4) },
  PagedAttention: { role: 'attention', slots: () => ({ pasts: [] }) },
  QAttention: { type: { input: 3 }, role: 'attention', slots: joint(8), oneScale: true },
  ...alike(
    ['PackedAttention', 'PackedMultiHeadAttention', 'DecoderAttention', 'LinearAttention', 'LongformerAttention'],
    { role: 'attention' },
  ),
  Conv: { role: 'convolution' },
  ConvInteger: { type: DataType.INT32 },
  CausalConvWithState: { role: 'recurrence' },
  ...alike(['LSTM', 'GRU'], { shape: states, role: 'recurrence' }),
  DynamicQuantizeLSTM: { shape: states, role: 'recurrence', oneScale: true },
  Scan: { shape: untold, type: ofBranch('body', 0), role: 'recurrence' },
  // The body's first output says whether it goes on.
  Loop: { shape: untold, type: ofBranch('body', 1), role: 'recurrence' },
  If: { shape: untold, type: ofBranch('else_branch', 0) },
  RotaryEmbedding: { shape: 'first' },
} satisfies Record<string, Operator>;
