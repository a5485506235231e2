import {
  constantOf,
  type Dimension,
  isKnown,
  isNatural,
  keyOf,
  namedSize,
  product,
  quotient,
  sameSize,
  sum,
} from './dimension.js';
import {
  DataType,
  edited,
  findAttribute,
  type Graph,
  int64Tensor,
  node,
  type NodeProto,
  shapeOf,
  type TensorProto,
} from './graph.js';
import { smallIntegers } from './inference.js';

/**
 * Exporters write out how every shape is computed: thousands of operators, most of which compute the same few vectors in every
 * block. Here all shapes are followed in terms of the sizes that only a run tells (the batch, the length of a past), and every
 * vector that is needed is made once. No arithmetic of the model is touched.
 */
export function shareShapes(graph: Graph): Graph {
  const known = new Shapes(graph);
  for (const n of graph.nodes) known.visit(n);
  const made = new Vectors(graph);
  const nodes = graph.nodes.map((n) => {
    if (n.output.some((output) => known.integers.has(output) || known.truths.has(output))) return n;
    const input = n.input.map((name) => {
      const value = known.integers.get(name);
      return value && graph.producers.has(name) ? made.tensor(value) : name;
    });
    return input.every((name, i) => name === n.input[i]) ? n : edited(n, { input });
  });
  if (made.nodes.length + made.initializers.length === 0) return graph;
  return graph.with({
    nodes: [...nodes, ...made.nodes],
    initializers: [...graph.initializers.values(), ...made.initializers],
  });
}

/** Whole numbers that a tensor of int64 holds: a vector, or one number. */
interface Integers {
  readonly scalar: boolean;
  readonly values: readonly Dimension[];
}

/** Operators whose output has the shape of their first input. */
const KEEPS_SHAPE =
  /^(Cast|CastLike|Identity|Dropout|Sqrt|Sigmoid|Tanh|Erf|Neg|Softmax|LayerNormalization|SimplifiedLayerNormalization|RMSNormalization|IsNaN|Not|Reciprocal|Exp|Log|Cos|Sin|Abs|Softplus|Relu|Gelu|FastGelu|QuickGelu|Clip|Trilu|CumSum|RotaryEmbedding)$/;
/** Operators whose output has the shape that their inputs are broadcast to. */
const BROADCASTS =
  /^(Add|Sub|Mul|Div|Pow|Mod|Where|And|Or|Equal|Less|Greater|LessOrEqual|GreaterOrEqual|Min|Max|PRelu)$/;
const REDUCES = /^Reduce(Mean|Sum|Max|Min|SumSquare|L2)$/;
/** Longer vectors are no shapes. */
const LONGEST = 16;

class Shapes {
  readonly integers = new Map<string, Integers>();
  readonly truths = new Map<string, readonly boolean[]>();
  private readonly shapes = new Map<string, readonly Dimension[]>();

  constructor(graph: Graph) {
    for (const t of graph.initializers.values()) {
      this.shapes.set(
        t.name,
        t.dims.map((d) => constantOf(Number(d))),
      );
      const values = t.dataType === DataType.INT64 && t.dims.length < 2 ? smallIntegers(graph, t.name) : undefined;
      if (values && values.length <= LONGEST)
        this.integers.set(t.name, { scalar: t.dims.length === 0, values: values.map(constantOf) });
    }
    for (const info of graph.inputs) {
      const shape = shapeOf(info);
      if (shape)
        this.shapes.set(
          info.name,
          shape.map((d, i) => (typeof d === 'number' ? constantOf(d) : own(info.name, i))),
        );
    }
  }

  visit(n: NodeProto): void {
    this.follow(n);
    const shapes = this.shapesOf(n);
    n.output.forEach((output, i) => {
      const shape = shapes?.[i];
      if (output !== '' && shape)
        this.shapes.set(
          output,
          shape.map((d, axis) => d ?? own(output, axis)),
        );
    });
  }

  private shape(n: NodeProto, input: number): readonly Dimension[] | undefined {
    return this.shapes.get(n.input[input] ?? '');
  }

  /** What an input that must be a constant holds; from an attribute where older operators have it there. */
  private numbers(n: NodeProto, input: number, name: string): number[] | undefined {
    const attribute = findAttribute(n, name);
    if (attribute) return attribute.ints.map(Number);
    const value = this.integers.get(n.input[input] ?? '');
    return value?.values.every(isKnown) === true ? value.values.map((d) => d.constant) : undefined;
  }

