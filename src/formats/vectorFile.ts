import { Fault } from '../map/fault.js';
import { badFile, type GivenFile } from './vectors/bytes.js';
import { jsonArrays } from './vectors/jsonArrays.js';
import { npyArray } from './vectors/npyArray.js';
import { isSafetensors, safetensors } from './vectors/safetensors.js';
import { type StoredArray, vectorsOf } from './vectors/storedArray.js';
import { zipMembers } from './vectors/zipMembers.js';

export { givenBytes, type GivenFile, wholeFile, withFile } from './vectors/bytes.js';

/** An array of a file that vectors may be taken from. */
export interface VectorEntry {
  /** null: the file's only array, which has no name. */
  readonly key: string | null;
  readonly shape: readonly number[];
  /** Type of its numbers, `float32`; of what is refused as the file calls it. */
  readonly type: string;
  /** Vectors that it holds, by its last dimension, and the numbers of each. */
  readonly count: number;
  readonly width: number;
  /** Why none can be taken: a part of a sentence, "it holds no numbers". */
  readonly refusal?: string;
}

/** Which vector of a file is meant. */
export interface VectorPick {
  /** Name of the array; can be left out where only one comes into question. */
  readonly key?: string | undefined;
  /** From 0; can be left out where there is only one. */
  readonly row?: number | undefined;
  /** A column in place of a row, from 0: the vector's numbers are one of each row. */
  readonly column?: number | undefined;
  /** The numbers that the vector must have. */
  readonly hiddenSize?: number | undefined;
}

/**
 * The arrays of a vector file: `.npy`, `.npz`, safetensors or JSON, told by its content. No numbers are read.
 * @throws Fault `file` naming the file, where it is damaged or of another format.
 */
export async function listVectors(file: GivenFile): Promise<VectorEntry[]> {
  const entries: VectorEntry[] = [];
  for (const [key, open] of await arraysOf(file)) entries.push(entryOf(key, await open()));
  return entries;
}

/**
 * An array of a file by its name, for who goes through all of it.
 * @throws Fault `bad-parameter` where there is none of that name, and as {@link readVector}.
 */
export const arrayOf = async (file: GivenFile, key: string): Promise<StoredArray> =>
  (await choose(file, key, undefined))[1];

/**
 * A vector of a file, as float32, and what it is called: `FILE:KEY#ROW`. Only its own part of the file is read; of compressed
 * arrays, what lies before it as well.
 * @throws Fault `bad-parameter` when the pick does not fit the file or the vector the model, and `file` when the file is damaged,
 *   of another format, or the vector holds a number that is not finite in float32.
 */
export async function readVector(
  file: GivenFile,
  { key, row, column, hiddenSize }: VectorPick = {},
): Promise<{ readonly vector: Float32Array; readonly name: string }> {
  const [chosen, array] = await choose(file, key, hiddenSize);
  const called = chosen === null ? file.name : `${file.name}:${chosen}`;
  if (array.refusal !== undefined) throw bad(`No vector can be taken from "${called}": ${array.refusal}.`);
  if (column !== undefined) return readColumn(called, array, column, hiddenSize);
  const { count, width } = vectorsOf(array.shape);
  if (row === undefined && count > 1)
    throw bad(`"${called}" holds ${count} vectors.`, `Say which: a row, 0 to ${count - 1}.`);
  if (row !== undefined && !(Number.isInteger(row) && row >= 0 && row < count))
    throw bad(
      `"${called}" has no row ${row}.`,
      count === 1 ? 'It holds one vector, row 0.' : `Its rows are 0 to ${count - 1}.`,
    );
  if (hiddenSize !== undefined && width !== hiddenSize)
    throw bad(
      `"${called}" has ${width === 1 ? 'a vector of 1 number' : `vectors of ${width} numbers`}; the hidden states of this model have ${hiddenSize}.`,
      count === hiddenSize ? 'Its rows and columns seem to be exchanged: save its transpose.' : undefined,
    );
  return finite(row === undefined ? called : `${called}#${row}`, await array.read(row ?? 0));
}

/** A column of a matrix. */
async function readColumn(
  called: string,
  array: StoredArray,
  column: number,
  hiddenSize: number | undefined,
): Promise<{ readonly vector: Float32Array; readonly name: string }> {
  const { count, width } = vectorsOf(array.shape);
  if (count > MOST_ROWS) throw bad(`The columns of "${called}" have more than ${MOST_ROWS} numbers.`);
  if (!(Number.isInteger(column) && column >= 0 && column < width))
    throw bad(
      `"${called}" has no column ${column}.`,
      width === 1 ? 'It has one, column 0.' : `Its columns are 0 to ${width - 1}.`,
    );
  if (hiddenSize !== undefined && count !== hiddenSize)
    throw bad(
      `"${called}" has columns of ${count === 1 ? '1 number' : `${count} numbers`}; the hidden states of this model have ${hiddenSize}.`,
      width === hiddenSize ? `Its rows have as many: write #${column} in place of #,${column}.` : undefined,
    );
  return finite(`${called}#,${column}`, await array.readColumn(column));
}

