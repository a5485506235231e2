import { badFile, type Bytes, viewOf } from './bytes.js';
import { NUMBER_TYPES, type NumberType } from './numberTypes.js';
import { numbersIn, refused, type StoredArray, vectorsOf } from './storedArray.js';

/** Of an array of numbers it has some hundred bytes. */
const MAX_HEADER = 2 ** 16;

/** The array of a .npy file, formats 1 to 3. `name` is said in messages. @throws Fault `file`. */
export async function npyArray(bytes: Bytes, name: string): Promise<StoredArray> {
  const damaged = (): Error => badFile(name, 'is damaged: numpy would not read its header');
  if (bytes.size < 12) throw damaged();
  const start = viewOf(await bytes.read(0, 12));
  if (start.getUint32(0) !== 0x934e554d) throw damaged();
  const [lengthAt, length] = start.getUint8(6) === 1 ? [10, start.getUint16(8, true)] : [12, start.getUint32(8, true)];
  if (length > MAX_HEADER) throw damaged();
  const header = new TextDecoder('latin1').decode(await bytes.read(lengthAt, length));
  const fortran = /'fortran_order': *(True|False)/.exec(header)?.[1];
  // A number of Python 2 ends in L.
  const sizes = /'shape': *\(([\dL, ]*)\)/.exec(header)?.[1];
  if (fortran === undefined || sizes === undefined) throw damaged();
  const shape = sizes
    .split(',')
    .filter((size) => size.trim() !== '')
    .map((size) => parseInt(size, 10));
  const descr = /'descr': *'([^']*)'/.exec(header)?.[1];
  const type = descr === undefined ? undefined : numberType(descr);
  if (type === undefined) return refused(shape, descr ?? 'a structure', refusalOf(descr));
  const { count, width } = vectorsOf(shape);
  const offset = lengthAt + length;
  if (offset + count * width * type.size > bytes.size)
    throw badFile(name, 'is damaged or cut off: it ends before its numbers do', 'Write or copy it again.');
  return numbersIn(bytes, shape, type, {
    offset,
    little: descr?.startsWith('>') === false,
    fortran: fortran === 'True',
  });
}

const LETTERS: Readonly<Record<string, string>> = { f: 'float', i: 'int', u: 'uint' };

function numberType(descr: string): NumberType | undefined {
  const [, letter = '', size = ''] = /^[<>|=]([fiu])([1248])$/.exec(descr) ?? [];
  const name = `${LETTERS[letter] ?? ''}${Number(size) * 8}`;
  return Object.values(NUMBER_TYPES).find((type) => type.name === name);
}

function refusalOf(descr: string | undefined): string {
  if (descr === undefined) return 'it holds structures, not numbers';
  if (descr.startsWith('|O')) return 'it holds Python objects, which only Python may load';
  if (/[USV]/.test(descr))
    return descr.endsWith('V2') ? 'its numbers are of no type that numpy knows' : 'it holds no numbers';
  return `its numbers are of type ${descr}`;
}
