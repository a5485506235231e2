/**
 * A map as a person has it who has just chosen a model: a new engine, a plane through three prompts, Prompt A as the context. From
 * Generate to the model opened, to the first cells, to its checks' end and to the whole map, and the processor's seconds until then: those tell of the
 * work, whatever else the machine does.
 */
import { computeMap, Engine } from '../../src/engine/client.js';
import { presetParameters } from '../../src/map/presets.js';
import { DEFAULT_BATCH_SIZE, DEFAULT_PARAMETERS, type MapParameters } from '../../src/map/specification.js';
import { engineFile } from '../engine/engine.js';
import { processorSeconds } from './machine.js';

export async function benchCold(path: string, bundled: boolean): Promise<void> {
  console.log('\nA cold engine, a plane through three prompts, 50 × 50 cells: s since Generate (s of the processor)');
  const plane = presetParameters('threePrompts', DEFAULT_PARAMETERS, { bundled });
  const rows: Record<string, string>[] = [];
  for (const part of [1, 0.4]) rows.push(await measure(path, plane, part));
  console.table(rows);
}

/** @param part of the model's depth at which the vectors are put in. */
async function measure(path: string, plane: MapParameters, part: number): Promise<Record<string, string>> {
  const engine = new Engine({ file: engineFile });
  const started = performance.now();
  const now = (): string =>
    `${((performance.now() - started) / 1000).toFixed(2)} (${processorSeconds(engine.pid).toFixed(2)})`;
  try {
    const { facts } = await engine.call('open', { path, device: 'cpu', checksBehind: true });
    const layer = part === 1 ? facts.blocks - 1 : Math.floor(part * facts.blocks);
    const row: Record<string, string> = { layer: String(layer), opened: now() };
    await computeMap(
      engine,
      { parameters: { ...plane, layer }, batchSize: DEFAULT_BATCH_SIZE, early: true },
      {
        onEvent: (event) => {
          if (event.kind === 'started') row.planned = now();
          if (event.kind === 'cells') row.first ??= now();
          if (event.kind === 'verified') row.verified = now();
        },
      },
    );
    return { ...row, whole: now() };
  } finally {
    await engine.dispose();
  }
}
