import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { withEngineHere } from './engineHere.js';
import { difference } from './ownState.js';
test('debug', async () => {
  const folder = process.env.FOLDER ?? '';
  const { prompts } = JSON.parse(readFileSync(`${folder}/truth.json`, 'utf8'));
  await withEngineHere(async (engine) => {
    await engine.call('open', { path: folder, device: 'cpu' });
    for (const { ids, shape, logits } of prompts)
      for (let i = 0; i < shape[0]; i++)
        console.log(i, (await difference(engine, ids.slice(0, i + 1), 0, logits.slice(i * shape[1], (i + 1) * shape[1]))).toExponential(1));
  });
});
