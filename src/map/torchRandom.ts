/**
 * PyTorch's normal numbers on a CPU with AVX2, bit for bit: `torch.manual_seed(seed); torch.randn(2, d)`. The original
 * program draws its random plane with it, so a map of ours agrees with one of its only if every bit does. Products and sums
 * are rounded to float32 one by one, and fused where PyTorch's compiler fuses them; only IEEE arithmetic is used for d >= 8,
 * so the numbers are the same on every machine.
 */

const f = Math.fround;

/** `torch.manual_seed(seed); torch.randn(2, d)`: two rows of d float32, row-major. `seed` 0 ... 2^32 - 1, `d` >= 1. */
export function torchRandn(seed: number, d: number): Float32Array {
  const draw = mersenneTwister(seed);
  const out = new Float32Array(2 * d);
  if (out.length < 16) fillSmall(out, draw);
  else fillBlocks(out, draw);
  return out;
}

/**
 * `torch.nn.functional.normalize(row, dim=0)` in place: divides by the Euclidean norm, or by 1e-12 if that is larger.
 * The norm is summed in PyTorch's order, which is not the correctly rounded norm.
 */
export function torchNormalize(row: Float32Array): void {
  const norm = Math.max(torchNorm(row), 1e-12);
  for (let i = 0; i < row.length; i++) row[i] = at(row, i) / norm;
}

/** `torch.linalg.vector_norm(row)`, float32, on a CPU with AVX2. */
export function torchNorm(row: Float32Array): number {
  const lanes = new Float32Array(8);
  const whole = row.length - (row.length % 8);
  for (let i = 0; i < whole; i++) lanes[i % 8] = at(lanes, i % 8) + f(at(row, i) * at(row, i));
  let sum = 0;
  for (const lane of lanes) sum = f(sum + lane);
  const fusedFrom = row.length - whole >= 4 ? whole + 4 : whole;
  for (let i = whole; i < row.length; i++) {
    const x = at(row, i);
    sum = i < fusedFrom ? f(sum + f(x * x)) : fma(x, x, sum);
  }
  return f(Math.sqrt(sum));
}

/** Reads a typed array at an index that is known to be inside. */
const at = (array: Float32Array | Uint32Array, i: number): number => array[i] ?? 0;

/** MT19937: a function that gives the next 32 random bits. */
function mersenneTwister(seed: number): () => number {
  const n = 624;
  const m = 397;
  const state = new Uint32Array(n);
  state[0] = seed;
  for (let j = 1; j < n; j++) {
    const before = at(state, j - 1);
    state[j] = Math.imul(1812433253, before ^ (before >>> 30)) + j;
  }
  let next = n;
  return () => {
    if (next === n) {
      for (let j = 0; j < n; j++) {
        const y = (at(state, j) & 0x80000000) | (at(state, (j + 1) % n) & 0x7fffffff);
        state[j] = at(state, (j + m) % n) ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
      }
      next = 0;
    }
    let y = at(state, next++);
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    y ^= y >>> 18;
    return y >>> 0;
  };
}

/** Fewer than 16 numbers: PyTorch's serial way, Box-Muller in float64, a pair at a time. */
function fillSmall(out: Float32Array, draw: () => number): void {
  const uniform = (): number => {
    const high = draw() & 0x1fffff;
    return (high * 2 ** 32 + draw()) * 2 ** -53;
  };
  for (let i = 0; i < out.length; i += 2) {
    const u1 = uniform();
    const u2 = uniform();
    const radius = Math.sqrt(-2 * Math.log1p(-u2));
    const angle = 2 * Math.PI * u1;
    out[i] = radius * Math.cos(angle);
    out[i + 1] = radius * Math.sin(angle);
  }
}

/** 16 numbers or more: blocks of 16, Box-Muller in float32. A ragged end is drawn anew, over the last 16 numbers. */
function fillBlocks(out: Float32Array, draw: () => number): void {
  const uniforms = (block: Float32Array): void => {
    for (let i = 0; i < block.length; i++) block[i] = (draw() & 0xffffff) * 2 ** -24;
  };
  uniforms(out);
  for (let i = 0; i + 16 <= out.length; i += 16) boxMuller(out.subarray(i, i + 16));
  if (out.length % 16 === 0) return;
  const tail = out.subarray(out.length - 16);
  uniforms(tail);
  boxMuller(tail);
}

