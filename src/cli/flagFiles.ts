import { existsSync, statSync } from 'node:fs';
import { readVector, wholeFile, withFile } from '../formats/vectorFile.js';
import { Fault } from '../map/fault.js';
import { type FlagFiles, type FlagValues, MAP_FLAGS, type MeantFiles } from '../map/flags.js';
import { LIMITS } from '../map/specification.js';
import { encodeVector } from '../map/vector.js';

/** Reads all files that flags of the map name. @throws Fault `file` or `bad-parameter` that names the file. */
export async function readFlagFiles(given: FlagValues): Promise<FlagFiles> {
  const texts = new Map<string, readonly string[]>();
  const vectors = new Map<string, { vector: string; name: string }>();
  for (const { name, file, names } of MAP_FLAGS) {
    const value = given[name];
    for (const text of value === undefined ? [] : typeof value === 'string' ? [value] : value) {
      const meant = names?.(text);
      if (!meant) continue;
      const place = decided(text, meant);
      if (place !== undefined) vectors.set(place, await readPlace(place));
      for (const one of meant.texts ?? []) texts.set(one, await readTexts(one));
    }
    if (typeof value !== 'string') continue;
    if (file === 'texts') texts.set(value, await readTexts(value));
    if (file === 'vectors') vectors.set(value, await readPlace(value));
  }
  return { texts, vectors };
}

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
  const there = places.filter((place) => isFile(vectorPlace(place, isFile).path));
  const files = new Set(there.flatMap((place) => vectorFiles(place, isFile)));
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
  const { path, key, row } = vectorPlace(value, isFile);
  const { vector, name } = await withFile(path, (file) => readVector(file, { key, row }));
  return { vector: encodeVector(vector), name };
}

/**
 * Parts of `FILE[:KEY][#ROW]`. Names of files and keys may hold `:` and `#` themselves (`C:\v.npz`): which files there are
 * decides, the longest name first.
 */
export function vectorPlace(
  text: string,
  exists: (path: string) => boolean,
): { path: string; key: string | undefined; row: number | undefined } {
  const [, before = text, row] = /^(.+)#(\d+)$/s.exec(text) ?? [];
  const whole = { path: text, key: undefined, row: undefined };
  const places = [
    whole,
    ...readings(before, row === undefined ? undefined : Number(row)),
    ...readings(text, undefined),
  ];
  // Where none is there, the file is said to be missing that was most likely meant: a drive's letter is no file.
  return (
    places.find(({ path }) => exists(path)) ?? { ...whole, path: /^(?:[A-Za-z]:)?[^:]*/.exec(before)?.[0] ?? before }
  );
}

/** All files that a place may be in. */
const vectorFiles = (text: string, exists: (path: string) => boolean): string[] => {
  const [, before = text] = /^(.+)#(\d+)$/s.exec(text) ?? [];
  const paths = [text, ...[before, text].flatMap((one) => readings(one, undefined).map(({ path }) => path))];
  return [...new Set(paths)].filter(exists);
};

/** What `FILE:KEY` can mean: all of it is the file, or the file ends at one of the colons. */
function readings(
  text: string,
  row: number | undefined,
): { path: string; key: string | undefined; row: number | undefined }[] {
  const colons = [...text.matchAll(/:/g)].map(({ index }) => index).reverse();
  return [
    { path: text, key: undefined, row },
    ...colons.map((at) => ({ path: text.slice(0, at), key: text.slice(at + 1), row })),
  ];
}

/** What cannot be a file's name, such as a long prompt, and links in a circle are none: existsSync() never throws. */
export const isFile = (path: string): boolean =>
  existsSync(path) && statSync(path, { throwIfNoEntry: false })?.isFile() === true;
