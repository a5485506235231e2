import { DataType, type Graph, type TensorProto } from './graph.js';

/** What the names of a checkpoint's tensors end with that hold two numbers of 4 bits a byte, and are unpacked whenever they are used. */
export const BLOCKS = '_blocks';

/** GGUF's names of gpt-oss's experts, which stay in its own blocks. */
const EXPERTS = /\.ffn_(gate|up|down)_exps\.weight$/;

/** Whether a tensor of a GGUF file is unpacked whenever it is used; all others in blocks are repacked once. */
export const staysPacked = (architecture: unknown, type: string | undefined, name: string): boolean =>
  architecture === 'gpt-oss' && type === 'MXFP4' && EXPERTS.test(name);

/** Whether a weight is such a tensor, or a range of its rows. */
export function isPacked({ name, dataType }: Pick<TensorProto, 'name' | 'dataType'>): boolean {
  const [whole = ''] = name.split('[');
  return dataType === DataType.UINT8 && (whole.endsWith(BLOCKS) || EXPERTS.test(whole));
}

/** Whether a graph unpacks weights when they are used: none of that may be done once and for all. */
export const unpacks = (graph: Graph): boolean => [...graph.initializers.values()].some(isPacked);
