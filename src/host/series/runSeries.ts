import type { FigureSize } from '../../formats/figureSize.js';
import type { Format } from '../../formats/formats.js';
import { type MissingFile, saveMap } from '../../formats/saveMap.js';
import { canonical, sameSpecification } from '../../map/dependence.js';
import { Fault, type FaultData } from '../../map/fault.js';
import type { Display } from '../../map/mapDisplay.js';
import { formatCount } from '../../map/numbers.js';
import { memberCount, memberName, members, runOrder, type SeriesMember } from '../../map/series/series.js';
import { settledMap } from '../../map/settledMap.js';
import { contextOf, isTranslated, type MapSpecification } from '../../map/specification.js';
import type { TokenMap } from '../../map/tokenMap.js';
import { cancelled } from '../../protocol/channel.js';
import type { MapEvent, ModelDescription } from '../../protocol/engine.js';
import { assetsFolder } from '../installation.js';
import type { MemberEngine, MemberEngineOptions, ModelSeries } from './memberEngine.js';
import type { SeriesFolder } from './seriesFolder.js';

/** A member whose files are there. */
export interface SavedMember {
  readonly member: SeriesMember;
  readonly name: string;
  /** Without what no figure of many shows. */
  readonly map: TokenMap;
  readonly files: readonly string[];
  readonly missing: readonly MissingFile[];
  /** It was there already. */
  readonly known: boolean;
}

/** A member that is no map, and why. */
export interface FailedMember {
  readonly member: SeriesMember;
  readonly name: string;
  readonly fault: FaultData;
}

export interface RunSeriesOptions extends MemberEngineOptions {
  readonly formats: readonly Format[];
  readonly figure?: FigureSize;
  readonly display: Display;
  /** Tokens of each cell that are still asked for when all maps are there, 2 or more. */
  readonly topK: number;
  readonly onMember: (member: SavedMember | FailedMember) => void;
  readonly onEvent: (member: string, event: MapEvent) => void;
  /** Ends the computation at once: members that were saved stay. */
  readonly signal: AbortSignal;
  /** Ends a save that has begun. */
  readonly saving: AbortSignal;
}

/** Bytes that the maps of a series may take beside each other, and that they may take so that their borders are smooth. */
const MOST_BYTES = 2 ** 30;
const SMOOTH_BYTES = 2 ** 28;
const MOST_MEMBERS = 10_000;

/** Tokens of each cell that borders are interpolated from, as far as there is room for them beside each other; maybe less than 2. */
export function tokensBeside({ base, vary }: ModelSeries): number {
  const { columns, rows } = base.grid;
  return Math.min(base.topK, Math.floor((SMOOTH_BYTES / (memberCount({ vary }) * columns * rows) - 9) / 8));
}

/** @throws Fault `bad-parameter` where so many maps do not fit beside each other; a study has no such bound. */
export function refuseTooMany({ base, vary }: ModelSeries, topK: number): void {
  const count = memberCount({ vary });
  const { columns, rows } = base.grid;
  if (count <= MOST_MEMBERS && count * columns * rows * (8 * Math.max(2, topK) + 9) <= MOST_BYTES) return;
  throw new Fault({
    code: 'bad-parameter',
    message: `${formatCount(count)} maps of ${formatCount(columns * rows)} cells are too many to stand beside each other.`,
    hint: 'Vary less, take a smaller grid, or run them as a study: docs/studies.md.',
  });
}

/**
 * Computes and saves the members of a series that are not in its folder yet, in the order that reuses most; each as soon as it is
 * there. A member that fails does not end the others. @returns those that are there, by their numbers
 * @throws Fault `cancelled`, and `output` where files cannot be written.
 */
