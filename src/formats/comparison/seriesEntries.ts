/** What lies in a folder. */
export interface Entry {
  readonly name: string;
  /** A link is neither. */
  readonly kind: 'file' | 'folder' | 'other';
}

/** What systems put beside files that a person looks at. */
const OF_SYSTEMS: readonly string[] = ['.DS_Store', 'Thumbs.db', 'desktop.ini'];

const isOwnFile = ({ name, kind }: Entry): boolean =>
  kind === 'file' && (/^\.?embedding_grid_/.test(name) || OF_SYSTEMS.includes(name));

/**
 * What lies in the folder of a series and is none of it. Of it are the folders that its file names maps in, and files that are
 * called as we call ours; a folder of any other name is somebody's, a dataset of the same plan as well.
 * @param maps the JSON files of its maps, seen from the folder, with `/`
 * @param list what lies in the folder, or in one of those in it
 * @returns paths, seen from the folder
 */
export async function strangersIn(
  maps: readonly string[],
  list: (...folders: readonly string[]) => Promise<readonly Entry[]>,
): Promise<readonly string[]> {
  const members = new Set(
    maps.flatMap((map) => {
      const [folder, ...file] = map.split('/');
      return folder !== undefined && file.length === 1 && folder !== '..' && folder !== '.' ? [folder] : [];
    }),
  );
  const strangers: string[] = [];
  for (const entry of await list()) {
    if (entry.kind === 'folder' && members.has(entry.name)) {
      const inside = await list(entry.name);
      strangers.push(...inside.filter((one) => !isOwnFile(one)).map(({ name }) => `${entry.name}/${name}`));
    } else if (!isOwnFile(entry)) strangers.push(entry.name);
  }
  return strangers;
}
