import type { Direction, Grid, MapParameters } from './specification.js';

/** The parameters with axes along two directions, which are drawn as long as they are. */
export const withAxes = (parameters: MapParameters, x: Direction, y: Direction): MapParameters => ({
  ...parameters,
  plane: { ...parameters.plane, axes: { method: 'directions', x, y }, orthogonal: false, lengths: 'own' },
});

/** As many cells, with (0, 0), (1, 0) and (0, 1) in sight. */
export const aroundUnits = ({ columns, rows }: Grid): Grid => ({
  columns,
  rows,
  spacing: Number((3 / Math.min(columns, rows)).toPrecision(4)),
  center: [0.5, 0.5],
});