  /** Shapes of the outputs; a dimension that cannot be told is undefined and then a size of its own. */
  private shapesOf(n: NodeProto): (readonly (Dimension | undefined)[] | undefined)[] | undefined {
    const first = this.shape(n, 0);
    const { opType } = n;
    if (KEEPS_SHAPE.test(opType)) return [first];
    if (BROADCASTS.test(opType)) {
      const shapes = n.input.map((_, i) => this.shape(n, i));
      return shapes.every((s) => s !== undefined)
        ? [shapes.reduce<readonly (Dimension | undefined)[]>(broadcast, [])]
        : undefined;
    }
    if (REDUCES.test(opType)) return first && [this.reduced(n, first)];
    switch (opType) {
      case 'Shape':
        return first && [[constantOf(this.integers.get(n.output[0] ?? '')?.values.length ?? first.length)]];
      case 'MatMul':
      case 'FusedMatMul':
        return [this.matrixProduct(n)];
      case 'MatMulNBits': {
        const columns = findAttribute(n, 'N')?.i;
        return first && columns !== undefined ? [[...first.slice(0, -1), constantOf(Number(columns))]] : undefined;
      }
      case 'Transpose': {
        const order = findAttribute(n, 'perm')?.ints.map(Number);
        return first && [order ? order.map((axis) => first[axis]) : [...first].reverse()];
      }
      case 'Reshape': {
        const target = this.integers.get(n.input[1] ?? '');
        if (!target || target.scalar) return undefined;
        return findAttribute(n, 'allowzero')?.i === 1n ? undefined : [reshaped(first, target.values)];
      }
      case 'Expand': {
        const target = this.integers.get(n.input[1] ?? '');
        return first && target && !target.scalar ? [broadcast(first, target.values)] : undefined;
      }
      case 'Unsqueeze': {
        const axes = this.numbers(n, 1, 'axes');
        if (!first || !axes) return undefined;
        const rank = first.length + axes.length;
        const inserted = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
        const rest = [...first];
        return [Array.from({ length: rank }, (_, i) => (inserted.has(i) ? constantOf(1) : rest.shift()))];
      }
      case 'Squeeze': {
        const axes = this.numbers(n, 1, 'axes')?.map((axis) => (axis < 0 ? axis + (first?.length ?? 0) : axis));
        return first && axes ? [first.filter((_, i) => !axes.includes(i))] : undefined;
      }
      case 'Concat': {
        const shapes = n.input.map((_, i) => this.shape(n, i));
        return first && shapes.every((s) => s !== undefined) ? [joined(n, shapes)] : undefined;
      }
      case 'Gather': {
        const index = this.shape(n, 1);
        const axis = axisOf(n, first?.length ?? 0, 0);
        return first && index ? [[...first.slice(0, axis), ...index, ...first.slice(axis + 1)]] : undefined;
      }
      case 'Slice':
        return first && [this.sliced(n, first)];
      case 'Split':
        return first && this.parts(n, first);
      case 'Tile': {
        const repeats = this.integers.get(n.input[1] ?? '')?.values;
        return first && repeats ? [first.map((d, i) => product(d, repeats[i] ?? constantOf(1)))] : undefined;
      }
      case 'ConstantOfShape': {
        const target = this.integers.get(n.input[0] ?? '');
        return target && !target.scalar ? [target.values] : undefined;
      }
      default:
        return undefined;
    }
  }

  private matrixProduct(n: NodeProto): (Dimension | undefined)[] | undefined {
    const [left, right] = [this.shape(n, 0), this.shape(n, 1)];
    if (!left || !right || left.length < 2 || right.length < 2) return undefined;
    const turned = (name: string): boolean => (findAttribute(n, name)?.i ?? 0n) !== 0n;
    if (turned('transBatchA') || turned('transBatchB')) return undefined;
    const rows = left.at(turned('transA') ? -1 : -2);
    const columns = right.at(turned('transB') ? -2 : -1);
    return [...broadcast(left.slice(0, -2), right.slice(0, -2)), rows, columns];
  }

  private reduced(n: NodeProto, shape: readonly Dimension[]): (Dimension | undefined)[] | undefined {
    const axes = this.numbers(n, 1, 'axes')?.map((axis) => (axis < 0 ? axis + shape.length : axis));
    if (!axes || axes.length === 0) return undefined;
    const kept = findAttribute(n, 'keepdims')?.i !== 0n;
    return shape.flatMap((d, i) => (axes.includes(i) ? (kept ? [constantOf(1)] : []) : [d]));
  }

