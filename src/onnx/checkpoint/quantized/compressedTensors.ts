import type { Configuration } from '../../architectures/configuration.js';
import { isObject, type Json } from '../../json.js';
import { broken, unsupported } from '../../source.js';
import type { PackedTensor } from '../packedTensor.js';
import { type Block, blockFor, blockOf, scaleBeside, scaledFloat8 } from './float8.js';
import type { Beside, Method } from './method.js';
import { countOf, type Named, sizes } from './numbers.js';
import { INT8, offsetCodes, rowWise } from './rows.js';

/** How the weights of some layers are quantized. */
interface Group {
  readonly bits: 2 | 4 | 8;
  /** What has one scale; undefined: a row, or a whole matrix. */
  readonly block: Block | undefined;
}

/** What llm-compressor writes (vLLM): FP8, whole numbers of 8 bits, or of 8, 4 and 2 bits in words. */
export function compressedTensors(c: Configuration): Method {
  c.only('format', ...FORMATS);
  c.ignore('kv_cache_scheme', 'global_compression_ratio', 'version');
  refuseMore(c, 'transform_config');
  const sparse = c.object('sparsity_config');
  if (sparse?.format !== undefined && sparse.format !== 'dense')
    throw unsupported(
      `Weights that are stored sparse (${JSON.stringify(sparse.format).slice(0, 60)}) are not described.`,
    );
  const groups = Object.values(c.object('config_groups') ?? {}).map((one) => groupOf(c, one));
  if (groups.length === 0) throw unsupported('config.json does not say how weights are quantized ("config_groups").');
  const { blocks, bits } = {
    blocks: groups.map(({ group }) => group.block),
    bits: new Set(groups.map(({ group }) => group.bits)),
  };
  return {
    weight(name, tensor, beside) {
      const stored = { ...tensor, name };
      if (tensor.dtype === 'F8_E4M3') return fitting(blocks, (block) => scaledFloat8(name, tensor, beside, block));
      if (tensor.dtype === 'I8' && name.endsWith('.weight'))
        return fitting(blocks, (block) => inBytes(name, stored, beside, block));
      if (name.endsWith('.weight_packed'))
        return fitting(blocks, (block) => inWords(name.replace(/_packed$/, ''), stored, beside, bits, block));
      return undefined;
    },
    turned: false,
    roundsActivations: groups.some(({ activations }) => activations),
  };
}

const FORMATS = ['float-quantized', 'int-quantized', 'naive-quantized', 'pack-quantized', 'mixed-precision', 'dense'];

/** Several groups of layers may have blocks of several sizes: the scales say which a layer is of. */
function fitting(
  blocks: readonly (Block | undefined)[],
  weight: (block: Block | undefined) => PackedTensor,
): PackedTensor {
  let last: unknown;
  for (const block of blocks)
    try {
      return weight(block);
    } catch (error) {
      last ??= error;
    }
  throw last;
}

function groupOf(c: Configuration, whole: unknown): { readonly group: Group; readonly activations: boolean } {
  const weights = isObject(whole) ? whole.weights : undefined;
  if (!isObject(whole) || !isObject(weights))
    throw unsupported('config.json has a group of quantized layers ("config_groups") without "weights".');
  c.within(whole).only('format', ...FORMATS);
  const { num_bits: bits, type, strategy, dynamic } = weights;
  if (bits !== 8 && bits !== 4 && bits !== 2) throw unsupported(`Weights of ${show(bits)} bits are not described.`);
  if ((type !== 'float' && type !== 'int') || (type === 'float' && bits !== 8) || (dynamic ?? false) !== false)
    throw unsupported(`Weights of ${bits} bits of type ${show(type)} are not described.`);
  return { group: { bits, block: sharing(c, weights, strategy) }, activations: isObject(whole.input_activations) };
}

/** What has one scale. */
function sharing(c: Configuration, weights: Json, strategy: unknown): Block | undefined {
  const { group_size: size } = weights;
  switch (strategy) {
    case 'tensor':
    case 'channel':
      return undefined;
    case 'group':
      if (typeof size === 'number' && Number.isSafeInteger(size) && size > 0) return [1, size];
      if (size === -1) return undefined;
      throw unsupported(`config.json should give "group_size" as a whole number above 0, but has ${show(size)}.`);
    case 'block': {
      const block = blockOf(c.within(weights), 'block_structure');
      if (block) return block;
    }
  }
  throw unsupported(`Scales by ${show(strategy)} ("strategy") are not described for ${c.modelType}.`);
}

