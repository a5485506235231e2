import { readFileSync } from 'node:fs';
import { Fault } from '../map/fault.js';
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
}

/**
 * Reads a saved map's JSON, a bare specification, or parameters without a model.
 * @throws Fault `file` when it cannot be read or is something else, `bad-parameter` when a value in it is wrong.
 */
export function readSpecification(file: string): SavedSpecification {
  const data = readJson(file);
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
    return { parameters: parametersOf(parsed), model: parsed.model };
  } catch (thrown) {
    const fault = Fault.from(thrown);
    throw new Fault({ ...fault.toData(), message: `In ${file}: ${fault.message}` });
  }
}

function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : message;
    throw new Fault({ code: 'file', message: `The specification ${file} cannot be read: ${why}.` });
  }
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw new Fault({
      code: 'file',
      message: `The specification ${file} is not valid JSON.`,
      hint: 'Give a .json file that Embedding Grid saved.',
      detail: String(thrown),
    });
  }
}

const isRecord = (data: unknown): data is Record<string, unknown> => typeof data === 'object' && data !== null;
