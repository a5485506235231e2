/** A tensor as a model's file has it. Names are a stranger's. */
export interface StoredTensor {
  readonly name: string;
  /** `float32`, or as the file calls it. */
  readonly type: string;
  readonly shape: readonly number[];
  readonly bytes: number;
  /** Place of its file in {@link ModelTensors.files}. */
  readonly file: number;
}

/** What lies in a model's files, by their headers. */
export interface ModelTensors {
  /** A .safetensors file without a configuration is a checkpoint here, too. */
  readonly kind: 'onnx' | 'checkpoint' | 'gguf';
  /** Files that hold weights, as they are called in the model's folder. */
  readonly files: readonly string[];
  readonly tensors: readonly StoredTensor[];
}
