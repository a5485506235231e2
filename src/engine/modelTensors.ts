import { basename, resolve } from 'node:path';
import { DataType, decodeModel, type TensorProto } from '../onnx/graph.js';
import { OWN_FILE, readStructure } from '../onnx/structure.js';
import { blockOf } from '../onnx/checkpoint/ggufTypes.js';
import type { ModelTensors, StoredTensor } from '../protocol/tensors.js';
import { openSource } from './fileSource.js';
import { findModel } from './findModel.js';
import type { ModelFiles } from './modelFiles.js';
import { translated } from './model/model.js';
import { readCheckpointTensors, readTensorFile } from './sources/checkpointSource.js';
import { bytesOf } from './weights.js';

/** Longer names and shapes are of no decoder. */
const MOST_NAME = 400;
const MOST_RANK = 16;

/**
 * The tensors of a model, or of a .safetensors file that is none (an adapter, a dictionary of features). Headers alone are read, and no
 * graph is understood: a model that cannot be opened can be looked at.
 * @param path as of `open`
 * @throws Fault `model-not-found`, `model-ambiguous`, `model-broken`.
 */
export function tensorsAt(path: string): ModelTensors {
  const alone = /\.safetensors$/i.test(path);
  let found: ModelFiles | undefined;
  try {
    found = findModel(path);
  } catch (error) {
    if (!alone) throw error;
  }
  return translated(
    () => {
      if (!found) {
        const file = resolve(path);
        return listed('checkpoint', [...readTensorFile(file)]);
      }
      switch (found.kind) {
        case 'checkpoint':
          return listed('checkpoint', [...readCheckpointTensors(found.file)]);
        case 'gguf':
          return listed(
            'gguf',
            [...(found.gguf?.places ?? [])].map(([name, { type, ...rest }]) => [
              name,
              { ...rest, dtype: blockOf(type)?.name ?? `type ${type}` },
            ]),
          );
        case 'onnx':
          return onnxTensors(found.file);
      }
    },
    basename(found?.file ?? path),
  );
}

interface Described {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly length: number;
  readonly file: string;
}

function listed(kind: ModelTensors['kind'], tensors: readonly (readonly [string, Described])[]): ModelTensors {
  const files = [...new Set(tensors.map(([, { file }]) => file))];
  const places = new Map(files.map((file, i) => [file, i]));
  return {
    kind,
    files,
    tensors: tensors.map(([name, { dtype, shape, length, file }]): StoredTensor => ({
      name: name.slice(0, MOST_NAME),
      type: TYPES[dtype] ?? dtype.slice(0, 40),
      shape: shape.slice(0, MOST_RANK),
      bytes: length,
      file: places.get(file) ?? 0,
    })),
  };
}

/** The types of safetensors as everything else calls them. */
const TYPES: Readonly<Record<string, string>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  ...Object.fromEntries(
    [8, 16, 32, 64].flatMap((bits) => [
      [`I${bits}`, `int${bits}`],
      [`U${bits}`, `uint${bits}`],
    ]),
  ),
  F8_E4M3: 'float8_e4m3fn',
  F8_E5M2: 'float8_e5m2',
  BOOL: 'bool',
};

const ONNX_TYPES: ReadonlyMap<number, string> = new Map(
  Object.entries(DataType).map(([name, number]) => [
    number,
    { FLOAT: 'float32', DOUBLE: 'float64' }[name] ?? name.toLowerCase(),
  ]),
);

function onnxTensors(file: string): ModelTensors {
  const source = openSource(file);
  try {
    const { graph } = decodeModel(readStructure(source));
    const own = basename(file);
    return listed(
      'onnx',
      (graph?.initializer ?? []).map((tensor) => [
        tensor.name,
        {
          dtype: ONNX_TYPES.get(tensor.dataType) ?? `type ${tensor.dataType}`,
          shape: tensor.dims.map(Number),
          length: bytesOf(tensor),
          file: externalFile(tensor) ?? own,
        },
      ]),
    );
  } finally {
    source.close();
  }
}

/** The file beside the model that a tensor says it lies in. It is named, and not opened. */
function externalFile({ externalData }: TensorProto): string | undefined {
  const location = externalData.find(({ key }) => key === 'location')?.value ?? OWN_FILE;
  return location === OWN_FILE ? undefined : location.slice(0, MOST_NAME);
}
