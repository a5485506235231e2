import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { Fault } from '../map/fault.js';

/** Decoders by their name without what is said of their numbers, the least surprising first: what works alone before what does not. */
const DECODERS = [
  'model',
  'decoder_model_merged',
  'decoder_model',
  'prefill',
  'decoder_with_past_model',
  'decoder',
  'text_decoder',
  'language_model',
  'text_model',
  'decode',
];
/** What lies beside a decoder and is none. */
const COMPANIONS = /embed|vision|image|audio|speech|encoder|lm_head|projector|tokenizer|preprocess|processor/i;
/** How an export's numbers are stored, at the end of its name. */
const VARIANT =
  /[_-](fp32|fp16|bf16|float16|bfloat16|int8|uint8|int4|uint4|quantized|bnb4|q\d(f16|f32)?|q\d_\w+|o\d)$/i;
/** Folders for other processors than the one at hand, as repositories of exports name them. */
const ELSEWHERE = /gpu|cuda|dml|directml|npu|qnn|tensorrt|webgpu|openvino|vitis/i;
const DEEPEST = 3;
const MOST_FOLDERS = 500;

/** The .onnx files of a folder, and of `onnx` in it. Sorted. */
export function onnxFilesIn(folder: string): string[] {
  return ['onnx', '.'].flatMap((sub) =>
    entries(join(folder, sub))
      .flatMap(({ name }) => (name.endsWith('.onnx') ? [join(folder, sub, name)] : []))
      .filter((path) => existsSync(path) && statSync(path, { throwIfNoEntry: false })?.isFile() === true) // no circle of links
      .sort(),
  );
}

/** A name without its ending and without what it says of its numbers, and that. */
function splitVariant(file: string): { stem: string; variant: string } {
  const name = basename(file, '.onnx');
  const variant = VARIANT.exec(name)?.[0] ?? '';
  return { stem: name.slice(0, name.length - variant.length), variant };
}

/** What may be a decoder; everything where nothing may. */
function withoutCompanions(files: readonly string[]): readonly string[] {
  const alone = files.filter((file) => !COMPANIONS.test(basename(file)));
  return alone.length > 0 ? alone : files;
}

/** The decoder among the .onnx files of a folder; undefined where several are as good. */
export function decoderAmong(files: readonly string[]): string | undefined {
  const decoders = withoutCompanions(files);
  const exact = DECODERS.flatMap((stem) => decoders.filter((file) => basename(file) === `${stem}.onnx`))[0];
  if (exact !== undefined) return exact;
  const byStem = DECODERS.map((stem) => decoders.filter((file) => splitVariant(file).stem === stem));
  const best = byStem.find((some) => some.length > 0) ?? decoders;
  return best.length === 1 ? best[0] : undefined;
}

/** @throws Fault `model-ambiguous` with the files to choose from */
export function chooseDecoder(folder: string, files: readonly string[]): string {
  const decoder = decoderAmong(files);
  if (decoder === undefined) throw ambiguous(folder, 'holds several models', withoutCompanions(files));
  return decoder;
}

/** The token embeddings that lie beside a decoder: those whose numbers are stored as its own are, else the only ones. */
export function findEmbeddings({ file }: { readonly file: string }): string | undefined {
  const beside = entries(dirname(file))
    .map(({ name }) => join(dirname(file), name))
    .filter(
      (path) => path !== file && path.endsWith('.onnx') && /^embed(_tokens|dings?)$/i.test(splitVariant(path).stem),
    );
  const { variant } = splitVariant(file);
  const same = beside.find((path) => splitVariant(path).variant === variant);
  return same ?? (beside.length === 1 ? beside[0] : undefined);
}

/**
 * The model of a folder that has none itself, but folders that do: the only one, or the only one that is not for another
 * processor. Links are not followed.
 * @returns undefined where there is none
 * @throws Fault `model-ambiguous` with the folders to choose from
 */
export function chooseSubfolder(folder: string): string | undefined {
  const found: string[] = [];
  let looked = 0;
  const visit = (at: string, depth: number): void => {
    if (depth > DEEPEST) return;
    for (const entry of entries(at)) {
      if (!entry.isDirectory() || entry.name.startsWith('.') || ++looked > MOST_FOLDERS) continue;
      const sub = join(at, entry.name);
      if (onnxFilesIn(sub).length > 0) found.push(sub);
      else visit(sub, depth + 1);
    }
  };
  visit(folder, 1);
  const here = found.filter((sub) => !ELSEWHERE.test(relative(folder, sub)));
  const [only, ...more] = here.length > 0 ? here : found;
  if (only === undefined || more.length === 0) return only;
  throw ambiguous(folder, 'holds models in several folders', found.sort());
}

/** The files that a configuration of onnxruntime-genai splits a decoder into. */
export function refusePipeline(folder: string, pipeline: unknown): void {
  const stages: unknown[] = Array.isArray(pipeline) ? pipeline : [];
  const names = stages
    .flatMap((stage): unknown[] => (typeof stage === 'object' && stage !== null ? Object.values(stage) : []))
    .flatMap((part) => {
      const name: unknown = typeof part === 'object' && part !== null && 'filename' in part ? part.filename : undefined;
      return typeof name === 'string' ? [name.slice(0, 60)] : [];
    });
  if (names.length < 2) return;
  throw new Fault({
    code: 'model-unsupported',
    message: `The model in "${basename(folder)}" is split into ${names.length} files (a decoder pipeline: ${names.slice(0, 6).join(', ')}), none of which is a decoder alone.`,
    hint: 'Take an export of the model that is one .onnx file, such as those for the CPU.',
  });
}

function ambiguous(folder: string, what: string, found: readonly string[]): Fault {
  const names = found.map((path) => relative(folder, path).split(sep).join('/'));
  return new Fault({
    code: 'model-ambiguous',
    message: `The folder "${basename(folder)}" ${what}: ${names.slice(0, 8).join(', ')}${names.length > 8 ? ', ...' : ''}.`,
    hint: 'Name one of them.',
    detail: found.join('\n'),
  });
}

function entries(folder: string): { readonly name: string; isDirectory(): boolean }[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return []; // none, or one that may not be read
  }
}
