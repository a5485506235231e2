import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../map/fault.js';

/** HarfBuzz's file under `assets`: what takes parts out of fonts. */
export const SUBSET_FILE = 'subset.wasm';

/** What is called of HarfBuzz; numbers are addresses in its memory. */
interface HarfBuzz {
  readonly memory: { readonly buffer: ArrayBufferLike };
  _initialize(): void;
  malloc(size: number): number;
  hb_blob_create(data: number, length: number, mode: number, userData: number, destroy: number): number;
  hb_blob_get_length(blob: number): number;
  hb_blob_get_data(blob: number, length: number): number;
  hb_face_create(blob: number, index: number): number;
  hb_face_reference_blob(face: number): number;
  hb_set_add(set: number, value: number): void;
  hb_set_del(set: number, value: number): void;
  hb_subset_input_create_or_fail(): number;
  hb_subset_input_unicode_set(input: number): number;
  hb_subset_input_set(input: number, which: number): number;
  hb_subset_input_set_flags(input: number, flags: number): void;
  hb_subset_input_pin_all_axes_to_default(input: number, face: number): number;
  hb_subset_or_fail(face: number, input: number): number;
}

/** Its `HB_MEMORY_MODE_READONLY`, `HB_SUBSET_FLAGS_NO_HINTING` and `HB_SUBSET_SETS_LAYOUT_FEATURE_TAG`. */
const [READ_ONLY, NO_HINTING, FEATURES] = [1, 1, 6];
/** The feature of alternates that neighbors call for: `->` as an arrow. A token is shown as it is. */
const ALTERNATES = 0x63616c74;

const compiled = new Map<string, Promise<WebAssembly.Module>>();

async function start(assets: string): Promise<HarfBuzz> {
  try {
    let module = compiled.get(assets);
    if (!module) {
      module = readFile(join(assets, SUBSET_FILE)).then((bytes) => new WebAssembly.Module(bytes));
      compiled.set(assets, module);
    }
    // An instance a font: what one has spoiled, or grown to, ends with it.
    const { exports }: { readonly exports: object } = new WebAssembly.Instance(await module, {});
    const harfBuzz = exports as HarfBuzz;
    harfBuzz._initialize();
    return harfBuzz;
  } catch (error) {
    compiled.delete(assets);
    throw new Fault({
      code: 'internal',
      message: 'The part of the program that puts fonts into pictures is missing or damaged.',
      hint: 'Install Embedding Grid again, or save PNG instead.',
      detail: error instanceof Error ? error.message : String(error),
    });
  }
}

/**
 * The part of a font that draws some code points, with what joins and places them: a TrueType or OpenType font of one face, upright
 * and regular where the font varies.
 * @param face which of the file's, from 0
 * @param alternates whether letters may look otherwise beside others
 * @returns undefined where HarfBuzz cannot make anything of the font
 * @throws Fault `internal` where HarfBuzz is missing.
 */
export async function subsetFont(
  assets: string,
  font: Uint8Array,
  face: number,
  codePoints: Iterable<number>,
  alternates: boolean,
): Promise<Uint8Array | undefined> {
  const harfBuzz = await start(assets);
  try {
    return subset(harfBuzz, font, face, codePoints, alternates);
  } catch (error) {
    if (error instanceof Error && error.name === 'RuntimeError') return undefined;
    throw error;
  }
}

function subset(
  hb: HarfBuzz,
  font: Uint8Array,
  index: number,
  codePoints: Iterable<number>,
  alternates: boolean,
): Uint8Array | undefined {
  const data = hb.malloc(font.byteLength);
  if (data === 0) return undefined;
  new Uint8Array(hb.memory.buffer).set(font, data);
  const blob = hb.hb_blob_create(data, font.byteLength, READ_ONLY, 0, 0);
  const face = hb.hb_face_create(blob, index);
  const input = hb.hb_subset_input_create_or_fail();
  const wanted = hb.hb_subset_input_unicode_set(input);
  for (const codePoint of codePoints) hb.hb_set_add(wanted, codePoint);
  if (!alternates) hb.hb_set_del(hb.hb_subset_input_set(input, FEATURES), ALTERNATES);
  hb.hb_subset_input_set_flags(input, NO_HINTING);
  hb.hb_subset_input_pin_all_axes_to_default(input, face);
  const made = hb.hb_subset_or_fail(face, input);
  if (made === 0) return undefined;
  const result = hb.hb_face_reference_blob(made);
  const [at, length] = [hb.hb_blob_get_data(result, 0), hb.hb_blob_get_length(result)];
  // Its memory goes with the instance.
  return length === 0 ? undefined : new Uint8Array(hb.memory.buffer).slice(at, at + length);
}
