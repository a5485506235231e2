import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Fault } from '../../map/fault.js';
import type { GgufModel } from '../../onnx/architectures/gguf/metadata.js';
import { type GgufTensor, type GgufValue, readGguf } from '../../onnx/checkpoint/gguf.js';
import { blockOf } from '../../onnx/checkpoint/ggufTypes.js';
import type { StoredTensor } from '../../onnx/checkpoint/safetensors.js';
import { DataType } from '../../onnx/graph.js';
import { type ByteSource, ModelError } from '../../onnx/source.js';
import { placeFile } from '../weights.js';

/** A GGUF model as it lies in one file or in several. */
export interface GgufFile extends GgufModel {
  /** Names of the files in the folder, the first first. */
  readonly files: readonly string[];
  /** Where each tensor lies. */
  readonly places: ReadonlyMap<string, GgufTensor & { readonly file: string }>;
}

type Open = (file: string) => ByteSource & { close(): void };

const PART = /^(.+)-(\d{5})-of-(\d{5})(\.gguf)$/;
const MOST_PARTS = 1000;

/** Whether a file begins as GGUF does, whatever its name is. */
export function isGguf(file: string, open: Open): boolean {
  try {
    const source = open(file);
    try {
      return source.size >= 4 && Buffer.from(source.read(0, 4)).toString('latin1') === 'GGUF';
    } finally {
      source.close();
    }
  } catch {
    return false; // opening it says what is wrong
  }
}

/** The file that stands for a model: of one that is split into several the first. */
export function firstPart(file: string): string {
  const [, stem = '', , count = '', end = ''] = PART.exec(basename(file)) ?? [];
  return stem === '' ? file : join(dirname(file), `${stem}-00001-of-${count}${end}`);
}

/** Models among the files of a folder, of one that is split its first part; what goes with a model is left out. */
export function ggufFilesIn(folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder).sort();
  } catch {
    return []; // one that may not be read
  }
  const models = names.filter((name) => /\.gguf$/i.test(name) && !/^(mmproj|imatrix)|[.-](mmproj|imatrix)/i.test(name));
  return models.filter((name) => (PART.exec(name)?.[2] ?? '00001') === '00001').map((name) => join(folder, name));
}

/** Header of a model, all its parts read. @throws ModelError, Fault `model-broken` */
export function readGgufFile(file: string, open: Open): GgufFile {
  const folder = dirname(file);
  const first = readHeader(basename(file), folder, open);
  const [, stem = '', , count = '', end = ''] = PART.exec(basename(file)) ?? [];
  const stated = first.metadata.get('split.count');
  const parts = typeof stated === 'number' && stated > 1 ? stated : 1;
  if (parts > 1 && (stem === '' || Number(count) !== parts || parts > MOST_PARTS))
    throw new Fault({
      code: 'model-broken',
      message: `"${basename(file)}" is one of ${parts} parts, but its name does not say which ("-00001-of-${String(parts).padStart(5, '0')}.gguf").`,
      hint: 'Give all parts the names that they were downloaded with.',
    });
  const files = Array.from({ length: parts }, (_, i) =>
    i === 0 ? basename(file) : `${stem}-${String(i + 1).padStart(5, '0')}-of-${count}${end}`,
  );
  const places = new Map<string, GgufTensor & { readonly file: string }>();
  files.forEach((name, i) => {
    const { metadata, tensors } = i === 0 ? first : readHeader(name, folder, open);
    const number = metadata.get('split.no');
    if (parts > 1 && number !== i)
      throw new ModelError('broken', `"${name}" says that it is another part of the model (split.no).`);
    for (const [tensor, place] of tensors) {
      if (places.has(tensor)) throw new ModelError('broken', `Two parts of the model hold a tensor "${tensor}".`);
      places.set(tensor, { ...place, file: name });
    }
  });
  const total = first.metadata.get('split.tensors.count');
  if (parts > 1 && typeof total === 'number' && total !== places.size)
    throw new ModelError('broken', `The model's parts hold ${places.size} tensors, but say that there are ${total}.`);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, { file: part, type, shape, offset, length }] of places) {
    const block = blockOf(type);
    tensors.set(name, { file: part, dtype: block?.name ?? '', dataType: block?.dataType, shape, offset, length });
  }
  return {
    metadata: first.metadata,
    tensors,
    files,
    places,
    numbers: (name, most) => numbersOf(name, tensors.get(name), most, folder, open),
  };
}

function readHeader(
  name: string,
  folder: string,
  open: Open,
): { metadata: ReadonlyMap<string, GgufValue>; tensors: ReadonlyMap<string, GgufTensor> } {
  const source = open(placeFile(name, folder));
  try {
    return readGguf(source, name);
  } finally {
    source.close();
  }
}

function numbersOf(
  name: string,
  tensor: StoredTensor | undefined,
  most: number,
  folder: string,
  open: Open,
): Float32Array {
  if (tensor?.dataType !== DataType.FLOAT || tensor.length > 4 * most)
    throw new ModelError('broken', `The tensor "${name}" should hold at most ${most} numbers of float32.`);
  const source = open(placeFile(tensor.file, folder));
  try {
    return new Float32Array(source.read(tensor.offset, tensor.length).slice().buffer);
  } finally {
    source.close();
  }
}
