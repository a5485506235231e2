/**
 * Values of JSON that hold typed arrays, as bytes: a text in which each array is named by its number, and behind it the arrays,
 * byte by byte of their numbers (all lowest bytes, then all second ones), which is what deflate makes smallest. A long text that
 * comes again, such as the vectors of a plane that many maps share, stands there once.
 */

const TYPES = { i32: Int32Array, u16: Uint16Array, u8: Uint8Array, f32: Float32Array, f64: Float64Array } as const;
type TypeName = keyof typeof TYPES;
type Numbers = InstanceType<(typeof TYPES)[TypeName]>;

/** What stands in the text in the place of an array. */
const NAME = '$numbers';
type Named = { readonly [NAME]: readonly [type: TypeName, length: number] };

/** What stands in the place of a text that was there before: which of the long ones it is. */
const AGAIN = '$again';
type Again = { readonly [AGAIN]: number };
const LONG = 200;

const isNumbers = (value: unknown): value is Numbers => ArrayBuffer.isView(value) && !(value instanceof DataView);

const typeOf = (numbers: Numbers): TypeName => {
  const names = Object.keys(TYPES) as TypeName[];
  const found = names.find((name) => numbers instanceof TYPES[name]);
  if (!found) throw new TypeError('Numbers of this type are not packed.');
  return found;
};

export function packValue(value: unknown): Uint8Array {
  const arrays: Uint8Array[] = [];
  const texts = new Map<string, number>();
  const text = JSON.stringify(value, (_, one: unknown) => {
    if (typeof one === 'string' && one.length >= LONG) {
      const known = texts.get(one);
      if (known === undefined) texts.set(one, texts.size);
      const again: Again | undefined = known === undefined ? undefined : { [AGAIN]: known };
      return again ?? one;
    }
    if (!isNumbers(one)) return one;
    arrays.push(planesOf(new Uint8Array(one.buffer, one.byteOffset, one.byteLength), one.BYTES_PER_ELEMENT));
    const named: Named = { [NAME]: [typeOf(one), one.length] };
    return named;
  });
  const head = new TextEncoder().encode(text);
  const bytes = new Uint8Array(4 + head.length + arrays.reduce((sum, { length }) => sum + length, 0));
  new DataView(bytes.buffer).setUint32(0, head.length, true);
  bytes.set(head, 4);
  let at = 4 + head.length;
  for (const array of arrays) {
    bytes.set(array, at);
    at += array.length;
  }
  return bytes;
}

/** What {@link packValue} was given. */
export function unpackValue(bytes: Uint8Array): unknown {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const text = new TextDecoder().decode(bytes.subarray(4, 4 + length));
  let at = 4 + length;
  const texts: string[] = [];
  /** Arrays and texts stand in the order in which they were met, which is that of the text. */
  const revived = (value: unknown): unknown => {
    if (typeof value === 'string' && value.length >= LONG) texts.push(value);
    if (typeof value !== 'object' || value === null) return value;
    if (isAgain(value)) return texts[value[AGAIN]] ?? '';
    if (isNamed(value)) {
      const [type, count] = value[NAME];
      const made = new TYPES[type](count);
      const size = made.BYTES_PER_ELEMENT;
      new Uint8Array(made.buffer).set(numbersOf(bytes.subarray(at, at + count * size), size));
      at += count * size;
      return made;
    }
    if (Array.isArray(value)) return value.map(revived);
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, revived(one)]));
  };
  return revived(JSON.parse(text));
}

const isAgain = (value: object): value is Again => AGAIN in value && Object.keys(value).length === 1;

const isNamed = (value: object): value is Named => NAME in value && Object.keys(value).length === 1;

function planesOf(bytes: Uint8Array, size: number): Uint8Array {
  const count = bytes.length / size;
  const planes = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) planes[(i % size) * count + Math.floor(i / size)] = bytes[i] ?? 0;
  return planes;
}

function numbersOf(planes: Uint8Array, size: number): Uint8Array {
  const count = planes.length / size;
  const bytes = new Uint8Array(planes.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = planes[(i % size) * count + Math.floor(i / size)] ?? 0;
  return bytes;
}
