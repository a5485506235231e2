import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fromJson } from '../../src/formats/fromJson.js';
import { saveMap } from '../../src/formats/saveMap.js';
import type { TokenMap } from '../../src/map/tokenMap.js';
import { readFileSync } from 'node:fs';
import { CLI, inBatches, startTree } from './processes.js';
import { filesIn, seedOf } from './wholeFiles.js';

export interface ParallelSaves {
  /** Saves that were asked for, and those that said they had saved. */
  readonly asked: number;
  readonly said: number;
  /** Maps whose every file is there, under the names that were said. */
  readonly there: number;
  /** Sets of one number that hold files of several maps, and names that two saves claimed. */
  readonly mixed: number;
  readonly claimedTwice: number;
  /** What is left behind beside the sets. */
  readonly leftovers: number;
}

export interface ParallelOptions {
  /** Command lines, and how many of them run at a time. */
  readonly commands: number;
  readonly atOnce: number;
  /** Saves in this process, all at once. */
  readonly inProcess: number;
  /** Another engine than the built one. */
  readonly engine?: string;
  /** Folder of the model. */
  readonly model: string;
  readonly layer: number;
}

/** Command lines and saves in one process, of different maps, all into one folder. */
export async function parallelSaves(options: ParallelOptions): Promise<ParallelSaves> {
  const { commands, atOnce, inProcess, engine, model, layer } = options;
  const folder = mkdtempSync(path.join(tmpdir(), 'embedding-grid-parallel-'));
  const output = path.join(folder, 'out');
  try {
    const draw = async (seed: number, directory: string): Promise<string[]> => {
      const flags = ['--model', model, '--layer-idx', `${layer}`, '--grid-size', '6', '--seed', `${seed}`];
      const { ended } = startTree(
        [CLI, ...flags, '--formats', 'svg,json,npz', '--output-dir', directory],
        engine === undefined ? {} : { EMBEDDING_GRID_ENGINE: engine },
      );
      const { code, out, err } = await ended;
      if (code !== 0) throw new Error(`exit code ${code}: ${err}`);
      return out.split('\n').filter((line) => /\.(svg|json|npz)$/.test(line));
    };
    const [template = ''] = (await draw(1, path.join(folder, 'template'))).filter((name) => name.endsWith('.json'));
    const map = fromJson(readFileSync(path.resolve(template)));
    const save = async (seed: number): Promise<readonly string[]> => {
      const assets = path.join(path.dirname(CLI), 'assets');
      return (await saveMap(withSeed(map, seed), { formats: ['svg', 'json', 'npz'], directory: output, assets })).files;
    };

    const lines = Array.from({ length: commands }, (_, i) => i + 1);
    const saves = Array.from({ length: inProcess }, (_, i) => commands + i + 1);
    const outcomes = await Promise.all([
      inBatches(
        lines.map((seed) => async () => draw(seed, output)),
        atOnce,
      ),
      Promise.all(saves.map(save)),
    ]);
    const told = outcomes.flat().map((files) => files.map((file) => path.resolve(file)));
    const { named, others } = filesIn(output);
    const sets = new Map<string, Set<number>>();
    for (const name of named) {
      const [, number = '1'] = /_(\d+)\.\w+$/.exec(name.replace(/layer_\d+(_size_\d+)?/, '')) ?? [];
      sets.set(number, (sets.get(number) ?? new Set()).add(seedOf(path.join(output, name))));
    }
    const names = told.flat();
    return {
      asked: commands + inProcess,
      said: told.filter((files) => files.length === 3).length,
      there: told.filter((files, i) => files.every((file) => seedOf(file) === i + 1)).length,
      mixed: [...sets.values()].filter((seeds) => seeds.size !== 1).length,
      claimedTwice: names.length - new Set(names).size,
      leftovers: others.length,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function withSeed(map: TokenMap, seed: number): TokenMap {
  const { specification } = map;
  const axes = { method: 'random_projection', seed } as const;
  return { ...map, specification: { ...specification, plane: { ...specification.plane, axes } } };
}
