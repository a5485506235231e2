import { create } from '@bufbuild/protobuf';
import type { StoredTensor } from '../../checkpoint/safetensors.js';
import { DataType } from '../../graph.js';
import { TensorProto_DataLocation as DataLocation, TensorProtoSchema } from '../../proto/onnx_pb.js';
import { broken, unsupported } from '../../source.js';
import { BLOCKS } from '../../packedWeights.js';
import type { Norm } from '../description.js';
import type { Writer } from './writer.js';

/** What 4 bits of MXFP4 are: a sign, two bits of an exponent and one of a fraction. */
const MXFP4 = [1, -1].flatMap((sign) => [0, 0.5, 1, 1.5, 2, 3, 4, 6].map((x) => sign * x));

/** A range of a tensor's rows. */
export type Rows = readonly [from: number, to: number];

/** The stored weights as tensors of a graph: they stay where they are, each read at its place in its file. */
export class Weights {
  constructor(
    private readonly writer: Writer,
    private readonly tensors: ReadonlyMap<string, StoredTensor>,
    /** What the names of the tensors begin with. */
    private readonly prefix: string,
    private readonly used = new Set<string>(),
  ) {}

  /** Those whose names begin so, by what follows. */
  under(beginning: string): Weights {
    return new Weights(this.writer, this.tensors, this.prefix + beginning, this.used);
  }

  /** Shape of a tensor; undefined where there is none. */
  shapeOf(name: string): readonly number[] | undefined {
    return this.find(name)?.shape;
  }

  /** Names that nobody read. */
  unread(): string[] {
    return [...this.tensors.keys()].filter((name) => !this.used.has(name));
  }

  /**
   * A weight in its own type.
   * @param shape as the configuration has it; undefined dimensions are as stored
   * @param rows only these rows, which lie one behind another, as a tensor of `as`
   * @param type that it must have; by default one that is computed with
   * @throws ModelError naming the tensor where it is missing or another than the configuration says.
   */
  stored(
    name: string,
    shape: readonly (number | undefined)[],
    rows?: Rows,
    as?: readonly number[],
    type?: number,
  ): string {
    const tensor = this.find(name);
    const own = this.nameOf(name);
    if (!tensor) throw broken(`The files hold no tensor "${own}", which the configuration asks for.`);
    const agrees =
      tensor.shape.length === shape.length && shape.every((d, i) => d === undefined || d === tensor.shape[i]);
    if (!agrees)
      throw broken(
        `The tensor "${own}" is ${tensor.shape.join(' x ') || 'one number'}, but the configuration makes it ${shape.map((d) => d ?? 'any').join(' x ') || 'one number'}.`,
      );
    if (tensor.dataType === undefined || (tensor.dataType === DataType.UINT8) !== (type === DataType.UINT8))
      throw unsupported(
        `The tensor "${own}" is stored as ${tensor.dtype}; float32, float16 and bfloat16 are read.`,
        'Where weights are quantized, config.json has to say how ("quantization_config").',
      );
    this.used.add(this.nameOf(name));
    const [first = 0] = tensor.shape;
    const row = first === 0 ? 0 : tensor.length / first;
    const [from, to] = rows ?? [0, first];
    const place = rows
      ? { offset: tensor.offset + from * row, length: (to - from) * row }
      : { offset: tensor.offset, length: tensor.length };
    const dims = as ?? (rows ? [to - from, ...tensor.shape.slice(1)] : tensor.shape);
    return this.writer.initializer(
      create(TensorProtoSchema, {
        name: rows ? `${this.nameOf(name)}[${from}:${to}]` : this.nameOf(name),
        dataType: tensor.dataType,
        dims: dims.map(BigInt),
        dataLocation: DataLocation.EXTERNAL,
        externalData: [
          { key: 'location', value: tensor.file },
          { key: 'offset', value: String(place.offset) },
          { key: 'length', value: String(place.length) },
        ],
      }),
    );
  }

  /** The same in float32: widened, exactly, when it is used. */
  wide(name: string, shape: readonly (number | undefined)[], rows?: Rows, as?: readonly number[]): string {
    const stored = this.stored(name, shape, rows, as);
    return this.find(name)?.dataType === DataType.FLOAT ? stored : this.writer.cast(stored, DataType.FLOAT);
  }

  /**
   * One of some matrices [rows, columns] in 4 bits (MXFP4), in float32: unpacked when it is used. 32 numbers of a row that follow
   * one another are 16 bytes, each an earlier one in its low and the next in its high half, and have one power of 2.
   */
  unpacked(name: string, shape: readonly [matrices: number, rows: number, columns: number], number: number): string {
    const [matrices, rows, columns] = shape;
    const blocks = columns / 32;
    if (!Number.isInteger(blocks))
      throw unsupported(
        `The tensor "${this.nameOf(name)}${BLOCKS}" has rows of ${columns} numbers, no multiple of 32.`,
      );
    const one: Rows = [number, number + 1];
    const bytes = this.stored(
      `${name}${BLOCKS}`,
      [matrices, rows, blocks, 16],
      one,
      [rows, blocks, 16],
      DataType.UINT8,
    );
    const powers = this.stored(`${name}_scales`, [matrices, rows, blocks], one, [rows, blocks, 1], DataType.UINT8);
    return this.fromBlocks(this.pairs(bytes), powers, rows, blocks);
  }

