import type { Flag } from '../../map/flags.js';

/** Flags that draw several maps instead of one. */
export const SERIES_FLAGS = [
  {
    name: 'vary',
    value: 'AXIS=VALUES',
    many: true,
    help: 'draw a map for each value: layer=0-11, seed=1-5, prompt=TEXT, model=MODEL (given several times), interventions[0].coefficient=-4..4/17 (17 values); several axes make a product, whose last runs along curves and rows of pictures',
  },
  {
    name: 'plane',
    value: 'WHOSE',
    help: 'of --vary: shared (all maps have the vectors of the base) or own (each is laid by its own layer and model; usual where an axis is one of the plane)',
    default: 'shared',
  },
  {
    name: 'follow',
    value: 'TOKEN,...',
    help: 'of --vary: tokens whose mean probability is told along the series, of those that are recorded per cell; written as for --mask',
  },
  {
    name: 'divergences',
    help: 'of --vary: compute the mean KL divergence of each map from the last as well, which takes about as long again',
  },
] as const satisfies readonly Flag[];
