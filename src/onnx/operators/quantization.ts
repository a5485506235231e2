import { DataType, findAttribute } from '../graph.js';
import { constantOf } from '../dimension.js';
import type { Operator } from './operator.js';

/** Between numbers and what they are rounded to. */
export const QUANTIZATION = {
  DequantizeLinear: {
    shape: 'first',
    type: (n) => {
      const stated = findAttribute(n, 'output_dtype')?.i ?? 0n;
      return stated === 0n ? { input: 1 } : Number(stated);
    },
    passes: ['attention'],
    lasting: true,
  },
  QuantizeLinear: {
    shape: 'first',
    type: (n) => {
      const stated = findAttribute(n, 'output_dtype')?.i ?? 0n;
      if (stated !== 0n) return Number(stated);
      return (n.input[2] ?? '') === '' ? DataType.UINT8 : { input: 2 };
    },
    passes: ['attention'],
  },
  DynamicQuantizeLinear: {
    shape: (operands) => [operands.shape(0), [], []],
    type: (_, output) => (output === 1 ? DataType.FLOAT : DataType.UINT8),
    passes: ['attention'],
    oneScale: true,
  },
  /** Rows of a table of packed numbers; the table's scales are as wide as it is, a block at a time. */
  GatherBlockQuantized: {
    shape: (operands) => {
      const [index, table] = [operands.shape(1), operands.shape(0)];
      return index && table && [[...index, ...table.slice(1, -1), undefined]];
    },
    type: { input: 2 },
    role: 'lookup',
    lasting: true,
  },
  /** Ids looked up, added to positions and normalised. */
  EmbedLayerNormalization: {
    shape: (operands) => {
      const [ids, table] = [operands.shape(0), operands.shape(2)];
      return ids && table && [[...ids, table[1]], [ids[0] ?? constantOf(1)]];
    },
    type: (_, output) => (output === 1 ? DataType.INT32 : { input: 2 }),
    role: 'lookup',
  },
} satisfies Record<string, Operator>;
