/**
 * A study on a real Slurm of one machine: `npm run test:cluster`, as root, with Debian's packages; says plainly where it cannot. An
 * array of 8, of which two are requeued and one is cancelled and sent again: what the join says, and whether the tables are the same
 * bytes as of one process alone.
 */
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CLI, startTree } from '../faults/processes.js';
import { hashes } from '../faults/studies.js';
import { cannotHaveSlurm, startSlurm, until } from './slurm.js';

const why = cannotHaveSlurm();
if (why !== undefined) {
  console.log(`Not run: ${why}.`);
  process.exit(0);
}

const folder = mkdtempSync(path.join(tmpdir(), 'embedding-grid-cluster-'));
const at = (name: string): string => path.join(folder, name);
mkdirSync(at('slurm'));
const slurm = await startSlurm(at('slurm'), 2);
const embeddingGrid = async (...args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> =>
  startTree([CLI, 'study', ...args], slurm.env).ended;
const failures: string[] = [];
const show = (what: string, good: boolean): void => {
  console.log(`${good ? 'ok' : 'NOT OK'}: ${what}`);
  if (!good) failures.push(what);
};

try {
  const file = at('cluster.embedding-study.json');
  writeFileSync(
    file,
    JSON.stringify({
      format: 'embedding-study',
      version: 1,
      base: { grid: { columns: 30, rows: 30 }, plane: { center: { kind: 'prompt', text: 'Once upon a time' } } },
      vary: ['layer=0-3', 'seed=1-80'],
      shard: 10,
    }),
  );
  const alone = await embeddingGrid(file, '--output-dir', at('alone'), '--quiet');
  if (alone.code !== 0) throw new Error(alone.err);

  const submitted = await embeddingGrid(
    file,
    '--output-dir',
    at('results'),
    '--submit',
    'slurm',
    '--array',
    '8',
    '--time=10',
  );
  const [, job = '', joining = ''] = /as job (\d+), .* as job (\d+)/.exec(submitted.out) ?? [];
  show(`submitted an array of 8 as job ${job} and its join as job ${joining}`, job !== '' && joining !== '');
  const states = (): Map<number, string> =>
    new Map(
      slurm
        .run('squeue', '-h', '-r', '-j', job, '-o', '%K %T')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => [Number(line.split(' ')[0]), line.split(' ')[1] ?? '']),
    );
  const running = (): number[] => [...states()].flatMap(([task, state]) => (state === 'RUNNING' ? [task] : []));
  await until('two tasks run', () => running().length >= 2);
  const [first = 0, second = 1] = running();
  for (const task of [first, second]) slurm.run('scontrol', 'requeue', `${job}_${task}`);
  console.log(`requeued tasks ${first} and ${second}`);
  const cancelled = [...states().keys()].find((task) => task !== first && task !== second) ?? 7;
  slurm.run('scancel', `${job}_${cancelled}`);
  console.log(`cancelled task ${cancelled}`);
  await until(
    'the join has ended',
    () => /COMPLETED|FAILED/.exec(slurm.run('squeue', '-h', '-j', joining, '--states=all', '-o', '%T')) !== null,
    300_000,
  );
  const logs = (): string =>
    readdirSync(at('results/logs'))
      .filter((name) => name.includes('join'))
      .map((name) => readFileSync(path.join(at('results/logs'), name), 'utf8'))
      .join('');
  console.log(logs().trim());
  show('the join names the members that the cancelled task had', /of 320 members are missing: \d+/.test(logs()));

  const again = slurm.run('sbatch', '--parsable', `--array=${cancelled}`, at('results/array.sh')).trim();
  await until(
    'the task that was sent again has ended',
    () => slurm.run('squeue', '-h', '-j', again).trim() === '',
    120_000,
  );
  const joined = await embeddingGrid('join', at('results'));
  console.log(`${joined.out}${joined.err}`.trim());
  show('the join, run again, finds all members', joined.code === 0);
  const [wanted, found] = [hashes(at('alone')), hashes(at('results'))];
  const files = Object.keys(wanted);
  const same = files.filter((name) => found[name] === wanted[name]).length;
  show(
    `${same} of ${files.length} tables have the bytes of one process alone`,
    same === files.length && Object.keys(found).length === same,
  );
  console.log((await embeddingGrid('status', at('results'))).out);
} finally {
  await slurm.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failures.length === 0 ? 0 : 1;
