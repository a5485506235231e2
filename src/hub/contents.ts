import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { cacheFolder, repositoriesIn, revisionsIn } from './cache.js';
import { folderOf } from './names.js';

/** What can be told of a model without opening it. */
export interface ModelContents {
  readonly kind: 'ONNX' | 'safetensors' | 'GGUF';
  /** Of the weights, on disk. */
  readonly bytes: number;
  /** As the files say it: `float32`, `bfloat16`, ...; undefined where they do not. */
  readonly numberType?: string;
}

/** A model in the Hugging Face cache. */
export interface CachedModel {
  /** `ORG/NAME`, with `@REVISION` where it is not `main`. */
  readonly name: string;
  /** The snapshot's folder. */
  readonly path: string;
}

/** The models of a cache, one for each revision that has a name; those whose files are not there are left out. */
export function cachedModels(cache = cacheFolder()): CachedModel[] {
  return repositoriesIn(cache).flatMap((repository) => {
    const revisions = [...revisionsIn(join(cache, folderOf(repository)))];
    const seen = new Set<string>();
    return revisions.flatMap(([revision, path]) => {
      if (seen.has(path) || contentsOf(path) === undefined) return [];
      seen.add(path);
      return [{ name: revision === 'main' ? repository : `${repository}@${revision}`, path }];
    });
  });
}

/** What a .onnx file, a .safetensors file or a model's folder holds; undefined where it is no model by the names in it. */
export function contentsOf(path: string): ModelContents | undefined {
  const files = /\.(onnx|safetensors|gguf)$/i.test(path) ? [path] : weightsIn(path);
  const [first] = files;
  if (first === undefined) return undefined;
  if (isGguf(first)) {
    const parts = filesIn(dirname(first)).filter((name) => stemOf(name) === stemOf(basename(first)));
    const type = /(?:^|[-._])((?:I?Q\d\w*|MXFP4|BF16|F16|F32))(?=[-.]|$)/i.exec(stemOf(basename(first)))?.[1];
    return {
      kind: 'GGUF',
      bytes: sizeOf(parts.map((name) => join(dirname(first), name))),
      ...(type === undefined ? {} : { numberType: type.toUpperCase() }),
    };
  }
  if (first.endsWith('.onnx')) {
    // Its weights may lie beside it, in files that begin with its name.
    const beside = filesIn(dirname(first)).filter((name) => name.startsWith(basename(first)));
    const type = typeOfName(basename(first));
    return {
      kind: 'ONNX',
      bytes: sizeOf(beside.map((name) => join(dirname(first), name))),
      ...(type === undefined ? {} : { numberType: type }),
    };
  }
  const type = typeOfTensors(first);
  return { kind: 'safetensors', bytes: sizeOf(files), ...(type === undefined ? {} : { numberType: type }) };
}

/**
 * The file or folder that stands for the model at a path, whichever of them is named: a checkpoint's folder, an export's file, a
 * GGUF file without the number of its part. Links to folders are followed. Equal for all paths that lead to one model.
 * @param opened the file that was opened there, relative to the model's folder, where that is known
 */
export function standsFor(path: string, opened?: string): string {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) return placeOf(path);
  const own = opened?.startsWith(`${basename(path)}/`) === true ? dirname(path) : path;
  const known =
    opened === undefined ? undefined : [join(path, opened), join(own, opened)].find((one) => existsSync(one));
  const file = known ?? weightsIn(path)[0];
  return file === undefined ? realFolder(path) : placeOf(file);
}

function placeOf(file: string): string {
  const name = basename(file);
  const folder = realFolder(dirname(file));
  return /\.safetensors(\.index\.json)?$/i.test(name) ? folder : join(folder, isGguf(name) ? stemOf(name) : name);
}

function realFolder(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return path; // none, or one that may not be read
  }
}