  private sliced(n: NodeProto, shape: readonly Dimension[]): (Dimension | undefined)[] | undefined {
    const [starts, ends] = [this.numbers(n, 1, 'starts'), this.numbers(n, 2, 'ends')];
    const axes = this.numbers(n, 3, 'axes') ?? (n.input.length < 4 ? shape.map((_, i) => i) : undefined);
    const steps = this.numbers(n, 4, 'steps') ?? (n.input.length < 5 ? [] : undefined);
    const out: (Dimension | undefined)[] = [...shape];
    if (!axes) return shape.map(() => undefined);
    axes.forEach((axis, i) => {
      const at = axis < 0 ? axis + shape.length : axis;
      const size = shape[at];
      const [start, end] = [starts?.[i], ends?.[i]];
      out[at] = undefined;
      if (!size || !isKnown(size) || start === undefined || end === undefined || !steps || (steps[i] ?? 1) !== 1)
        return;
      const place = (to: number): number => Math.min(size.constant, Math.max(0, to < 0 ? to + size.constant : to));
      out[at] = constantOf(Math.max(0, place(end) - place(start)));
    });
    return out;
  }

  private parts(n: NodeProto, shape: readonly Dimension[]): (Dimension | undefined)[][] {
    const axis = axisOf(n, shape.length, 0);
    const sizes = this.numbers(n, 1, 'split');
    const whole = shape[axis];
    // Without sizes the parts are as equal as they can be: certain only where it goes up.
    const equal = n.input.length < 2 && whole ? quotient(whole, constantOf(n.output.length)) : undefined;
    return n.output.map((_, part) =>
      shape.map((d, i) => {
        if (i !== axis) return d;
        const size = sizes?.[part];
        return size === undefined ? equal : constantOf(size);
      }),
    );
  }

  /** The values of shape arithmetic. */
  private follow(n: NodeProto): void {
    const [output = ''] = n.output;
    const value = this.valueOf(n);
    if (value && value.values.length <= LONGEST) this.integers.set(output, value);
    if (n.opType === 'Equal') {
      const [a, b] = this.pair(n) ?? [];
      const truth = a?.values.map((x, i) => areEqual(x, b?.values[i] ?? constantOf(0)));
      if (truth?.every((t) => t !== undefined) === true) this.truths.set(output, truth);
    }
  }

  private pair(n: NodeProto): [Integers, Integers] | undefined {
    const [a, b] = [this.integers.get(n.input[0] ?? ''), this.integers.get(n.input[1] ?? '')];
    if (!a || !b) return undefined;
    const length = Math.max(a.values.length, b.values.length);
    const scalar = a.scalar && b.scalar;
    const [x, y] = [repeated(a, length), repeated(b, length)];
    return x && y
      ? [
          { scalar, values: x },
          { scalar, values: y },
        ]
      : undefined;
  }

