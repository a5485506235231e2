import assert from 'node:assert/strict';
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { computeMap } from '../../src/engine/client.js';
import type { FaultCode } from '../../src/map/fault.js';
import { DEFAULT_PARAMETERS } from '../../src/map/specification.js';
import { withEngine } from './engine.js';
import { type Held, readSafetensors, writeSafetensors } from './safetensors.js';
import { assertSentence, faultOf } from './sentences.js';
import { temporaryFolder } from './temporary.js';

/** Everything that can be wrong with a checkpoint. Each case ends in one sentence that names it; none is opened by guess. */

const folder = temporaryFolder();
const FIXTURES = join(import.meta.dirname, '..', 'fixtures', 'checkpoints');
const WHOLE = 'llama-fp32';
const SHARDED = 'gemma3-bf16-sharded';

type Json = Record<string, unknown>;
const readJson = (file: string): Json => JSON.parse(readFileSync(file, 'utf8')) as Json;
const writeJson = (file: string, value: unknown): void => writeFileSync(file, JSON.stringify(value));

interface Case {
  readonly name: string;
  readonly code: FaultCode;
  readonly says: RegExp;
  /** Spoils a copy of a good checkpoint; gives another path than the folder's, if it is to be opened by that. */
  readonly spoil: (place: string) => string | undefined;
  readonly of?: string;
}

const config = (name: string, says: RegExp, changes: Json, code: FaultCode = 'model-unsupported'): Case => ({
  name,
  code,
  says,
  spoil: (place) => {
    const file = join(place, 'config.json');
    writeJson(file, { ...readJson(file), ...changes });
    return undefined;
  },
});
const file = (name: string, says: RegExp, text: string): Case => ({
  name,
  code: 'model-broken',
  says,
  spoil: (place) => {
    writeFileSync(join(place, 'config.json'), text);
    return undefined;
  },
});
const header = (
  name: string,
  says: RegExp,
  lie: Parameters<typeof writeSafetensors>[2],
  code: FaultCode = 'model-broken',
): Case => ({
  name,
  code,
  says,
  spoil: (place) => {
    const path = join(place, 'model.safetensors');
    writeSafetensors(path, readSafetensors(path), lie);
    return undefined;
  },
});
const tensors = (name: string, says: RegExp, change: (held: Held) => void, code: FaultCode = 'model-broken'): Case => ({
  name,
  code,
  says,
  spoil: (place) => {
    const path = join(place, 'model.safetensors');
    const held = readSafetensors(path);
    change(held);
    writeSafetensors(path, held);
    return undefined;
  },
});
const index = (name: string, says: RegExp, change: (map: Record<string, string>, place: string) => void): Case => ({
  name,
  code: 'model-broken',
  says,
  of: SHARDED,
  spoil: (place) => {
    const path = join(place, 'model.safetensors.index.json');
    const all = readJson(path);
    change(all.weight_map as Record<string, string>, place);
    writeJson(path, all);
    return undefined;
  },
});

const Q = 'model.layers.0.self_attn.q_proj.weight';
const HEAD = 'lm_head.weight';
const without = (held: Held, name: string): void => void Reflect.deleteProperty(held, name);
const entry = <T>(from: Record<string, T>, name: string): T => {
  const found = from[name];
  assert.ok(found, name);
  return found;
};

const UP = 'model.layers.1.mlp.up_proj';

