import type { OpenEvent } from '../../protocol/engine.js';
import type { ModelFiles } from '../modelFiles.js';
import { openCheckpoint } from './checkpointSource.js';
import { openGguf } from './ggufSource.js';
import type { ModelSource } from './modelSource.js';
import { openOnnx } from './onnxSource.js';

/** @throws Fault or ModelError for a model that is broken or not described. */
export function openModelSource(files: ModelFiles, emit: (event: OpenEvent) => void): ModelSource {
  switch (files.kind) {
    case 'checkpoint':
      return openCheckpoint(files, emit);
    case 'gguf':
      return openGguf(files, emit);
    case 'onnx':
      return openOnnx(files);
  }
}
