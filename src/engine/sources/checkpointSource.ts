import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Fault } from '../../map/fault.js';
import { isRecord, parseJson, sortedJson } from '../../map/json.js';
import { checkpointGraph } from '../../onnx/architectures/checkpoint.js';
import type { ReadBytes } from '../../onnx/checkpoint/packedTensor.js';
import { unquantized } from '../../onnx/checkpoint/quantized/quantized.js';
import { joinShards, readHeader, readIndex, type StoredTensor } from '../../onnx/checkpoint/safetensors.js';
import type { Check, OpenEvent } from '../../protocol/engine.js';
import { unsupported } from '../../onnx/source.js';
import { planRepacking, repack, repackedCheck } from '../repacking/repack.js';
import type { ModelFiles } from '../modelFiles.js';
import { openSource } from '../fileSource.js';
import { placeFile, placeWeights } from '../weights.js';
import type { Json } from '../../onnx/json.js';
import type { ModelSource } from './modelSource.js';

/** The largest known are a tenth of it. */
const MAX_CONFIG_BYTES = 2 ** 22;
const MAX_INDEX_BYTES = 2 ** 24;
/** Of all shards together. */
const MAX_TENSORS = 150_000;

/** config.json and .safetensors files: the graph is written, the weights stay where they are. */
export function openCheckpoint({ file }: ModelFiles, emit: (event: OpenEvent) => void): ModelSource {
  const folder = dirname(file);
  const config = readObject(join(folder, 'config.json'), MAX_CONFIG_BYTES);
  const tensors = readCheckpointTensors(file);
  const plain = withFiles(folder, (read) => unquantized(config, tensors, read));
  const repacking = planRepacking(plain?.tensors ?? tensors, plain?.packed ?? []);
  const { graph, keepsPrefix, tied, unread } = checkpointGraph(plain?.config ?? config, repacking.tensors, (d) => {
    if (d.transposed && plain?.turned === true)
      throw unsupported('Quantized matrices that a layer stores the other way round are not described.');
    return d;
  });
  if (tied) refuseDifferent(tied, tensors, folder);
  const names = [...new Set([...tensors.values()].map((tensor) => tensor.file))];
  return {
    placed: placeWeights(graph, file, repack({ names, folder }, repacking, emit)),
    arithmetic: 'float32',
    checks: [
      tensorsRead(repacking.tensors.size, unread),
      ...(plain ? [repackedCheck(repacking)] : []),
      ...activationsCheck(plain?.activations),
    ],
    fingerprint: () => fingerprint(config, tensors, folder),
    keepsPrefix,
  };
}

const activationsCheck = (detail: string | undefined): Check[] =>
  detail === undefined ? [] : [{ name: 'activations', outcome: 'passed', detail }];

/** Reads here and there in a model's files, and closes them again. */
function withFiles<T>(folder: string, work: (read: ReadBytes) => T): T {
  const sources = new Map<string, ReturnType<typeof openSource>>();
  try {
    return work((file, offset, length) => {
      const source = sources.get(file) ?? openSource(placeFile(file, folder));
      sources.set(file, source);
      return source.read(offset, length);
    });
  } finally {
    for (const source of sources.values()) source.close();
  }
}

/** Names that are told of what is not read. */
const MOST_NAMED = 3;

/** That nothing of a decoder was left out. */
export function tensorsRead(count: number, unread: readonly string[]): Check {
  const named = unread.slice(0, MOST_NAMED).map((name) => `"${name.slice(0, 100)}"`);
  const rest = unread.length > MOST_NAMED ? ` and ${unread.length - MOST_NAMED} more` : '';
  return {
    name: 'tensors',
    outcome: 'passed',
    detail:
      unread.length === 0
        ? `all ${count} are read`
        : `${count - unread.length} of ${count} are read, none of the decoder's is left out; not read: ${named.join(', ')}${rest}`,
  };
}

/** The tensors of a checkpoint, by its one file or by the index of several. */
export const readCheckpointTensors = (file: string): Map<string, StoredTensor> =>
  file.endsWith('.json') ? readShards(file) : readTensorFile(file);

