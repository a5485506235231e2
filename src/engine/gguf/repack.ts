import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { knownEntry, makeRoom, rememberEntry, repackedFolder } from '../../hub/repacked.js';
import { Fault } from '../../map/fault.js';
import { formatBytes } from '../../map/numbers.js';
import { dequantizer } from '../../onnx/checkpoint/ggufBlocks.js';
import { blockOf } from '../../onnx/checkpoint/ggufTypes.js';
import type { StoredTensor } from '../../onnx/checkpoint/safetensors.js';
import { DataType } from '../../onnx/graph.js';
import { staysPacked } from '../../onnx/packedWeights.js';
import { unsupported } from '../../onnx/source.js';
import { statesOf } from '../fileStates.js';
import type { OpenEvent } from '../../protocol/engine.js';
import { openSource } from '../fileSource.js';
import { placeFile } from '../weights.js';
import type { GgufFile } from './ggufFile.js';

/** A model's tensors, those that are stored in blocks as they will lie in the repacked file. */
export interface Repacking {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Names of the types that were repacked, the commonest first. */
  readonly types: readonly string[];
  readonly count: number;
  /** Of the repacked file. */
  readonly bytes: number;
}

const NAME = 'repacked weights';
/** Of a block of MXFP4. */
const MXFP4_NUMBERS = 32;
const MXFP4_BYTES = 17;
const ALIGNMENT = 64;
/** Numbers that are turned into float32 at once. */
const CHUNK = 2 ** 20;
/** Changes with the form of the file, so that no entry of another release is taken. */
const FORM = 'float32 1';

/** What is to be repacked of a model, and where it goes. @throws ModelError for a type that is not read. */
export function planRepacking(model: GgufFile): Repacking {
  const counts = new Map<string, number>();
  const tensors = new Map(model.tensors);
  const architecture = model.metadata.get('general.architecture');
  const packed = [...model.places.values()].filter(({ name, type, shape, file, offset, length }) => {
    const block = blockOf(type);
    if (!staysPacked(architecture, block?.name, name)) return block?.dataType === undefined;
    const blocks = [...shape.slice(0, -1), (shape.at(-1) ?? 0) / MXFP4_NUMBERS, MXFP4_BYTES];
    tensors.set(name, { file, dtype: 'MXFP4', dataType: DataType.UINT8, shape: blocks, offset, length });
    return false;
  });
  let bytes = 0;
  for (const { name, type, shape, file: part } of packed) {
    const typeName = blockOf(type)?.name ?? String(type);
    if (!dequantizer(type)) {
      // Only what is computed with matters: a stray tensor of whole numbers is reported as not read.
      if (!name.endsWith('.weight')) continue;
      throw unsupported(
        `The tensor "${name}" of "${part}" is stored as ${typeName}, which is not read.`,
        'Take a file of the model with another quantization, such as Q4_K_M, Q6_K or Q8_0.',
      );
    }
    counts.set(typeName, (counts.get(typeName) ?? 0) + 1);
    const length = 4 * shape.reduce((product, d) => product * d, 1);
    tensors.set(name, { file: NAME, dtype: 'F32', dataType: DataType.FLOAT, shape, offset: bytes, length });
    bytes = Math.ceil((bytes + length) / ALIGNMENT) * ALIGNMENT;
  }
  const types = [...counts].sort((a, b) => b[1] - a[1]).map(([name]) => name);
  const count = [...counts.values()].reduce((sum, n) => sum + n, 0);
  return { tensors, types, count, bytes };
}

/**
 * The repacked file, by the name that tensors have it under: made when the model is opened for the first time, found again
 * afterwards.
 * @param file the model's first
 * @param emit hears how far it is, some times a second, where it is made
 * @throws Fault `output` where there is no room for it
 */
export function repack(
  model: GgufFile,
  file: string,
  repacking: Repacking,
  emit: (event: OpenEvent) => void,
): Map<string, string> {
  return new Map(repacking.count === 0 ? [] : [[NAME, entryOf(model, file, repacking, emit)]]);
}

