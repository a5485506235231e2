import { DataType } from '../graph.js';

/** A type of numbers in GGUF: blocks of so many numbers in so many bytes. */
export interface Block {
  readonly name: string;
  readonly numbers: number;
  readonly bytes: number;
  /** The same among ONNX's types, for those that onnxruntime computes with as they lie there. */
  readonly dataType?: number;
}

const block = (name: string, numbers: number, bytes: number, dataType?: number): Block => ({
  name,
  numbers,
  bytes,
  ...(dataType === undefined ? {} : { dataType }),
});

/** By ggml's numbers. */
const BLOCKS: Readonly<Record<number, Block>> = {
  0: block('F32', 1, 4, DataType.FLOAT),
  1: block('F16', 1, 2, DataType.FLOAT16),
  2: block('Q4_0', 32, 18),
  3: block('Q4_1', 32, 20),
  6: block('Q5_0', 32, 22),
  7: block('Q5_1', 32, 24),
  8: block('Q8_0', 32, 34),
  9: block('Q8_1', 32, 40),
  10: block('Q2_K', 256, 84),
  11: block('Q3_K', 256, 110),
  12: block('Q4_K', 256, 144),
  13: block('Q5_K', 256, 176),
  14: block('Q6_K', 256, 210),
  15: block('Q8_K', 256, 292),
  16: block('IQ2_XXS', 256, 66),
  17: block('IQ2_XS', 256, 74),
  18: block('IQ3_XXS', 256, 98),
  19: block('IQ1_S', 256, 50),
  20: block('IQ4_NL', 32, 18),
  21: block('IQ3_S', 256, 110),
  22: block('IQ2_S', 256, 82),
  23: block('IQ4_XS', 256, 136),
  24: block('I8', 1, 1),
  25: block('I16', 1, 2),
  26: block('I32', 1, 4),
  27: block('I64', 1, 8),
  28: block('F64', 1, 8),
  29: block('IQ1_M', 256, 56),
  30: block('BF16', 1, 2, DataType.BFLOAT16),
  34: block('TQ1_0', 256, 54),
  35: block('TQ2_0', 256, 66),
  39: block('MXFP4', 32, 17),
  40: block('NVFP4', 64, 36),
};

export const blockOf = (type: number): Block | undefined => BLOCKS[type];