/** The files of weights in a folder: a checkpoint's, else the first export. */
function weightsIn(folder: string): string[] {
  const names = filesIn(folder);
  const checkpoint = names.filter((name) => name.endsWith('.safetensors') && !name.startsWith('adapter'));
  if (names.includes('config.json') && checkpoint.length > 0) return checkpoint.map((name) => join(folder, name));
  for (const place of [join(folder, 'onnx'), folder]) {
    const exports = filesIn(place).filter((name) => name.endsWith('.onnx'));
    const first = exports.find((name) => name === 'model.onnx') ?? exports[0];
    if (first !== undefined) return [join(place, first)];
  }
  const [gguf] = names.filter((name) => isGguf(name) && !/mmproj|imatrix/i.test(name));
  return gguf === undefined ? [] : [join(folder, gguf)];
}

const isGguf = (name: string): boolean => /\.gguf$/i.test(name);
/** A GGUF file's name without what says which part it is. */
const stemOf = (name: string): string => name.replace(/(-\d{5}-of-\d{5})?\.gguf$/i, '');

/** Hub exports have the type in their name; one without it may be of any. */
function typeOfName(name: string): string | undefined {
  if (/^(decoder_)?model(_merged|_with_past)?\.onnx$/.test(name)) return undefined;
  if (/bf16|bfloat16/i.test(name)) return 'bfloat16';
  if (/fp16|float16/i.test(name)) return 'float16';
  if (/q4|int4|bnb4/i.test(name)) return 'int4';
  return /q8|int8|quantized/i.test(name) ? 'int8' : undefined;
}

const TYPES: Readonly<Record<string, string>> = {
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  F8_E4M3: 'float8',
  I8: 'int8',
  U8: 'int8',
};
/** GPTQ's, AWQ's and compressed-tensors' matrices: words of some numbers each, usually 8. */
const PACKED = /\.(qweight|weight_packed)$/;
const A_WORD = 8;
/** Of a header; the largest models' are a tenth of it. */
const MAX_HEADER = 2 ** 24;

/** The type that most numbers of a safetensors file have. */
function typeOfTensors(file: string): string | undefined {
  const counts = new Map<string, number>();
  for (const [name, { dtype, shape }] of headerOf(file)) {
    const packed = PACKED.test(name);
    const type = packed ? 'packed integers' : (TYPES[dtype] ?? dtype);
    const numbers = shape.reduce((product, d) => product * d, packed ? A_WORD : 1);
    counts.set(type, (counts.get(type) ?? 0) + numbers);
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}

function headerOf(file: string): (readonly [name: string, entry: Entry])[] {
  try {
    if (!statSync(file).isFile()) return []; // a pipe would be waited for
    const fd = openSync(file, 'r');
    try {
      const begin = Buffer.alloc(8);
      if (readSync(fd, begin, 0, 8, 0) < 8) return [];
      const length = Number(begin.readBigUInt64LE());
      if (length > MAX_HEADER || 8 + length > fstatSync(fd).size) return [];
      const text = Buffer.alloc(length);
      readSync(fd, text, 0, length, 8);
      const header: unknown = JSON.parse(text.toString('utf8'));
      if (typeof header !== 'object' || header === null) return [];
      return Object.entries(header).flatMap(([name, entry]: [string, unknown]) =>
        isTensor(entry) ? [[name, entry]] : [],
      );
    } finally {
      closeSync(fd);
    }
  } catch {
    return []; // not there, or no such file: opening it says what is wrong
  }
}

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
}

function isTensor(entry: unknown): entry is Entry {
  if (typeof entry !== 'object' || entry === null || !('dtype' in entry) || !('shape' in entry)) return false;
  const { dtype, shape } = entry;
  return typeof dtype === 'string' && Array.isArray(shape) && shape.every((d) => typeof d === 'number');
}

/** Names of the files in a folder, links followed; those that lead nowhere are left out. */
function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .sort()
      .filter((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.isFile() === true);
  } catch {
    return [];
  }
}

const sizeOf = (files: readonly string[]): number =>
  files.reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0);
