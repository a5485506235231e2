import { DataType } from '../graph.js';
import { isObject } from '../json.js';
import { broken, type ByteSource, unsupported } from '../source.js';

/** A tensor in a safetensors file: what it is, and where its bytes lie. */
export interface StoredTensor {
  /** Name of the file, as the folder has it. */
  readonly file: string;
  /** DataType number; undefined for a type that no decoder's arithmetic is written in here. */
  readonly dataType: number | undefined;
  /** As the file calls it. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** From the start of the file. */
  readonly offset: number;
  readonly length: number;
}

/** The format allows 100 MB; the largest files take a tenth of this. */
const MAX_HEADER = 2 ** 24;
const MAX_RANK = 8;

const TYPES: Readonly<Record<string, { readonly bits: number; readonly dataType?: number }>> = {
  F64: { bits: 64 },
  F32: { bits: 32, dataType: DataType.FLOAT },
  F16: { bits: 16, dataType: DataType.FLOAT16 },
  BF16: { bits: 16, dataType: DataType.BFLOAT16 },
  F8_E4M3: { bits: 8 },
  F8_E5M2: { bits: 8 },
  F8_E8M0: { bits: 8 },
  F4: { bits: 4 },
  I64: { bits: 64 },
  I32: { bits: 32 },
  I16: { bits: 16 },
  I8: { bits: 8 },
  U64: { bits: 64 },
  U32: { bits: 32 },
  U16: { bits: 16 },
  U8: { bits: 8, dataType: DataType.UINT8 },
  BOOL: { bits: 8 },
};

/**
 * The header of a safetensors file: its tensors by name. No weight is read, and nothing of it is believed: sizes follow from
 * types and shapes, every tensor lies in the file, and no two share a byte.
 * @param file its name, for messages and for the tensors
 * @throws ModelError `broken` naming file and tensor.
 */
export function readHeader(source: ByteSource, file: string): Map<string, StoredTensor> {
  const damaged = (what: string): Error =>
    broken(`"${file}" is no safetensors file, or it is damaged: ${what}.`, 'The download may be incomplete.');
  if (source.size < 8) throw damaged(`it has ${source.size} bytes`);
  const start = source.read(0, 8);
  const view = new DataView(start.buffer, start.byteOffset, 8);
  const length = Number(view.getBigUint64(0, true));
  if (length > MAX_HEADER) throw damaged(`its header would be ${length} bytes long`);
  if (8 + length > source.size) throw damaged(`its header ends at byte ${8 + length} of ${source.size}`);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(source.read(8, length)));
  } catch {
    throw damaged('its header is not JSON');
  }
  if (!isObject(header)) throw damaged('its header is no object');
  const begin = 8 + length;
  const tensors = new Map<string, StoredTensor>();
  for (const [name, entry] of Object.entries(header))
    if (name !== '__metadata__') tensors.set(name, place(name, entry, file, begin, source.size));
  refuseOverlaps(tensors, file);
  return tensors;
}

function place(name: string, entry: unknown, file: string, begin: number, size: number): StoredTensor {
  const wrong = (what: string): Error => broken(`The tensor "${name}" of "${file}" ${what}.`);
  if (!isObject(entry) || typeof entry.dtype !== 'string') throw wrong('does not say what type its numbers are of');
  const { dtype, shape, data_offsets: offsets } = entry;
  const type = Object.hasOwn(TYPES, dtype) ? TYPES[dtype] : undefined;
  if (!type) throw unsupported(`The tensor "${name}" of "${file}" has numbers of an unknown type, "${dtype}".`);
  if (!isSizes(shape) || shape.length > MAX_RANK) throw wrong('has no shape that a tensor can have');
  if (!isSizes(offsets) || offsets.length !== 2) throw wrong('does not say where its bytes lie');
  const [from = 0, to = 0] = offsets;
  const bytes = (shape.reduce((product, d) => product * d, 1) * type.bits) / 8;
  if (to - from !== bytes)
    throw wrong(`has ${to - from} bytes, where ${shape.join(' x ') || 'one number'} of ${dtype} take ${bytes}`);
  if (begin + to > size)
    throw broken(
      `"${file}" is too short: its tensor "${name}" should end at byte ${begin + to} of ${size}.`,
      'The download may be incomplete.',
    );
  return { file, dtype, dataType: type.dataType, shape, offset: begin + from, length: bytes };
}

function refuseOverlaps(tensors: ReadonlyMap<string, StoredTensor>, file: string): void {
  const ordered = [...tensors].filter(([, t]) => t.length > 0).sort(([, a], [, b]) => a.offset - b.offset);
  ordered.forEach(([name, tensor], i) => {
    const [before, previous] = ordered[i - 1] ?? [];
    if (previous && tensor.offset < previous.offset + previous.length)
      throw broken(`The tensors "${before ?? ''}" and "${name}" of "${file}" claim the same bytes.`);
  });
}

/** The file of an index (`model.safetensors.index.json`) that each tensor is said to lie in. @throws ModelError `broken`. */
export function readIndex(json: unknown, file: string): Map<string, string> {
  const map = isObject(json) ? json.weight_map : undefined;
  if (!isObject(map)) throw broken(`"${file}" does not say which file holds which tensor.`);
  return new Map(
    Object.entries(map).map(([tensor, shard]) => {
      if (typeof shard !== 'string' || !isPlainName(shard))
        throw broken(
          `"${file}" looks for the tensor "${tensor}" outside the model's folder, in "${String(shard).slice(0, 120)}".`,
          'Such a model could read any file; it is not opened.',
        );
      return [tensor, shard] as const;
    }),
  );
}

/**
 * All tensors of a sharded checkpoint.
 * @param index what is said of where they are
 * @param shards what each file really holds
 * @throws ModelError `broken` where the two disagree, or two files hold a tensor of the same name.
 */
export function joinShards(
  index: ReadonlyMap<string, string>,
  shards: ReadonlyMap<string, ReadonlyMap<string, StoredTensor>>,
): Map<string, StoredTensor> {
  const tensors = new Map<string, StoredTensor>();
  for (const [file, own] of shards)
    for (const [name, tensor] of own) {
      const other = tensors.get(name);
      if (other) throw broken(`Both "${other.file}" and "${file}" hold a tensor "${name}".`);
      tensors.set(name, tensor);
    }
  for (const [name, file] of index)
    if (tensors.get(name)?.file !== file)
      throw broken(`The tensor "${name}" should lie in "${file}", which does not hold it.`);
  return tensors;
}

/** A name of a file in the folder itself. */
const isPlainName = (name: string): boolean =>
  name.endsWith('.safetensors') && !/[/\\\p{Cc}]|^\.\.?$|^[A-Za-z]:/u.test(name);
const isSizes = (data: unknown): data is number[] =>
  Array.isArray(data) && data.every((value) => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0);
