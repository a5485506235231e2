import { sidesOf, whyNotCompared } from '../../src/map/compare/comparison.js';
import { mapStatistics } from '../../src/map/statistics.js';
import type { PageMap } from '../pageMap.js';
import type { Steps } from './steps.js';

/** What a curve through the maps is drawn from. */
export interface StepNumbers {
  readonly place: number;
  readonly tokens: number;
  /** Mean over the cells of the winner's probability, and of the entropy in nats. */
  readonly probability: number;
  readonly entropy: number;
  /** Part of the cells whose token is that of the last map; undefined while that is not there, or has other cells. */
  readonly agreement: number | undefined;
}

/** The numbers of each map that is there. */
export function numbersOf({ maps, count, placeOf }: Steps): readonly StepNumbers[] {
  const end = maps.find((map) => placeOf(map) === count - 1);
  return maps.map((map) => {
    const { tokens, probability, entropy } = mapStatistics(map.cells);
    return {
      place: placeOf(map),
      tokens,
      probability: probability?.mean ?? 0,
      entropy: entropy?.mean ?? 0,
      agreement: end && agreementOf(map, end),
    };
  });
}

function agreementOf(a: PageMap, b: PageMap): number | undefined {
  if (whyNotCompared(a, b) !== undefined) return undefined;
  const [one, other] = sidesOf(a, b);
  const winner = ({ cells, keyOf }: typeof one, cell: number): number | string => {
    const id = cells.ids[cell * cells.topK] ?? -1;
    return keyOf ? keyOf(id) : id;
  };
  const count = a.cells.columns * a.cells.rows;
  let same = 0;
  for (let cell = 0; cell < count; cell++) if (winner(one, cell) === winner(other, cell)) same++;
  return same / count;
}