  private valueOf(n: NodeProto): Integers | undefined {
    const first = this.integers.get(n.input[0] ?? '');
    switch (n.opType) {
      case 'Shape': {
        const shape = this.shape(n, 0);
        const [start, end] = ['start', 'end'].map((name) => findAttribute(n, name));
        return shape && { scalar: false, values: shape.slice(Number(start?.i ?? 0), end ? Number(end.i) : undefined) };
      }
      case 'Identity':
        return first;
      case 'Cast':
        return findAttribute(n, 'to')?.i === BigInt(DataType.INT64) ? first : undefined;
      case 'Gather': {
        const index = this.integers.get(n.input[1] ?? '');
        if (!first || first.scalar || !index?.values.every(isKnown)) return undefined;
        const values = index.values.map(({ constant }) => first.values.at(constant));
        return values.every((d) => d !== undefined) ? { scalar: index.scalar, values } : undefined;
      }
      case 'Unsqueeze':
        return first?.scalar === true && this.numbers(n, 1, 'axes')?.length === 1
          ? { ...first, scalar: false }
          : undefined;
      case 'Squeeze':
        return first?.values.length === 1 && !first.scalar ? { ...first, scalar: true } : undefined;
      case 'Reshape': {
        const to = this.integers.get(n.input[1] ?? '');
        if (!first || to?.scalar !== false || to.values.length > 1) return undefined;
        const [length] = to.values;
        if (!length) return first.values.length === 1 ? { ...first, scalar: true } : undefined;
        const fits = isKnown(length) && (length.constant === -1 || length.constant === first.values.length);
        return fits ? { ...first, scalar: false } : undefined;
      }
      case 'Concat': {
        const parts = n.input.map((input) => this.integers.get(input));
        return parts.every((part) => part?.scalar === false)
          ? { scalar: false, values: parts.flatMap((part) => part?.values ?? []) }
          : undefined;
      }
      case 'Slice': {
        if (!first || first.scalar) return undefined;
        const [starts, ends, steps] = [
          this.numbers(n, 1, 'starts'),
          this.numbers(n, 2, 'ends'),
          this.numbers(n, 4, 'steps'),
        ];
        if (starts?.length !== 1 || ends?.length !== 1 || (n.input.length > 4 && steps?.[0] !== 1)) return undefined;
        return { scalar: false, values: first.values.slice(starts[0], ends[0]) };
      }
      case 'Add':
        return this.combined(n, (a, b) => sum(a, b));
      case 'Sub':
        return this.combined(n, (a, b) => sum(a, b, -1));
      case 'Mul':
        return this.combined(n, product);
      case 'Div':
        return this.combined(n, (a, b) => (isNatural(a) ? quotient(a, b) : undefined));
      case 'ConstantOfShape': {
        const fill = findAttribute(n, 'value')?.t;
        const number = fill ? integerOf(fill) : undefined;
        const length = first?.values[0];
        if (number === undefined || first?.scalar !== false || first.values.length !== 1) return undefined;
        if (!length || !isKnown(length) || length.constant > LONGEST) return undefined;
        return { scalar: false, values: Array.from({ length: length.constant }, () => constantOf(number)) };
      }
      case 'Where': {
        const truth = this.truths.get(n.input[0] ?? '');
        const [yes, no] = [this.integers.get(n.input[1] ?? ''), this.integers.get(n.input[2] ?? '')];
        if (!truth || !yes || !no || truth.length !== yes.values.length || truth.length !== no.values.length)
          return undefined;
        const values = truth.map((is, i) => (is ? yes : no).values[i]);
        return values.every((d) => d !== undefined) ? { scalar: yes.scalar && no.scalar, values } : undefined;
      }
      default:
        return undefined;
    }
  }

  private combined(n: NodeProto, combine: (a: Dimension, b: Dimension) => Dimension | undefined): Integers | undefined {
    const [a, b] = this.pair(n) ?? [];
    const values = a?.values.map((x, i) => combine(x, b?.values[i] ?? constantOf(0)));
    return a && values?.every((d) => d !== undefined) === true ? { scalar: a.scalar, values } : undefined;
  }
}

/** The size of an axis that only a run tells. */
const own = (tensor: string, axis: number): Dimension => namedSize(JSON.stringify([tensor, axis]));

const axisOf = (n: NodeProto, rank: number, otherwise: number): number => {
  const axis = Number(findAttribute(n, 'axis')?.i ?? otherwise);
  return axis < 0 ? axis + rank : axis;
};

function broadcast(
  a: readonly (Dimension | undefined)[],
  b: readonly (Dimension | undefined)[],
): (Dimension | undefined)[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a.length - rank + i < 0 ? constantOf(1) : a[a.length - rank + i];
    const y = b.length - rank + i < 0 ? constantOf(1) : b[b.length - rank + i];
    if (!x || !y) return undefined;
    if (sameSize(x, y)) return x;
    if (isKnown(x)) return x.constant === 1 ? y : x;
    return isKnown(y) ? (y.constant === 1 ? x : y) : undefined;
  });
}

/** 0 copies a dimension, -1 takes what is left. */
function reshaped(
  from: readonly Dimension[] | undefined,
  target: readonly Dimension[],
): (Dimension | undefined)[] | undefined {
  const copied = target.map((d, i) => (isKnown(d) && d.constant === 0 ? from?.[i] : d));
  const rest = copied.findIndex((d) => d !== undefined && isKnown(d) && d.constant === -1);
  if (rest < 0) return copied;
  copied[rest] = undefined;
  if (!from) return copied;
  // What is left: the product of all that is there, divided by what is asked for.
  const names = [...from];
  let divisor = 1;
  for (const [i, d] of copied.entries()) {
    if (i === rest) continue;
    if (!d) return copied;
    const at = names.findIndex((other) => sameSize(other, d));
    if (at >= 0) names.splice(at, 1);
    else if (isKnown(d)) divisor *= d.constant;
    else return copied;
  }
  let left: Dimension | undefined = constantOf(1);
  for (const d of names) left = left && product(left, d);
  copied[rest] = left && quotient(left, constantOf(divisor));
  return copied;
}

