import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { badFile, type GivenFile, wholeFile, withFile } from '../formats/vectors/bytes.js';
import { Fault } from '../map/fault.js';
import type { Translator, TranslatorKind } from '../map/translate.js';
import { openTensorFile, type StoredTensor, type TensorFile } from './tensorFile.js';
import { several } from '../map/numbers.js';
import { TensorPlace } from './pickle.js';

/** What a translator must fit. */
export interface TranslatorModel {
  readonly name: string;
  readonly blocks: number;
  readonly hiddenSize: number;
}

/** A layer's translator, and what its file says of itself. */
export interface ReadTranslator {
  /** undefined: this layer has none, it is the identity. */
  readonly translator: Translator | undefined;
  /** Layers that it can be read at, ascending; the last one is always there. */
  readonly layers: readonly number[];
  /** The model that the file names; null where it names none. */
  readonly model: string | null;
  /** SHA-256 over the file's size and samples of it. */
  readonly sha256: string;
}

/**
 * Reads the translator of one layer: -1 = the embeddings, l = the output of block l.
 * @param place a tuned lens's folder or file, a Jacobian lens's file or its folder
 * @throws Fault `file` or `bad-parameter` that names the file and why it is refused.
 */
export async function readTranslator(
  place: string,
  kind: TranslatorKind,
  model: TranslatorModel,
  layer: number,
): Promise<ReadTranslator> {
  const file = fileOf(path.resolve(place), kind);
  const named = await besides(file, kind, model);
  return withFile(file, async (given) => {
    const opened = await openTensorFile(given);
    const parts = kind === 'tuned' ? tuned(given, opened, model, named.bias) : jacobian(given, opened, model);
    const own = named.model ?? (opened.kind === 'safetensors' ? (opened.metadata.get('model') ?? null) : null);
    if (own !== null && shortName(own) !== shortName(model.name))
      throw new Fault({
        code: 'bad-parameter',
        message: `"${given.name}" is a lens of "${own}", and this model is "${model.name}".`,
        hint: 'A lens belongs to one model. If this is it under another name, give its folder that name.',
      });
    const { layers, at } = parts;
    return { translator: await at(layer), layers, model: own, sha256: await fingerprint(given) };
  });
}

/** The last part of a name, without what exports add to it. */
const shortName = (name: string): string =>
  (name.split(/[/\\]/).filter(Boolean).at(-1) ?? '').toLowerCase().replace(/[-_.](onnx|gguf)$/, '');

/** The file that is meant by a place. */
function fileOf(place: string, kind: TranslatorKind): string {
  const isFolder = existsSync(place) && statSync(place, { throwIfNoEntry: false })?.isDirectory() === true;
  if (!isFolder) return place; // what is none is said when it is opened
  const params = path.join(place, 'params.pt');
  const safe = path.join(place, 'tuned.safetensors');
  if (kind === 'tuned') return existsSync(params) || !existsSync(safe) ? params : safe;
  const names = readdirSync(place).filter((name) => /\.(pt|safetensors)$/.test(name));
  const found = [/jacobian_lens[^/]*\.(pt|safetensors)$/, /^lens\.pt$/, /./]
    .map((pattern) => names.filter((name) => pattern.test(name)))
    .find((some) => some.length > 0);
  const [only] = found ?? [];
  if (only !== undefined && found?.length === 1) return path.join(place, only);
  throw badFile(
    path.basename(place),
    only === undefined ? 'is a folder without a Jacobian lens' : `is a folder with ${found?.length ?? 0} lenses`,
    'Name the file.',
  );
}

