import { mapStatistics } from '../../src/map/statistics.js';
import { layerIndex } from '../../src/map/specification.js';
import type { PageMap } from '../pageMap.js';

/** What a curve through the layers is drawn from. */
export interface LayerNumbers {
  /** -1: the embeddings. */
  readonly index: number;
  readonly tokens: number;
  /** Mean over the cells of the winner's probability, and of the entropy in nats. */
  readonly probability: number;
  readonly entropy: number;
  /** Part of the cells whose token is that of the last layer's map; undefined while that is not there. */
  readonly agreement: number | undefined;
}

/** The numbers of each map of a sweep. @param last index of the last layer */
export function numbersOf(maps: readonly PageMap[], last: number): readonly LayerNumbers[] {
  const end = maps.find((map) => layerIndex(map.specification.layer) === last);
  return maps.map((map) => {
    const { tokens, probability, entropy } = mapStatistics(map.cells);
    return {
      index: layerIndex(map.specification.layer),
      tokens,
      probability: probability?.mean ?? 0,
      entropy: entropy?.mean ?? 0,
      agreement: end && agreementOf(map, end),
    };
  });
}

function agreementOf(a: PageMap, b: PageMap): number {
  const count = a.cells.columns * a.cells.rows;
  let same = 0;
  for (let cell = 0; cell < count; cell++)
    if (a.cells.ids[cell * a.cells.topK] === b.cells.ids[cell * b.cells.topK]) same++;
  return same / count;
}
