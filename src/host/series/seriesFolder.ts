import path from 'node:path';
import type { Format } from '../../formats/formats.js';
import { fileName } from '../../formats/names.js';
import { clearLeftovers } from '../../formats/leftovers.js';
import { diskFolder } from '../../formats/outputFolder.js';
import { newOwner } from '../../formats/owner.js';
import { readMap } from '../../formats/readMap.js';
import { temporaryNames } from '../../formats/temporaryNames.js';
import { Fault } from '../../map/fault.js';
import { axisName, memberCount, memberName, type SeriesMember } from '../../map/series/series.js';
import { studyData } from '../../map/series/study.js';
import type { MapSpecification } from '../../map/specification.js';
import type { TokenMap } from '../../map/tokenMap.js';
import type { ModelSeries } from './memberEngine.js';

/** A study of the same members: what the folder is a series of, and what becomes a dataset when it is run as one. */
const PLAN = 'embedding_grid_series.embedding-study.json';
const MOST_FOLDERS = 10_000;

/**
 * The folder of a series: its plan, a folder for each member with the files of its map, and what is made of all of them. A series
 * that is run again goes on in its folder; one with other axes, base or model gets a folder of its own.
 */
export class SeriesFolder {
  private constructor(
    /** Its path. */
    readonly place: string,
    private readonly series: ModelSeries,
  ) {}

  /** @throws Fault `output`, or the system's errors. */
  static async begin(directory: string, series: ModelSeries): Promise<SeriesFolder> {
    const plan = `${JSON.stringify(studyData({ ...series, keep: { cells: true, regions: true, planes: true }, shard: 100 }), null, 1)}\n`;
    const name = `series_${series.vary.map(({ path: at }) => axisName(at)).join('_')}`.slice(0, 100);
    for (let number = 1; number < MOST_FOLDERS; number++) {
      const place = path.join(directory, number === 1 ? name : `${name}_${number}`);
      if ((await planOf(place, plan)) === plan) return new SeriesFolder(place, series);
    }
    throw new Fault({
      code: 'output',
      message: `${directory} holds too many series of these axes.`,
      hint: 'Choose another folder with --output-dir.',
    });
  }

  /** Where the files of a member's map go: `03_layer=3`. */
  memberFolder({ number, values }: SeriesMember): string {
    const digits = String(memberCount(this.series) - 1).length;
    const words = memberName(this.series.vary, values)
      .replaceAll(/[^\p{L}\p{N}=.+-]+/gu, '_')
      .replaceAll(/^[._]+|[._]+$/g, '');
    const name = Array.from(`${String(number).padStart(digits, '0')}_${words}`)
      .slice(0, 60)
      .join('');
    return path.join(this.place, name);
  }

  /** A member's map, if it is there as a whole. @param wanted what it has to be a map of */
  async known(
    member: SeriesMember,
    wanted: MapSpecification,
    same: (map: TokenMap) => boolean,
  ): Promise<TokenMap | undefined> {
    try {
      const map = await readMap(path.join(this.memberFolder(member), fileName(wanted, 'json')));
      return map.cells.computed.every(Boolean) && same(map) ? map : undefined;
    } catch {
      return undefined; // none, damaged, or not ours: it is computed
    }
  }

  /** Which of a member's files are missing. */
  async missing(
    member: SeriesMember,
    { specification }: TokenMap,
    formats: readonly Format[],
  ): Promise<readonly Format[]> {
    const entries = await diskFolder(this.memberFolder(member))
      .list()
      .catch(() => []);
    const present = new Set(entries.map(({ name }) => name));
    return formats.filter((format) => !present.has(fileName(specification, format)));
  }

  /** Writes a file of the series itself, in place of an earlier one. @returns its place */
  async put(file: string, bytes: Uint8Array): Promise<string> {
    const folder = diskFolder(this.place);
    const part = temporaryNames.part(file, newOwner());
    try {
      await folder.write(part, bytes);
      await folder.rename(part, file);
    } finally {
      await folder.remove(part).catch(() => undefined);
    }
    return folder.place(file);
  }
}

/** The plan that a folder has: this one, if it had none. Of several that begin at once one decides. */
async function planOf(place: string, plan: string): Promise<string> {
  const folder = diskFolder(place);
  const there = async (): Promise<string | undefined> =>
    folder.read(PLAN).then(
      (bytes) => Buffer.from(bytes).toString('utf8'),
      () => undefined,
    );
  const found = await there();
  if (found !== undefined) {
    await clearLeftovers(folder);
    return found;
  }
  const entries = await folder.list().catch(() => []);
  if (entries.some(({ name }) => !name.startsWith('.'))) return ''; // somebody else's
  await folder.make();
  const part = temporaryNames.part('embedding_grid_plan.json', newOwner());
  try {
    await folder.write(part, Buffer.from(plan));
    return (await folder.take(part, PLAN)) ? plan : ((await there()) ?? '');
  } finally {
    await folder.remove(part).catch(() => undefined);
    await folder.unmake();
  }
}