/** Numbers of a column at most: as many as a vector may have. */
const MOST_ROWS = 2 ** 20;

function finite(name: string, numbers: ArrayLike<number>): { readonly vector: Float32Array; readonly name: string } {
  const vector = Float32Array.from(numbers);
  const wrong = vector.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) throw badFile(name, `holds a number that is not finite: number ${wrong} is ${vector[wrong] ?? NaN}`);
  return { vector, name };
}

/** The array that is meant: the named one, else the only one, else the only one that fits. */
async function choose(
  file: GivenFile,
  key: string | undefined,
  hiddenSize: number | undefined,
): Promise<readonly [key: string | null, array: StoredArray]> {
  const arrays = await arraysOf(file);
  if (key !== undefined) {
    const open = arrays.get(key);
    if (open) return [key, await open()];
    throw bad(
      `"${file.name}" has no array "${key}".`,
      arrays.has(null) ? 'Its only array has no name.' : namesHint([...arrays.keys()]),
    );
  }
  // Of each only what it says of itself is kept: what was inflated to read that goes.
  const [only, ...others] = arrays;
  if (only && others.length === 0) return [only[0], await only[1]()];
  const fitting: (string | null)[] = [];
  for (const [name, open] of arrays) {
    const { refusal, width } = entryOf(name, await open());
    if (refusal === undefined && (hiddenSize === undefined || width === hiddenSize)) fitting.push(name);
  }
  const [fit] = fitting;
  const open = fit === undefined ? undefined : arrays.get(fit);
  if (fit !== undefined && open && fitting.length === 1) return [fit, await open()];
  if (arrays.size === 0) throw bad(`"${file.name}" holds no arrays.`);
  throw bad(
    fit === undefined
      ? `None of the arrays of "${file.name}" holds vectors${hiddenSize === undefined ? '' : ` of ${hiddenSize} numbers, as this model's hidden states have`}.`
      : `"${file.name}" holds several arrays that the vector may come from.`,
    namesHint(fit === undefined ? [...arrays.keys()] : fitting),
  );
}

const namesHint = (names: readonly (string | null)[]): string =>
  `Its arrays are: ${names
    .slice(0, 12)
    .map((name) => (name ?? '').slice(0, 80))
    .join(', ')}${names.length > 12 ? `, and ${names.length - 12} more` : ''}.`;

function entryOf(key: string | null, { shape, type, refusal }: StoredArray): VectorEntry {
  return { key, shape, type, ...vectorsOf(shape), ...(refusal === undefined ? {} : { refusal }) };
}

/** The arrays of a file by name; none of their numbers is read before it is asked for. */
async function arraysOf(file: GivenFile): Promise<Map<string | null, () => StoredArray | Promise<StoredArray>>> {
  if (file.size === 0) throw badFile(file.name, 'is empty');
  const start = await file.read(0, Math.min(file.size, 64));
  const text = new TextDecoder('latin1').decode(start);
  if (text.startsWith('\x93NUMPY')) return new Map([[null, () => npyArray(file, file.name)]]);
  if (text.startsWith('PK')) return npzArrays(file);
  if (isSafetensors(start)) return safetensors(file);
  if (/^(\u00EF\u00BB\u00BF)?\s*[[{]/.test(text)) return jsonArrays(file);
  throw badFile(
    file.name,
    'is neither .npy, .npz, safetensors nor JSON',
    start[0] === 0x80 ? PICKLE_HINT : 'Save the vector with numpy.save.',
  );
}

/** Pickles run code when they are loaded. */
const PICKLE_HINT =
  'PyTorch files and pickles can run code and are not opened: save the vector with safetensors or numpy.save.';

async function npzArrays(file: GivenFile): Promise<Map<string, () => Promise<StoredArray>>> {
  const members = await zipMembers(file);
  const arrays = members.filter(({ name }) => name.endsWith('.npy'));
  if (arrays.length === 0)
    throw badFile(
      file.name,
      'is an archive without numpy arrays',
      members.some(({ name }) => name.endsWith('data.pkl')) ? PICKLE_HINT : 'Save the vector with numpy.savez.',
    );
  return new Map(
    arrays.map((member) => {
      const key = member.name.slice(0, -4);
      return [key, async () => npyArray(await member.open(), `${file.name}:${key}`)];
    }),
  );
}

const bad = (message: string, hint?: string): Fault =>
  new Fault({ code: 'bad-parameter', message, ...(hint === undefined ? {} : { hint }) });
