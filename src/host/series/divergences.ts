import type { Engine } from '../../engine/client.js';
import { type CellDivergences, noDivergences } from '../../map/compare/comparison.js';
import type { MapParameters } from '../../map/specification.js';
import type { BesideParams } from '../../protocol/engine.js';

/**
 * How far apart two maps' predictions are, cell by cell, over the whole vocabulary: A is of the engine's model.
 * @throws Fault as the engine's `divergences`.
 */
export async function divergencesBetween(
  engine: Pick<Engine, 'call'>,
  params: { readonly parameters: MapParameters; readonly beside: BesideParams; readonly batchSize: number },
  {
    signal,
    onProgress,
    into,
  }: {
    readonly signal?: AbortSignal | undefined;
    readonly onProgress?: ((done: number, total: number, secondsLeft: number) => void) | undefined;
    /** Where they go as they come, of the same grid. */
    readonly into?: CellDivergences;
  } = {},
): Promise<CellDivergences> {
  const found = into ?? noDivergences(params.parameters.grid);
  await engine.call('divergences', params, {
    ...(signal ? { signal } : {}),
    onEvent: (event) => {
      if (event.kind !== 'divergences') return;
      const { indices, ab, ba, js } = event.batch;
      indices.forEach((cell, i) => {
        found.ab[cell] = ab[i] ?? NaN;
        found.ba[cell] = ba[i] ?? NaN;
        found.js[cell] = js[i] ?? NaN;
      });
      onProgress?.(event.done, event.total, event.secondsLeft);
    },
  });
  return found;
}
