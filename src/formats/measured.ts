import type { Norms, Survey } from '../map/survey.js';
import type { TokenMap } from '../map/tokenMap.js';

/**
 * A map's survey in two parts: what follows from the specification, and norms that were measured only to be looked at (a panel
 * measures them, the command line does not). Files of equal maps are equal in the first.
 */
export function parted({ survey, specification }: TokenMap): {
  readonly survey: Survey | undefined;
  readonly measured: Norms | null;
} {
  if (!survey || specification.plane.lengths === 'typical') return { survey, measured: null };
  const { normsReason: _, untold: __, ...rest } = survey;
  return { survey: { ...rest, norms: null }, measured: survey.norms };
}

/** A map with the first part alone. */
export function withoutMeasured(map: TokenMap): TokenMap {
  const { survey } = parted(map);
  return survey ? { ...map, survey } : map;
}
