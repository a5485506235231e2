import { badFile, type GivenFile } from './bytes.js';
import { refused, shapeRefusal, type StoredArray, vectorsOf } from './storedArray.js';

const MAX_BYTES = 64 * 2 ** 20;

/** The arrays of a JSON file: a list of numbers or of lists, under null, or an object of such by its keys. @throws Fault `file`. */
export async function jsonArrays(file: GivenFile): Promise<Map<string | null, () => StoredArray>> {
  if (file.size > MAX_BYTES)
    throw badFile(file.name, 'is a JSON file of more than 64 MB', 'Save the vectors as .npy or safetensors.');
  const text = new TextDecoder().decode(await file.read(0, file.size));
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    // Python writes them, though JSON does not know them.
    if (/[[,:]\s*-?(NaN|Infinity)\b/.test(text)) throw badFile(file.name, 'holds a number that is not finite');
    throw badFile(file.name, 'is no valid JSON', undefined, String(error));
  }
  if (Array.isArray(data)) return new Map([[null, () => arrayOf(data)]]);
  return new Map(Object.entries(data as object).map(([key, value]: [string, unknown]) => [key, () => arrayOf(value)]));
}

function arrayOf(value: unknown): StoredArray {
  const shape: number[] = [];
  for (let at = value; Array.isArray(at) && shape.length < 8; at = at[0] as unknown) shape.push(at.length);
  if (shape.length === 0) return refused([], typeof value, 'it is no list of numbers');
  const refusal = shapeRefusal(shape);
  if (refusal !== undefined) return refused(shape, 'numbers', refusal);
  let rows: unknown[] = [value];
  for (const size of shape.slice(0, -1)) {
    if (!rows.every((row) => Array.isArray(row) && row.length === size)) return refused(shape, 'numbers', UNEVEN);
    rows = rows.flat();
  }
  const numbers: number[] = [];
  for (const row of rows) {
    if (!isNumbers(row)) return refused(shape, 'numbers', 'it holds something else than numbers');
    if (row.length !== shape.at(-1)) return refused(shape, 'numbers', UNEVEN);
    for (const number of row) numbers.push(number);
  }
  const { count, width } = vectorsOf(shape);
  return {
    shape,
    type: 'numbers',
    read: (row) => Promise.resolve(numbers.slice(row * width, (row + 1) * width)),
    readMany: (first, many) => Promise.resolve(numbers.slice(first * width, (first + many) * width)),
    readColumn: (column) =>
      Promise.resolve(Array.from({ length: count }, (_, row) => numbers[row * width + column] ?? NaN)),
  };
}

const UNEVEN = 'its lists are not equally long';
const isNumbers = (data: unknown): data is number[] =>
  Array.isArray(data) && data.every((value) => typeof value === 'number');
