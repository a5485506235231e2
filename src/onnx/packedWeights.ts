import { DataType, type Graph, type TensorProto } from './graph.js';

/** What the names of a checkpoint's tensors end with that hold two numbers of 4 bits a byte, and are unpacked whenever they are used. */
export const BLOCKS = '_blocks';

/** Whether a weight is such a tensor, or a range of its rows. */
export const isPacked = ({ name, dataType }: Pick<TensorProto, 'name' | 'dataType'>): boolean =>
  dataType === DataType.UINT8 && (name.endsWith(BLOCKS) || name.includes(`${BLOCKS}[`));

/** Whether a graph unpacks weights when they are used: none of that may be done once and for all. */
export const unpacks = (graph: Graph): boolean => [...graph.initializers.values()].some(isPacked);
