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
import { join } from 'node:path';
import { knownEntry, makeRoom, rememberEntry, repackedFolder } from '../../hub/repacked.js';
import { Fault } from '../../map/fault.js';
import { formatBytes } from '../../map/numbers.js';
import type { PackedTensor, ReadBytes } from '../../onnx/checkpoint/packedTensor.js';
import type { StoredTensor } from '../../onnx/checkpoint/safetensors.js';
import { DataType } from '../../onnx/graph.js';
import { statesOf } from '../fileStates.js';
import { ModelError } from '../../onnx/source.js';
import type { Check, OpenEvent } from '../../protocol/engine.js';
import { openSource } from '../fileSource.js';
import { placeFile } from '../weights.js';

/** A model's tensors, those that are stored in another form as they will lie in the repacked file. */
export interface Repacking {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly packed: readonly PackedTensor[];
  /** Names of the types that are repacked, the commonest first. */
  readonly types: readonly string[];
  /** Of the repacked file. */
  readonly bytes: number;
}

/** Where a model's files are. */
interface Files {
  /** Names, in the order in which they stand for the model. */
  readonly names: readonly string[];
  readonly folder: string;
}

const NAME = 'repacked weights';
const ALIGNMENT = 64;
/** Changes with the form of the file, so that no entry of another release is taken. */
const FORM = 'float32 1';

/**
 * Where the numbers of packed tensors go.
 * @param tensors as they lie in the model's files
 */
export function planRepacking(tensors: ReadonlyMap<string, StoredTensor>, packed: readonly PackedTensor[]): Repacking {
  const counts = new Map<string, number>();
  const placed = new Map(tensors);
  let bytes = 0;
  for (const { name, shape, type } of packed) {
    counts.set(type, (counts.get(type) ?? 0) + 1);
    const length = 4 * shape.reduce((product, d) => product * d, 1);
    placed.set(name, { file: NAME, dtype: 'F32', dataType: DataType.FLOAT, shape, offset: bytes, length });
    bytes = Math.ceil((bytes + length) / ALIGNMENT) * ALIGNMENT;
  }
  const types = [...counts].sort((a, b) => b[1] - a[1]).map(([type]) => type);
  return { tensors: placed, packed, types, bytes };
}

/** What is told of a model whose weights are repacked. */
export const repackedCheck = ({ packed, types, bytes }: Repacking): Check => ({
  name: 'blocks',
  outcome: 'passed',
  detail: `${packed.length} tensors of ${types.join(', ')} are repacked as float32, ${(bytes / 1e9).toFixed(2)} GB ("embedding-grid cache")`,
});

/**
 * The repacked file, by the name that tensors have it under: made when the model is opened for the first time, found again
 * afterwards.
 * @param emit hears how far it is, some times a second, where it is made
 * @throws Fault `output` where there is no room for it, ModelError where a tensor is not what it should be
 */
export function repack(files: Files, repacking: Repacking, emit: (event: OpenEvent) => void): Map<string, string> {
  return new Map(repacking.packed.length === 0 ? [] : [[NAME, entryOf(files, repacking, emit)]]);
}

function entryOf(files: Files, repacking: Repacking, emit: (event: OpenEvent) => void): string {
  const { packed, bytes } = repacking;
  const folder = repackedFolder();
  const real = files.names.map((name) => placeFile(name, files.folder));
  const forms = packed.flatMap(({ name, form }) => (form === undefined ? [] : [`${name} ${form}`]));
  const states = [FORM, ...statesOf(real).values(), ...forms];
  const known = knownEntry(states, bytes, folder);
  if (known !== undefined) return known;
  try {
    mkdirSync(folder, { recursive: true });
    makeRoom(bytes, folder);
    refuseFullDisk(folder, bytes);
    const part = join(folder, `.${process.pid}-${randomBytes(6).toString('hex')}.part`);
    try {
      const key = write(part, files, repacking, reporting(bytes, emit));
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
    if (error instanceof Fault || error instanceof ModelError) throw error;
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

/** Writes all numbers as float32. @returns SHA-256 of what they were made from */
function write(
  part: string,
  { names, folder }: Files,
  { packed, tensors, bytes }: Repacking,
  report: (done: number) => void,
): string {
  const hash = createHash('sha256').update(`${FORM}\n`);
  const out = openSync(part, 'wx');
  const sources = new Map(names.map((name) => [name, openSource(placeFile(name, folder))]));
  const read: ReadBytes = (file, offset, length) => {
    const source = sources.get(file);
    if (!source) throw new RangeError(`"${file}" is none of the model's files.`);
    return source.read(offset, length);
  };
  try {
    for (const tensor of packed) tensor.check?.(read);
    const hashed: ReadBytes = (...place) => {
      const some = read(...place);
      hash.update(some);
      return some;
    };
    for (const tensor of packed) {
      const { name, type, shape, form } = tensor;
      hash.update(`${JSON.stringify([name, type, shape, ...(form === undefined ? [] : [form])])}\n`);
      const { offset = 0, length = 0 } = tensors.get(name) ?? {};
      let to = offset;
      for (const values of tensor.numbers(hashed)) {
        writeAll(out, new Uint8Array(values.buffer, values.byteOffset, values.byteLength), to);
        to += values.byteLength;
        report(to);
      }
      if (to !== offset + length) throw new RangeError(`${to - offset} bytes of "${name}" were written for ${length}.`);
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
