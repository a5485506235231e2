import { type Chart, drawCharts } from '../../formats/charts.js';
import { drawSeries } from '../../formats/comparison/seriesFigure.js';
import { loadBundledFont } from '../../formats/fonts.js';
import { jsonText } from '../../formats/jsonText.js';
import { svgPng, svgWithFonts } from '../../formats/pictures.js';
import { stackFigures } from '../../formats/stackedFigures.js';
import { safeText } from '../../map/display.js';
import { formatCount } from '../../map/numbers.js';
import { memberCount, valueText } from '../../map/series/series.js';
import { shardCount, type Study } from '../../map/series/study.js';
import { quantile } from '../../map/statistics.js';
import type { TokenMap } from '../../map/tokenMap.js';
import { readMember } from './member.js';
import type { StudyResults } from './results.js';
import { membersOf } from './status.js';
import { columnNames } from './tables.js';

/** Columns that are not in the table of members as CSV: whole specifications. */
const LEFT_OUT = ['specification', 'model_facts'];

/**
 * Writes what is read of a finished study without a program for Parquet: `members.csv`, a line for each member as `cells` of a map's
 * CSV are written (RFC 4180, texts as JSON strings), and `report.svg` and `report.png`: for each axis with several values some of its
 * maps beside each other, and the statistics along it with what the other axes do to them as a band. Gives the places of the files.
 * `assets`: dist/assets.
 */
export async function writeReport(results: StudyResults, assets: string): Promise<readonly string[]> {
  const { study } = results;
  const lines: string[] = [];
  const statistics: Record<string, number | null>[] = [];
  let names: readonly string[] = [];
  for (let shard = 0; shard < shardCount(study); shard++)
    for (const row of await membersOf(results, shard)) {
      if (names.length === 0) {
        names = Object.keys(row).filter((name) => !LEFT_OUT.includes(name));
        lines.push(names.map(quoted).join(','));
      }
      lines.push(names.map((name) => field(row[name])).join(','));
      statistics.push(Object.fromEntries(CHARTS.map(({ of }) => [of, typeof row[of] === 'number' ? row[of] : null])));
    }
  const files = new Map<string, Uint8Array>([
    ['members.csv', Buffer.from(lines.map((line) => `${line}\r\n`).join(''))],
  ]);
  const font = await loadBundledFont(assets);
  const columns = columnNames(study.vary);
  const drawn: string[] = [];
  for (const [axis, { values }] of study.vary.entries()) {
    if (values.length < 2 || values.length > MOST_PLACES || drawn.length >= 2 * MOST_AXES) continue;
    const name = safeText(columns[axis] ?? '', 60);
    const maps = await mapsAlong(results, axis);
    if (maps.length > 1)
      drawn.push(drawSeries({ axis: name, plane: study.plane, lines: [{ name: '', members: maps }] }, font));
    drawn.push(drawCharts(`By ${name}`, chartsOf(study, axis, statistics), captionOf(study, axis), font));
  }
  if (drawn.length > 0) {
    const svg = stackFigures(drawn, {
      title: `${formatCount(memberCount(study))} maps`,
      description: 'Maps along each axis of a study, and statistics along it.',
    });
    files.set('report.svg', Buffer.from(await svgWithFonts(svg, { assets })));
    files.set('report.png', await svgPng(svg, { assets }));
  }
  for (const [name, bytes] of files) await results.put(name, bytes);
  return Array.from(files.keys(), (name) => results.place(name));
}

/** Maps along an axis that are drawn, at most; and axes. */
const MOST_MAPS = 8;
const MOST_AXES = 6;

/** Some members along an axis, evenly, that have the first value on the others. None where they are not kept or differ in size. */
async function mapsAlong(
  results: StudyResults,
  axis: number,
): Promise<readonly { readonly name: string; readonly map: TokenMap }[]> {
  const { vary, keep } = results.study;
  if (!keep.cells || !keep.planes) return [];
  const { values } = vary[axis] ?? { values: [] };
  const inner = vary.slice(axis + 1).reduce((product, one) => product * one.values.length, 1);
  const count = Math.min(MOST_MAPS, values.length);
  const maps: { name: string; map: TokenMap }[] = [];
  for (let i = 0; i < count; i++) {
    const place = Math.round((i * (values.length - 1)) / Math.max(1, count - 1));
    const map = await readMember(results, place * inner).catch(() => undefined); // it failed: the CSV says so
    if (map) maps.push({ name: safeText(valueText(values[place] ?? null), 24), map });
  }
  const sizes = new Set(maps.map(({ map: { cells } }) => `${cells.columns} ${cells.rows}`));
  return sizes.size === 1 ? maps : [];
}

/** What is drawn: columns of `members`, and in which unit. */
const CHARTS = [
  { of: 'probability_mean', title: "Mean of the winners' probabilities, %", times: 100 },
  { of: 'entropy_mean', title: 'Mean entropy, bits', times: 1 / Math.LN2 },
  { of: 'tokens', title: 'Tokens on the map', times: 1 },
  { of: 'regions', title: 'Regions on the map', times: 1 },
] as const;
/** Places on an axis, at most; and the part of the members on each that lies in the band. */
const MOST_PLACES = 1000;
const BAND = [0.1, 0.9] as const;

function chartsOf({ vary }: Study, axis: number, statistics: readonly Record<string, number | null>[]): Chart[] {
  const { values } = vary[axis] ?? { values: [] };
  const inner = vary.slice(axis + 1).reduce((product, one) => product * one.values.length, 1);
  return CHARTS.map(({ of, title, times }) => {
    const at = values.map((): number[] => []);
    statistics.forEach((row, member) => {
      const value = row[of];
      if (typeof value === 'number') at[Math.floor(member / inner) % values.length]?.push(value);
    });
    const several = at.some((found) => found.length > 1);
    return {
      title,
      times,
      axis: columnNames(vary)[axis] ?? '',
      places: values.map((value) => safeText(valueText(value), 24)),
      line: at.map((found) => (found.length > 0 ? found.reduce((sum, one) => sum + one, 0) / found.length : null)),
      ...(several ? { band: at.map((found) => (found.length > 0 ? ends(found) : null)) } : {}),
    };
  });
}

function ends(values: readonly number[]): readonly [number, number] {
  const sorted = Float64Array.from(values).sort();
  return [quantile(sorted, BAND[0]), quantile(sorted, BAND[1])];
}

const captionOf = (study: Study, axis: number): readonly string[] => [
  `${formatCount(memberCount(study))} maps`,
  ...(study.vary.some(({ values }, other) => other !== axis && values.length > 1)
    ? ['line: mean over the other axes, band: the middle 80 % of their members']
    : []),
  study.plane === 'shared' ? 'all on the plane of the base' : 'each on a plane of its own',
];

const field = (value: unknown): string =>
  value === null || value === undefined ? '' : typeof value === 'string' ? quoted(jsonText(value)) : `${Number(value)}`;

const quoted = (text: string): string => (/^[\w.]+$/.test(text) ? text : `"${text.replaceAll('"', '""')}"`);
