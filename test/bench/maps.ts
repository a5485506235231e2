import { computeMap, type Engine } from '../../src/engine/client.js';
import { DEFAULT_PARAMETERS, type MapParameters } from '../../src/map/specification.js';
import type { TokenMap } from '../../src/map/tokenMap.js';

/** A square map with a window that does not depend on its number of cells. */
export const square = (side: number, change: Partial<MapParameters> = {}): MapParameters => ({
  ...DEFAULT_PARAMETERS,
  grid: { columns: side, rows: side, spacing: 25 / side, center: [0, 0] },
  ...change,
});

/** A random plane: another seed is another plane, whose rows are not kept from before. */
export const randomPlane = (seed: number): Pick<MapParameters, 'plane'> => ({
  plane: { ...DEFAULT_PARAMETERS.plane, axes: { method: 'random_projection', seed } },
});

export interface Timed {
  readonly map: TokenMap;
  readonly ms: number;
  /** Until the first cells, ms. */
  readonly first: number;
}

/** One map as a person has it: through the engine's process, in batches of 100. */
export async function timed(engine: Engine, parameters: MapParameters, way?: 'each-cell'): Promise<Timed> {
  const started = performance.now();
  let first = NaN;
  const map = await computeMap(
    engine,
    { parameters, batchSize: 100, ...(way === undefined ? {} : { way }) },
    {
      onEvent: (event) => {
        if (event.kind === 'cells' && Number.isNaN(first)) first = performance.now() - started;
      },
    },
  );
  return { map, ms: performance.now() - started, first };
}