/** What can be wrong with quantized weights, by the kinds that they are of. */
function quantized(): readonly Case[] {
  const stating = (of: string, name: string, says: RegExp, changes: Json): Case => ({
    of,
    name: `${of}: ${name}`,
    code: 'model-unsupported',
    says,
    spoil: (place) => {
      const path = join(place, 'config.json');
      const whole = readJson(path);
      writeJson(path, { ...whole, quantization_config: { ...(whole.quantization_config as Json), ...changes } });
      return undefined;
    },
  });
  const holding = (
    of: string,
    name: string,
    says: RegExp,
    change: (held: Held) => void,
    code: FaultCode = 'model-broken',
  ): Case => ({
    ...tensors(`${of}: ${name}`, says, change, code),
    of,
  });
  const filled = (held: Held, name: string, bytes: readonly number[]): void => {
    const tensor = entry(held, name);
    held[name] = { ...tensor, bytes: Uint8Array.from(tensor.bytes, (_, i) => bytes[i % bytes.length] ?? 0) };
  };
  const reshaped = (held: Held, name: string, shape: number[]): void => {
    entry(held, name).shape = shape;
  };
  const ct = (weights: Json): Json => ({
    config_groups: { group_0: { targets: ['Linear'], weights: { num_bits: 4, type: 'int', ...weights } } },
  });
  const [fp8, int4, gptq, awq] = ['fp8_block', 'ct_int4_zeros', 'gptq_sorted', 'awq'];
  return [
    stating(fp8, 'blocks of nothing', /"weight_block_size" as two whole numbers above 0/, {
      weight_block_size: [0, 16],
    }),
    stating(fp8, 'a number of another kind', /"fmt": "e5m2"/, { fmt: 'e5m2' }),
    stating(fp8, 'a key that may change numbers', /"activation_rotation": "hadamard"/, {
      activation_rotation: 'hadamard',
    }),
    {
      ...stating(fp8, 'other blocks', /weight_scale_inv" are .* blocks of 8 x 8/, { weight_block_size: [8, 8] }),
      code: 'model-broken',
    },
    holding(fp8, 'no scales', /no scales for it \("model\.layers\.1\.mlp\.up_proj\.weight_scale"/, (held) =>
      without(held, `${UP}.weight_scale_inv`),
    ),
    holding(
      fp8,
      'two kinds of scales',
      /two kinds of scales/,
      (held) => (held[`${UP}.weight_scale`] = entry(held, `${UP}.weight_scale_inv`)),
    ),
    holding(
      fp8,
      'a scale that is infinite',
      /up_proj\.weight_scale_inv" hold a number beyond float32 at place 0/,
      (held) => filled(held, `${UP}.weight_scale_inv`, [0, 0, 128, 127]),
    ),
    holding(fp8, 'a scale that is no number', /up_proj\.weight_scale_inv" hold what is no number/, (held) =>
      filled(held, `${UP}.weight_scale_inv`, [255, 255, 255, 127]),
    ),
    holding(fp8, 'a weight that is no number', /up_proj\.weight" holds what is no number at place 0/, (held) =>
      filled(held, `${UP}.weight`, [0x7f]),
    ),
    holding(fp8, 'a weight beyond float32', /up_proj\.weight" holds a number beyond float32/, (held) => {
      filled(held, `${UP}.weight`, [0x7e]);
      filled(held, `${UP}.weight_scale_inv`, [255, 255, 127, 127]);
    }),
    holding(
      fp8,
      'scales of whole numbers',
      /up_proj\.weight_scale_inv" are stored as I32/,
      (held) => (entry(held, `${UP}.weight_scale_inv`).dtype = 'I32'),
      'model-unsupported',
    ),
    holding(
      fp8,
      'another shape than the configuration says',
      /up_proj\.weight" is 40 x 56, but the configuration makes it 56 x 40|does not fit/,
      (held) => reshaped(held, `${UP}.weight`, [40, 56]),
    ),
    stating(
      int4,
      'a group of nothing',
      /"group_size" as a whole number above 0, but has 0/,
      ct({ strategy: 'group', group_size: 0 }),
    ),
    stating(
      int4,
      'a negative group',
      /"group_size" as a whole number above 0, but has -7/,
      ct({ strategy: 'group', group_size: -7 }),
    ),
    stating(
      int4,
      'bits that no word holds',
      /Weights of 3 bits/,
      ct({ strategy: 'group', group_size: 8, num_bits: 3 }),
    ),
    stating(
      int4,
      'scales that change with the input',
      /type "int"/,
      ct({ strategy: 'group', group_size: 8, dynamic: true }),
    ),
    stating(int4, 'a form that nobody knows', /"format": "frob"/, { format: 'frob' }),
    stating(int4, 'turned weights', /"transform_config"/, { transform_config: { config_groups: {} } }),
    stating(int4, 'weights that are stored sparse', /stored sparse/, {
      sparsity_config: { format: 'sparse-24-bitmask' },
    }),
    holding(int4, 'a shape that is not told', /does not say|do not say of .*up_proj\.weight_packed/, (held) =>
      without(held, `${UP}.weight_shape`),
    ),
    holding(int4, 'a shape below 0', /says that the matrix is -1 x -1/, (held) =>
      filled(held, `${UP}.weight_shape`, [255]),
    ),
    holding(int4, 'a shape without end', /up_proj\.weight_shape" says|does not hold/, (held) =>
      filled(held, `${UP}.weight_shape`, [0, 0, 0, 0, 0, 0, 16, 0]),
    ),
    holding(
      int4,
      'zero points of another shape',
      /up_proj\.weight_zero_point" is .* does not fit/,
      (held) => (held[`${UP}.weight_zero_point`] = entry(held, `${UP}.weight_scale`)),
    ),
    {
      ...stating(gptq, 'another group', /scales" is .* should be|qzeros" is/, { group_size: 8 }),
      code: 'model-broken',
    },
    stating(gptq, 'a group of nothing', /"group_size" as a whole number above 0, but has 0/, { group_size: 0 }),
    stating(gptq, 'a negative group', /"group_size" as a whole number above 0, but has -5/, { group_size: -5 }),
    stating(gptq, 'bits that are not described', /Weights of 3 bits/, { bits: 3 }),
    stating(gptq, 'a form that nobody knows', /"checkpoint_format": "marlin"/, { checkpoint_format: 'marlin' }),
    stating(gptq, 'inputs that are sorted, and said not to be', /g_idx" puts input .* not sorted \("desc_act"\)/, {
      desc_act: false,
    }),
    holding(gptq, 'an input of a group that there is not', /g_idx" puts column 0 into group 50529027/, (held) =>
      filled(held, `${UP}.g_idx`, [3]),
    ),
    holding(gptq, 'an input of a group below 0', /g_idx" puts column 0 into group -1/, (held) =>
      filled(held, `${UP}.g_idx`, [255]),
    ),
    holding(
      gptq,
      'zero points that are read in two ways',
      /zero point of 15/,
      (held) => filled(held, `${UP}.qzeros`, [255]),
      'model-unsupported',
    ),
    holding(gptq, 'no zero points', /no "model\.layers\.1\.mlp\.up_proj\.qzeros"/, (held) =>
      without(held, `${UP}.qzeros`),
    ),
    holding(
      gptq,
      'a weight twice',
      /hold both "model\.layers\.1\.mlp\.up_proj\.qweight" and/,
      (held) => (held[`${UP}.weight`] = entry(held, 'model.norm.weight')),
    ),
    stating(awq, 'another order', /"version": "gemv"/, { version: 'gemv' }),
    holding(awq, 'codes of another shape', /up_proj\.qweight" is .*should be/, (held) =>
      reshaped(held, `${UP}.qweight`, [48, 4]),
    ),
    holding(awq, 'a scale that is infinite', /up_proj\.scales" hold a number beyond float32/, (held) =>
      filled(held, `${UP}.scales`, [0, 0x7c]),
    ),
  ];
}