const show = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 60));

function refuseMore(c: Configuration, key: string): void {
  const more = c.object(key);
  if (more && Object.keys(more).length > 0)
    throw unsupported(
      `config.json has "${key}", which is not described for ${c.modelType} and may change what the model computes.`,
    );
}

function inBytes(name: string, stored: Named, beside: Beside, block: Block | undefined): PackedTensor {
  const scale = scaleBeside(name, beside);
  const own = blockFor(stored, scale, block);
  const zeros = zerosBeside(name, stored.shape, scale, own, undefined, beside);
  return rowWise({ name, shape: stored.shape, codes: INT8, stored, words: false, scale, block: own, zeros });
}

/** Codes in words of 32 bits, a row of the matrix padded to whole ones. */
function inWords(
  name: string,
  stored: Named,
  beside: Beside,
  described: ReadonlySet<Group['bits']>,
  block: Block | undefined,
): PackedTensor {
  const shape = shapeBeside(name, beside);
  const [rows, columns] = shape;
  const bits = [...described].find((one) => Math.ceil((columns * one) / 32) === stored.shape[1]);
  if (stored.dtype !== 'I32' || stored.shape.length !== 2 || stored.shape[0] !== rows || bits === undefined)
    throw broken(
      `"${stored.name}" is ${sizes(stored.shape)} of ${stored.dtype}, which does not hold ${sizes(shape)} numbers of ${[...described].join(' or ')} bits.`,
    );
  const scale = scaleBeside(name, beside);
  const own = blockFor({ ...stored, name, shape }, scale, block);
  const zeros = zerosBeside(name, shape, scale, own, bits, beside);
  const groups = beside.tensor(`${name}_g_idx`);
  if (groups) beside.take(groups.name);
  return rowWise({ name, shape, codes: offsetCodes(bits), stored, words: true, scale, block: own, zeros, groups });
}

/** Two numbers: the matrix that was packed. */
function shapeBeside(name: string, beside: Beside): readonly [number, number] {
  const tensor = beside.tensor(`${name}_shape`);
  const wide = tensor?.dtype === 'I64';
  if (!tensor || countOf(tensor) !== 2 || !(wide || tensor.dtype === 'I32'))
    throw broken(`The files do not say of "${name}_packed" what its shape is ("${name}_shape").`);
  beside.take(tensor.name);
  const bytes = beside.read(tensor.file, tensor.offset, tensor.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = (i: number): number => (wide ? Number(view.getBigInt64(8 * i, true)) : view.getInt32(4 * i, true));
  const [rows, columns] = [at(0), at(1)];
  if (Number.isSafeInteger(rows) && Number.isSafeInteger(columns) && rows > 0 && columns > 0) return [rows, columns];
  throw broken(`"${tensor.name}" says that the matrix is ${rows} x ${columns}.`);
}

/** What codes are counted from, where they are not counted from 0. */
function zerosBeside(
  name: string,
  shape: readonly number[],
  scale: Named,
  block: Block,
  bits: number | undefined,
  beside: Beside,
): { readonly stored: Named; readonly packed: boolean } | undefined {
  const stored = beside.tensor(`${name}_zero_point`);
  if (!stored) return undefined;
  beside.take(stored.name);
  const [rows = 0, columns = 0] = shape;
  const [down, across] = [Math.ceil(rows / block[0]), Math.ceil(columns / block[1])];
  const packed = stored.dtype === 'I32' && bits !== undefined;
  const lines = packed ? Math.ceil((down * bits) / 32) : down;
  if (
    (packed || stored.dtype === 'I8') &&
    countOf(stored) === lines * across &&
    (packed || countOf(scale) === countOf(stored))
  )
    return { stored, packed };
  throw broken(
    `"${stored.name}" is ${sizes(stored.shape)} of ${stored.dtype}, which does not fit the scales "${scale.name}", ${sizes(scale.shape)}.`,
  );
}
