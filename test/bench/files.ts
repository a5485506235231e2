/** How long a map's files take after its last cell, in a process that has just had it from the engine. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import { dirname, join } from 'node:path';
import { bundledModel } from '../../src/host/installation.js';
import { openModel } from '../../src/host/openModel.js';
import { preparePng } from '../../src/formats/pictures.js';
import { saveMap } from '../../src/formats/saveMap.js';
import { engineFile } from '../engine/engine.js';
import { median } from './machine.js';
import { square, timed } from './maps.js';

const ROUNDS = 3;

export async function benchFiles(models: readonly string[]): Promise<void> {
  console.log('\nFiles of a 50 × 50 map (PNG of 1928 pixels, SVG, JSON), ms after the last cell');
  const assets = join(dirname(engineFile), 'assets');
  const rows: object[] = [];
  for (const model of [bundledModel, ...models]) {
    for (const layer of ['last', 0] as const) {
      const took: number[] = [];
      let tokens = 0;
      let name = '';
      for (let round = 0; round < ROUNDS; round++) {
        const folder = mkdtempSync(join(os.tmpdir(), 'embedding-grid-files-'));
        const endPictures = preparePng(assets);
        const { engine, description } = await openModel(model, { device: 'cpu', skipChecks: true });
        try {
          const { map } = await timed(engine, square(50, { layer }));
          const started = performance.now();
          await saveMap(map, { formats: ['png', 'svg', 'json'], directory: folder, assets });
          took.push(performance.now() - started);
          tokens = new Set(map.cells.ids.filter((_, i) => i % map.cells.topK === 0)).size;
          name = description.reference.name;
        } finally {
          endPictures();
          await engine.dispose();
          rmSync(folder, { recursive: true, force: true });
        }
      }
      rows.push({
        model: name,
        layer,
        tokens,
        median: Math.round(median(took)),
        longest: Math.round(Math.max(...took)),
      });
    }
  }
  console.table(rows);
}