const CASES: readonly Case[] = [
  // what the configuration says
  file('no JSON', /config\.json.*cannot be read/, '{"model_type": "llama"'),
  file('no object', /config\.json.*no JSON object/, '[1, 2]'),
  file('nested without end', /config\.json|model_type/, `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`),
  file('no kind', /what kind of model/, '{"hidden_size": 32}'),
  config('a kind that nobody knows', /"frobnicator" are not described/, { model_type: 'frobnicator' }),
  config('a name of JavaScript as a kind', /"constructor" are not described/, { model_type: 'constructor' }),
  config('embeddings in every layer', /"gemma3n" are not described: .*embeddings of their own/, {
    model_type: 'gemma3n',
  }),
  config('embeddings in every layer, of a kind that is described without', /gemma4_text.*embeddings of their own/, {
    model_type: 'gemma4_text',
    hidden_size_per_layer_input: 256,
  }),
  config('a kind around the text', /"frobnicator" are not described/, {
    model_type: 'frobnicator',
    text_config: { model_type: 'llama' },
  }),
  config('a billion layers', /1000000000 layers/, { num_hidden_layers: 1e9 }, 'model-broken'),
  config('half a layer', /num_hidden_layers.*2\.5/, { num_hidden_layers: 2.5 }),
  config('a layer more than there is', /model\.layers\.3\./, { num_hidden_layers: 4 }, 'model-broken'),
  config('a layer less than there is', /model\.layers\.2\..*more than the configuration/, { num_hidden_layers: 2 }),
  config('a billion dimensions', /1000000000/, { hidden_size: 1e9 }),
  config('a billion heads', /1000000000|head/, { num_attention_heads: 1e9 }),
  { ...config('a head of a billion dimensions', /rotation of 1000000000/, { head_dim: 1e9 }), of: SHARDED },
  config('heads that do not divide', /heads/, { num_key_value_heads: 3 }),
  config('another head size', /q_proj\.weight.*32 x 32.*64 x 32/, { head_dim: 16 }, 'model-broken'),
  config('an unknown activation', /activation "frob" is not described/, { hidden_act: 'frob' }),
  config('an unknown rotation', /rotary scaling "frob" is not described/, { rope_scaling: { rope_type: 'frob' } }),
  config('a rotation without its factor', /"linear" has no "factor"/, { rope_scaling: { rope_type: 'linear' } }),
  config('a rotation that knows more', /"sharpness" in the rotary scaling/, {
    rope_scaling: { rope_type: 'linear', factor: 2, sharpness: 3 },
  }),
  config('long factors of another length', /4 numbers as "short_factor"/, {
    rope_scaling: { rope_type: 'longrope', factor: 2, short_factor: [1], long_factor: [1, 1, 1, 1] },
  }),
  config('a part of a head that Llama cannot turn', /partial rotation/, { partial_rotary_factor: 0.5 }),
  config('biases that are not there', /q_proj\.bias/, { attention_bias: true }, 'model-broken'),
  config('a key of arithmetic that nobody reads', /"attention_multiplier": 2/, { attention_multiplier: 2 }),
  config('a number as text', /"rms_norm_eps".*"1e-6"/, { rms_norm_eps: '1e-6' }),
  config('quantized weights', /quantized \(bitsandbytes\)/, { quantization_config: { quant_method: 'bitsandbytes' } }),
  config(
    'weights that are said to be quantized',
    /weights are quantized \(fp8\), but the files hold none/,
    { quantization_config: { quant_method: 'fp8' } },
    'model-broken',
  ),
  ...quantized(),
  // what the tensors are
  tensors('an untied head that is missing', /no head "lm_head\.weight"/, (held) => without(held, HEAD)),
  tensors('a weight that is missing', /no tensor "model\.layers\.0\.self_attn\.q_proj\.weight"/, (held) =>
    without(held, Q),
  ),
  tensors(
    'a weight that Llama does not have',
    /"model\.layers\.1\.self_attn\.q_norm\.weight"/,
    (held) => (held['model.layers.1.self_attn.q_norm.weight'] = entry(held, 'model.norm.weight')),
    'model-unsupported',
  ),
  tensors('no embedding', /embed_tokens/, (held) => without(held, 'model.embed_tokens.weight')),
  tensors(
    'integers',
    /q_proj\.weight" is stored as I32/,
    (held) => (entry(held, Q).dtype = 'I32'),
    'model-unsupported',
  ),
  {
    ...config('a head that is no embedding, and said to be one', /lm_head\.weight" is another matrix/, {
      tie_word_embeddings: true,
    }),
  },
  // what the headers say
  header('bytes that no such shape has', /q_proj\.weight.*4096 bytes.*32 x 32 of F16 take 2048/, (h) => {
    entry(h, Q).dtype = 'F16';
    return h;
  }),
  header('a shape that no such bytes have', /q_proj\.weight.*4096 bytes/, (h) => {
    entry(h, Q).shape = [32, 33];
    return h;
  }),
  header(
    'a type that nobody knows',
    /"F33"/,
    (h) => {
      entry(h, Q).dtype = 'F33';
      return h;
    },
    'model-unsupported',
  ),
  header('tensors that share bytes', /claim the same bytes/, (h) => {
    entry(h, Q).data_offsets = entry(h, 'model.layers.1.self_attn.q_proj.weight').data_offsets;
    return h;
  }),
  header('a place behind the end', /too short.*q_proj\.weight/, (h) => {
    entry(h, Q).data_offsets = [2 ** 40, 2 ** 40 + 4096];
    return h;
  }),
  header('a place that no number holds', /q_proj\.weight.*where its bytes lie/, (h) => {
    entry(h, Q).data_offsets = [2 ** 60, 2 ** 60 + 4096];
    return h;
  }),
  header('a place before the beginning', /q_proj\.weight.*where its bytes lie/, (h) => {
    entry(h, Q).data_offsets = [-4096, 0];
    return h;
  }),
  header('a header that is no JSON', /header is not JSON/, () => '{"a": '),
  header('a header that is no object', /header is no object/, () => '[]'),
  {
    name: 'a header longer than the file',
    code: 'model-broken',
    says: /header would be \d+ bytes long/,
    spoil: (place) => {
      const bytes = Buffer.alloc(64);
      bytes.writeBigUInt64LE(2n ** 62n);
      writeFileSync(join(place, 'model.safetensors'), bytes);
      return undefined;
    },
  },
  {
    name: 'a file cut off',
    code: 'model-broken',
    says: /too short/,
    spoil: (place) => {
      truncateSync(join(place, 'model.safetensors'), 100_000);
      return undefined;
    },
  },
  {
    name: 'an empty file',
    code: 'model-broken',
    says: /0 bytes/,
    spoil: (place) => {
      truncateSync(join(place, 'model.safetensors'), 0);
      return undefined;
    },
  },
  // which files
  index('an index that leads out of the folder', /outside the model's folder.*\.\.\/other/, (map) => {
    map['model.norm.weight'] = '../other.safetensors';
  }),
  index('an index that names an absolute path', /outside the model's folder/, (map) => {
    map['model.norm.weight'] = '/etc/other.safetensors';
  }),
  index('an index that names no file of weights', /outside the model's folder/, (map) => {
    map['model.norm.weight'] = 'config.json';
  }),
  index('a file that is missing', /model-00002-of-00005\.safetensors" is missing/, (_, place) => {
    rmSync(join(place, 'model-00002-of-00005.safetensors'));
  }),
  index('a tensor in another file than the index says', /"model\.norm\.weight" should lie in/, (map) => {
    map['model.norm.weight'] = 'model-00001-of-00005.safetensors';
  }),
  index('the same tensors twice', /hold a tensor/, (map, place) => {
    cpSync(join(place, 'model-00001-of-00005.safetensors'), join(place, 'copy.safetensors'));
    map['model.other.weight'] = 'copy.safetensors';
  }),
  index('a link out of the folder', /link that leads out/, (_, place) => {
    const outside = join(folder, 'outside.safetensors');
    cpSync(join(place, 'model-00002-of-00005.safetensors'), outside);
    rmSync(join(place, 'model-00002-of-00005.safetensors'));
    symlinkSync(outside, join(place, 'model-00002-of-00005.safetensors'));
  }),
  {
    name: 'no configuration',
    code: 'model-not-found',
    says: /no config\.json/,
    spoil: (place) => {
      rmSync(join(place, 'config.json'));
      return undefined;
    },
  },
  {
    name: 'pickles',
    code: 'model-not-found',
    says: /pickled/,
    spoil: (place) => {
      rmSync(join(place, 'model.safetensors'));
      writeFileSync(join(place, 'pytorch_model.bin'), 'x');
      return undefined;
    },
  },
  {
    name: 'several files and no index',
    code: 'model-ambiguous',
    says: /no index/,
    of: SHARDED,
    spoil: (place) => {
      rmSync(join(place, 'model.safetensors.index.json'));
      return undefined;
    },
  },
];