/** Turns 16 uniform numbers into normal ones; number j is paired with j + 8. */
function boxMuller(block: Float32Array): void {
  for (let j = 0; j < 8; j++) {
    const radius = f(Math.sqrt(f(-2 * logarithm(f(1 - at(block, j))))));
    const [sin, cos] = sineAndCosine(f(f(2 * Math.PI) * at(block, j + 8)));
    block[j] = radius * cos;
    block[j + 8] = radius * sin;
  }
}

/**
 * a * b + c of float32 numbers, rounded once to float32. The product is exact in float64; where the float64 sum lies exactly
 * between two float32 numbers, what it lost decides.
 */
function fma(a: number, b: number, c: number): number {
  const product = a * b;
  const sum = product + c;
  const near = f(sum);
  const other = sum + (sum - near);
  if (other === near || other !== f(other)) return near;
  const back = sum - product;
  const lost = product - (sum - back) + (c - back);
  if (lost === 0) return near;
  return lost > 0 ? Math.max(near, other) : Math.min(near, other);
}

// The float32 polynomials of the Cephes library, highest power first.
const LOG = Float32Array.of(
  7.0376836292e-2,
  -1.151461031e-1,
  1.167699874e-1,
  -1.2420140846e-1,
  1.4249322787e-1,
  -1.6668057665e-1,
  2.0000714765e-1,
  -2.4999993993e-1,
  3.3333331174e-1,
);
const LOG_2_LOW = f(-2.1219444e-4);
const LOG_2_HIGH = f(0.693359375);
const SQRT_HALF = f(Math.SQRT1_2);
const SIN = [f(-1.9515295891e-4), f(8.3321608736e-3), f(-1.6666654611e-1)] as const;
const COS = [f(2.443315711809948e-5), f(-1.388731625493765e-3), f(4.166664568298827e-2)] as const;
const FOUR_OVER_PI = f(1.27323954473516);
const QUARTER_PI = [0.78515625, 2.4187564849853516e-4, 3.774894977445941e-8].map(f);

const bits = new Uint32Array(1);
const asFloat = new Float32Array(bits.buffer);

/** Natural logarithm of a positive normal float32. */
function logarithm(value: number): number {
  asFloat[0] = value;
  let exponent = (at(bits, 0) >>> 23) - 126;
  bits[0] = (at(bits, 0) & 0x7fffff) | 0x3f000000;
  const mantissa = at(asFloat, 0);
  let x = f(mantissa - 1);
  if (mantissa < SQRT_HALF) {
    exponent -= 1;
    x = f(x + mantissa);
  }
  const z = f(x * x);
  let y = at(LOG, 0);
  for (let k = 1; k < LOG.length; k++) y = fma(y, x, at(LOG, k));
  y = fma(f(y * x), z, f(exponent * LOG_2_LOW));
  y = fma(-z, 0.5, y);
  return fma(exponent, LOG_2_HIGH, f(x + y));
}

/** Sine and cosine of a float32 angle from 0 to 2 pi. */
function sineAndCosine(angle: number): [sin: number, cos: number] {
  const octant = (Math.trunc(f(angle * FOUR_OVER_PI)) + 1) & ~1;
  let x = angle;
  for (const part of QUARTER_PI) x = fma(octant, -part, x);
  const z = f(x * x);
  let c = fma(fma(COS[0], z, COS[1]), z, COS[2]);
  c = f(fma(f(c * z), z, -f(z * 0.5)) + 1);
  let s = fma(fma(SIN[0], z, SIN[1]), z, SIN[2]);
  s = fma(f(s * z), x, x);
  const [sin, cos] = (octant & 2) === 0 ? [s, c] : [c, s];
  return [octant & 4 ? -sin : sin, ~(octant - 2) & 4 ? -cos : cos];
}