function joined(n: NodeProto, shapes: readonly (readonly Dimension[])[]): (Dimension | undefined)[] {
  const [first = []] = shapes;
  const axis = axisOf(n, first.length, 0);
  return first.map((d, i) => {
    const sizes = shapes.map((shape) => shape[i]);
    if (i === axis) return sizes.reduce((total, size) => total && size && sum(total, size), constantOf(0));
    return sizes.find((size) => size && isKnown(size)) ?? d;
  });
}

function repeated({ values }: Integers, length: number): readonly Dimension[] | undefined {
  const [only] = values;
  if (values.length === length) return values;
  return values.length === 1 && only ? Array.from({ length }, () => only) : undefined;
}

function areEqual(a: Dimension, b: Dimension): boolean | undefined {
  if (sameSize(a, b)) return true;
  if (isKnown(a) && isKnown(b)) return false;
  const [size, number] = isKnown(a) ? [b, a] : [a, b];
  return isNatural(size) && isKnown(number) && number.constant < 0 ? false : undefined;
}

function integerOf(t: TensorProto): number | undefined {
  if (t.dataType !== DataType.INT64) return undefined;
  if (t.int64Data.length > 0) return Number(t.int64Data[0]);
  const view = new DataView(t.rawData.buffer, t.rawData.byteOffset, t.rawData.byteLength);
  return view.byteLength === 8 ? Number(view.getBigInt64(0, true)) : undefined;
}

/** Makes vectors of sizes, every one once. */
class Vectors {
  readonly nodes: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];
  private readonly made = new Map<string, string>();

  constructor(private readonly graph: Graph) {}

  tensor({ scalar, values }: Integers): string {
    const key = values.map(keyOf).join(',');
    if (values.every(isKnown)) {
      const numbers = values.map((d) => d.constant);
      return this.once(`${scalar ? '' : '['}${key}`, (name) =>
        this.initializers.push(int64Tensor(name, numbers, scalar)),
      );
    }
    const [only] = values;
    if (scalar && only)
      return this.once(key, (name) =>
        this.nodes.push(
          node('Squeeze', [this.tensor({ scalar: false, values }), ...this.squeezed()], [name], this.axes()),
        ),
      );
    if (values.length > 1)
      return this.once(`[${key}`, (name) =>
        this.nodes.push(
          node(
            'Concat',
            values.map((d) => this.tensor({ scalar: false, values: [d] })),
            [name],
            { axis: 0n },
          ),
        ),
      );
    return this.once(`[${key}`, (name) => this.size(name, only ?? constantOf(0)));
  }

  /** One size as a vector of one. */
  private size(name: string, { constant, terms }: Dimension): void {
    const parts = [...terms].map(([size, times]) => {
      const plain = this.dimension(size);
      if (times === 1) return plain;
      const factor = this.tensor({ scalar: false, values: [constantOf(times)] });
      return this.once(`[${times}*${size}`, (output) => this.nodes.push(node('Mul', [plain, factor], [output])));
    });
    if (constant !== 0) parts.push(this.tensor({ scalar: false, values: [constantOf(constant)] }));
    let [total = ''] = parts;
    parts.slice(1).forEach((part, i) => {
      const output = i === parts.length - 2 ? name : `${name}/${i}`;
      this.nodes.push(node('Add', [total, part], [output]));
      total = output;
    });
    if (parts.length === 1) this.nodes.push(node('Identity', [total], [name]));
  }

  private dimension(size: string): string {
    const [tensor, axis] = JSON.parse(size) as [string, number];
    const shape = this.once(`shape ${tensor}`, (name) => this.nodes.push(node('Shape', [tensor], [name])));
    const index = this.tensor({ scalar: false, values: [constantOf(axis)] });
    return this.once(`size ${size}`, (name) => this.nodes.push(node('Gather', [shape, index], [name], { axis: 0n })));
  }

  private get opset(): number {
    return this.graph.opsets.get('') ?? 17;
  }

  private squeezed(): string[] {
    return this.opset >= 13 ? [this.tensor({ scalar: false, values: [constantOf(0)] })] : [];
  }

  private axes(): Record<string, bigint[]> {
    return this.opset >= 13 ? {} : { axes: [0n] };
  }

  private once(key: string, make: (name: string) => void): string {
    const known = this.made.get(key);
    if (known !== undefined) return known;
    const name = `embedding_grid.shapes/${key}`;
    this.made.set(key, name);
    make(name);
    return name;
  }
}