const copyOf = (name: string, of: string): string => {
  const place = join(folder, name.replaceAll(/[^a-z0-9]+/gi, '-'));
  mkdirSync(place);
  const from = join(FIXTURES, of);
  for (const one of readdirSync(from)) if (one !== 'truth.json') cpSync(join(from, one), join(place, one));
  return place;
};

test('a checkpoint that is not what it should be is refused in one sentence', async (t) => {
  await withEngine(async (engine) => {
    for (const { name, code, says, spoil, of = WHOLE } of CASES)
      await t.test(name, async () => {
        const place = copyOf(name, of);
        const path = spoil(place) ?? place;
        const fault = await faultOf(engine.call('open', { path, device: 'cpu' }));
        assertSentence(fault, name);
        assert.equal(fault.code, code, fault.message);
        assert.match(fault.message, says);
      });
    // After all of it the engine opens what is right.
    const { facts } = await engine.call('open', { path: join(FIXTURES, WHOLE), device: 'cpu' });
    assert.equal(facts.blocks, 3);
  });
});

test('weights that are no numbers open, and the map says so', async () => {
  const place = copyOf('not numbers', WHOLE);
  const path = join(place, 'model.safetensors');
  const held = readSafetensors(path);
  held[Q] = { ...entry(held, Q), bytes: new Uint8Array(4096).fill(0xff) };
  writeSafetensors(path, held);
  await withEngine(async (engine) => {
    const { checks } = await engine.call('open', { path: place, device: 'cpu' });
    const failed = checks.find((check) => check.outcome === 'failed');
    assert.match(failed?.detail ?? '', /not a number/);
    const parameters = {
      ...DEFAULT_PARAMETERS,
      layer: 'embeddings' as const,
      grid: { columns: 2, rows: 2, spacing: 1, center: [0, 0] as const },
    };
    const prompt = { ...parameters, context: { kind: 'tokens' as const, ids: [1, 2, 3] } };
    const map = await computeMap(engine, { parameters: prompt, batchSize: 4 });
    assert.ok(
      map.runtime.notices.some((notice) => notice.includes('no prediction')),
      map.runtime.notices.join(),
    );
  });
});

