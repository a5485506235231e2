import { lstatSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { Fault } from '../map/fault.js';
import type { NumberType } from '../map/tokenMap.js';
import { DataType, edited, type Graph, type TensorProto } from '../onnx/graph.js';
import { EMBEDDINGS } from '../onnx/joinEmbeddings.js';
import { isPacked } from '../onnx/packedWeights.js';
import { OWN_FILE } from '../onnx/structure.js';
import { changedFile, type FileStates, statesOf } from './fileStates.js';

/** Bits that an element takes, by DataType number. */
const BITS: Readonly<Record<number, number>> = {
  [DataType.FLOAT]: 32,
  [DataType.UINT8]: 8,
  [DataType.INT8]: 8,
  [DataType.UINT16]: 16,
  [DataType.INT16]: 16,
  [DataType.INT32]: 32,
  [DataType.INT64]: 64,
  [DataType.BOOL]: 8,
  [DataType.FLOAT16]: 16,
  [DataType.DOUBLE]: 64,
  [DataType.UINT32]: 32,
  [DataType.UINT64]: 64,
  [DataType.COMPLEX64]: 64,
  [DataType.COMPLEX128]: 128,
  [DataType.BFLOAT16]: 16,
  [DataType.FLOAT8E4M3FN]: 8,
  [DataType.FLOAT8E4M3FNUZ]: 8,
  [DataType.FLOAT8E5M2]: 8,
  [DataType.FLOAT8E5M2FNUZ]: 8,
  [DataType.UINT4]: 4,
  [DataType.INT4]: 4,
  [DataType.FLOAT4E2M1]: 4,
  [DataType.FLOAT8E8M0]: 8,
  [DataType.UINT2]: 2,
  [DataType.INT2]: 2,
};

/** More numbers than any tensor has, and few enough that their bytes are counted exactly. */
const MAX_ELEMENTS = 2 ** 46;
const MAX_RANK = 16;

/** A weight's place in a file. */
export interface Place {
  /** Real path of the file. */
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}

export interface PlacedWeights {
  /** The graph whose external tensors name files relative to `folder`. */
  readonly graph: Graph;
  /** Real folder that all weight files lie in. */
  readonly folder: string;
  readonly places: ReadonlyMap<string, Place>;
  /** How each file was found, to notice later that it was replaced. */
  readonly files: FileStates;
  /** Bytes of all weights. */
  readonly bytes: number;
}

const brokenWeights = (message: string, hint?: string): Fault =>
  new Fault({ code: 'model-broken', message, ...(hint === undefined ? {} : { hint }) });

/** Bytes that a tensor's shape asks for. @throws Fault `model-broken` for a negative or absurd size. */
export function bytesOf(tensor: Pick<TensorProto, 'name' | 'dims' | 'dataType'>): number {
  const bits = BITS[tensor.dataType];
  if (bits === undefined)
    throw brokenWeights(`The weight "${tensor.name}" has an unknown number type (${tensor.dataType}).`);
  const count = tensor.dims.reduce((product, d) => (d < 0n ? NaN : product * Number(d)), 1);
  if (!(count <= MAX_ELEMENTS) || tensor.dims.length > MAX_RANK) {
    const dims = tensor.dims.slice(0, MAX_RANK).join(' x ');
    throw brokenWeights(`The weight "${tensor.name}" declares an absurd size (${dims}).`);
  }
  return Math.ceil((count * bits) / 8);
}

/**
 * Resolves where every weight lies, before any memory is taken: files inside the model's folder, or beside the file that the
 * model itself is a link to (as the blobs of the Hugging Face cache are), regular, long enough, lengths equal to what the shapes
 * say. Symbolic links are followed here, because onnxruntime refuses them; the graph then names the real files.
 * @param ours real files of our own making, by the names that the graph has them under
 * @throws Fault `model-broken` naming the weight and the file.
 */
export function placeWeights(
  graph: Graph,
  modelFile: string,
  ours: ReadonlyMap<string, string> = new Map(),
): PlacedWeights {
  const ownFile = realpathSync(modelFile);
  const directory = dirname(resolve(modelFile));
  const realFiles = new Map(
    [...ours].map(([name, file]) => [name, { file: realpathSync(file), size: statSync(file).size }] as const),
  );
  const places = new Map<string, Place>();
  let bytes = 0;
  for (const tensor of graph.initializers.values()) {
    if (tensor.dataType === DataType.STRING) continue;
    const expected = bytesOf(tensor);
    bytes += expected;
    const entries = new Map(tensor.externalData.map((e) => [e.key, e.value]));
    if (tensor.externalData.length === 0) {
      checkInline(tensor, expected);
      continue;
    }
    const location = entries.get('location') ?? '';
    let real = realFiles.get(location);
    if (!real) {
      real =
        location === OWN_FILE
          ? { file: ownFile, size: statSync(ownFile).size }
          : resolveData(location, directory, dirname(ownFile), `The weight "${tensor.name}"`);
      realFiles.set(location, real);
    }
    const offset = wholeNumber(entries.get('offset') ?? '0', tensor.name, 'offset');
    const length = wholeNumber(entries.get('length') ?? String(expected), tensor.name, 'length');
    if (length !== expected)
      throw brokenWeights(`The weight "${tensor.name}" should take ${expected} bytes, but the model says ${length}.`);
    if (offset + length > real.size)
      throw brokenWeights(
        `The file "${basename(real.file)}" is too short: the weight "${tensor.name}" should end at byte ${offset + length} of ${real.size}.`,
        'The download may be incomplete.',
      );
    places.set(tensor.name, { file: real.file, offset, length });
  }
  const folder = commonFolder(
    [...realFiles.values()].map((r) => dirname(r.file)),
    dirname(ownFile),
  );
  const initializers = [...graph.initializers.values()].map((tensor) => {
    const place = places.get(tensor.name);
    return place ? relocated(tensor, relative(folder, place.file).split(sep).join('/')) : tensor;
  });
  const files = statesOf([...realFiles.values()].map(({ file }) => file));
  return { graph: graph.with({ initializers }), folder, places, files, bytes };
}

/** Weights of two graphs that were made one, in which those of the first are named with `embed_tokens/` before. */
export function joinWeights(graph: Graph, embedding: PlacedWeights, decoder: PlacedWeights): PlacedWeights {
  const places = new Map([
    ...[...embedding.places].map(([name, place]) => [`${EMBEDDINGS}${name}`, place] as const),
    ...decoder.places,
  ]);
  const folder = commonFolder([embedding.folder, decoder.folder], decoder.folder);
  const initializers = [...graph.initializers.values()].map((tensor) => {
    const place = places.get(tensor.name);
    return place ? relocated(tensor, relative(folder, place.file).split(sep).join('/')) : tensor;
  });
  return {
    graph: graph.with({ initializers }),
    folder,
    places,
    files: new Map([...embedding.files, ...decoder.files]),
    bytes: embedding.bytes + decoder.bytes,
  };
}

/**
 * Weights are read from their files whenever a new part of the model is wanted: a file that is another by then would give a
 * mixture of two models.
 * @throws Fault `model-broken` naming the file.
 */
export function refuseChangedFiles({ files }: Pick<PlacedWeights, 'files'>): void {
  const changed = changedFile(files);
  if (!changed) return;
  throw brokenWeights(
    `The file "${basename(changed.file)}" ${changed.missing ? 'was moved or deleted' : 'was written again'} since the model was opened.`,
    'Try again: the model is then opened anew.',
  );
}

function relocated(tensor: TensorProto, location: string): TensorProto {
  return edited(tensor, {
    externalData: tensor.externalData
      .filter((e) => e.key !== 'checksum')
      .map((e) => (e.key === 'location' ? edited(e, { value: location }) : e)),
  });
}

function checkInline(tensor: TensorProto, expected: number): void {
  const raw = tensor.rawData.length;
  const typed =
    tensor.floatData.length * 4 +
    tensor.doubleData.length * 8 +
    tensor.int64Data.length * 8 +
    tensor.uint64Data.length * (tensor.dataType === DataType.UINT32 ? 4 : 8);
  // int32_data carries every narrow type, one element a number (two for 4 bits).
  const bits = BITS[tensor.dataType] ?? 32;
  const narrow = Math.ceil((tensor.int32Data.length * Math.max(bits, 8)) / 8);
  if (raw + typed + narrow !== expected)
    throw brokenWeights(
      `The weight "${tensor.name}" declares ${tensor.dims.join(' x ') || 'one number'} (${expected} bytes) but holds ${raw + typed + narrow}.`,
    );
}

function wholeNumber(text: string, tensor: string, what: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw brokenWeights(`The ${what} of the weight "${tensor}" is not a number: "${text.slice(0, 40)}".`);
  return value;
}

/** Real path of a file of weights in a model's folder. @throws Fault as {@link placeWeights} does. */
export const placeFile = (name: string, directory: string): string =>
  resolveData(name, resolve(directory), undefined, 'The model').file;

/**
 * @param ownFolder real folder of the model's own file, which may be a link
 * @param who is said to point there
 */
function resolveData(
  location: string,
  directory: string,
  ownFolder: string | undefined,
  who: string,
): { file: string; size: number } {
  const wanted = resolve(directory, location);
  const outside = relative(directory, wanted).split(sep)[0] === '..' || isAbsolute(location);
  if (outside || location.includes('\0'))
    throw brokenWeights(
      `${who} points outside the model's folder, to "${location.slice(0, 120)}".`,
      'Such a model could read any file; it is not opened.',
    );
  let file: string;
  try {
    file = realpathSync(wanted);
  } catch {
    throw brokenWeights(`The weights file "${location}" is missing.`, `It belongs beside the model, in ${directory}.`);
  }
  const realDirectory = realpathSync(directory);
  const allowed = [realDirectory, ownFolder, hubRepository(realDirectory)];
  if (!allowed.some((folder) => isInside(file, folder)))
    throw brokenWeights(
      `The weights file "${location}" is a link that leads out of the model's folder.`,
      'Open the .onnx file beside which the weights really lie, or link that file here too.',
    );
  const stat = statSync(file);
  if (!stat.isFile()) throw brokenWeights(`The weights file "${location}" is not a regular file.`);
  return { file, size: stat.size };
}

const isInside = (file: string, folder: string | undefined): boolean => {
  if (folder === undefined) return false;
  const path = relative(folder, file);
  return path !== '' && path.split(sep)[0] !== '..' && !isAbsolute(path);
};

/** In the Hugging Face cache a snapshot's files are links to `blobs` of the same repository. */
function hubRepository(directory: string): string | undefined {
  const parts = directory.split(sep);
  const at = parts.lastIndexOf('snapshots');
  if (at < 1) return undefined;
  const blobs = join(realpathSync(parts.slice(0, at).join(sep) || sep), 'blobs');
  // Not a link itself: it could lead anywhere.
  return lstatSync(blobs, { throwIfNoEntry: false })?.isDirectory() === true ? blobs : undefined;
}

function commonFolder(folders: readonly string[], fallback: string): string {
  const [first = fallback, ...rest] = folders.length === 0 ? [fallback] : folders;
  const parts = first.split(sep);
  for (const folder of rest) {
    const other = folder.split(sep);
    let shared = 0;
    while (shared < parts.length && parts[shared] === other[shared]) shared++;
    parts.length = shared;
  }
  return parts.join(sep) || sep;
}

/** Bytes of a number, of those types that are told apart. */
const BYTES: Readonly<Record<NumberType, number>> = {
  float32: 4,
  float16: 2,
  bfloat16: 2,
  float8: 1,
  float4: 1 / 2,
  int8: 1,
  int4: 1 / 2,
  int2: 1 / 4,
};

/** The number type that most of the weights have; packed weights are told by their operators. */
export function numberTypeOf(graph: Graph): NumberType {
  const numbers = new Map<NumberType, number>();
  const packed = new Map<string, NumberType>();
  for (const n of graph.nodes) {
    if (n.opType === 'MatMulBnb4' || n.opType === 'MatMulFpQ4') packed.set(n.input[1] ?? '', 'int4');
    if (n.opType === 'MatMulNBits' || n.opType === 'GatherBlockQuantized') {
      const bits = Number(n.attribute.find((a) => a.name === 'bits')?.i ?? 4n);
      packed.set(n.input[n.opType === 'MatMulNBits' ? 1 : 0] ?? '', bits <= 2 ? 'int2' : bits <= 4 ? 'int4' : 'int8');
    }
  }
  for (const tensor of graph.initializers.values()) {
    const size = tensor.dims.reduce((product, d) => product * Number(d), 1) * ((BITS[tensor.dataType] ?? 0) / 8);
    const type = packed.get(tensor.name) ?? (isPacked(tensor) ? 'float4' : typeName(tensor.dataType));
    if (type !== undefined && (tensor.dims.length >= 2 || packed.has(tensor.name)))
      numbers.set(type, (numbers.get(type) ?? 0) + size / BYTES[type]);
  }
  return [...numbers].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 'float32';
}

function typeName(dataType: number): NumberType | undefined {
  switch (dataType) {
    case DataType.FLOAT:
      return 'float32';
    case DataType.FLOAT16:
      return 'float16';
    case DataType.BFLOAT16:
      return 'bfloat16';
    case DataType.FLOAT8E4M3FN:
    case DataType.FLOAT8E4M3FNUZ:
    case DataType.FLOAT8E5M2:
    case DataType.FLOAT8E5M2FNUZ:
      return 'float8';
    case DataType.FLOAT4E2M1:
      return 'float4';
    case DataType.INT8:
    case DataType.UINT8:
      return 'int8';
    case DataType.INT4:
    case DataType.UINT4:
      return 'int4';
    case DataType.INT2:
    case DataType.UINT2:
      return 'int2';
    default:
      return undefined;
  }
}
