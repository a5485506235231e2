import { hasMoreLists, headData, isWritten } from '../formats/fromJson.js';
import { withFile } from '../formats/vectorFile.js';
import { Fault } from '../map/fault.js';
import { isRecord } from '../map/json.js';
import { type Display, readDisplay } from '../map/mapDisplay.js';
import {
  type MapParameters,
  type ModelReference,
  parametersOf,
  parseParameters,
  parseSpecification,
} from '../map/specification.js';

/** What a file gives to draw its map again. */
export interface SavedSpecification {
  readonly parameters: MapParameters;
  /** The model that the map was of; undefined where the file names none. */
  readonly model: ModelReference | undefined;
  /** How it was drawn, where the file says so. */
  readonly display?: Display;
}

/**
 * Reads a saved map's JSON, of which the head will do, a bare specification, or parameters without a model.
 * @throws Fault `file` when it cannot be read or is something else, `bad-parameter` when a value in it is wrong.
 */
export async function readSpecification(file: string): Promise<SavedSpecification> {
  const data = await readJson(file);
  const specification = isRecord(data) && 'specification' in data ? data.specification : data;
  if (!isRecord(specification) || !('grid' in specification))
    throw new Fault({
      code: 'file',
      message: `${file} holds no map specification.`,
      hint: 'Give a .json file that Embedding Grid saved.',
    });
  try {
    if (!('model' in specification)) return { parameters: parseParameters(specification), model: undefined };
    const parsed = parseSpecification(specification);
    const display = isRecord(data) && 'display' in data ? readDisplay(data.display) : undefined;
    return { parameters: parametersOf(parsed), model: parsed.model, ...(display ? { display } : {}) };
  } catch (thrown) {
    const fault = Fault.from(thrown);
    throw new Fault({ ...fault.toData(), message: `In ${file}: ${fault.message}` });
  }
}

/** Largest file that is not a saved map as it was written, of which the first lines will do, in bytes. */
const MOST_BYTES = 2 ** 25;
const MOST_LISTS = 2 ** 22;

function readJson(file: string): Promise<unknown> {
  return withFile(file, async (given) => {
    const start = (most: number): Promise<Uint8Array> => given.read(0, Math.min(most, given.size));
    try {
      if (isWritten(await start(64))) return await headData(start);
    } catch {
      // Its cells, or what is before them, is damaged: the specification may be sound.
    }
    const refused = (why: string): Fault =>
      new Fault({
        code: 'file',
        message: `The specification ${file} cannot be read: ${why}.`,
        hint: 'Give a .json file as Embedding Grid saved it.',
      });
    if (given.size > MOST_BYTES) throw refused(`it is larger than ${Math.floor(MOST_BYTES / 1e6)} MB`);
    const bytes = await given.read(0, given.size);
    if (hasMoreLists(bytes, MOST_LISTS)) throw refused('it holds more lists than a specification has');
    try {
      return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
    } catch (thrown) {
      throw new Fault({
        code: 'file',
        message: `The specification ${file} is not valid JSON.`,
        hint: 'Give a .json file that Embedding Grid saved.',
        detail: String(thrown),
      });
    }
  });
}
