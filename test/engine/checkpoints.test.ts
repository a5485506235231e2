import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, describe, test } from 'node:test';
import * as v from 'valibot';
import type { Layer } from '../../src/map/specification.js';
import { withEngineHere } from './engineHere.js';
import { difference } from './ownState.js';
import { faultOf } from './sentences.js';

/**
 * Checkpoints against what PyTorch says of their stored weights in float32, asked of the engine process as any map is: a prompt's
 * own hidden state stands in the only cell, so that the map must say what the model says behind the prompt.
 */

const TOLERANCE = 1e-4;
const table: string[] = [];

const promptSchema = v.object({ ids: v.array(v.number()), shape: v.array(v.number()), logits: v.array(v.number()) });
const truthSchema = v.object({ architecture: v.optional(v.string(), ''), prompts: v.array(promptSchema) });
/** Kinds that are made, too, to see that they are refused by name. */
const REFUSED: ReadonlySet<string> = new Set(['phimoe', 'aya_vision']);
const longSchema = v.record(v.string(), v.object({ ids: v.array(v.number()), last: v.array(v.number()) }));

/** Checkpoints kept in the project, or all in the folder that REFERENCE_CHECKPOINTS names. */
function checkpointFolders(): string[] {
  const folder = process.env.REFERENCE_CHECKPOINTS ?? join(import.meta.dirname, '..', 'fixtures', 'checkpoints');
  return readdirSync(folder)
    .sort()
    .map((name) => join(folder, name))
    .filter((path) => existsSync(join(path, 'truth.json')));
}

const readJson = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));

describe('checkpoints', { concurrency: 1 }, () => {
  for (const folder of checkpointFolders()) test(basename(folder), { timeout: 300_000 }, () => checkFolder(folder));
  after(() => {
    console.log(`\n${'checkpoint'.padEnd(28)} stored    blocks  positions  every layer  long prompts`);
    for (const line of table) console.log(line);
  });
});

async function checkFolder(folder: string): Promise<void> {
  const { prompts, architecture } = v.parse(truthSchema, readJson(join(folder, 'truth.json')));
  const longFile = join(folder, 'truth-long.json');
  const long = existsSync(longFile) ? Object.values(v.parse(longSchema, readJson(longFile))) : [];
  await withEngineHere(async (engine) => {
    if (REFUSED.has(architecture)) {
      const fault = await faultOf(engine.call('open', { path: folder, device: 'cpu' }));
      assert.match(fault.message, new RegExp(`"${architecture}" are not described`));
      table.push(`${basename(folder).padEnd(28)} refused by name`);
      return;
    }
    const { facts, checks } = await engine.call('open', { path: folder, device: 'cpu' });
    for (const { name, outcome, detail } of checks) assert.equal(outcome, 'passed', `check "${name}": ${detail}`);
    const layers: Layer[] = ['embeddings', ...Array.from({ length: facts.blocks }, (_, layer) => layer)];
    let [everywhere, atLayers, atLength] = [0, 0, 0];
    for (const { ids, shape, logits } of prompts) {
      const [positions = 0, width = 0] = shape;
      assert.equal(width, facts.vocabularySize);
      for (let i = 0; i < positions; i++) {
        const own = logits.slice(i * width, (i + 1) * width);
        everywhere = Math.max(everywhere, await difference(engine, ids.slice(0, i + 1), 0, own));
      }
    }
    // Layer by layer: what a layer needs is opened once.
    for (const layer of layers) {
      for (const { ids, shape, logits } of prompts) {
        const [positions = 0, width = 0] = shape;
        const last = logits.slice((positions - 1) * width);
        atLayers = Math.max(atLayers, await difference(engine, ids, layer, last));
      }
      for (const { ids, last } of long) atLength = Math.max(atLength, await difference(engine, ids, layer, last));
    }
    table.push(
      [
        basename(folder).padEnd(28),
        facts.numberType.padEnd(9),
        String(facts.blocks).padStart(6),
        everywhere.toExponential(1).padStart(10),
        atLayers.toExponential(1).padStart(12),
        (long.length > 0 ? atLength.toExponential(1) : '-').padStart(13),
      ].join(' '),
    );
    for (const found of [everywhere, atLayers, atLength]) assert.ok(found <= TOLERANCE, `off by ${found}`);
  });
}
