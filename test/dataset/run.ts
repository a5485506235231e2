/**
 * The results of a study as DuckDB reads them: `npm run test:dataset`, which fetches `@duckdb/node-api` into a folder of its own. The
 * query of docs/studies.md, with another token, against the same numbers counted here.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { CLI, root, startTree } from '../faults/processes.js';

interface Duck {
  readonly DuckDBInstance: {
    create(): Promise<{
      connect(): Promise<{ runAndReadAll(sql: string): Promise<{ getRowObjects(): Record<string, unknown>[] }> }>;
    }>;
  };
}

const folder = mkdtempSync(path.join(tmpdir(), 'embedding-grid-dataset-'));
try {
  execFileSync('npm', ['install', '--silent', '--prefix', folder, '@duckdb/node-api@1.5.6-r.1'], { stdio: 'inherit' });
  const { DuckDBInstance } = createRequire(path.join(folder, 'x.js'))('@duckdb/node-api') as Duck;

  const study = {
    format: 'embedding-study',
    version: 1,
    base: {
      grid: { columns: 12, rows: 12 },
      plane: { center: { kind: 'prompt', text: 'Once upon a time' }, lengths: 'typical' },
    },
    vary: ['layer=0-4', 'seed=1-6'],
    shard: 7,
  };
  const file = path.join(folder, 'capitals.embedding-study.json');
  writeFileSync(file, JSON.stringify(study));
  const results = path.join(folder, 'capitals_results');
  const { code, err } = await startTree([CLI, 'study', file, '--quiet']).ended;
  if (code !== 0) throw new Error(err);

  const document = readFileSync(path.join(root, 'docs', 'studies.md'), 'utf8');
  const query = (/```sql\n([^]*?)```/.exec(document)?.[1] ?? '')
    .replaceAll('capitals_results', results)
    .replace(' Paris', ',');
  const connection = await (await DuckDBInstance.create()).connect();
  const found = (await connection.runAndReadAll(query)).getRowObjects();

  const rows = async (table: string): Promise<Record<string, unknown>[]> => {
    const all: Record<string, unknown>[] = [];
    for (let shard = 0; shard < Math.ceil(30 / 7); shard++) {
      const at = path.join(results, table, `shard=${String(shard).padStart(6, '0')}`, `${table}.parquet`);
      all.push(...(await parquetReadObjects({ file: await asyncBufferFromFile(at) })));
    }
    return all;
  };
  const layers = new Map((await rows('members')).map(({ member, layer }) => [member, Number(layer)]));
  const cells = await rows('cells');
  let good = found.length === 5;
  for (const { layer, share, entropy } of found) {
    const own = cells.filter(({ member }) => layers.get(member) === Number(layer));
    const mean = (of: (cell: Record<string, unknown>) => number): number =>
      own.reduce((sum, cell) => sum + of(cell), 0) / own.length;
    const wanted = [
      mean(({ texts }) => (Array.isArray(texts) && texts[0] === ',' ? 1 : 0)),
      mean((one) => Number(one.entropy)),
    ];
    const same =
      Math.abs(Number(share) - (wanted[0] ?? NaN)) < 1e-12 && Math.abs(Number(entropy) - (wanted[1] ?? NaN)) < 1e-9;
    console.log(
      `layer ${Number(layer)}: share ${Number(share).toFixed(4)}, entropy ${Number(entropy).toFixed(4)} ${same ? 'as counted here' : `BUT ${wanted.join(', ')}`}`,
    );
    good &&= same;
  }
  process.exitCode = good ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
