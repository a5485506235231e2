import { basename, dirname, join } from 'node:path';
import { repositoryOfSnapshot } from '../../hub/cache.js';
import { Fault } from '../../map/fault.js';
import type { GgufValue } from '../../onnx/checkpoint/gguf.js';
import { type ByteSource, ModelError } from '../../onnx/source.js';
import type { ModelFiles } from '../modelFiles.js';
import type { ModelConfig } from '../modelConfig.js';
import { ggufTokenizer, ggufTokenizerConfig } from '../tokenizers/ggufTokenizer.js';
import { firstPart, readGgufFile } from './ggufFile.js';

/**
 * A GGUF file as a model: what other models say in files beside them stands in its metadata.
 * @param path of any of its parts
 * @throws Fault `model-broken`, `model-unsupported`
 */
export function ggufModelFiles(path: string, open: (file: string) => ByteSource & { close(): void }): ModelFiles {
  const file = firstPart(path);
  let gguf;
  try {
    gguf = readGgufFile(file, open);
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    throw new Fault({
      code: error.kind === 'broken' ? 'model-broken' : 'model-unsupported',
      message: error.message,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  }
  const { metadata, files } = gguf;
  const folder = dirname(file);
  return {
    kind: 'gguf',
    file,
    folder,
    name: repositoryOfSnapshot(folder) ?? nameOf(file, metadata),
    relativeFile: basename(file),
    config: configOf(metadata),
    gguf,
    tokenizerFile: undefined,
    otherTokenizer: { file, read: () => ggufTokenizer(metadata) },
    tokenizerConfig: ggufTokenizerConfig(metadata),
    chatTemplateFile: undefined,
    beside: () => undefined,
    sources: files.map((name) => join(folder, name)),
  };
}

/** A file's own name; where it is a hash, what the model is called inside. */
function nameOf(file: string, metadata: ReadonlyMap<string, GgufValue>): string {
  const name = basename(file).replace(/(-00001-of-\d{5})?\.gguf$/i, '');
  const inside = metadata.get('general.name');
  return /^(sha256-)?[0-9a-f]{40,}$/.test(name) && typeof inside === 'string' && inside.trim() !== ''
    ? inside.trim().slice(0, 100)
    : name;
}

function configOf(metadata: ReadonlyMap<string, GgufValue>): ModelConfig {
  const architecture = metadata.get('general.architecture');
  const type = typeof architecture === 'string' ? architecture : null;
  const whole = (key: string): number | undefined => {
    const value = metadata.get(key);
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  };
  const own = (name: string): number | undefined => whole(`${type ?? ''}.${name}`);
  const layers = own('block_count');
  const [hiddenSize, heads] = [own('embedding_length'), own('attention.head_count')];
  const ends = ['eos', 'eot', 'eom'].map((name) => whole(`tokenizer.ggml.${name}_token_id`));
  return {
    modelType: type,
    layers: layers === undefined ? undefined : layers - (own('nextn_predict_layers') ?? 0),
    hiddenSize,
    attentionHeads: heads,
    keyValueHeads: own('attention.head_count_kv') ?? heads,
    headSize:
      own('attention.key_length') ?? (hiddenSize !== undefined && heads ? Math.floor(hiddenSize / heads) : undefined),
    bos: whole('tokenizer.ggml.bos_token_id'),
    eos: ends.filter((id) => id !== undefined),
    encoderDecoder: false,
  };
}
