/** Powers of ten that float64 holds exactly. */
const POWERS = Array.from({ length: 23 }, (_, i) => 10 ** i);

/**
 * A float32 as a short decimal (7 to 9 significant digits, trailing zeros left out) that gives it back:
 * `Math.fround(Number(text)) === value`. What is not finite becomes `null`, which JSON knows.
 * @param value a number that is exactly a float32.
 */
export function float32Text(value: number): string {
  if (!Number.isFinite(value)) return 'null';
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return Object.is(value, -0) ? '-0' : String(value);
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  for (let digits = 7; digits <= 9; digits++) {
    // Both numbers are exact, so that the quotient is the float64 nearest to the decimal: as if the decimal were parsed.
    const power = POWERS[digits - 1 - exponent];
    const shorter = power === undefined ? Number(value.toPrecision(digits)) : Math.round(value * power) / power;
    if (Math.fround(shorter) === value) return String(shorter);
  }
  return String(Number(value.toPrecision(9)));
}

/** Little-endian bytes of float32 numbers as base64. */
export function float32ToBase64(values: Float32Array): string {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => bytes.writeFloatLE(value, i * 4));
  return bytes.toString('base64');
}

/** The inverse of {@link float32ToBase64}: undefined when the text is not base64 of whole float32 numbers. */
export function float32FromBase64(text: string): Float32Array | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length % 4 !== 0) return undefined;
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(i * 4));
}
