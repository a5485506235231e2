import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import * as v from 'valibot';
import type { Layer } from '../../src/map/specification.js';
import { withEngineHere } from './engineHere.js';
import { difference } from './ownState.js';
import { temporaryFolder } from './temporary.js';

/**
 * GGUF files against what transformers says of the numbers that their blocks stand for (test/fixtures/gguf/make.py), asked of the
 * engine process as any map is. All kinds: REFERENCE_GGUF=FOLDER.
 */

const TOLERANCE = 1e-4;
const folder = process.env.REFERENCE_GGUF ?? join(import.meta.dirname, '..', 'fixtures', 'gguf');
const schema = v.object({
  prompts: v.array(v.object({ ids: v.array(v.number()), shape: v.array(v.number()), logits: v.array(v.number()) })),
  long: v.object({ ids: v.array(v.number()), last: v.array(v.number()) }),
});
const table: string[] = [];

// Repacked weights go where no one else looks for them.
process.env.EMBEDDING_GRID_CACHE = temporaryFolder();

describe('GGUF', { concurrency: 1 }, () => {
  for (const name of readdirSync(folder).filter((one) => one.endsWith('.gguf')))
    test(name, { timeout: 300_000 }, () => checkFile(join(folder, name)));
  after(() => console.log(`\n${table.join('\n')}`));
});

async function checkFile(file: string): Promise<void> {
  const truth = v.parse(schema, JSON.parse(readFileSync(file.replace(/\.gguf$/, '.truth.json'), 'utf8')));
  await withEngineHere(async (engine) => {
    const { facts, checks } = await engine.call('open', { path: file, device: 'cpu' });
    for (const { name, outcome, detail } of checks) assert.equal(outcome, 'passed', `check "${name}": ${detail}`);
    const layers: Layer[] = ['embeddings', ...Array.from({ length: facts.blocks }, (_, layer) => layer)];
    let [everywhere, atLayers] = [0, 0];
    for (const { ids, shape, logits } of truth.prompts) {
      const [positions = 0, width = 0] = shape;
      for (let i = 0; i < positions; i++) {
        const own = logits.slice(i * width, (i + 1) * width);
        everywhere = Math.max(everywhere, await difference(engine, ids.slice(0, i + 1), 0, own));
      }
    }
    for (const layer of layers)
      atLayers = Math.max(atLayers, await difference(engine, truth.long.ids, layer, truth.long.last));
    table.push(
      `${file.slice(folder.length + 1).padEnd(28)} ${everywhere.toExponential(1)} ${atLayers.toExponential(1)}`,
    );
    for (const found of [everywhere, atLayers]) assert.ok(found <= TOLERANCE, `off by ${found}`);
  });
}
