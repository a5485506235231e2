import type { Configuration } from '../../architectures/configuration.js';
import { broken, unsupported } from '../../source.js';
import { columnWise } from './columns.js';
import type { Beside, Method } from './method.js';
import type { Named } from './numbers.js';

/** GPTQ, as AutoGPTQ and GPTQModel write it. */
export function gptq(c: Configuration): Method {
  const bits = bitsOf(c, 2, 4, 8);
  const groupSize = groupSizeOf(c, 'group_size');
  const sorted = c.flag('desc_act');
  const form = c.isStated('checkpoint_format', undefined) ? 'gptq' : c.text('checkpoint_format');
  if (form !== 'gptq' && form !== 'gptq_v2')
    throw unsupported(`"checkpoint_format": "${form.slice(0, 60)}" in config.json is not described for gptq.`);
  for (const key of ['format', 'method', 'pack_dtype']) c.only(key, form, 'gptq', 'int32');
  for (const key of ['is_marlin_format', 'rotation']) c.only(key, false);
  c.ignore('sym', 'lm_head', 'static_groups', 'act_group_aware', 'hyb_act', 'true_sequential', 'damp_percent', 'meta');
  c.ignore('dynamic', 'max_input_length', 'cache_block_outputs', 'module_name_preceding_first_block');
  c.ignore('modules_in_block_to_quantize', 'block_name_to_quantize', 'quantizer', 'exllama_config', 'use_exllama');
  c.ignore('disable_exllama', 'act_order', 'mse', 'dataset');
  return inWords((name, parts) =>
    columnWise({ name, method: 'GPTQ', bits, groupSize, ...parts, sorted, zerosLess: form === 'gptq' }),
  );
}

/** AWQ, as AutoAWQ writes it. */
export function awq(c: Configuration): Method {
  const bits = bitsOf(c, 4);
  const groupSize = groupSizeOf(c, 'group_size', 'q_group_size');
  for (const key of ['version', 'format', 'checkpoint_format']) c.only(key, 'gemm', 'GEMM');
  for (const key of ['zero_point', 'pack_dtype']) c.only(key, true, 'int32');
  c.ignore('backend', 'do_fuse', 'modules_to_fuse', 'fuse_max_seq_len', 'exllama_config', 'method', 'sym', 'meta');
  c.ignore('desc_act', 'lm_head', 'dynamic');
  return inWords((name, parts) =>
    columnWise({ name, method: 'AWQ', bits, groupSize, ...parts, sorted: false, zerosLess: false }),
  );
}

interface Parts {
  readonly codes: Named;
  readonly zeros: Named;
  readonly scales: Named;
  readonly groups: Named | undefined;
}

const CODES = '.qweight';

const inWords = (matrix: (name: string, parts: Parts) => ReturnType<typeof columnWise>): Method => ({
  weight(name, tensor, beside) {
    if (!name.endsWith(CODES)) return undefined;
    const layer = name.slice(0, -CODES.length);
    const zeros = part(layer, 'qzeros', beside);
    const scales = part(layer, 'scales', beside);
    const groups = beside.tensor(`${layer}.g_idx`);
    if (groups) beside.take(groups.name);
    return matrix(`${layer}.weight`, { codes: { ...tensor, name }, zeros, scales, groups });
  },
  turned: true,
  roundsActivations: false,
});

function part(layer: string, ending: string, beside: Beside): Named {
  const found = beside.tensor(`${layer}.${ending}`);
  if (!found)
    throw broken(
      `The files hold no "${layer}.${ending}" beside "${layer}.qweight".`,
      'The download may be incomplete.',
    );
  beside.take(found.name);
  return found;
}

function bitsOf<T extends number>(c: Configuration, ...described: readonly T[]): T {
  const bits = c.count('bits', 'w_bit');
  const known = described.find((one) => one === bits);
  if (known !== undefined) return known;
  throw unsupported(`Weights of ${bits} bits are not described for ${c.modelType}: ${described.join(', ')} are.`);
}

/** Inputs of a group, by the first of some keys that is there; undefined: all are one. */
const groupSizeOf = (c: Configuration, ...keys: readonly string[]): number | undefined =>
  keys.some((key) => c.isStated(key, -1)) ? undefined : c.count(...keys);