function entryOf(
  model: GgufFile,
  file: string,
  { tensors, bytes }: Repacking,
  emit: (event: OpenEvent) => void,
): string {
  const folder = repackedFolder();
  const real = model.files.map((name) => placeFile(name, dirname(file)));
  const states = [FORM, ...statesOf(real).values()];
  const known = knownEntry(states, bytes, folder);
  if (known !== undefined) return known;
  try {
    mkdirSync(folder, { recursive: true });
    makeRoom(bytes, folder);
    refuseFullDisk(folder, bytes);
    const part = join(folder, `.${process.pid}-${randomBytes(6).toString('hex')}.part`);
    try {
      const key = write(part, model, dirname(file), tensors, bytes, reporting(bytes, emit));
      const entry = join(folder, `${key}.bin`);
      try {
        renameSync(part, entry);
      } catch (error) {
        if (!existsSync(entry)) throw error; // on Windows one that is in use is not replaced; it is the same
      }
      rememberEntry(states, key, folder);
      return entry;
    } finally {
      rmSync(part, { force: true });
    }
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault({
      code: 'output',
      message: `The model's weights cannot be repacked: ${reasonOf(error)} (${folder}).`,
      hint: 'EMBEDDING_GRID_CACHE names another folder for repacked weights.',
      detail: error instanceof Error ? error.message : String(error),
    });
  }
}

/** Between two reports, in ms. */
const REPORT_MS = 200;

function reporting(total: number, emit: (event: OpenEvent) => void): (done: number) => void {
  let next = 0;
  return (done) => {
    const now = performance.now();
    if (now < next) return;
    next = now + REPORT_MS;
    emit({ kind: 'repacking', done, total });
  };
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'the disk is full';
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return 'the folder for them may not be written';
  return 'the folder for them cannot be used';
}

function refuseFullDisk(folder: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize >= bytes) return;
  throw new Fault({
    code: 'output',
    message: `The model's weights take ${formatBytes(bytes)} repacked, but ${formatBytes(bavail * bsize)} are free (${folder}).`,
    hint: 'Free some space, or name a folder on another disk with EMBEDDING_GRID_CACHE.',
  });
}

/** Writes all blocks as float32. @returns SHA-256 of what they were made from */
function write(
  part: string,
  model: GgufFile,
  folder: string,
  tensors: ReadonlyMap<string, StoredTensor>,
  bytes: number,
  report: (done: number) => void,
): string {
  const hash = createHash('sha256').update(`${FORM}\n`);
  const out = openSync(part, 'wx');
  const sources = new Map(model.files.map((name) => [name, openSource(placeFile(name, folder))]));
  const numbers = new Float32Array(CHUNK);
  try {
    for (const { name, file, type, shape, offset, length } of model.places.values()) {
      const target = tensors.get(name);
      const block = blockOf(type);
      const read = dequantizer(type);
      const source = sources.get(file);
      if (target?.file !== NAME || !block || !read || !source) continue;
      hash.update(`${JSON.stringify([name, block.name, shape])}\n`);
      const chunk = (CHUNK / block.numbers) * block.bytes;
      for (let done = 0, to = target.offset; done < length; done += chunk) {
        const some = source.read(offset + done, Math.min(chunk, length - done));
        hash.update(some);
        const values = numbers.subarray(0, (some.length / block.bytes) * block.numbers);
        read(some, values);
        writeAll(out, new Uint8Array(values.buffer, 0, values.byteLength), to);
        to += values.byteLength;
        report(to);
      }
    }
    ftruncateSync(out, bytes); // the last tensor's padding
    fsyncSync(out);
  } finally {
    closeSync(out);
    for (const source of sources.values()) source.close();
  }
  return hash.digest('hex');
}

function writeAll(file: number, bytes: Uint8Array, at: number): void {
  let done = 0;
  while (done < bytes.length) done += writeSync(file, bytes, done, bytes.length - done, at + done);
}