/** What stands beside a lens's file. */
async function besides(
  file: string,
  kind: TranslatorKind,
  { blocks, hiddenSize }: TranslatorModel,
): Promise<{ readonly model: string | null; readonly bias: boolean }> {
  const folder = path.dirname(file);
  const beside = async (name: string): Promise<string | undefined> => {
    const place = path.join(folder, name);
    return existsSync(place) ? new TextDecoder().decode(await wholeFile(place, 2 ** 20)) : undefined;
  };
  if (kind === 'jacobian') {
    const name = /^hf_model_name:\s*["']?([^"'\n#]+)/m.exec((await beside('config.yaml')) ?? '')?.[1]?.trim();
    return { model: name ?? null, bias: false };
  }
  if (!file.endsWith('.pt')) return { model: null, bias: true };
  const called = `${path.basename(folder)}/config.json`;
  const text = await beside('config.json');
  if (text === undefined) {
    if (!existsSync(file)) return { model: null, bias: true };
    throw badFile(called, 'is missing: a tuned lens is a folder of config.json and params.pt');
  }
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    throw badFile(called, 'is no JSON');
  }
  if (typeof config !== 'object' || config === null || Array.isArray(config)) throw badFile(called, 'is no object');
  const of = new Map<string, unknown>(Object.entries(config));
  const refuse = (what: string): Fault => badFile(called, what);
  if ((of.get('lens_type') ?? 'linear_tuned_lens') !== 'linear_tuned_lens')
    throw refuse(`is of another kind of lens (${String(of.get('lens_type')).slice(0, 80)})`);
  if (of.get('reuse_unembedding') === false) throw refuse('says that the lens has an unembedding of its own');
  if ((of.get('extra_layers') ?? 0) !== 0) throw refuse('says that the lens has whole layers of its own');
  if (of.get('d_model') !== hiddenSize)
    throw refuse(`is of hidden states of ${String(of.get('d_model'))} numbers; this model's have ${hiddenSize}`);
  const layers = of.get('num_hidden_layers') ?? of.get('num_layers');
  if (layers !== blocks)
    throw refuse(
      `is of a model of ${typeof layers === 'number' ? several(layers, 'block') : 'other blocks'}; this one has ${blocks}`,
    );
  const name = of.get('base_model_name_or_path');
  return { model: typeof name === 'string' && name !== '' ? name : null, bias: of.get('bias') !== false };
}

interface Parts {
  readonly layers: readonly number[];
  readonly at: (layer: number) => Promise<Translator | undefined>;
}

/** Index i of a tuned lens reads the input of block i: the product's layer i - 1. */
function tuned(file: GivenFile, opened: TensorFile, { blocks, hiddenSize: d }: TranslatorModel, bias: boolean): Parts {
  const tensors = new Map<string, StoredTensor>();
  if (opened.kind === 'safetensors') for (const [name, tensor] of opened.tensors) tensors.set(name, tensor);
  else {
    const { value } = opened;
    if (!(value instanceof Map)) throw badFile(file.name, 'holds no tuned lens');
    if (value.has('J')) throw badFile(file.name, 'is a Jacobian lens', 'Choose the readout jacobian.');
    for (const [name, place] of value) {
      if (typeof name !== 'string' || !(place instanceof TensorPlace))
        throw badFile(
          file.name,
          `holds something else than tensors (${typeof name === 'string' ? name.slice(0, 80) : 'an entry without a name'})`,
        );
      tensors.set(name, opened.tensor(place));
    }
  }
  const legacy = [...tensors.keys()].some((name) => name.startsWith('input_'));
  const found = new Map<string, StoredTensor>();
  for (const [name, tensor] of tensors) {
    if (legacy && /^(layer_norm|unembedding)\./.test(name)) continue;
    const [, index, part] = /^(\d+)\.(weight|bias)$/.exec(name) ?? [];
    const [, later, laterPart] = /^layer_(?:translators|probes|adapters)\.(\d+)\.(weight|bias)$/.exec(name) ?? [];
    const [, inputPart] = /^input_(?:translator|probe|adapter)\.(weight|bias)$/.exec(name) ?? [];
    const key = legacy
      ? later === undefined
        ? inputPart && `0.${inputPart}`
        : `${Number(later) + 1}.${laterPart ?? ''}`
      : index && `${Number(index)}.${part ?? ''}`;
    if (key === undefined || found.has(key))
      throw badFile(file.name, `holds "${name.slice(0, 80)}", which no tuned lens has`);
    found.set(key, tensor);
  }
  const biased = bias || [...found.keys()].some((name) => name.endsWith('.bias'));
  const translators = [...found.keys()].filter((name) => name.endsWith('.weight')).length;
  if (translators > blocks)
    throw badFile(file.name, `has ${several(translators, 'translator')}; this model has ${several(blocks, 'block')}`);
  for (let i = 0; i < blocks; i++)
    for (const part of biased ? ['weight', 'bias'] : ['weight']) {
      const tensor = found.get(`${i}.${part}`);
      if (!tensor) throw badFile(file.name, `lacks ${i}.${part}: this model has ${several(blocks, 'block')}`);
      checkShape(file.name, `${i}.${part}`, tensor, part === 'weight' ? [d, d] : [d]);
    }
  return {
    layers: Array.from({ length: blocks + 1 }, (_, i) => i - 1),
    at: async (layer) => {
      const at = layer + 1;
      if (at >= blocks) return undefined;
      const numbers = async (part: string): Promise<Float32Array | undefined> => {
        const tensor = found.get(`${at}.${part}`);
        return tensor && finite(file.name, `${at}.${part}`, await tensor.read());
      };
      const matrix = (await numbers('weight')) ?? new Float32Array(d * d);
      return { matrix, identity: true, bias: (await numbers('bias')) ?? null };
    },
  };
}

