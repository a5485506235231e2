import { badFile, type GivenFile, viewOf } from '../formats/vectors/bytes.js';
import { NUMBER_TYPES } from '../formats/vectors/numberTypes.js';
import { isSafetensors, safetensors, safetensorsMetadata } from '../formats/vectors/safetensors.js';
import { zipMembers } from '../formats/vectors/zipMembers.js';
import { type Pickled, PickleError, type TensorPlace, unpickle } from './pickle.js';

/** A tensor of a file; its numbers are read when they are asked for. */
export interface StoredTensor {
  readonly shape: readonly number[];
  /** Whether its numbers are floating-point. */
  readonly floats: boolean;
  /** All its numbers, row by row, where it has as many as a caller has room for. @throws Fault `file` */
  read(): Promise<Float32Array>;
}

/** What a file of tensors holds. */
export type TensorFile =
  | { readonly kind: 'torch'; readonly value: Pickled; tensor(place: TensorPlace): StoredTensor }
  | {
      readonly kind: 'safetensors';
      readonly tensors: ReadonlyMap<string, StoredTensor>;
      readonly metadata: ReadonlyMap<string, string>;
    };

/** The list of a real lens has some kilobytes. */
const MOST_PICKLE = 2 ** 23;

/**
 * Opens a file that `torch.save` or safetensors wrote, told by its content. Of a torch file the list of tensors alone is read, by a
 * reader that runs no code.
 * @throws Fault `file` that names the file and what is wrong with it.
 */
export async function openTensorFile(file: GivenFile): Promise<TensorFile> {
  if (file.size === 0) throw badFile(file.name, 'is empty');
  const start = await file.read(0, Math.min(file.size, 64));
  const text = new TextDecoder('latin1').decode(start);
  if (isSafetensors(start)) return safetensorsFile(file);
  if (text.startsWith('version https://git-lfs'))
    throw badFile(file.name, 'is a Git LFS pointer in the place of the file', 'Fetch the file itself: git lfs pull.');
  if (!text.startsWith('PK'))
    throw badFile(
      file.name,
      'is neither an archive of torch.save nor safetensors',
      'Bare pickles, and files of PyTorch before 1.6, are not opened: save it again with a later PyTorch.',
    );
  const members = new Map((await zipMembers(file)).map((member) => [member.name, member]));
  const lists = [...members.keys()].filter((name) => /(^|\/)data\.pkl$/.test(name));
  const [list] = lists;
  if (list === undefined || lists.length > 1) throw badFile(file.name, 'is an archive, but none of torch.save');
  if ([...members.values()].some(({ stored }) => !stored))
    throw badFile(file.name, 'is compressed, which torch.save never does');
  const folder = list.slice(0, -'data.pkl'.length);
  const whole = async (name: string, most: number): Promise<Uint8Array | undefined> => {
    const bytes = await members.get(name)?.open();
    if (bytes && bytes.size > most) throw badFile(`${file.name}:${name}`, 'is larger than it can be');
    return bytes?.read(0, bytes.size);
  };
  const order = await whole(`${folder}byteorder`, 100);
  if (order && new TextDecoder().decode(order) !== 'little')
    throw badFile(file.name, 'was written on a big-endian machine, whose numbers are not read');
  let value: Pickled;
  try {
    value = unpickle((await whole(list, MOST_PICKLE)) ?? new Uint8Array(0));
  } catch (error) {
    if (error instanceof PickleError) throw badFile(file.name, `is refused: ${error.message}`);
    throw error;
  }
  const tensor = (place: TensorPlace): StoredTensor => {
    const { storage, shape } = place;
    return {
      shape,
      floats: storage.type !== 'other',
      async read() {
        const bytes = await members.get(`${folder}data/${storage.key}`)?.open();
        if (!bytes) throw badFile(file.name, `has no entry data/${storage.key}, where numbers of it should be`);
        return numbersOf(place, bytes, `${file.name}:data/${storage.key}`);
      },
    };
  };
  return { kind: 'torch', value, tensor };
}

async function numbersOf(
  { storage, offset, shape, strides }: TensorPlace,
  bytes: { readonly size: number; read(offset: number, length: number): Promise<Uint8Array> },
  name: string,
): Promise<Float32Array> {
  if (storage.type === 'other') throw badFile(name, 'holds whole numbers');
  const type = NUMBER_TYPES[storage.type];
  const last = shape.reduce((sum, size, i) => sum + (size - 1) * (strides[i] ?? NaN), offset);
  if (shape.some((size) => size === 0) || !Number.isSafeInteger(last) || (last + 1) * type.size > bytes.size)
    throw badFile(name, 'is shorter than its tensor', 'Write or copy the file again.');
  const view = viewOf(await bytes.read(offset * type.size, (last + 1 - offset) * type.size));
  const [rows = 1, columns = 1] = shape.length === 1 ? [1, shape[0]] : shape;
  const [down = 0, right = 0] = shape.length === 1 ? [0, strides[0]] : strides;
  const numbers = new Float32Array(rows * columns);
  for (let i = 0, n = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) numbers[n++] = type.get(view, (i * down + j * right) * type.size, true);
  return numbers;
}

async function safetensorsFile(file: GivenFile): Promise<TensorFile> {
  const arrays = await safetensors(file);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, open] of arrays) {
    const array = open();
    tensors.set(name, {
      shape: array.shape,
      floats: array.type.includes('float'),
      async read() {
        const [rows = 1, columns = 1] = array.shape.length === 1 ? [1, array.shape[0]] : array.shape;
        const numbers = new Float32Array(rows * columns);
        for (let i = 0; i < rows; i++) numbers.set(await array.read(i), i * columns);
        return numbers;
      },
    });
  }
  return { kind: 'safetensors', tensors, metadata: await safetensorsMetadata(file) };
}
