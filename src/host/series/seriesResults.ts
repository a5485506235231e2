import path from 'node:path';
import {
  COMPARISON_FORMATS,
  CURVE_FORMATS,
  type SavedComparison,
  type SavedSeries,
  SERIES_FORMATS,
} from '../../formats/comparison/formats.js';
import { encodeAll } from '../../formats/comparison/saveFigures.js';
import { MOST_DRAWN } from '../../formats/comparison/seriesFigure.js';
import type { SeriesStatistics } from '../../formats/comparison/statistics.js';
import type { FigureSize } from '../../formats/figureSize.js';
import type { FileFormat } from '../../formats/fileFormat.js';
import { fileName } from '../../formats/names.js';
import type { Format } from '../../formats/formats.js';
import { type CellDivergences, compareMaps, whyNotCompared } from '../../map/compare/comparison.js';
import { type CurveMember, curvesOf, entryWords } from '../../map/compare/curves.js';
import { Fault } from '../../map/fault.js';
import { formatCount } from '../../map/numbers.js';
import type { Reading } from '../../map/pageFile/reading.js';
import { linesOf } from '../../map/series/lines.js';
import { DEFAULT_BATCH_SIZE } from '../../map/specification.js';
import type { TokenMap } from '../../map/tokenMap.js';
import type { Device } from '../../protocol/engine.js';
import { divergencesBetween } from './divergences.js';
import { flipsOf, isCoefficient } from './flips.js';
import type { MemberEngine, ModelSeries } from './memberEngine.js';
import type { SavedMember } from './runSeries.js';
import type { SeriesFolder } from './seriesFolder.js';

/** A member whose map is saved. */
export type ResultMember = Pick<SavedMember, 'member' | 'map'>;

/** As much of the members' engine as results are asked of. */
export type ResultEngine = Pick<MemberEngine, 'modelOf' | 'laid' | 'open'>;

/** A line of a series whose maps are there. */
interface Line {
  readonly name: string;
  readonly members: readonly (CurveMember & { readonly map: TokenMap; readonly saved: ResultMember })[];
}

export interface ResultOptions {
  readonly formats: readonly (Format | 'apng')[];
  readonly figure?: FigureSize;
  /** What stands beside the maps of the page of all. */
  readonly reading?: Reading;
  /** Texts of tokens whose probability is followed. */
  readonly follow: readonly string[];
  /** Whether every member's divergence from the last of its line is computed. */
  readonly divergences: boolean;
  readonly device: Device;
  readonly memory: number | undefined;
  readonly batchSize?: number;
  readonly onNote: (text: string) => void;
  readonly onProgress: (done: number, total: number, secondsLeft: number | null) => void;
  readonly signal: AbortSignal;
  /** dist/assets. */
  readonly assets: string;
}

export interface SeriesResults {
  readonly statistics: SeriesStatistics;
  readonly files: readonly string[];
}

/**
 * What is made of a series whose members are there: curves, where answers enter, a coefficient's flips, divergences where they are
 * asked for; figures of all maps, of the curves and, of two maps, of what changes. Members that failed are left out.
 * @throws Fault `cancelled`, `output`.
 */
export async function seriesResults(
  series: ModelSeries,
  found: ReadonlyMap<number, ResultMember>,
  folder: SeriesFolder,
  engine: ResultEngine,
  options: ResultOptions,
): Promise<SeriesResults> {
  const { follow, onNote } = options;
  const { axis, name, places, lines: all } = linesOf(series.vary);
  const lines: readonly Line[] = all.flatMap((line): readonly Line[] => {
    const members = line.members.flatMap((number, i) => {
      const saved = found.get(number);
      return saved ? [{ name: places[i] ?? '', map: saved.map, saved }] : [];
    });
    return members.length > 0 ? [{ name: line.name, members }] : [];
  });
  const files: string[] = [];
  const statistics: SeriesStatistics['lines'][number][] = [];
  for (const [i, { name: lineName, members }] of lines.entries()) {
    const divergences = options.divergences ? await divergencesToLast(members, engine, options) : [];
    const told = members.map((member, k) => ({ ...member, ...meanOf(divergences[k]) }));
    const varied = series.vary[axis];
    const numbers = members.map(({ saved }) => saved.member.number);
    const flips = varied && isCoefficient(varied) ? await flipsOf(series, numbers, axis, engine) : [];
    const maps = members.map(({ saved }) => mapFile(saved, folder));
    statistics.push({
      name: lineName,
      points: curvesOf(told, follow),
      files: maps,
      entries: entryWords(members, name),
      flips,
    });
    if (i === 0 && lines.length === 1) files.push(...(await pair(members, maps, divergences[0], folder, options)));
  }
  const result: SeriesStatistics = { axis: name, plane: series.plane, vary: series.vary, lines: statistics };
  const drawn: SavedSeries = { axis: name, plane: series.plane, lines, statistics: result };
  const count = lines.reduce((sum, { members }) => sum + members.length, 0);
  if (count > MOST_DRAWN)
    onNote(
      `${formatCount(count)} maps are too many for one figure, of at most ${MOST_DRAWN}: there are curves and tables.`,
    );
  const known: readonly FileFormat<SavedSeries>[] = SERIES_FORMATS;
  const figures = known.filter(
    (format) => isWanted(format, options) && (format.kind === 'data' || count <= MOST_DRAWN),
  );
  files.push(...(await put(folder, 'series', drawn, figures, options)));
  if (places.length > 1)
    files.push(
      ...(await put(
        folder,
        'curves',
        result,
        CURVE_FORMATS.filter((format) => isWanted(format, options)),
        options,
      )),
    );
  return { statistics: result, files };
}

