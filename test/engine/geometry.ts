import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import * as v from 'valibot';
import type { Engine } from '../../src/engine/client.js';
import { withEngine } from './engine.js';

const fixtures = join(import.meta.dirname, '..', 'fixtures', 'geometry');
const folder = process.env.REFERENCE_GEOMETRY ?? fixtures;

/** The folder of a model that PyTorch was asked about, where it is here. */
function modelOf(name: string): string | undefined {
  const { REFERENCE_MODELS: models = join(fixtures, 'models'), REFERENCE_SMOLLM2: smollm2 } = process.env;
  const path = name === 'smollm2-135m' ? smollm2 : join(models, `optimum-past-${name}`);
  return path !== undefined && existsSync(path) ? path : undefined;
}

/**
 * Tests of what PyTorch says in float64 of hidden space, in files `KIND-MODEL.json`: of the models kept in the project, or of all in
 * the folder that REFERENCE_GEOMETRY names, whose models are in REFERENCE_MODELS and REFERENCE_SMOLLM2. Each has the model open.
 */
export function besidePyTorch<Schema extends v.GenericSchema>(
  title: string,
  kind: string,
  schema: Schema,
  compare: (engine: Engine, truth: v.InferOutput<Schema>) => Promise<void>,
): void {
  describe(title, { concurrency: 1 }, () => {
    for (const file of readdirSync(folder).filter((one) => one.startsWith(`${kind}-`) && one.endsWith('.json'))) {
      const name = file.slice(kind.length + 1, -'.json'.length);
      const path = modelOf(name);
      if (path === undefined) continue;
      test(name, { timeout: 600_000 }, async () => {
        const truth = v.parse(schema, JSON.parse(readFileSync(join(folder, file), 'utf8')));
        await withEngine(async (engine) => {
          await engine.call('open', { path, device: 'cpu', skipChecks: true });
          await compare(engine, truth);
        });
      });
    }
  });
}
