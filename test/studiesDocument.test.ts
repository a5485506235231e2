import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import {
  BOUNDARY_COLUMNS,
  CELL_COLUMNS,
  memberColumns,
  PLANE_COLUMNS,
  REGION_COLUMNS,
  RUN_COLUMNS,
} from '../src/formats/dataset/tables.js';
import { readStudy } from '../src/host/study/readStudy.js';
import { memberCount } from '../src/map/series/series.js';
import { blockOf, table } from './markdown.js';

const document = readFileSync(path.resolve(import.meta.dirname, '..', 'docs', 'studies.md'), 'utf8');

test('the tables of a study are described as they are', async () => {
  const tables = {
    members: memberColumns({ '…': 'text' }),
    cells: CELL_COLUMNS,
    regions: REGION_COLUMNS,
    planes: PLANE_COLUMNS,
    boundaries: BOUNDARY_COLUMNS,
    runs: RUN_COLUMNS,
  };
  const rows = Object.entries(tables).flatMap(([name, columns]) =>
    columns.map((column) => [
      `\`${name}\``,
      `\`${column.name}\``,
      `${column.type}${column.many === 'list' ? ' list' : column.many === 'optional' ? ', may be null' : ''}`,
      column.about,
    ]),
  );
  assert.equal(blockOf(document, 'tables'), await table(['Table', 'Column', 'Type', 'Meaning'], rows));
});

test('the example is a study', async () => {
  const [, yaml = ''] = /```yaml\n([^]*?)```/.exec(document) ?? [];
  const folder = mkdtempSync(path.join(tmpdir(), 'embedding-grid-docs-'));
  try {
    writeFileSync(path.join(folder, 'capitals.embedding-study.yaml'), yaml);
    writeFileSync(path.join(folder, 'prompts.txt'), 'The capital of France is\n\nThe capital of Japan is\n');
    const study = await readStudy(path.join(folder, 'capitals.embedding-study.yaml'));
    assert.equal(memberCount(study), 30 * 20 * 2);
    assert.equal(study.base.plane.lengths, 'typical');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
