import { Fault } from '../map/fault.js';
import type { TokenMap } from '../map/tokenMap.js';
import { fromFiles } from './fromJson.js';
import type { OutputFolder } from './outputFolder.js';
import { badFile, wholeFile } from './vectors/bytes.js';

/** Bytes of a file of a saved map: what can be read as JSON, and the cells of the largest map. */
const MOST_JSON = 2 ** 29;
const MOST_CELLS = 2 ** 32;

/** The name of the file beside a saved map's JSON that may hold its cells. */
export const besideName = (json: string): string => json.replace(/\.json$/i, '') + '.npz';

/**
 * Reads a saved map: its JSON and, of a map so large that its cells stand beside it, the .npz of the same name.
 * @param json path of the JSON. @throws Fault `file` that says what is wrong.
 */
export async function readMap(json: string): Promise<TokenMap> {
  return fromFiles(
    () => wholeFile(json, MOST_JSON),
    () => wholeFile(besideName(json), MOST_CELLS),
  );
}

/** {@link readMap} of a folder that is reached in another way. @throws Fault `file`. */
export function readMapIn(folder: OutputFolder, json: string): Promise<TokenMap> {
  const whole = async (name: string, most: number): Promise<Uint8Array> => {
    try {
      const { isFile, size } = await folder.look(name);
      if (!isFile) throw badFile(name, 'cannot be read: it is no file');
      if (size > most) throw badFile(name, `is larger than ${Math.floor(most / 1e6)} MB`);
      return await folder.read(name);
    } catch (error) {
      throw error instanceof Fault ? error : badFile(name, 'cannot be read', undefined, String(error));
    }
  };
  return fromFiles(
    () => whole(json, MOST_JSON),
    () => whole(besideName(json), MOST_CELLS),
  );
}