for (const [what, change] of [
  ['written again', (path: string) => writeFileSync(path, readFileSync(path))],
  ['taken away', (path: string) => rmSync(path)],
] as const)
  test(`a shard that is ${what} while the model is open is noticed`, async () => {
    const place = copyOf(`shard ${what}`, SHARDED);
    await withEngine(async (engine) => {
      await engine.call('open', { path: place, device: 'cpu' });
      const shard = join(place, 'model-00003-of-00005.safetensors');
      change(shard);
      const parameters = {
        ...DEFAULT_PARAMETERS,
        layer: 0,
        grid: { columns: 2, rows: 2, spacing: 1, center: [0, 0] as const },
      };
      const fault = await faultOf(computeMap(engine, { parameters, batchSize: 4 }));
      assertSentence(fault);
      assert.equal(fault.code, 'model-broken');
      assert.ok(fault.message.includes(basename(shard)), fault.message);
    });
  });

/** What a checkpoint is recognised by. */
const fingerprintOf = (path: string): Promise<string> =>
  withEngine(async (engine) => {
    const { reference } = await engine.call('open', { path, device: 'cpu', skipChecks: true });
    return reference.sha256;
  });

test('a checkpoint is recognised wherever its weights lie, and told from every other', async () => {
  const own = await fingerprintOf(join(FIXTURES, SHARDED));
  // All shards as one file, the tensors in another order, another release's name in the configuration.
  const one = copyOf('as one file', SHARDED);
  const all: Held = {};
  for (const shard of readdirSync(one).filter((name) => name.endsWith('.safetensors'))) {
    Object.assign(all, readSafetensors(join(one, shard)));
    rmSync(join(one, shard));
  }
  rmSync(join(one, 'model.safetensors.index.json'));
  writeSafetensors(join(one, 'model.safetensors'), Object.fromEntries(Object.entries(all).reverse()));
  const stated = readJson(join(one, 'config.json'));
  writeJson(join(one, 'config.json'), {
    ...Object.fromEntries(Object.entries(stated).reverse()),
    transformers_version: '9',
  });
  assert.equal(await fingerprintOf(one), own);

  const changed = copyOf('one number', SHARDED);
  const file = join(changed, 'model-00001-of-00005.safetensors');
  const held = readSafetensors(file);
  const [name = ''] = Object.keys(held);
  entry(held, name).bytes[0] = (entry(held, name).bytes[0] ?? 0) ^ 1;
  writeSafetensors(file, held);
  assert.notEqual(await fingerprintOf(changed), own);

  const turned = copyOf('another base', SHARDED);
  writeJson(join(turned, 'config.json'), { ...readJson(join(turned, 'config.json')), rope_theta: 5000 });
  assert.notEqual(await fingerprintOf(turned), own);
});

test('a checkpoint opens by its folder, its files, its index and as links of the Hugging Face cache', async () => {
  const repository = join(folder, 'models--org--tiny');
  const snapshot = join(repository, 'snapshots', 'abc');
  mkdirSync(join(repository, 'blobs'), { recursive: true });
  mkdirSync(snapshot, { recursive: true });
  readdirSync(join(FIXTURES, SHARDED))
    .filter((name) => name !== 'truth.json')
    .forEach((name, i) => {
      cpSync(join(FIXTURES, SHARDED, name), join(repository, 'blobs', `hash${i}`));
      symlinkSync(join('..', '..', 'blobs', `hash${i}`), join(snapshot, name));
    });
  const own = await fingerprintOf(join(FIXTURES, SHARDED));
  for (const path of [
    snapshot,
    join(snapshot, 'model.safetensors.index.json'),
    join(snapshot, 'model-00002-of-00005.safetensors'),
    join(snapshot, 'config.json'),
  ])
    assert.equal(await fingerprintOf(path), own, path);
});
