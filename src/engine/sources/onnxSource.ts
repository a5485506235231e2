import { createHash } from 'node:crypto';
import { decodeModel } from '../../onnx/graph.js';
import { normalize } from '../../onnx/normalize.js';
import { readStructure } from '../../onnx/structure.js';
import { type ModelFiles, openSource } from '../modelFiles.js';
import { numberTypeOf, type PlacedWeights, placeWeights } from '../weights.js';
import type { ModelSource } from './modelSource.js';

/** A .onnx file: the graph stands in it. */
export function openOnnx({ file }: ModelFiles): ModelSource {
  const source = openSource(file);
  let structure: Uint8Array;
  try {
    structure = readStructure(source);
  } finally {
    source.close();
  }
  const placed = placeWeights(normalize(decodeModel(structure)), file);
  return {
    placed,
    arithmetic: numberTypeOf(placed.graph),
    checks: [],
    fingerprint: () => fingerprint(structure, placed),
    keepsPrefix: () => true,
  };
}

/** Hash of structure, weights' places and sizes, and a sample of every weight, so that fine-tunes differ. */
function fingerprint(structure: Uint8Array, weights: PlacedWeights): string {
  const hash = createHash('sha256').update(structure);
  const byFile = new Map<string, { offset: number; length: number }[]>();
  for (const { file, offset, length } of weights.places.values()) {
    const list = byFile.get(file) ?? [];
    list.push({ offset, length });
    byFile.set(file, list);
  }
  for (const [file, places] of byFile) {
    const source = openSource(file);
    try {
      for (const { offset, length } of places.sort((a, b) => a.offset - b.offset || a.length - b.length)) {
        hash.update(`${offset}:${length};`);
        hash.update(source.read(offset + (length >> 1), Math.min(64, length - (length >> 1))));
      }
    } finally {
      source.close();
    }
  }
  return hash.digest('hex');
}
