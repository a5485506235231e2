import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { Fault } from '../../map/fault.js';
import { ggufConfiguration, ggufGraph } from '../../onnx/architectures/gguf/gguf.js';
import type { OpenEvent } from '../../protocol/engine.js';
import type { GgufFile } from '../gguf/ggufFile.js';
import { packedInGguf } from '../gguf/packed.js';
import { planRepacking, repack, repackedCheck } from '../repacking/repack.js';
import type { ModelFiles } from '../modelFiles.js';
import { openSource } from '../fileSource.js';
import { placeFile, placeWeights } from '../weights.js';
import { tensorsRead } from './checkpointSource.js';
import type { ModelSource } from './modelSource.js';

/** A GGUF file: the graph is written; weights in blocks are repacked once, all others stay where they are. */
export function openGguf({ file, gguf }: ModelFiles, emit: (event: OpenEvent) => void): ModelSource {
  if (!gguf) throw new Fault({ code: 'internal', message: 'The GGUF file was not read.' });
  const { tensors, packed } = packedInGguf(gguf);
  const repacking = planRepacking(tensors, packed);
  // What is not described is refused before anything is repacked.
  const { graph, keepsPrefix, unread } = ggufGraph({ ...gguf, tensors: repacking.tensors });
  const checks = [tensorsRead(gguf.tensors.size, unread), ...(packed.length > 0 ? [repackedCheck(repacking)] : [])];
  return {
    placed: placeWeights(graph, file, repack({ names: gguf.files, folder: dirname(file) }, repacking, emit)),
    arithmetic: 'float32',
    checks,
    fingerprint: () => fingerprint(gguf, dirname(file)),
    keepsPrefix,
  };
}

/** Bytes that are sampled at the beginning, in the middle and at the end of every tensor. */
const SAMPLE = 64;

/** Hash of what the metadata say of the decoder, of what every tensor is, and of samples of every tensor. */
function fingerprint(model: GgufFile, folder: string): string {
  const config = Object.entries(ggufConfiguration(model)).sort(([a], [b]) => (a < b ? -1 : 1));
  const hash = createHash('sha256').update('gguf 1\n').update(JSON.stringify(config));
  const sources = new Map(model.files.map((name) => [name, openSource(placeFile(name, folder))]));
  try {
    for (const [name, { file, type, shape, offset, length }] of [...model.places].sort(([a], [b]) =>
      a < b ? -1 : 1,
    )) {
      const source = sources.get(file);
      if (!source) continue;
      hash.update(`${JSON.stringify([name, type, shape])}\n`);
      const size = Math.min(SAMPLE, length);
      for (const at of [0, Math.floor((length - size) / 2), length - size]) hash.update(source.read(offset + at, size));
    }
  } finally {
    for (const source of sources.values()) source.close();
  }
  return hash.digest('hex');
}
