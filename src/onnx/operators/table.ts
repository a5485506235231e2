import { DataType, type NodeProto } from '../graph.js';
import { ELEMENTWISE } from './elementwise.js';
import { LAYOUT } from './layout.js';
import { MIXERS } from './mixers.js';
import { NORMS } from './norms.js';
import type { Operator, Passage, Slots, Type } from './operator.js';
import { PRODUCTS } from './products.js';
import { QUANTIZATION } from './quantization.js';
import { SIZES } from './sizes.js';

/** All operators of which anything is known, by name: standard ones and onnxruntime's own. */
export const OPERATORS: Readonly<Record<string, Operator>> = {
  ...ELEMENTWISE,
  ...LAYOUT,
  ...NORMS,
  ...SIZES,
  ...PRODUCTS,
  ...QUANTIZATION,
  ...MIXERS,
};

const UNKNOWN: Operator = {};

export const operatorOf = (n: NodeProto): Operator => BY_NAME.get(n.opType) ?? UNKNOWN;
const BY_NAME: ReadonlyMap<string, Operator> = new Map(Object.entries(OPERATORS));

export const isKnownOperator = (n: NodeProto): boolean => BY_NAME.has(n.opType);

/** Whether an operator is a product with a matrix. */
export const isProduct = (n: NodeProto): boolean => operatorOf(n).role === 'product';
export const isSum = (n: NodeProto): boolean => operatorOf(n).role === 'sum';
export const isLookup = (n: NodeProto): boolean => operatorOf(n).role === 'lookup';
export const passes = (n: NodeProto, passage: Passage): boolean => operatorOf(n).passes?.includes(passage) === true;

/** A comparison, or what joins such: true or false for every number. */
export const isTruth = (n: NodeProto): boolean => operatorOf(n).type === DataType.BOOL;

/** Whether the output has the leading sizes of the value that flows in: number by number, or position by position. */
export function keepsLeading(n: NodeProto): boolean {
  const { shape, byPosition } = operatorOf(n);
  return shape === 'first' || shape === 'broadcast' || byPosition === true;
}

/** The type of an operator's output: itself, or that of one of its inputs. */
export function typeOf(n: NodeProto, output: number): Type | undefined {
  const { type = { input: 0 } } = operatorOf(n);
  return typeof type === 'function' ? type(n, output) : type;
}

export const slotsOf = (n: NodeProto): Slots | undefined => operatorOf(n).slots?.(n);
