import { coordinates } from '../../map/grid.js';
import type { CurvePoint } from '../../map/compare/curves.js';
import {
  type MapComparison,
  summaryOf,
  tokenChanges,
  tokenOf,
  tokenOfKey,
  winner,
} from '../../map/compare/comparison.js';
import type { Flip } from '../../map/compare/flip.js';
import type { PlaneSharing, SeriesAxis } from '../../map/series/series.js';
import type { Token } from '../../map/token.js';
import { margin, type TokenMap } from '../../map/tokenMap.js';
import { float32Text } from '../float32.js';
import { csvText } from '../jsonText.js';

/** What statistics of maps beside each other say of one of them. */
const sideOf = ({ specification, facts }: TokenMap) => ({ specification, facts });

/** Two maps beside each other as JSON: where they lie (`maps`), as far as that is known; numbers, tokens, changes; all that a table or a text needs. */
export function comparisonJson(comparison: MapComparison & { readonly files?: readonly string[] }): string {
  const { a, b, agreement, files } = comparison;
  const tokens = agreement.tokens.map(({ key, ...cells }) => ({ token: tokenOfKey(comparison, key), ...cells }));
  return `${JSON.stringify(
    {
      format: 'embedding-grid-comparison',
      version: 1,
      ...(files ? { maps: files } : {}),
      a: sideOf(a),
      b: sideOf(b),
      summary: summaryOf(comparison),
      tokens,
      changes: tokenChanges(comparison),
    },
    undefined,
    2,
  )}\n`;
}

const line = (fields: readonly (string | number)[]): string => `${fields.join(',')}\r\n`;

/**
 * Two maps cell by cell as CSV (RFC 4180), a line for each cell that both have. Tokens are JSON strings, as in a map's own CSV;
 * `change`: `none`, `real` or `rounding`; divergences in nats, only where the engine was asked.
 */
export function comparisonCsv({ a, b, agreement, divergences, plane }: MapComparison): string {
  const { columns } = a.cells;
  const { xs, ys } = coordinates(a.specification.grid);
  const side = (map: TokenMap, cell: number): (string | number)[] => {
    const id = winner(map.cells, cell);
    return [
      id,
      csvText(tokenOf(map, id).text),
      float32Text(map.cells.probabilities[cell * map.cells.topK] ?? 0),
      float32Text(Math.fround(margin(map.cells, cell))),
      float32Text(map.cells.entropy[cell] ?? 0),
    ];
  };
  const names = ['token_id', 'token', 'probability', 'margin', 'entropy_nats'];
  const parts = divergences ? [divergences.ab, divergences.ba, divergences.js] : [];
  const header = [
    ...['row', 'column', 'x', 'y', 'plane', 'change'],
    ...['a', 'b'].flatMap((which) => names.map((name) => `${which}_${name}`)),
    ...(divergences ? ['kl_ab_nats', 'kl_ba_nats', 'js_nats'] : []),
  ];
  let text = line(header);
  agreement.changes.forEach((change, cell) => {
    if (change === undefined) return;
    const [row, column] = [Math.floor(cell / columns), cell % columns];
    text += line([
      row,
      column,
      xs[column] ?? 0,
      ys[row] ?? 0,
      plane,
      change,
      ...side(a, cell),
      ...side(b, cell),
      ...parts.map((values) => (Number.isNaN(values[cell]) ? '' : float32Text(values[cell] ?? 0))),
    ]);
  });
  return text;
}

/** A line of a series: its curves. */
export interface LineStatistics {
  /** What its members have in common: `model=a`; empty where there is one line. */
  readonly name: string;
  readonly points: readonly CurvePoint[];
  /** The JSON files of its members' maps, seen from the folder of the series, with `/`. */
  readonly files?: readonly string[];
  /** Where the last member's tokens enter, in sentences. */
  readonly entries: readonly string[];
  /** Where the token at the middle of the grid becomes another, along a coefficient. */
  readonly flips: readonly Flip<Token>[];
}

/** A series' curves, with what they are curves of. */
export interface SeriesStatistics {
  /** What varies along a line, in a word. */
  readonly axis: string;
  readonly plane: PlaneSharing;
  readonly vary: readonly SeriesAxis[];
  readonly lines: readonly LineStatistics[];
}

export const seriesJson = (series: SeriesStatistics): string =>
  `${JSON.stringify({ format: 'embedding-grid-series', version: 1, ...series }, undefined, 2)}\n`;

/** A line a member; of each named token its share of the cells and its mean probability. */
export function seriesCsv({ axis, plane, lines }: SeriesStatistics): string {
  const named = lines[0]?.points[0]?.named ?? [];
  const several = lines.length > 1;
  const header = [
    ...(several ? ['line'] : []),
    ...[axis, 'plane', 'agreement_with_last', 'agreement_with_previous', 'regions', 'tokens', 'mean_entropy_nats'],
    'kl_to_last_nats',
    ...named.flatMap(({ token }) => [csvText(`share of ${token.text}`), csvText(`probability of ${token.text}`)]),
  ];
  return (
    line(header) +
    lines
      .flatMap(({ name, points }) => points.map((point) => ({ name, point })))
      .map(({ name, point }) =>
        line([
          ...(several ? [csvText(name)] : []),
          plainField(point.name),
          plane,
          point.agreementWithLast ?? '',
          point.agreementWithPrevious ?? '',
          point.regions,
          point.tokens,
          point.meanEntropy,
          point.divergenceToLast ?? '',
          ...point.named.flatMap(({ share, probability }) => [share, probability]),
        ]),
      )
      .join('')
  );
}

/** Numbers and words as they are, anything else as a JSON string, so that nothing is taken for a formula. */
const plainField = (text: string): string => (/^-?[\w.]+$/.test(text) ? text : csvText(text));
