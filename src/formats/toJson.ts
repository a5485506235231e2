import { answersEach } from '../map/questions.js';
import { exactStatistics } from '../map/exactRegions.js';
import { coordinates } from '../map/grid.js';
import type { ExactRegions } from '../map/polygons.js';
import { layerIndex } from '../map/specification.js';
import { mapStatistics, type Spread, tokensOnMap } from '../map/statistics.js';
import { margin, type TokenMap } from '../map/tokenMap.js';
import { float32Text, float32ToBase64 } from './float32.js';
import { jsonText, jsonValue } from './jsonText.js';
import { parted } from './measured.js';

/** Marks a file as ours. */
export const JSON_FORMAT = 'embedding-grid-map';
/** Raised when a reader of the last version could not read the file. Keys may be added without. */
export const JSON_VERSION = 1;
/** Of a map whose cells stand in the .npz beside it. */
export const JSON_VERSION_BESIDE = 2;
/** Entries, cells x top-k, of the largest map whose cells stand in its JSON: some 150 MB. */
const MOST_ENTRIES = 4_000_000;

/** Whether a map's cells stand in the .npz that has its JSON's name, for no reader of JSON takes so many. */
export const cellsBeside = ({ cells: { columns, rows, topK } }: TokenMap): boolean =>
  columns * rows * topK > MOST_ENTRIES;

/**
 * A map as a JSON file (UTF-8): the original program's keys `config`, `coordinates`, `predictions` and `token_map`, with its
 * meaning and order, and what the original lacks. Numbers per cell are row-major 2-D lists, row 0 with the smallest y; those
 * of a cell that is missing are null, and it is not in `token_map`. Exact regions, where a map has them, are polygons:
 * x, y, x, y, ... in plane coordinates, counter-clockwise, in float64. `answers` are what the specification's question asks:
 * a probability, a difference of logits, a divergence in nats or a feature; a list of them where several are asked. `filled_in` is 1 where a cell of an adaptive map
 * was not computed but filled in. `survey` is what is known of the plane itself; norms that it does not depend on stand in
 * `runtime`. `display` is how the map is drawn, where that was said. float32 numbers are written with the fewest digits that
 * give them back exactly. What a list of files needs stands in the first lines. Of a map of more than {@link MOST_ENTRIES} entries all that is told per cell is left out, and `cells` says
 * that it stands in the .npz of the same name.
 */
export function toJson(map: TokenMap, beside = cellsBeside(map)): Uint8Array {
  const parts: Buffer[] = [];
  let text = '';
  for (const line of jsonLines(map, beside)) {
    text += line;
    if (text.length > 2 ** 20) {
      parts.push(Buffer.from(text));
      text = '';
    }
  }
  return Buffer.concat([...parts, Buffer.from(text)]);
}

