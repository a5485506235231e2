import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { randomNumbers } from '../map/syntheticMap.js';
import { CLI, killed, startTree } from './processes.js';

/** Tables whose bytes do not depend on who computed them, and when. */
const SAME = ['boundaries', 'cells', 'members', 'planes', 'regions'];

/** Hashes of a study's results by file. */
export function hashes(folder: string): Readonly<Record<string, string>> {
  const files = SAME.flatMap((table) => {
    const at = path.join(folder, table);
    return existsSync(at) ? readdirSync(at).map((shard) => path.join(table, shard, `${table}.parquet`)) : [];
  });
  return Object.fromEntries(
    files.sort().map((file) => [
      file,
      createHash('sha256')
        .update(readFileSync(path.join(folder, file)))
        .digest('hex'),
    ]),
  );
}

export interface StudyKills {
  /** SIGKILLs that met a run, a third of them its engine alone. */
  readonly kills: number;
  /** Files of the undisturbed study, and those that differ from it or are missing after the last run. */
  readonly files: number;
  readonly different: number;
  /** Files that were left on their way to a name. */
  readonly unfinished: number;
}

/** What an undisturbed run of a study wrote, and how long it took. */
export interface CalmStudy {
  readonly hashes: Readonly<Record<string, string>>;
  readonly milliseconds: number;
}

/** Runs a study into a folder, and leaves it in peace. */
export async function calmStudy(file: string, output: string): Promise<CalmStudy> {
  const started = performance.now();
  await mustEnd(startTree([CLI, 'study', file, '--output-dir', output, '--quiet']));
  return { milliseconds: performance.now() - started, hashes: hashes(output) };
}

/**
 * Runs a study killed at random moments, and started anew until it is whole.
 * @param study data of a study file
 * @param calm the same undisturbed, where that is there already
 */
export async function killedStudy(
  study: object,
  { kills, seed, calm }: { kills: number; seed: number; calm?: CalmStudy },
): Promise<StudyKills> {
  const random = randomNumbers(seed);
  const folder = mkdtempSync(path.join(tmpdir(), 'embedding-grid-study-'));
  try {
    const file = path.join(folder, 'kills.embedding-study.json');
    writeFileSync(file, JSON.stringify(study));
    const output = path.join(folder, 'killed');
    const run = () => startTree([CLI, 'study', file, '--output-dir', output, '--quiet']);
    const { hashes: wanted, milliseconds } = calm ?? (await calmStudy(file, path.join(folder, 'calm')));
    let met = 0;
    while (met < kills) {
      const tree = run();
      // Within the time that is left where it goes on from what is there, and a little.
      const moment = new Promise<false>((resolve) =>
        setTimeout(() => resolve(false), 100 + random() * milliseconds * 0.6),
      );
      const over = await Promise.race([tree.ended.then(() => true), moment]);
      if (over) {
        // It was whole before it could be killed: anew.
        rmSync(output, { recursive: true, force: true });
        continue;
      }
      const engine = tree.living().find(({ program }) => program === 'engine.cjs');
      if (met % 3 !== 2 || !engine || !killed(engine.pid)) tree.child.kill('SIGKILL');
      met++;
      await tree.ended;
    }
    await mustEnd(run());
    const found = hashes(output);
    const names = [...new Set([...Object.keys(wanted), ...Object.keys(found)])];
    return {
      kills: met,
      files: Object.keys(wanted).length,
      different: names.filter((name) => wanted[name] !== found[name]).length,
      unfinished: readdirSync(path.join(output, '.unfinished')).length,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function mustEnd(tree: ReturnType<typeof startTree>): Promise<void> {
  const { code, err } = await tree.ended;
  if (code !== 0) throw new Error(`exit code ${code}: ${err}`);
}
