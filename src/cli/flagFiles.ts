import { existsSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { readDirection, readFeature } from '../formats/features.js';
import { saeWeights } from '../formats/saeFolder.js';
import { isTable, readTextTable } from '../formats/textTable.js';
import { wholeFile } from '../formats/vectorFile.js';
import { Fault } from '../map/fault.js';
import { type FlagFiles, type FlagValues, MAP_FLAGS, type MeantFiles } from '../map/flags.js';
import type { Feature } from '../map/questions.js';
import type { TextTable } from '../map/textPoints.js';
import { LIMITS } from '../map/specification.js';
import { encodeVector } from '../map/vector.js';

/** Reads all files that flags of the map name. @throws Fault `file` or `bad-parameter` that names the file. */
export async function readFlagFiles(given: FlagValues): Promise<FlagFiles> {
  const texts = new Map<string, readonly string[]>();
  const vectors = new Map<string, { vector: string; name: string }>();
  const features = new Map<string, Omit<Feature, 'kind'>>();
  const tables = new Map<string, TextTable>();
  for (const { name, file, names } of MAP_FLAGS) {
    const value = given[name];
    for (const text of value === undefined ? [] : typeof value === 'string' ? [value] : value) {
      const meant = names?.(text);
      if (!meant) continue;
      const place = decided(text, meant);
      if (place !== undefined) vectors.set(place, await readPlace(place));
      for (const one of meant.tables ?? []) tables.set(one, await readTable(one));
      for (const one of meant.features ?? []) features.set(one, await readFeaturePlace(one));
      for (const one of meant.texts ?? []) texts.set(one, await readTexts(one));
    }
    if (typeof value !== 'string') continue;
    if (file === 'texts' && isTable(value)) {
      const table = await readTable(value);
      tables.set(value, table);
      texts.set(value, table.texts);
    } else if (file === 'texts') texts.set(value, await readTexts(value));
    if (file === 'vectors') vectors.set(value, await readPlace(value));
  }
  return { texts, tables, vectors, features };
}

/** A character of UTF-8 has four bytes at most; a table's other columns take some as well. */
const TABLE_BYTES = 16 * LIMITS.textCharacters;

const readTable = async (path: string): Promise<TextTable> =>
  readTextTable(basename(path), await wholeFile(path, TABLE_BYTES));

/** Lines of a UTF-8 file that are not empty. */
export async function readTexts(path: string): Promise<readonly string[]> {
  const refused = (why: string): Fault =>
    new Fault({
      code: 'file',
      message: `The texts ${path} cannot be read: ${why}.`,
      hint: 'Give a .txt file, one text a line.',
    });
  // A character of UTF-8 has four bytes at most.
  const bytes = await wholeFile(path, 4 * LIMITS.textCharacters);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw refused('it is no text in UTF-8');
  }
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  if (lines.length === 0) throw refused('it is empty');
  return lines;
}

/**
 * Of the places of a vector that a value may mean, the one whose file is there; where none is the first, or none where it means
 * something else. @throws Fault where it may mean several things.
 */
function decided(text: string, { vectors: places, instead }: MeantFiles): string | undefined {
  const there = places.filter((place) => isVectorFile(vectorPlace(place, isVectorFile).path));
  const files = new Set(there.flatMap((place) => vectorFiles(place, isVectorFile)));
  const [first] = files;
  if (instead !== undefined && first !== undefined)
    throw new Fault({
      code: 'bad-parameter',
      message: `${text} can mean ${instead} or the file ${first}.`,
      hint: 'For the file write a path, ./ and its name; for the other rename it, or write the intervention as JSON.',
    });
  if (instead !== undefined) return undefined;
  if (there.length > 1 || files.size > 1)
    throw new Fault({
      code: 'bad-parameter',
      message: `${text} can mean several files: ${[...files].join(', ')}.`,
      hint: 'Rename one of them, or write the intervention as JSON.',
    });
  return there[0] ?? places[0];
}

async function readPlace(value: string): Promise<{ vector: string; name: string }> {
  const { path, ...pick } = vectorPlace(value, isVectorFile);
  const { vector, name } = await readDirection(path, pick);
  return { vector: encodeVector(vector), name: saeWeights(path) === undefined ? name : value };
}

async function readFeaturePlace(value: string): Promise<Omit<Feature, 'kind'>> {
  const { path, ...pick } = vectorPlace(value, isVectorFile);
  const { vector, ...rest } = await readFeature(path, pick);
  return { vector: encodeVector(vector), ...rest };
}

/** A file, or the folder of a sparse autoencoder. */
const isVectorFile = (path: string): boolean => isFile(path) || saeWeights(path) !== undefined;

/** Where a vector is. */
interface Place {
  readonly path: string;
  readonly key: string | undefined;
  readonly row: number | undefined;
  readonly column: number | undefined;
}

/** `#17` or `#,17` at the end. */
const ENDING = /^(.+)#(,?)(\d+)$/s;

/**
 * Parts of `FILE[:KEY][#ROW]` or `FILE[:KEY]#,COLUMN`. Names of files and keys may hold `:` and `#` themselves (`C:\v.npz`): which files there are
 * decides, the longest name first.
 */
export function vectorPlace(text: string, exists: (path: string) => boolean): Place {
  const [, before = text, comma = '', number] = ENDING.exec(text) ?? [];
  const whole = { path: text, key: undefined, row: undefined, column: undefined };
  const at = number === undefined ? undefined : Number(number);
  const places = [whole, ...readings(before, comma === '' ? { row: at } : { column: at }), ...readings(text, {})];
  // Where none is there, the file is said to be missing that was most likely meant: a drive's letter is no file.
  return (
    places.find(({ path }) => exists(path)) ?? { ...whole, path: /^(?:[A-Za-z]:)?[^:]*/.exec(before)?.[0] ?? before }
  );
}

/** All files that a place may be in. */
const vectorFiles = (text: string, exists: (path: string) => boolean): string[] => {
  const [, before = text] = ENDING.exec(text) ?? [];
  const paths = [text, ...[before, text].flatMap((one) => readings(one, {}).map(({ path }) => path))];
  return [...new Set(paths)].filter(exists);
};

/** What `FILE:KEY` can mean: all of it is the file, or the file ends at one of the colons. */
function readings(
  text: string,
  at: { readonly row?: number | undefined; readonly column?: number | undefined },
): Place[] {
  const place = { row: at.row, column: at.column };
  const colons = [...text.matchAll(/:/g)].map(({ index }) => index).reverse();
  return [
    { path: text, key: undefined, ...place },
    ...colons.map((colon) => ({ path: text.slice(0, colon), key: text.slice(colon + 1), ...place })),
  ];
}

/** What cannot be a file's name, such as a long prompt, and links in a circle are none: existsSync() never throws. */
export const isFile = (path: string): boolean =>
  existsSync(path) && statSync(path, { throwIfNoEntry: false })?.isFile() === true;
