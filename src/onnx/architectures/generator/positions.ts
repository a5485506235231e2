import { DataType } from '../../graph.js';
import type { Alibi } from '../description.js';
import type { Rotary } from '../rotary.js';
import type { Writer } from './writer.js';

/** What follows from positions alone, made once for all layers: angles, masks, ALiBi's biases. */
export class Positions {
  private readonly turns = new Map<string, { readonly cos: string; readonly sin: string }>();
  private readonly masks = new Map<number | undefined, string>();
  private keyPositions: string | undefined;
  private distances: string | undefined;

  constructor(private readonly writer: Writer) {}

  /** int64 [batch, positions]: numbers of the new positions. */
  ids(): string {
    return this.writer.input('position_ids', DataType.INT64, ['batch_size', 'sequence_length']);
  }

  /** Turns queries or keys. @param x [batch, heads, positions, headSize] */
  rotate(x: string, rotary: Rotary, heads: number, headSize: number): string {
    const { writer } = this;
    const { dims, interleaved } = rotary;
    const { cos, sin } = this.turn(rotary);
    const [half, rest] = [dims / 2, headSize - dims];
    const parts = interleaved
      ? this.neighbours(x, dims, rest, heads)
      : writer.split(x, rest > 0 ? [half, half, rest] : [half, half], -1);
    const [a = '', b = '', passed] = parts;
    const first = writer.op('Sub', [writer.mul(a, cos), writer.mul(b, sin)]);
    const second = writer.add(writer.mul(b, cos), writer.mul(a, sin));
    const turned = interleaved
      ? writer.reshape(
          writer.op('Concat', [writer.unsqueeze(first, -1), writer.unsqueeze(second, -1)], { axis: -1n }),
          ...[0, heads, -1, dims],
        )
      : writer.op('Concat', [first, second], { axis: -1n });
    return passed === undefined ? turned : writer.op('Concat', [turned, passed], { axis: -1n });
  }

  /** Even and odd ones of the leading dimensions, and the dimensions that pass, if there are any. */
  private neighbours(x: string, dims: number, rest: number, heads: number): string[] {
    const { writer } = this;
    const [turning = '', ...passed] = rest > 0 ? writer.split(x, [dims, rest], -1) : [x];
    const pairs = writer.split(writer.reshape(turning, 0, heads, -1, dims / 2, 2), [1, 1], -1);
    return [...pairs.map((y) => writer.op('Squeeze', [y, writer.ints(-1)])), ...passed];
  }

  /** Cosines and sines [batch, 1, positions, dims / 2]. */
  private turn(rotary: Rotary): { readonly cos: string; readonly sin: string } {
    const { writer } = this;
    const { dims, frequencies, factor, beyond, stretch } = rotary;
    const key = JSON.stringify({ dims, frequencies, factor, beyond, stretch });
    const known = this.turns.get(key);
    if (known) return known;
    const name = `frequencies/${this.turns.size}`;
    const row = (part: string, values: readonly number[]): string =>
      writer.floats(`${name}${part}`, [1, 1, 1, dims / 2], values);
    const at = writer.unsqueeze(writer.cast(this.ids(), DataType.FLOAT), 1, 3);
    const last = (): string => writer.op('ReduceMax', [this.ids()], { keepdims: 0n });
    let own = row('', frequencies);
    if (beyond) {
      const isLonger = writer.op('GreaterOrEqual', [last(), writer.int(beyond.length)]);
      own = writer.op('Where', [isLonger, row('/beyond', beyond.frequencies), own]);
    }
    if (stretch) {
      const { length, by } = stretch;
      const longest = writer.cast(writer.add(last(), writer.int(1)), DataType.FLOAT);
      const ratio = writer.op('Sub', [writer.scaled(longest, by / length), writer.scalar(by - 1)]);
      const power = writer.op('Pow', [
        writer.op('Max', [ratio, writer.scalar(1)]),
        row('/exponents', stretch.exponents),
      ]);
      own = writer.mul(own, power);
    }
    const angle = writer.mul(at, own);
    const made = {
      cos: writer.scaled(writer.op('Cos', [angle]), factor),
      sin: writer.scaled(writer.op('Sin', [angle]), factor),
    };
    this.turns.set(key, made);
    return made;
  }

  /** 0 where a position sees another, else the lowest number: [batch, 1, positions, all positions]. */
  mask(window: number | undefined): string {
    const known = this.masks.get(window);
    if (known !== undefined) return known;
    const { writer } = this;
    const own = writer.unsqueeze(this.ids(), 1, 3);
    let seen = writer.op('LessOrEqual', [this.keys(), own]);
    if (window !== undefined) {
      const first = writer.op('Sub', [own, writer.ints(window)]);
      seen = writer.op('And', [seen, writer.op('Greater', [this.keys(), first])]);
    }
    const mask = writer.op('Where', [seen, writer.scalar(0), writer.scalar(-3.4028234663852886e38)]);
    this.masks.set(window, mask);
    return mask;
  }

  /**
   * What ALiBi adds to the scores, [1, heads, 1, all positions]: slope x position of the key, which differs from slope x distance
   * by the same number for all keys.
   */
  distance({ slopes, rounded }: Alibi): string {
    if (this.distances !== undefined) return this.distances;
    const { writer } = this;
    const positions = writer.cast(this.keys(), DataType.FLOAT);
    const row = writer.floats('slopes', [1, slopes.length, 1, 1], slopes);
    if (rounded === undefined) return (this.distances = writer.mul(positions, row));
    const products = writer.mul(this.bfloat16(positions), row);
    return (this.distances = writer.scaled(this.bfloat16(products), rounded));
  }

  /** Rounded to the 8 binary digits of bfloat16 (Dekker's splitting): casts there and back may be taken for nothing. */
  private bfloat16(x: string): string {
    const { writer } = this;
    const wide = writer.scaled(x, 2 ** 16 + 1);
    return writer.op('Sub', [wide, writer.op('Sub', [wide, x])]);
  }

  /** int64 [1, 1, 1, all positions]: past and new ones. */
  private keys(): string {
    if (this.keyPositions !== undefined) return this.keyPositions;
    const { writer } = this;
    const mask = writer.input('attention_mask', DataType.INT64, ['batch_size', 'total_sequence_length']);
    const total = writer.op('Gather', [writer.op('Shape', [mask]), writer.int(1)]);
    const range = writer.op('Range', [writer.int(0), total, writer.int(1)]);
    return (this.keyPositions = writer.unsqueeze(range, 0, 1, 2));
  }
}
