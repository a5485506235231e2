import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { decodeModel } from '../../onnx/graph.js';
import { readInterface } from '../../onnx/interface.js';
import { joinEmbeddings } from '../../onnx/joinEmbeddings.js';
import { normalize } from '../../onnx/normalize.js';
import { readStructure } from '../../onnx/structure.js';
import { findEmbeddings } from '../folderChoice.js';
import type { ModelFiles } from '../modelFiles.js';
import { openSource } from '../fileSource.js';
import { joinWeights, numberTypeOf, type PlacedWeights, placeWeights } from '../weights.js';
import type { ModelSource } from './modelSource.js';

/** A .onnx file: the graph stands in it, but for the token embeddings, which may stand in another beside it. */
export function openOnnx(files: ModelFiles): ModelSource {
  const decoder = openFile(files.file);
  const embedding = embeddingsFor(files, decoder.placed);
  const placed = embedding?.placed ?? decoder.placed;
  return {
    placed,
    arithmetic: numberTypeOf(placed.graph),
    checks: embedding
      ? [{ name: 'embeddings', outcome: 'passed', detail: `those of "${basename(embedding.file)}" beside the model` }]
      : [],
    fingerprint: () => fingerprint([decoder.structure, ...(embedding ? [embedding.structure] : [])], placed),
    keepsPrefix: () => true,
  };
}

interface OpenedFile {
  readonly file: string;
  readonly structure: Uint8Array;
  readonly placed: PlacedWeights;
}

function openFile(file: string): OpenedFile {
  const source = openSource(file);
  let structure: Uint8Array;
  try {
    structure = readStructure(source);
  } finally {
    source.close();
  }
  return { file, structure, placed: placeWeights(normalize(decodeModel(structure)), file) };
}

/** The decoder with the embeddings that lie beside it, where it takes them instead of ids. Nothing is wrong where that cannot be. */
function embeddingsFor(files: ModelFiles, decoder: PlacedWeights): OpenedFile | undefined {
  const { embeds } = readInterface(decoder.graph);
  const file = embeds === undefined ? undefined : findEmbeddings(files);
  if (embeds === undefined || file === undefined) return undefined;
  let opened: OpenedFile;
  try {
    opened = openFile(file);
  } catch {
    return undefined;
  }
  const graph = joinEmbeddings(decoder.graph, embeds, opened.placed.graph);
  return graph && { ...opened, placed: joinWeights(graph, opened.placed, decoder) };
}

/** Hash of structure, weights' places and sizes, and a sample of every weight, so that fine-tunes differ. */
function fingerprint(structures: readonly Uint8Array[], weights: PlacedWeights): string {
  const hash = createHash('sha256');
  for (const structure of structures) hash.update(structure);
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
