import type { GgufFile } from './gguf/ggufFile.js';
import type { ModelConfig } from './modelConfig.js';
import type { TokenizerJson } from './tokenizerJson.js';

/** A model as it lies on disk: its file, the folder that holds its configuration, and what that says. */
export interface ModelFiles {
  /** A graph with its weights, or weights of which the configuration says what is computed with them. */
  readonly kind: 'onnx' | 'checkpoint' | 'gguf';
  /** Absolute path of the .onnx file, of the .safetensors file or of the index of several such files, of the (first) GGUF file. */
  readonly file: string;
  /** Absolute path of the model's folder: the parent of `onnx/` in hub exports, else the file's own folder. */
  readonly folder: string;
  /** Name for people: the repository's where the folder is a snapshot of the Hugging Face cache, else the folder's. */
  readonly name: string;
  /** The file relative to the folder, with forward slashes. */
  readonly relativeFile: string;
  readonly config: ModelConfig;
  readonly tokenizerFile: string | undefined;
  /** What a tokenizer.json can be made of, where there is none. */
  readonly otherTokenizer?: OtherTokenizer | undefined;
  /** tokenizer_config.json, over what special_tokens_map.json says. */
  readonly tokenizerConfig: Readonly<Record<string, unknown>>;
  readonly chatTemplateFile: string | undefined;
  /** The header of a GGUF file, which says all that other models say in files beside them. */
  readonly gguf?: GgufFile;
  /** The file of this name beside the model or in its folder; undefined where there is none. */
  beside(name: string): string | undefined;
  /** Every file that was read, or would have been had it been there. */
  readonly sources: readonly string[];
}

/** A tokenizer in files of another kind. */
export interface OtherTokenizer {
  /** The file that is told of. */
  readonly file: string;
  /** The same in the form of tokenizer.json. @throws Error with the reason why it cannot be read. */
  read(): TokenizerJson;
}
