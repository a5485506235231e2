import { type Dequantizer, dequantizer } from '../../onnx/checkpoint/ggufBlocks.js';
import { type Block, blockOf } from '../../onnx/checkpoint/ggufTypes.js';
import { CHUNK, type PackedTensor } from '../../onnx/checkpoint/packedTensor.js';
import type { StoredTensor } from '../../onnx/checkpoint/safetensors.js';
import { DataType } from '../../onnx/graph.js';
import { staysPacked } from '../../onnx/packedWeights.js';
import { unsupported } from '../../onnx/source.js';
import type { GgufFile } from './ggufFile.js';

/** Of a block of MXFP4. */
const MXFP4_NUMBERS = 32;
const MXFP4_BYTES = 17;

/** A GGUF model's tensors: as they lie there, and those in blocks that are to be repacked. */
export interface GgufPacked {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly packed: readonly PackedTensor[];
}

/** @throws ModelError for a type that is not read. */
export function packedInGguf(model: GgufFile): GgufPacked {
  const tensors = new Map(model.tensors);
  const packed: PackedTensor[] = [];
  const architecture = model.metadata.get('general.architecture');
  for (const { name, type, shape, file, offset, length } of model.places.values()) {
    const block = blockOf(type);
    if (staysPacked(architecture, block?.name, name)) {
      const blocks = [...shape.slice(0, -1), (shape.at(-1) ?? 0) / MXFP4_NUMBERS, MXFP4_BYTES];
      tensors.set(name, { file, dtype: 'MXFP4', dataType: DataType.UINT8, shape: blocks, offset, length });
      continue;
    }
    if (block?.dataType !== undefined) continue;
    const dequantize = dequantizer(type);
    if (block && dequantize) {
      packed.push(inBlocks({ name, shape, file, offset, length }, block, dequantize));
      continue;
    }
    // Only what is computed with matters: a stray tensor of whole numbers is reported as not read.
    if (!name.endsWith('.weight')) continue;
    throw unsupported(
      `The tensor "${name}" of "${file}" is stored as ${block?.name ?? String(type)}, which is not read.`,
      'Take a file of the model with another quantization, such as Q4_K_M, Q6_K or Q8_0.',
    );
  }
  return { tensors, packed };
}

function inBlocks(
  { name, shape, file, offset, length }: Pick<StoredTensor, 'file' | 'offset' | 'length' | 'shape'> & { name: string },
  block: Block,
  dequantize: Dequantizer,
): PackedTensor {
  return {
    name,
    shape,
    type: block.name,
    *numbers(read) {
      const chunk = (CHUNK / block.numbers) * block.bytes;
      const numbers = new Float32Array(CHUNK);
      for (let done = 0; done < length; done += chunk) {
        const some = read(file, offset + done, Math.min(chunk, length - done));
        const values = numbers.subarray(0, (some.length / block.bytes) * block.numbers);
        dequantize(some, values);
        yield values;
      }
    },
  };
}