  /**
   * One of some stacked matrices in float32. Where it is stored in GGUF's blocks of MXFP4, it is unpacked when it is used: 17 bytes
   * for 32 numbers, first the power of 2, then 16 bytes, each a number of the first half in its low bits, and one of the second.
   */
  perhapsUnpacked(
    name: string,
    shape: readonly [matrices: number, rows: number, columns: number],
    number: number,
  ): string {
    const { writer } = this;
    const [matrices, rows, columns] = shape;
    const one: Rows = [number, number + 1];
    if (this.find(name)?.dataType !== DataType.UINT8) return this.wide(name, shape, one, [rows, columns]);
    const blocks = columns / 32;
    const all = this.stored(name, [matrices, rows, blocks, 17], one, [rows, blocks, 17], DataType.UINT8);
    const [powers = '', bytes = ''] = writer.split(all, [1, 16], -1);
    const halves = writer.op('Transpose', [this.pairs(bytes)], { perm: [0n, 1n, 3n, 2n] });
    return this.fromBlocks(halves, powers, rows, blocks);
  }

  /** The two numbers of each byte, in float32, on an axis of their own behind all others. */
  private pairs(bytes: string): string {
    const { writer } = this;
    const pairs = Array.from({ length: 256 }, (_, byte) => [MXFP4[byte % 16] ?? 0, MXFP4[byte >> 4] ?? 0]).flat();
    const table = writer.floats('mxfp4/pairs', [256, 2], pairs);
    return writer.op('Gather', [table, writer.cast(bytes, DataType.INT32)], { axis: 0n });
  }

  /** @param powers uint8 [rows, blocks, 1] */
  private fromBlocks(numbers: string, powers: string, rows: number, blocks: number): string {
    const { writer } = this;
    const scales = Array.from({ length: 256 }, (_, i) => 2 ** (i - 127));
    const table = writer.floats('mxfp4/scales', [256], scales);
    const scale = writer.op('Gather', [table, writer.cast(powers, DataType.INT32)], { axis: 0n });
    return writer.reshape(writer.mul(writer.reshape(numbers, rows, blocks, 32), scale), rows, 32 * blocks);
  }

  /** Rows of a table that are looked up, in float32: they are widened, not the table. */
  lookUp(name: string, columns: number | undefined, ids: string): string {
    const rows = this.writer.op('Gather', [this.stored(`${name}.weight`, [undefined, columns]), ids], { axis: 0n });
    return this.find(`${name}.weight`)?.dataType === DataType.FLOAT ? rows : this.writer.cast(rows, DataType.FLOAT);
  }

  /** x times a matrix, and its bias. `outputs` undefined: as many as the matrix has. */
  linear(
    x: string,
    name: string,
    inputs: number,
    outputs: number | undefined,
    options: { readonly bias?: boolean; readonly transposed?: boolean } = {},
  ): string {
    const shape = options.transposed ? [inputs, outputs] : [outputs, inputs];
    const matrix = this.wide(`${name}.weight`, shape);
    const y = options.transposed ? this.writer.op('MatMul', [x, matrix]) : this.writer.product(x, matrix);
    return options.bias ? this.writer.add(y, this.wide(`${name}.bias`, [outputs])) : y;
  }

  /** Rows that a matrix has for outputs. @throws ModelError where it is missing. */
  outputs(name: string, transposed = false): number {
    const shape = this.shapeOf(`${name}.weight`);
    if (shape?.length !== 2)
      throw broken(`The files hold no matrix "${this.nameOf(name)}.weight", which the configuration asks for.`);
    return shape[transposed ? 1 : 0] ?? 0;
  }

  norm(x: string, name: string, width: number, { kind, epsilon, offset, weight, bias }: Norm): string {
    const { writer } = this;
    const stored = weight
      ? this.wide(`${name}.weight`, [width])
      : writer.floats(`ones/${width}`, [width], new Array<number>(width).fill(1));
    const scale = offset === 0 ? stored : writer.add(stored, writer.scalar(offset));
    if (kind === 'rms')
      return writer.op('SimplifiedLayerNormalization', [x, scale], { axis: -1n, epsilon, stash_type: 1n });
    return writer.op('LayerNormalization', [x, scale, ...(bias ? [this.wide(`${name}.bias`, [width])] : [])], {
      axis: -1n,
      epsilon,
    });
  }

  /** Names under the prefix; one that begins with `/` is a whole one. */
  private nameOf(name: string): string {
    return name.startsWith('/') ? name.slice(1) : this.prefix + name;
  }

  private find(name: string): StoredTensor | undefined {
    return this.tensors.get(this.nameOf(name));
  }
}