function* jsonLines(map: TokenMap, beside: boolean): Generator<string> {
  const { specification, facts, runtime, cells, tokens, plane, regions } = map;
  const { survey, measured } = parted(map);
  const { columns, rows, topK, answers, filled } = cells;
  const { xs, ys } = coordinates(specification.grid);
  const { grid, model } = specification;
  yield '{\n';
  yield* entry('format', jsonText(JSON_FORMAT));
  yield* entry('version', String(beside ? JSON_VERSION_BESIDE : JSON_VERSION));
  if (beside) yield* entry('cells', jsonText('npz'));
  yield* entry(
    'config',
    jsonValue({
      model_name: model.name,
      layer_idx: layerIndex(specification.layer),
      grid_size: grid.columns === grid.rows ? grid.columns : [grid.columns, grid.rows],
      spacing: grid.spacing,
      embedding_method: specification.plane.axes.method,
    }),
  );
  yield* entry('statistics', jsonValue(statistics(map)));
  yield* entry('runtime', jsonValue(measured ? { ...runtime, norms: measured } : runtime));
  yield* entry('model', jsonValue({ ...model, ...facts }));
  yield* entry('specification', jsonValue(specification));
  if (map.display) yield* entry('display', jsonValue(map.display));
  yield '"tokens": {\n';
  const sorted = [...tokens.values()].sort((a, b) => a.id - b.id);
  yield sorted.map(({ id, text, kind }) => `"${id}": {"text": ${jsonText(text)}, "kind": "${kind}"}`).join(',\n');
  yield '\n},\n';
  if (survey) yield* entry('survey', jsonValue(survey));
  yield '"plane": {\n';
  yield (['c', 'u', 'v'] as const).map((name) => `"${name}": "${float32ToBase64(plane[name])}"`).join(',\n');

  if (regions) {
    yield `\n},\n"regions": {\n"window": ${jsonValue(regions.window)},\n"polygons": [`;
    let comma = '';
    for (const { token, points } of regions.polygons) {
      yield `${comma}\n{"token_id": ${token}, "points": [${points.join(',')}]}`;
      comma = ',';
    }
    yield '\n]';
  }

  if (beside) {
    yield '\n}\n}\n';
    return;
  }
  const done = (cell: number): boolean => cells.computed[cell] === 1;
  const perCell = (value: (cell: number) => string) =>
    lists(columns, rows, (cell) => (done(cell) ? value(cell) : 'null'));
  const id = (cell: number, k: number): string => String(cells.ids[cell * topK + k]);
  const probability = (cell: number, k: number): string => float32Text(cells.probabilities[cell * topK + k] ?? 0);
  yield '\n},\n"coordinates": {\n"x_coords": ';
  yield* lists(columns, rows, (cell) => String(xs[cell % columns]));
  yield ',\n"y_coords": ';
  yield* lists(columns, rows, (cell) => String(ys[Math.floor(cell / columns)]));
  yield '\n},\n"predictions": {\n"token_ids": ';
  yield* perCell((cell) => id(cell, 0));
  yield ',\n"probabilities": ';
  yield* perCell((cell) => probability(cell, 0));
  yield ',\n"second_token_ids": ';
  yield* perCell((cell) => id(cell, 1));
  yield ',\n"second_probabilities": ';
  yield* perCell((cell) => probability(cell, 1));
  yield ',\n"margins": ';
  yield* perCell((cell) => float32Text(Math.fround(margin(cells, cell))));
  yield ',\n"entropies": ';
  yield* perCell((cell) => float32Text(cells.entropy[cell] ?? 0));
  if (answers) {
    yield ',\n"answers": ';
    const each = answersEach(cells);
    const answer = (cell: number, q: number): string => float32Text(answers[cell * each + q] ?? NaN);
    const numbers = Array.from({ length: each }, (_, q) => q);
    yield* perCell((cell) => (each === 1 ? answer(cell, 0) : `[${numbers.map((q) => answer(cell, q)).join(',')}]`));
  }
  if (filled) {
    yield ',\n"filled_in": ';
    yield* perCell((cell) => String(filled[cell]));
  }

  const ranks = Array.from({ length: topK }, (_, k) => k);
  yield '\n},\n"top": {\n"token_ids": ';
  yield* perCell((cell) => `[${ranks.map((k) => id(cell, k)).join(',')}]`);
  yield ',\n"probabilities": ';
  yield* perCell((cell) => `[${ranks.map((k) => probability(cell, k)).join(',')}]`);

  yield '\n},\n"token_map": {';
  const texts = new Map(sorted.map((token) => [token.id, jsonText(token.text)]));
  let comma = '';
  for (let cell = 0; cell < columns * rows; cell++) {
    if (!done(cell)) continue;
    const row = Math.floor(cell / columns);
    const column = cell % columns;
    const token = cells.ids[cell * topK] ?? 0;
    yield `${comma}\n"${row},${column}": {"token_id": ${token}, "token_str": ${texts.get(token) ?? `"#${token}"`}, "probability": ${probability(cell, 0)}, "coordinates": [${xs[column]}, ${ys[row]}]}`;
    comma = ',';
  }
  yield '\n}\n}\n';
}

function* entry(key: string, value: string): Generator<string> {
  yield `"${key}": ${value},\n`;
}

/** A 2-D list, a line per row. */
function* lists(columns: number, rows: number, value: (cell: number) => string): Generator<string> {
  yield '[\n';
  for (let row = 0; row < rows; row++) {
    const line = Array.from({ length: columns }, (_, column) => value(row * columns + column));
    yield `[${line.join(',')}]${row + 1 < rows ? ',' : ''}\n`;
  }
  yield ']';
}

function statistics({ cells, regions }: TokenMap): object {
  const { probability, margin: margins, entropy, ...counts } = mapStatistics(cells);
  const spread = (values: Spread | undefined) =>
    values && {
      min: values.min,
      q25: values.quarter,
      median: values.median,
      q75: values.threeQuarters,
      max: values.max,
      mean: values.mean,
    };
  const filled = cells.filled?.reduce((sum, one) => sum + one, 0);
  return {
    ...counts,
    ...(filled === undefined ? {} : { filled_in: filled }),
    probability: spread(probability),
    margin: spread(margins),
    entropy: spread(entropy),
    tokens_on_map: tokensOnMap(cells).map((token) => ({
      token_id: token.id,
      cells: token.cells,
      share: token.share,
      mean_probability: token.meanProbability,
      regions: token.regions,
    })),
    exact: regions && exact(regions),
  };
}

function exact(regions: ExactRegions): object {
  const { tokens, areaShares } = exactStatistics(regions);
  return { tokens, area_shares: areaShares.map(({ token, share }) => ({ token_id: token, share })) };
}
