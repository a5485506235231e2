import { type Chart, drawCharts } from '../../formats/charts.js';
import { loadBundledFont } from '../../formats/fonts.js';
import { jsonText } from '../../formats/jsonText.js';
import { svgPng } from '../../formats/pictures.js';
import { safeText } from '../../map/display.js';
import { formatCount } from '../../map/numbers.js';
import { memberCount, valueText } from '../../map/series/series.js';
import { shardCount, type Study } from '../../map/series/study.js';
import { quantile } from '../../map/statistics.js';
import type { StudyResults } from './results.js';
import { membersOf } from './status.js';
import { columnNames } from './tables.js';

/** Columns that are not in the table of members as CSV: whole specifications. */
const LEFT_OUT = ['specification'];

/**
 * Writes what is read of a finished study without a program for Parquet: `members.csv`, a line for each member as `cells` of a map's
 * CSV are written (RFC 4180, texts as JSON strings), and for each axis with several values a picture of the statistics along it, with
 * what the other axes do to them as a band. Gives the places of the files. `assets`: dist/assets.
 */
export async function writeReport(results: StudyResults, assets: string): Promise<readonly string[]> {
  const lines: string[] = [];
  const statistics: Record<string, number | null>[] = [];
  let names: readonly string[] = [];
  for (let shard = 0; shard < shardCount(results.study); shard++)
    for (const row of await membersOf(results, shard)) {
      if (names.length === 0) {
        names = Object.keys(row).filter((name) => !LEFT_OUT.includes(name));
        lines.push(names.map(quoted).join(','));
      }
      lines.push(names.map((name) => field(row[name])).join(','));
      statistics.push(Object.fromEntries(CHARTS.map(({ of }) => [of, typeof row[of] === 'number' ? row[of] : null])));
    }
  await results.put('members.csv', Buffer.from(lines.map((line) => `${line}\r\n`).join('')));
  const files = ['members.csv'];
  const font = await loadBundledFont(assets);
  const columns = columnNames(results.study.vary);
  for (const [axis, { values }] of results.study.vary.entries()) {
    if (values.length < 2 || values.length > MOST_PLACES) continue;
    const name = safeText(columns[axis] ?? '', 60);
    const svg = drawCharts(
      `By ${name}`,
      chartsOf(results.study, axis, statistics),
      captionOf(results.study, axis),
      font,
    );
    const file = `by_${name.replaceAll(/[^\w.-]+/g, '_')}`;
    await results.put(`${file}.svg`, Buffer.from(svg));
    await results.put(`${file}.png`, await svgPng(svg, { assets }));
    files.push(`${file}.svg`, `${file}.png`);
  }
  return files.map((file) => results.place(file));
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
