import { constantOf, type Dimension } from '../dimension.js';
import { DataType, findAttribute } from '../graph.js';
import { broadcast } from './broadcast.js';
import { alike, isSet, type Operator, type ShapeRule } from './operator.js';

/** [..., rows, inner] times [..., inner, columns]. */
const matrices =
  (right = 1): ShapeRule =>
  (operands) => {
    const [a, b] = [operands.shape(0), operands.shape(right)];
    if (!a || !b || a.length < 2 || b.length < 2) return undefined;
    const { node } = operands;
    if (isSet(node, 'transBatchA') || isSet(node, 'transBatchB')) return undefined;
    const rows = a.at(isSet(node, 'transA') ? -1 : -2);
    const columns = b.at(isSet(node, 'transB') ? -2 : -1);
    return [[...broadcast(a.slice(0, -2), b.slice(0, -2)), rows, columns]];
  };

/** [..., K] with a packed matrix: [..., N]. */
const packed: ShapeRule = (operands) => {
  const [shape, columns] = [operands.shape(0), findAttribute(operands.node, 'N')?.i];
  return shape && columns !== undefined ? [[...shape.slice(0, -1), constantOf(Number(columns))]] : undefined;
};

/** [rows, inner] times [inner, columns], the second at another place where numbers are quantized. */
const flat =
  (right = 1): ShapeRule =>
  (operands) => {
    const [a, b] = [operands.shape(0), operands.shape(right)];
    const rows: Dimension | undefined = a?.at(isSet(operands.node, 'transA') ? 1 : 0);
    const columns: Dimension | undefined = b?.at(isSet(operands.node, 'transB') ? 0 : 1);
    return [[rows, columns]];
  };

/** As many sizes as the equation names, each that of its letter. */
const summed: ShapeRule = (operands) => {
  const equation = new TextDecoder().decode(findAttribute(operands.node, 'equation')?.s).replace(/\s/g, '');
  const [inputs = '', output] = equation.split('->');
  if (output === undefined || equation.includes('.')) return undefined;
  const sizes = new Map<string, Dimension | undefined>();
  inputs.split(',').forEach((letters, input) => {
    const shape = operands.shape(input);
    Array.from(letters).forEach((letter, axis) => sizes.set(letter, sizes.get(letter) ?? shape?.[axis]));
  });
  return [Array.from(output, (letter) => sizes.get(letter))];
};

/** Products with a matrix, plain, fused and quantized. */
export const PRODUCTS = {
  MatMul: { shape: matrices(), role: 'product', byPosition: true, lasting: true },
  FusedMatMul: { shape: matrices(), role: 'product', byPosition: true },
  TransposeMatMul: { shape: matrices(), role: 'product' },
  Gemm: { shape: flat(), role: 'product' },
  FusedGemm: { shape: flat(), role: 'product' },
  MatMulNBits: { shape: packed, role: 'product', byPosition: true, lasting: true },
  MatMulBnb4: { shape: packed, role: 'product', byPosition: true },
  MatMulFpQ4: { role: 'product' },
  ...alike(['MatMulInteger', 'MatMulInteger16'], { shape: matrices(), type: DataType.INT32, role: 'product' }),
  MatMulIntegerToFloat: { shape: matrices(), type: { input: 2 }, role: 'product' },
  DynamicQuantizeMatMul: { shape: matrices(), role: 'product', oneScale: true },
  QLinearMatMul: { shape: matrices(3), type: { input: 7 }, role: 'product' },
  QGemm: {
    shape: flat(3),
    // Without an output scale the result stays in float.
    type: (n) => ((n.input[8] ?? '') === '' ? { input: 1 } : { input: 8 }),
    role: 'product',
  },
  Einsum: { shape: summed, role: 'product' },
} satisfies Record<string, Operator>;
