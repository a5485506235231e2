import { questionsOf } from '../map/questions.js';
import { unzipSync } from 'fflate';
import { Fault } from '../map/fault.js';
import { type MapSpecification, parseSpecification } from '../map/specification.js';
import { sameSpecification } from '../map/dependence.js';

/** What the cells of a map are read from: lists of a JSON, or arrays of an NPZ. None of it is trusted yet. */
export interface CellValues {
  /** The cell was not computed. */
  missing(cell: number): boolean;
  /** The tokens of a cell and their probabilities, most probable first; undefined where there are not as many as there must be. */
  ids(cell: number): ArrayLike<unknown> | undefined;
  probabilities(cell: number): ArrayLike<unknown> | undefined;
  entropy(cell: number): unknown;
  /** Of a map that was asked questions: a cell's answers. */
  readonly answers?: (cell: number) => ArrayLike<unknown>;
  /** Of an adaptive map. */
  readonly filled?: (cell: number) => unknown;
}

/** Characters that a specification may have in an NPZ. */
const LONGEST_TEXT = 2 ** 24;

/**
 * The cells of a map whose JSON has them beside it, in the NPZ that `toNpz` wrote. Only what its specification makes room for is
 * inflated. @throws Fault `file` where the file is damaged, or another map's.
 */
export function cellsFromNpz(file: Uint8Array, specification: MapSpecification): CellValues {
  const { topK, grid } = specification;
  const cells = grid.columns * grid.rows;
  const each = questionsOf(specification).length;
  const sizes: Record<string, number> = {
    specification: 4 * LONGEST_TEXT,
    top_ids: 4 * cells * topK,
    top_probabilities: 4 * cells * topK,
    entropy: 4 * cells,
    answers: 4 * cells * each,
    filled_in: 4 * cells,
  };
  const arrays = inflated(file, sizes);
  const bytesOf = (name: string, type: string): Uint8Array => {
    const array = arrays.get(name);
    if (!array) throw damaged(`it lacks "${name}"`);
    const data = npyData(array, type) ?? new Uint8Array();
    if (data.length !== sizes[name]) throw damaged(`"${name}" does not hold ${grid.columns} × ${grid.rows} cells`);
    return data;
  };
  checkSpecification(arrays.get('specification'), specification);
  const integers = (name: string): Int32Array => new Int32Array(bytesOf(name, '<i4').buffer);
  const floats = (name: string): Float32Array => new Float32Array(bytesOf(name, '<f4').buffer);
  const [ids, probabilities, entropy] = [integers('top_ids'), floats('top_probabilities'), floats('entropy')];
  const answers = arrays.has('answers') ? floats('answers') : undefined;
  const filled = arrays.has('filled_in') ? integers('filled_in') : undefined;
  return {
    missing: (cell) => ids[cell * topK] === -1,
    ids: (cell) => ids.subarray(cell * topK, (cell + 1) * topK),
    probabilities: (cell) => probabilities.subarray(cell * topK, (cell + 1) * topK),
    entropy: (cell) => entropy[cell],
    ...(answers ? { answers: (cell: number) => answers.subarray(cell * each, (cell + 1) * each) } : {}),
    ...(filled ? { filled: (cell: number) => filled[cell] } : {}),
  };
}

/** Room for the header of a .npy file. */
const HEADER = 2 ** 16;

/** The arrays of these names, as .npy files; none that claims to be larger than it can be. */
function inflated(file: Uint8Array, sizes: Readonly<Record<string, number>>): Map<string, Uint8Array> {
  const arrays = new Map<string, Uint8Array>();
  try {
    const members = unzipSync(file, {
      filter: ({ name, originalSize }) => {
        const key = name.replace(/\.npy$/, '');
        if (!Object.hasOwn(sizes, key) || arrays.has(key)) return false;
        if (originalSize > (sizes[key] ?? 0) + HEADER) throw damaged(`"${key}" is larger than it can be`);
        arrays.set(key, new Uint8Array());
        return true;
      },
    });
    for (const [name, bytes] of Object.entries(members)) arrays.set(name.replace(/\.npy$/, ''), bytes);
  } catch (error) {
    throw error instanceof Fault ? error : damaged('it is no NPZ archive, or it ends too soon', String(error));
  }
  return arrays;
}

/** The numbers of a .npy file in C order, of this type. */
function npyData(file: Uint8Array, type: string): Uint8Array | undefined {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.toString('latin1', 0, 6) !== '\x93NUMPY' || bytes.length < 12) return undefined;
  const [start, length] = bytes[6] === 1 ? [10, bytes.readUInt16LE(8)] : [12, bytes.readUInt32LE(8)];
  if (length > HEADER) return undefined;
  const header = bytes.toString('latin1', start, start + length);
  if (!header.includes(`'descr': '${type}`) || !/'fortran_order': *False/.test(header)) return undefined;
  return new Uint8Array(bytes.subarray(start + length)); // a copy: numbers must lie at multiples of their size
}

/** Whether both files are of one map. */
function checkSpecification(array: Uint8Array | undefined, specification: MapSpecification): void {
  const data = array && npyData(array, '<U');
  let found: MapSpecification;
  try {
    const codePoints = new Uint32Array((data ?? new Uint8Array()).buffer);
    let text = '';
    for (let at = 0; at < codePoints.length; at += 4096)
      text += String.fromCodePoint(...codePoints.subarray(at, at + 4096));
    found = parseSpecification(JSON.parse(text));
  } catch (error) {
    throw damaged('it lacks its specification', String(error));
  }
  if (!sameSpecification(found, specification)) throw damaged('it holds the cells of another map');
}

const damaged = (what: string, detail?: string): Fault =>
  new Fault({
    code: 'file',
    message: `The cells beside the saved map cannot be read: ${what}.`,
    hint: 'Keep the .json and the .npz that were saved together, under one name and in one folder.',
    ...(detail === undefined ? {} : { detail }),
  });
