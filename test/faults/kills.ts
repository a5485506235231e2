import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { randomNumbers } from '../map/syntheticMap.js';
import { CLI, killed, root, startTree, type Tree } from './processes.js';
import { filesIn, seedOf } from './wholeFiles.js';

/** Who is killed: the command line, its engine, or a program that uses the library. */
export const VICTIMS = ['command line', 'engine', 'parent'] as const;
export type Victim = (typeof VICTIMS)[number];

export interface Kills {
  /** Those that came while the run was on. */
  readonly kills: Record<Victim, number>;
  /** Those that came too late, and were made again: the run had ended. */
  readonly late: number;
  /** Kills after which a file under a final name was not whole. */
  readonly half: number;
  /** Kills after which a process was left after the time that it has, and the longest that one took to end, in ms. */
  readonly orphans: number;
  readonly longestMs: number;
  /** Kills that left temporary files, and what of these the next run into the folder did not clear. */
  readonly left: number;
  readonly uncleared: number;
  /** Empty folders that were left. */
  readonly emptyFolders: number;
}

export interface KillOptions {
  /** Kills that come in time. */
  readonly count: number;
  readonly seed: number;
  readonly engine?: string;
  readonly model: string;
  /** How long a process may take to end, in ms. */
  readonly patience: number;
}

const FORMATS = 'png,svg,json,csv,npz';
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Kills runs at random moments of the time that an undisturbed one takes, and looks at what they leave. */
export async function killsAtRandom({ count, seed, engine, model, patience }: KillOptions): Promise<Kills> {
  const random = randomNumbers(seed);
  const folder = mkdtempSync(path.join(tmpdir(), 'embedding-grid-kills-'));
  const env = engine === undefined ? {} : { EMBEDDING_GRID_ENGINE: engine };
  const flags = (output: string): string[] => [
    ...[CLI, '--model', model, '--grid-size', '40', '--layer-idx', '1', '--formats', FORMATS, '--output-dir', output],
  ];
  const library = path.join(folder, 'parent.mjs');
  writeFileSync(
    library,
    `import { createEmbeddingGridMap } from ${JSON.stringify(pathToFileURL(path.join(root, 'dist', 'index.js')).href)};
    const [, , model, outputDir] = process.argv;
    const grid = { columns: 40, rows: 40 };
    await createEmbeddingGridMap({ model, layer: 1, grid, formats: ${JSON.stringify(FORMATS.split(','))}, outputDir });`,
  );
  const started = performance.now();
  await startTree(flags(path.join(folder, 'undisturbed')), env).ended;
  let runMs = performance.now() - started;
  const done = { kills: { 'command line': 0, engine: 0, parent: 0 }, late: 0, half: 0, orphans: 0, longestMs: 0 };
  const rest = { left: 0, uncleared: 0, emptyFolders: 0 };
  try {
    for (let i = 0, inTime = 0; inTime < count; i++) {
      if (i > 20 * count) throw new Error('Kills come too late, again and again.');
      const victim = VICTIMS[inTime % VICTIMS.length] ?? 'engine';
      const output = path.join(folder, `out-${i}`, 'maps');
      const tree = startTree(victim === 'parent' ? [library, model, output] : flags(output), env);
      await pause(random() * runMs);
      if (await kill(tree, victim)) {
        done.kills[victim]++;
        inTime++;
      } else {
        done.late++;
        runMs *= 0.9; // whoever measured it was slowed down by something else
      }
      const since = performance.now();
      let last = '';
      for (
        let living = tree.living();
        living.length > 0 && performance.now() - since < 5 * patience;
        living = tree.living()
      ) {
        last = living.map(({ program }) => program).join();
        await pause(20);
      }
      const took = performance.now() - since;
      done.longestMs = Math.max(done.longestMs, Math.round(took));
      if (took > patience) {
        done.orphans++;
        console.log(`Kill ${i} of the ${victim}: gone after ${Math.round(took)} ms, last ${last}.`);
      }
      for (const { pid } of tree.living()) killed(pid);
      await tree.ended;
      const found = filesIn(output);
      if (!found.named.every((name) => isWhole(path.join(output, name)))) done.half++;
      const unfinished = (): number => readdirSync(folder).filter((name) => name.startsWith('.')).length;
      if (found.named.length === 0 && found.others.length === 0 && existsSync(path.dirname(output)))
        rest.emptyFolders++;
      if (found.others.length + unfinished() > 0) {
        rest.left++;
        const next = startTree([...flags(output), '--seed', '7', '--grid-size', '4', '--formats', 'json'], env);
        await next.ended;
        rest.uncleared += filesIn(output).others.length + unfinished();
      }
    }
    return { ...done, ...rest };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Kills; false where nobody was there any more. An engine that is not there yet is waited for. */
async function kill(tree: Tree, victim: Victim): Promise<boolean> {
  if (victim !== 'engine') return tree.child.kill('SIGKILL');
  while (tree.child.exitCode === null) {
    const engine = tree.living().find(({ program }) => /engine/i.test(program));
    if (engine !== undefined && killed(engine.pid)) return true;
    await pause(20);
  }
  return false;
}

function isWhole(file: string): boolean {
  try {
    seedOf(file);
    return true;
  } catch {
    return false;
  }
}
