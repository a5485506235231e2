import { isRecord } from '../../map/json.js';
import { badFile, type GivenFile, part, viewOf } from './bytes.js';
import { NUMBER_TYPES, type NumberType } from './numberTypes.js';
import { numbersIn, refused, type StoredArray, vectorsOf } from './storedArray.js';

/** The format allows 100 MB; the largest models' take a tenth. */
const MAX_HEADER = 32 * 2 ** 20;

const TYPES: Readonly<Record<string, NumberType>> = {
  F16: NUMBER_TYPES.float16,
  BF16: NUMBER_TYPES.bfloat16,
  F32: NUMBER_TYPES.float32,
  F64: NUMBER_TYPES.float64,
  I8: NUMBER_TYPES.int8,
  I16: NUMBER_TYPES.int16,
  I32: NUMBER_TYPES.int32,
  I64: NUMBER_TYPES.int64,
  U8: NUMBER_TYPES.uint8,
  U16: NUMBER_TYPES.uint16,
  U32: NUMBER_TYPES.uint32,
  U64: NUMBER_TYPES.uint64,
};

/** Whether these first bytes are a safetensors file's: a length below 4 GiB in 64 bits, then a JSON object. */
export const isSafetensors = (start: Uint8Array): boolean =>
  start.length >= 9 && start.subarray(4, 8).every((byte) => byte === 0) && start[8] === 0x7b;

/** The tensors of a safetensors file by name. @throws Fault `file`. */
export async function safetensors(file: GivenFile): Promise<Map<string, () => StoredArray>> {
  const damaged = (detail: string): Error =>
    badFile(file.name, 'is a damaged or cut off safetensors file', 'Write or copy it again.', detail);
  const length = viewOf(await file.read(0, 8)).getUint32(0, true);
  if (length > MAX_HEADER || length + 8 > file.size) throw damaged(`a header of ${length} bytes`);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(await file.read(8, length)));
  } catch (error) {
    throw damaged(String(error));
  }
  if (!isRecord(header)) throw damaged('the header is no object');
  const data = part(file, 8 + length, file.size - 8 - length);
  const tensors = new Map<string, () => StoredArray>();
  for (const [key, entry] of Object.entries(header)) {
    if (key === '__metadata__') continue;
    tensors.set(key, () => {
      const wrong = (detail: string): Error =>
        badFile(`${file.name}:${key}`, 'is damaged or cut off', 'Write or copy the file again.', detail);
      if (!isRecord(entry) || typeof entry.dtype !== 'string') throw wrong('no dtype');
      const { dtype, shape, data_offsets: offsets } = entry;
      if (!isNumbers(shape) || !isNumbers(offsets)) throw wrong('no shape or offsets');
      const type = Object.hasOwn(TYPES, dtype) ? TYPES[dtype] : undefined;
      if (type === undefined) return refused(shape, dtype, `its numbers are of type ${dtype}`);
      const { count, width } = vectorsOf(shape);
      const [begin = -1, end = -1] = offsets;
      if (begin < 0 || end > data.size || end - begin !== count * width * type.size)
        throw wrong(`bytes ${begin} to ${end} of ${data.size} for ${shape.join(' x ')} of ${dtype}`);
      return numbersIn(data, shape, type, { offset: begin, little: true, fortran: false });
    });
  }
  return tensors;
}

const isNumbers = (data: unknown): data is number[] =>
  Array.isArray(data) && data.every((value) => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0);

/** What a safetensors file says of itself: texts by name. @throws Fault `file`, as {@link safetensors}. */
export async function safetensorsMetadata(file: GivenFile): Promise<ReadonlyMap<string, string>> {
  const length = viewOf(await file.read(0, 8)).getUint32(0, true);
  const header: unknown = JSON.parse(new TextDecoder().decode(await file.read(8, length)));
  const told = isRecord(header) && isRecord(header.__metadata__) ? Object.entries(header.__metadata__) : [];
  return new Map(told.flatMap(([key, value]) => (typeof value === 'string' ? [[key, value] as const] : [])));
}