/** A member's map, seen from the folder of the series. */
const mapFile = ({ member, map }: ResultMember, folder: SeriesFolder): string =>
  path
    .relative(folder.place, path.join(folder.memberFolder(member), fileName(map.specification, 'json')))
    .split(path.sep)
    .join('/');

/** Numbers always, pictures as they are asked for. */
const isWanted = (
  { kind, name }: { kind: FileFormat<never>['kind']; name: string },
  { formats }: ResultOptions,
): boolean => kind === 'data' || formats.some((format) => format === name);

async function put<T>(
  folder: SeriesFolder,
  name: string,
  of: T,
  formats: readonly FileFormat<T>[],
  { signal, assets, figure = {}, reading }: Pick<ResultOptions, 'signal' | 'assets' | 'figure' | 'reading'>,
): Promise<readonly string[]> {
  const files: string[] = [];
  const told = { assets, figure, signal, ...(reading ? { reading } : {}) };
  for (const [extension, bytes] of await encodeAll(of, formats, told))
    files.push(await folder.put(`embedding_grid_${name}.${extension}`, bytes));
  return files;
}

/** Two maps are a comparison. */
async function pair(
  members: Line['members'],
  files: readonly string[],
  divergences: CellDivergences | undefined,
  folder: SeriesFolder,
  options: ResultOptions,
): Promise<readonly string[]> {
  const [a, b] = members;
  if (!a || !b || members.length > 2 || whyNotCompared(a.map, b.map) !== undefined) return [];
  const all: readonly FileFormat<SavedComparison>[] = COMPARISON_FORMATS;
  const comparison = { ...compareMaps(a.map, b.map, divergences), files };
  return put(
    folder,
    'comparison',
    comparison,
    all.filter((format) => isWanted(format, options)),
    options,
  );
}

/** Of each member but the last, which every one is held against. Where there are none it is said why. */
async function divergencesToLast(
  members: Line['members'],
  engine: ResultEngine,
  { device, memory, batchSize = DEFAULT_BATCH_SIZE, signal, onNote, onProgress }: ResultOptions,
): Promise<readonly (CellDivergences | undefined)[]> {
  const last = members.at(-1)?.saved.member;
  if (!last || members.length < 2) return [];
  const found: (CellDivergences | undefined)[] = [];
  try {
    const { description } = await engine.open(engine.modelOf(last));
    const beside = await engine.laid(last.parameters);
    for (const { saved } of members.slice(0, -1)) {
      const { member } = saved;
      const parameters = await engine.laid(member.parameters);
      const model = engine.modelOf(member);
      const other = model === engine.modelOf(last) ? undefined : { path: description.path, device };
      const opened = await engine.open(model);
      const params = {
        parameters,
        beside: {
          parameters: beside,
          ...(other ? { model: { ...other, ...(memory === undefined ? {} : { memory }) } } : {}),
        },
        batchSize,
      };
      const each = members.length - 1;
      found.push(
        await divergencesBetween(opened.engine, params, {
          onProgress: (done, total) => onProgress(found.length * total + done, each * total, null),
        }),
      );
    }
  } catch (thrown) {
    const fault = Fault.from(thrown);
    if (signal.aborted) throw fault;
    onNote(`There are no divergences. ${fault.message}`);
  }
  return found;
}

/** Mean over cells of KL(member || last). */
function meanOf(divergences: CellDivergences | undefined): { readonly divergenceToLast?: number } {
  const known = divergences?.ab.filter((value) => !Number.isNaN(value));
  if (!known || known.length === 0) return {};
  return { divergenceToLast: known.reduce((sum, value) => sum + value, 0) / known.length };
}
