import type { Dimension } from '../dimension.js';
import { findAttribute, type NodeProto } from '../graph.js';

/** Sizes of a tensor's axes; what cannot be told is undefined. */
export type Sizes = readonly (Dimension | undefined)[];

/** Whole numbers that a tensor of int64 holds: a vector, or one number. */
export interface Integers {
  readonly scalar: boolean;
  readonly values: readonly Dimension[];
}

/** An operator of a graph, with what is known of its inputs. */
export interface Operands {
  readonly node: NodeProto;
  shape(input: number): readonly Dimension[] | undefined;
  /** The whole numbers of an input that computes sizes. */
  integers(input: number): Integers | undefined;
  truths(input: number): readonly boolean[] | undefined;
  /** What an input that must be a constant holds; from the attribute where older operators have it there. */
  numbers(input: number, attribute: string): number[] | undefined;
}

/** `first`: as the first input. `broadcast`: as all inputs together. Else the outputs' sizes, in their order. */
export type ShapeRule = 'first' | 'broadcast' | ((operands: Operands) => readonly (Sizes | undefined)[] | undefined);

/** A DataType number, or the input whose type it is; told by the index of the output. */
export type TypeRule = Type | ((n: NodeProto, output: number) => Type | undefined);
export type Type = number | { readonly input: number };

/**
 * What a value may pass on its way and still be told.
 * `attention`: between a softmax and the two products of its attention, either way.
 * `scores`: from queries times keys to the softmax (scale, mask, cap).
 * `values`: from a projection, with its past, to a product: every position by itself.
 * `logits`: behind the head: every position by itself.
 * `ids`: from the token ids to where they are looked up.
 */
export type Passage = 'attention' | 'scores' | 'values' | 'logits' | 'ids';

/**
 * What an operator is to the residual stream.
 * `product`: with a matrix. `sum`: of terms alike. `norm`. `lookup`: of rows of a table.
 * Those that mix positions: `attention`, fused; `convolution`, where its kernel is wider than one position; `recurrence`.
 */
export type Role = 'product' | 'sum' | 'norm' | 'lookup' | 'attention' | 'convolution' | 'recurrence';

/** Where a fused attention takes and gives what it needs of earlier positions. */
export interface Slots {
  /** Past input, present output: indices. */
  readonly pasts: readonly (readonly [number, number])[];
  /** Input that says how many positions there are, less so many; behind it stands one with the largest such number. */
  readonly count?: { readonly input: number; readonly less: number };
}

/** All that is known of an operator. What is left out: nothing is told of its shape, its type is its first input's. */
export interface Operator {
  readonly shape?: ShapeRule;
  readonly type?: TypeRule;
  /** The whole numbers that it makes of whole numbers. */
  readonly integers?: (operands: Operands) => Integers | undefined;
  readonly role?: Role;
  readonly passes?: readonly Passage[];
  /** Which inputs' values it reads; by default all. */
  readonly reads?: 'none' | 'first';
  /** Not foldable: the same inputs give other outputs each time. */
  readonly random?: true;
  /** A product that takes every position by itself. */
  readonly byPosition?: true;
  /** Rounds a whole tensor with one scale, so that a cell would depend on its batch. */
  readonly oneScale?: true;
  /** Means the same in all versions that graphs are written in. */
  readonly lasting?: true;
  /** Told by the operator where two domains have one of its name. */
  readonly slots?: (n: NodeProto) => Slots;
}

/** What all operators of one kind have in common, by name. */
export const alike = <Name extends string>(names: readonly Name[], operator: Operator): Record<Name, Operator> =>
  Object.fromEntries(names.map((name) => [name, operator])) as Record<Name, Operator>;

/** The attribute `axis`, counted from the front. */
export function axisOf(n: NodeProto, rank: number, otherwise: number): number {
  const axis = Number(findAttribute(n, 'axis')?.i ?? otherwise);
  return axis < 0 ? axis + rank : axis;
}

export const isSet = (n: NodeProto, name: string): boolean => (findAttribute(n, name)?.i ?? 0n) !== 0n;