export async function runSeries(
  series: ModelSeries,
  folder: SeriesFolder,
  engine: MemberEngine,
  options: RunSeriesOptions,
): Promise<ReadonlyMap<number, SavedMember>> {
  const { onMember, onEvent, signal } = options;
  const found = new Map<number, SavedMember>();
  // Files are made while the next member is computed.
  let saves: Promise<void> = Promise.resolve();
  try {
    for (const member of runOrder([...members(series)])) {
      if (signal.aborted) throw cancelled();
      const name = memberName(series.vary, member.values);
      const known = await knownMap(engine, folder, member, signal);
      const outcome = known ? { map: known } : await engine.compute(member, (event) => onEvent(name, event));
      await saves;
      if ('fault' in outcome) {
        onMember({ member, name, fault: outcome.fault });
        continue;
      }
      const made = series.plane === 'own' ? ownPlaned(outcome.map) : outcome.map;
      saves = saved(folder, member, made, known, options).then((files) => {
        const map = slimmed({ ...made, display: options.display }, options.topK);
        const one = { member, name, map, ...files, known: known !== undefined };
        found.set(member.number, one);
        onMember(one);
      });
      saves.catch(() => undefined); // asked for above, or below
    }
  } finally {
    // What has begun is finished, or given up, before anybody tidies up.
    await saves.catch(() => undefined);
  }
  await saves;
  return found;
}

/** A member's own file and picture say that no other member lies on its plane. */
const ownPlaned = (map: TokenMap): TokenMap => ({ ...map, runtime: { ...map.runtime, ownPlane: true } });

/** A member's files, as far as they are not there. */
async function saved(
  folder: SeriesFolder,
  member: SeriesMember,
  computed: TokenMap,
  known: TokenMap | undefined,
  { formats, figure = {}, display, saving }: RunSeriesOptions,
): Promise<Pick<SavedMember, 'files' | 'missing'>> {
  const map = { ...computed, display };
  const drawnSame = known && canonical(settledMap(map).display) === canonical(known.display);
  // Pictures do not tell their size: asked for one, they are drawn again.
  const usual = figure.width === undefined && !figure.without?.length;
  const wanted = drawnSame && usual ? await folder.missing(member, map, formats) : formats;
  if (wanted.length === 0) return { files: [], missing: [] };
  return saveMap(map, {
    formats: wanted,
    figure,
    directory: folder.memberFolder(member),
    overwrite: true, // the folder is this member's
    assets: assetsFolder,
    signal: saving,
  });
}

/** A map that was saved before, of this very member and model. */
async function knownMap(
  engine: MemberEngine,
  folder: SeriesFolder,
  member: SeriesMember,
  signal: AbortSignal,
): Promise<TokenMap | undefined> {
  // Which file a translator is now only its own reading tells.
  if (isTranslated(member.parameters.readout)) return undefined;
  try {
    const { description } = await engine.open(engine.modelOf(member));
    const wanted = specificationOf(description, await engine.laid(member.parameters));
    return await folder.known(member, wanted, ({ specification }) => sameSpecification(specification, wanted));
  } catch {
    if (signal.aborted) throw cancelled();
    return undefined; // what is wrong is told when it is computed
  }
}

/** What a member is a map of, once it is laid. */
const specificationOf = (
  { reference, facts }: ModelDescription,
  laid: SeriesMember['parameters'],
): MapSpecification => ({
  ...laid,
  layer: laid.layer === 'last' ? facts.blocks - 1 : laid.layer,
  context: contextOf(laid),
  model: reference,
});

/** As much of a map as figures and curves of many need. */
function slimmed({ regions: _regions, ...map }: TokenMap, most: number): TokenMap {
  const { cells } = map;
  const k = Math.min(cells.topK, Math.max(2, most));
  const count = cells.computed.length;
  const ids = new Int32Array(count * k);
  const probabilities = new Float32Array(count * k);
  for (let cell = 0; cell < count; cell++) {
    ids.set(cells.ids.subarray(cell * cells.topK, cell * cells.topK + k), cell * k);
    probabilities.set(cells.probabilities.subarray(cell * cells.topK, cell * cells.topK + k), cell * k);
  }
  return { ...map, cells: { ...cells, topK: k, ids, probabilities } };
}
