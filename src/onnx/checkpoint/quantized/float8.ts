import type { Configuration } from '../../architectures/configuration.js';
import { broken, unsupported } from '../../source.js';
import type { PackedTensor } from '../packedTensor.js';
import type { StoredTensor } from '../safetensors.js';
import type { Beside, Method } from './method.js';
import { countOf, type Named, sizes } from './numbers.js';
import { FP8, rowWise } from './rows.js';

/** Rows and columns that share a scale. */
export type Block = readonly [rows: number, columns: number];

/** float8 with scales of blocks (DeepSeek-V3, Qwen 3), or of whole matrices (Mistral, AutoFP8). */
export function float8(c: Configuration): Method {
  c.only('fmt', 'e4m3', 'float8_e4m3fn');
  c.only('scale_fmt', 'ue8m0', 'float'); // how scales were rounded when they were made
  c.ignore('activation_scheme', 'kv_cache_scheme', 'dequantize', 'modules_to_convert');
  return inFloat8(blockOf(c, 'weight_block_size'));
}

/** Meta's, one scale a row. */
export function fbgemm(c: Configuration): Method {
  c.ignore('activation_scale_ub');
  return inFloat8(undefined);
}

/** NVIDIA's, one scale a matrix. */
export function modelOptimizer(c: Configuration): Method {
  c.only('quant_algo', 'FP8');
  c.ignore('kv_cache_scheme', 'kv_cache_quant_algo', 'config_groups', 'exclude_modules', 'quantization');
  if (!c.isStated('quant_algo', 'FP8'))
    throw unsupported('config.json does not say that weights are in FP8 ("quant_algo").');
  return inFloat8(undefined);
}

const inFloat8 = (block: Block | undefined): Method => ({
  weight: (name, tensor, beside) =>
    tensor.dtype === 'F8_E4M3' ? scaledFloat8(name, tensor, beside, block) : undefined,
  turned: false,
  roundsActivations: true,
});

/** Two whole numbers above 0; undefined where nothing is said. @throws ModelError `unsupported` for anything else. */
export function blockOf(c: Configuration, key: string): Block | undefined {
  const list = c.list(key);
  if (list === undefined) return undefined;
  const [rows, columns] = list;
  const isSize = (value: unknown): value is number =>
    typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
  if (list.length === 2 && isSize(rows) && isSize(columns)) return [rows, columns];
  throw unsupported(
    `config.json should give "${key}" as two whole numbers above 0, but has ${JSON.stringify(list).slice(0, 80)}.`,
  );
}

/** @param block undefined: a scale for each row, or one for all */
export function scaledFloat8(
  name: string,
  tensor: StoredTensor,
  beside: Beside,
  block: Block | undefined,
): PackedTensor {
  const scale = scaleBeside(name, beside);
  const stored = { ...tensor, name };
  return rowWise({
    name,
    shape: tensor.shape,
    codes: FP8,
    stored,
    words: false,
    scale,
    block: blockFor(stored, scale, block),
  });
}

/** The scales of a weight. @throws ModelError `broken` where there are none, or two. */
export function scaleBeside(name: string, beside: Beside): Named {
  const [first, second] = ['_scale', '_scale_inv']
    .map((ending) => beside.tensor(name + ending))
    .filter((one) => one !== undefined);
  if (first === undefined || second !== undefined)
    throw broken(
      `The tensor "${name}" is quantized, and the files hold ${first === undefined ? 'no scales' : 'two kinds of scales'} for it ("${name}_scale" or "${name}_scale_inv").`,
      'The download may be incomplete.',
    );
  beside.take(first.name);
  return first;
}

/** What has one scale: what is stated, else a row or a matrix, as the number of scales says. @throws ModelError `broken` */
export function blockFor(weight: Named, scale: Named, stated: Block | undefined): Block {
  const [rows = 0, columns = 0] = weight.shape.slice(-2);
  const matrices = countOf({ shape: weight.shape.slice(0, -2) });
  const [down, across] = stated ? [Math.ceil(rows / stated[0]), Math.ceil(columns / stated[1])] : [1, 1];
  if (weight.shape.length >= 2) {
    if (stated && countOf(scale) === matrices * down * across && lastTwo(scale, down, across)) return stated;
    if (!stated && countOf(scale) === matrices) return [rows, columns];
    if (!stated && matrices === 1 && countOf(scale) === rows && scale.shape[0] === rows) return [1, columns];
  }
  throw broken(
    `The scales "${scale.name}" are ${sizes(scale.shape)}, which does not fit "${weight.name}", ${sizes(weight.shape)}${stated ? ` in blocks of ${sizes(stated)}` : ''}.`,
  );
}

const lastTwo = ({ shape }: Named, down: number, across: number): boolean =>
  shape.at(-2) === down && shape.at(-1) === across;
