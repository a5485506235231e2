import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { unzipSync } from 'fflate';
import { fromJson } from '../../src/formats/fromJson.js';

/** Files of maps under their own names, and what lies there besides. */
export function filesIn(folder: string): { readonly named: readonly string[]; readonly others: readonly string[] } {
  const names = entries(folder);
  return {
    named: names.filter((name) => name.startsWith('embedding_grid_')),
    others: names.filter((name) => !name.startsWith('embedding_grid_')),
  };
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return []; // it was not made yet
  }
}

/** The seed of the map that a whole file holds. @throws where the file is not whole. */
export function seedOf(file: string): number {
  const bytes = readFileSync(file);
  const text = bytes.toString('utf8');
  switch (path.extname(file)) {
    case '.json': {
      const { axes } = fromJson(bytes).specification.plane;
      return axes.method === 'random_projection' ? axes.seed : NaN;
    }
    case '.svg': {
      if (!text.endsWith('</svg>\n')) throw new Error(`${file} is cut off`);
      return Number(/, seed (\d+)/.exec(text.replace(/<[^>]*>/g, ''))?.[1] ?? NaN);
    }
    case '.png':
      if (bytes.toString('latin1', bytes.length - 8, bytes.length - 4) !== 'IEND')
        throw new Error(`${file} is cut off`);
      return NaN;
    case '.csv':
      if (!text.endsWith('\n')) throw new Error(`${file} is cut off`);
      return NaN;
    default: {
      const { 'specification.npy': specification } = unzipSync(bytes);
      if (!specification) throw new Error(`${file} lacks its specification`);
      const letters = Buffer.from(specification).toString('latin1').replaceAll('\0', '');
      return Number(/"seed":(\d+)/.exec(letters)?.[1] ?? NaN);
    }
  }
}