/** The tensors that one file holds. Links are followed as they are for weights. */
export function readTensorFile(file: string): Map<string, StoredTensor> {
  const source = openSource(placeFile(basename(file), dirname(file)));
  try {
    return readHeader(source, basename(file));
  } finally {
    source.close();
  }
}

/** The tensors of all files that an index names. */
function readShards(file: string): Map<string, StoredTensor> {
  const index = readIndex(readObject(file, MAX_INDEX_BYTES), basename(file));
  const shards = new Map<string, Map<string, StoredTensor>>();
  let count = 0;
  for (const name of new Set(index.values())) {
    const own = readTensorFile(join(dirname(file), name));
    count += own.size;
    if (count > MAX_TENSORS) throw broken(`The checkpoint claims to hold more than ${MAX_TENSORS} tensors.`);
    shards.set(name, own);
  }
  return joinShards(index, shards);
}

function readObject(file: string, most: number): Json {
  const name = basename(file);
  let data: unknown;
  try {
    if (statSync(file).size > most) throw broken(`"${name}" is larger than any (${most / 2 ** 20} MB).`);
    data = parseJson(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw broken(`"${name}" cannot be read: it is missing, damaged or no JSON.`, error);
  }
  if (!isRecord(data)) throw broken(`"${name}" holds no JSON object.`);
  return data;
}

const broken = (message: string, cause?: unknown): Fault =>
  new Fault({
    code: 'model-broken',
    message,
    hint: 'The download may be incomplete.',
    ...(cause instanceof Error ? { detail: cause.message } : {}),
  });

/** Places that are compared of two matrices that should be one. */
const COMPARED = 64;

/** Of a head and an embedding that differ it is not clear which is meant. */
function refuseDifferent(
  { head, embedding }: { readonly head: string; readonly embedding: string },
  tensors: ReadonlyMap<string, StoredTensor>,
  folder: string,
): void {
  const [a, b] = [tensors.get(head), tensors.get(embedding)];
  const sample = ({ file, offset, length }: StoredTensor): Buffer => {
    const source = openSource(placeFile(file, folder));
    const size = Math.min(SAMPLE, length);
    try {
      const places = Array.from({ length: COMPARED }, (_, i) => Math.floor(((length - size) * i) / (COMPARED - 1)));
      return Buffer.concat(places.map((at) => Buffer.from(source.read(offset + at, size))));
    } finally {
      source.close();
    }
  };
  if (a && b && a.dtype === b.dtype && a.length === b.length && sample(a).equals(sample(b))) return;
  throw new Fault({
    code: 'model-unsupported',
    message: `config.json says that the embedding is the head ("tie_word_embeddings"), but the head "${head}" is another matrix.`,
    hint: 'Set "tie_word_embeddings" to false if the head is meant.',
  });
}

/** Bytes that are sampled at the beginning, in the middle and at the end of every tensor. */
const SAMPLE = 64;

/**
 * Hash of the configuration, of what every tensor is, and of samples of every tensor: what the model is, not how this release
 * computes it, nor in which files it lies.
 */
function fingerprint(config: Json, tensors: ReadonlyMap<string, StoredTensor>, folder: string): string {
  const hash = createHash('sha256')
    .update('checkpoint 1\n')
    .update(sortedJson(config, (key) => !ORIGIN.has(key)));
  const sources = new Map<string, ReturnType<typeof openSource>>();
  try {
    for (const name of [...tensors.keys()].sort()) {
      const tensor = tensors.get(name);
      if (!tensor) continue;
      const { file, dtype, shape, offset, length } = tensor;
      const source = sources.get(file) ?? openSource(placeFile(file, folder));
      sources.set(file, source);
      hash.update(`${JSON.stringify([name, dtype, shape])}\n`);
      const size = Math.min(SAMPLE, length);
      for (const at of [0, Math.floor((length - size) / 2), length - size]) hash.update(source.read(offset + at, size));
    }
  } finally {
    for (const source of sources.values()) source.close();
  }
  return hash.digest('hex');
}

/** Written by whom and where from: no part of what a model is. */
const ORIGIN: ReadonlySet<string> = new Set(['_name_or_path', 'transformers_version']);
