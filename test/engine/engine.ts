import { join } from 'node:path';
import { Engine } from '../../src/engine/client.js';

/** The built engine; `EMBEDDING_GRID_ENGINE` names another, as it does for the command line. */
export const engineFile =
  process.env.EMBEDDING_GRID_ENGINE ?? join(import.meta.dirname, '..', '..', 'dist', 'engine.cjs');

/** Runs something with an engine process of its own, and ends it whatever happens. */
export async function withEngine<T>(work: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = new Engine({ file: engineFile });
  try {
    return await work(engine);
  } finally {
    await engine.dispose();
  }
}