/** Index l of a Jacobian lens reads the output of block l: the product's layer l. */
function jacobian(file: GivenFile, opened: TensorFile, { blocks, hiddenSize: d }: TranslatorModel): Parts {
  const found = new Map<number, StoredTensor>();
  const add = (name: string, index: number, tensor: StoredTensor): void => {
    if (!Number.isInteger(index) || index < 0 || found.has(index))
      throw badFile(file.name, `holds "${name.slice(0, 80)}", which no Jacobian lens has`);
    if (index >= blocks) throw badFile(file.name, `is of layer ${index}; this model has layers 0 to ${blocks - 1}`);
    checkShape(file.name, name, tensor, [d, d]);
    found.set(index, tensor);
  };
  if (opened.kind === 'safetensors') {
    for (const [name, tensor] of opened.tensors) add(name, Number(/^J[._](\d+)$/.exec(name)?.[1] ?? NaN), tensor);
  } else {
    const { value } = opened;
    if (!(value instanceof Map)) throw badFile(file.name, 'holds no Jacobian lens');
    const matrices = value.get('J');
    if (!(matrices instanceof Map))
      throw badFile(
        file.name,
        value.has('jacobian_sum')
          ? 'is a checkpoint of a fit, whose sums are no lens yet'
          : 'holds no Jacobian lens: it has no "J"',
      );
    const width = value.get('d_model') ?? d;
    if (width !== d)
      throw badFile(
        file.name,
        `is of hidden states of ${typeof width === 'number' ? width : 'other'} numbers; this model's have ${d}`,
      );
    for (const [key, place] of matrices) {
      const index = typeof key === 'string' && /^\d+$/.test(key) ? Number(key) : key;
      if (typeof index !== 'number' || !(place instanceof TensorPlace))
        throw badFile(file.name, 'holds something else than a matrix for each layer');
      add(`J[${index}]`, index, opened.tensor(place));
    }
  }
  if (found.size === 0) throw badFile(file.name, 'holds no matrix');
  const layers = [...found.keys()].sort((a, b) => a - b);
  return {
    layers: [...layers.filter((layer) => layer < blocks - 1), blocks - 1],
    at: async (layer) => {
      const tensor = found.get(layer);
      if (tensor) return { matrix: finite(file.name, `J[${layer}]`, await tensor.read()), identity: false, bias: null };
      if (layer === blocks - 1) return undefined;
      throw new Fault({
        code: 'bad-parameter',
        message: `"${file.name}" has no matrix for ${layer < 0 ? 'the embeddings' : `layer ${layer}`}.`,
        hint: `It was fitted at the layers ${layers.join(', ').slice(0, 300)}.`,
      });
    },
  };
}

function checkShape(file: string, name: string, { shape, floats }: StoredTensor, wanted: readonly number[]): void {
  if (!floats) throw badFile(`${file}:${name}`, 'does not hold floating-point numbers');
  if (shape.length === wanted.length && shape.every((size, i) => size === wanted[i])) return;
  throw badFile(`${file}:${name}`, `has the shape ${shape.join(' x ')}; this model's needs ${wanted.join(' x ')}`);
}

function finite(file: string, name: string, numbers: Float32Array): Float32Array {
  if (numbers.every((value) => Number.isFinite(value))) return numbers;
  throw badFile(`${file}:${name}`, 'holds a number that is not finite');
}

const SAMPLE = 2 ** 12;
const SAMPLES = 64;

/** Of a file's size and of samples of its bytes. */
async function fingerprint(file: GivenFile): Promise<string> {
  const hash = createHash('sha256').update(`${file.size}\n`);
  const samples = file.size <= SAMPLE * SAMPLES ? 1 : SAMPLES;
  const length = samples === 1 ? file.size : SAMPLE;
  for (let i = 0; i < samples; i++) {
    const at = samples === 1 ? 0 : Math.floor(((file.size - length) * i) / (samples - 1));
    hash.update(await file.read(at, length));
  }
  return hash.digest('hex');
}
