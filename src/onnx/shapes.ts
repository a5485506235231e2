import { constantOf, type Dimension, isKnown, isNatural, namedSize, sameSize } from './dimension.js';
import { DataType, findAttribute, type Graph, type NodeProto, shapeOf, smallIntegersOf } from './graph.js';
import { broadcast, pairOf } from './operators/broadcast.js';
import type { Integers, Operands, Sizes } from './operators/operator.js';
import { LONGEST } from './operators/sizes.js';
import { operatorOf } from './operators/table.js';
import { spend } from './work.js';

/**
 * All shapes of a graph, in terms of the sizes that only a run tells (the batch, the length of a past), and the whole numbers
 * of shape arithmetic. One pass in topological order.
 */
export class Shapes {
  readonly integers = new Map<string, Integers>();
  readonly truths = new Map<string, readonly boolean[]>();
  private readonly shapes = new Map<string, readonly Dimension[]>();

  constructor(graph: Graph) {
    for (const t of graph.initializers.values()) {
      this.shapes.set(
        t.name,
        t.dims.map((d) => constantOf(Number(d))),
      );
      const values = t.dataType === DataType.INT64 && t.dims.length < 2 ? smallIntegersOf(t) : undefined;
      if (values && values.length <= LONGEST)
        this.integers.set(t.name, { scalar: t.dims.length === 0, values: values.map(constantOf) });
    }
    for (const info of graph.inputs) this.state(info.name, shapeOf(info));
    for (const n of graph.nodes) this.visit(n, graph);
  }

  of(tensor: string): readonly Dimension[] | undefined {
    return this.shapes.get(tensor);
  }

  private visit(n: NodeProto, graph: Graph): void {
    spend(n.input.length + n.output.length);
    const operands = this.operands(n);
    const [output = ''] = n.output;
    const integers = operatorOf(n).integers?.(operands);
    if (integers && integers.values.length <= LONGEST) this.integers.set(output, integers);
    if (n.opType === 'Equal') {
      const truth = equality(operands);
      if (truth) this.truths.set(output, truth);
    }
    const shapes = shapesOf(operands);
    n.output.forEach((name, i) => {
      if (name === '') return;
      const shape = shapes?.[i];
      if (shape)
        this.shapes.set(
          name,
          shape.map((d, axis) => d ?? sizeInRun(name, axis)),
        );
      else this.state(name, shapeOf(graph.valueInfo.get(name)));
    });
  }

  /** What the file states. */
  private state(tensor: string, stated: readonly (number | string)[] | undefined): void {
    if (stated)
      this.shapes.set(
        tensor,
        stated.map((d, i) => (typeof d === 'number' ? constantOf(d) : sizeInRun(tensor, i))),
      );
  }

  private operands(n: NodeProto): Operands {
    const integers = (input: number): Integers | undefined => this.integers.get(n.input[input] ?? '');
    return {
      node: n,
      integers,
      shape: (input) => this.shapes.get(n.input[input] ?? ''),
      truths: (input) => this.truths.get(n.input[input] ?? ''),
      numbers: (input, name) => {
        const attribute = findAttribute(n, name);
        if (attribute) return attribute.ints.map(Number);
        const value = integers(input);
        return value?.values.every(isKnown) === true ? value.values.map((d) => d.constant) : undefined;
      },
    };
  }
}

/** Shapes of the outputs; a size that cannot be told is undefined. */
function shapesOf(operands: Operands): readonly (Sizes | undefined)[] | undefined {
  const { shape } = operatorOf(operands.node);
  if (shape === undefined) return undefined;
  if (shape === 'first') return [operands.shape(0)];
  if (shape !== 'broadcast') return shape(operands);
  const shapes = operands.node.input.map((_, i) => operands.shape(i));
  return shapes.every((s) => s !== undefined) ? [shapes.reduce<Sizes>(broadcast, [])] : undefined;
}

/** The size of an axis that only a run tells; {@link axisOfRun} is its inverse. */
const sizeInRun = (tensor: string, axis: number): Dimension => namedSize(JSON.stringify([tensor, axis]));

export const axisOfRun = (name: string): [tensor: string, axis: number] => JSON.parse(name) as [string, number];

/** Which of two vectors' numbers are equal, where that is certain for all of them. */
function equality(operands: Operands): boolean[] | undefined {
  const [a, b] = pairOf(operands) ?? [];
  const truth = a?.values.map((x, i) => areEqual(x, b?.values[i] ?? constantOf(0)));
  return truth?.every((t) => t !== undefined) === true ? truth : undefined;
}

function areEqual(a: Dimension, b: Dimension): boolean | undefined {
  if (sameSize(a, b)) return true;
  if (isKnown(a) && isKnown(b)) return false;
  const [size, number] = isKnown(a) ? [b, a] : [a, b];
  return isNatural(size) && isKnown(number) && number.constant < 0 ? false : undefined;
}
