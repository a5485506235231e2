import { broken, type ByteSource } from './source.js';

/**
 * Reads a model's structure without its weights. The file is walked once; the payload of every large tensor is left where
 * it is and the tensor is rewritten as *external data* at its place in the file. The result is itself a valid ModelProto
 * that onnxruntime can run, since an external tensor may point at any offset of a file, the .onnx itself included.
 */

/** Payloads up to this size stay inline: shapes, axes and scalars that onnxruntime's shape inference needs at hand. */
const INLINE_BYTES = 1024;
/** More structure than this is no model that we could cut; it also bounds the memory that a broken file can ask for. */
const MAX_STRUCTURE_BYTES = 64 * 2 ** 20;
/** So do more operators, weights and attributes: a few bytes of a file become a few hundred in memory. */
const MAX_FIELDS = 2_000_000;
const MAX_DEPTH = 24;

type Kind = 'model' | 'graph' | 'node' | 'attribute' | 'function' | 'tensor' | 'sparse';

/** Field numbers (onnx.proto) whose messages may hold tensors, by kind of message. */
const CHILDREN: Readonly<Record<Kind, Readonly<Record<number, Kind>>>> = {
  model: { 7: 'graph', 25: 'function' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  function: { 7: 'node', 11: 'attribute' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse' },
  sparse: {},
  tensor: {},
};
/** Fields of documentation: stack traces can outweigh the graph. */
const DROPPED: Readonly<Record<Kind, readonly number[]>> = {
  model: [6, 14, 20],
  graph: [10, 16],
  function: [8, 14],
  node: [6, 9],
  attribute: [13],
  sparse: [],
  tensor: [12, 16],
};
const TENSOR_FLOAT_DATA = 4;
const TENSOR_RAW_DATA = 9;
const TENSOR_DOUBLE_DATA = 10;
const TENSOR_EXTERNAL_DATA = 13;
const TENSOR_DATA_LOCATION = 14;

/** Name under which the model's own file is meant in external data; replaced by its real name before running. */
export const OWN_FILE = '';

/**
 * @param source the .onnx file
 * @returns bytes of a ModelProto whose large tensors are external, those of the file itself with location {@link OWN_FILE}
 * @throws ModelError `broken` with the offset at which the file stops making sense
 */
export function readStructure(source: ByteSource): Uint8Array {
  if (source.size === 0) throw broken('The file is empty.');
  refuseText(source);
  const walker = new Walker(source);
  const parts = walker.message('model', 0, source.size, 0);
  if (!walker.sawGraph) throw broken('This is not an ONNX model: it holds no graph.');
  return concat(parts);
}

/** A page, a configuration or a pointer that stands where the model should: its first bytes are all text. */
function refuseText(source: ByteSource): void {
  const start = source.read(0, Math.min(200, source.size));
  if (!start.every((byte) => (byte >= 32 && byte < 127) || byte === 9 || byte === 10 || byte === 13)) return;
  const text = new TextDecoder().decode(start);
  if (text.startsWith('version https://git-lfs'))
    throw broken(
      'This is a Git LFS pointer, not the model itself.',
      'Download the file, for instance with "git lfs pull".',
    );
  throw broken('This is a text file, not an ONNX model.');
}

class Walker {
  sawGraph = false;
  private kept = 0;
  private fields = 0;
  private window: Uint8Array = new Uint8Array(0);
  private windowStart = 0;

  constructor(private readonly source: ByteSource) {}

  /** The message in [start, end), with large payloads replaced. */
  message(kind: Kind, start: number, end: number, depth: number): Uint8Array[] {
    if (depth > MAX_DEPTH) throw broken(`The file is damaged: messages are nested too deep at byte ${start}.`);
    const parts: Uint8Array[] = [];
    let copyFrom = start;
    const flush = (to: number): void => {
      if (to > copyFrom) parts.push(this.copy(copyFrom, to));
    };
    let at = start;
    while (at < end) {
      const fieldStart = at;
      if (++this.fields > MAX_FIELDS) throw broken('The graph has more parts than can be read.');
      const tag = this.varint(at, end);
      const field = Math.floor(tag.value / 8);
      if (field === 0) throw this.damaged(fieldStart);
      at = tag.next;
      switch (tag.value % 8) {
        case 0: {
          const { value, next } = this.varint(at, end);
          at = next;
          // Said outright, "the bytes stand here" would come behind our own word that they stand elsewhere.
          if (kind === 'tensor' && field === TENSOR_DATA_LOCATION && value === 0) {
            flush(fieldStart);
            copyFrom = next;
          }
          continue;
        }
        case 1:
          at += 8;
          break;
        case 5:
          at += 4;
          break;
        case 2: {
          const length = this.varint(at, end);
          const body = length.next;
          const next = body + length.value;
          if (next > end) throw this.damaged(fieldStart);
          at = next;
          const child = CHILDREN[kind][field];
          if (child === 'graph' && kind === 'model') this.sawGraph = true;
          const drop = DROPPED[kind].includes(field);
          if (drop) {
            flush(fieldStart);
            copyFrom = next;
          } else if (kind === 'tensor' && length.value > INLINE_BYTES && isLittleEndianPayload(field)) {
            flush(fieldStart);
            copyFrom = next;
            parts.push(this.account(external(body, length.value)));
          } else if (child !== undefined && (length.value > INLINE_BYTES || child === 'graph')) {
            flush(fieldStart);
            copyFrom = next;
            const inner = this.message(child, body, next, depth + 1);
            parts.push(prefix(field, total(inner)));
            for (const part of inner) parts.push(part); // too many for arguments of one call
          }
          continue;
        }
        default:
          throw this.damaged(fieldStart);
      }
      if (at > end) throw this.damaged(fieldStart);
    }
    flush(end);
    return parts;
  }

  private damaged(at: number): Error {
    return at === 0
      ? broken('This is not an ONNX model.')
      : broken(`The file is damaged or cut short: what stands at byte ${at} of ${this.source.size} makes no sense.`);
  }

  private varint(at: number, end: number): { value: number; next: number } {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      if (at + i >= end) throw this.damaged(at);
      const byte = this.byte(at + i);
      if (i < 8) value += (byte & 0x7f) * scale; // 56 bits; larger lengths are absurd anyway
      scale *= 128;
      if (byte < 0x80) return { value: i < 8 ? value : Number.MAX_SAFE_INTEGER, next: at + i + 1 };
    }
    throw this.damaged(at);
  }

  private byte(at: number): number {
    let index = at - this.windowStart;
    if (index < 0 || index >= this.window.length) {
      const length = Math.min(1 << 16, this.source.size - at);
      this.window = this.source.read(at, length).slice();
      this.windowStart = at;
      index = 0;
    }
    return this.window[index] ?? 0;
  }

  private copy(from: number, to: number): Uint8Array {
    const length = to - from;
    if (this.kept + length > MAX_STRUCTURE_BYTES) this.account({ length });
    return this.account(this.source.read(from, length).slice());
  }

  private account<T extends { length: number }>(part: T): T {
    this.kept += part.length;
    if (this.kept > MAX_STRUCTURE_BYTES)
      throw broken(`The graph without its weights takes more than ${MAX_STRUCTURE_BYTES / 2 ** 20} MB.`);
    return part;
  }
}

const isLittleEndianPayload = (field: number): boolean =>
  field === TENSOR_RAW_DATA || field === TENSOR_FLOAT_DATA || field === TENSOR_DOUBLE_DATA;

/** The fields of a TensorProto that say "my bytes are in the model's own file at this place". */
function external(offset: number, length: number): Uint8Array {
  const entries = [
    entry('location', OWN_FILE),
    entry('offset', String(offset)),
    entry('length', String(length)),
    Uint8Array.from([(TENSOR_DATA_LOCATION << 3) | 0, 1]),
  ];
  return concat(entries);
}

function entry(key: string, value: string): Uint8Array {
  const text = new TextEncoder();
  const keyBytes = text.encode(key);
  const valueBytes = text.encode(value);
  const body = concat([prefix(1, keyBytes.length), keyBytes, prefix(2, valueBytes.length), valueBytes]);
  return concat([prefix(TENSOR_EXTERNAL_DATA, body.length), body]);
}

function prefix(field: number, length: number): Uint8Array {
  return Uint8Array.from([...varintBytes(field * 8 + 2), ...varintBytes(length)]);
}

function varintBytes(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  bytes.push(value);
  return bytes;
}

const total = (parts: readonly Uint8Array[]): number => parts.reduce((sum, part) => sum + part.length, 0);

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(total(parts));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
