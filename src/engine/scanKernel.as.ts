/**
 * The inner loop of an affine map, in AssemblyScript (TypeScript's syntax, compiled to WebAssembly with SIMD and threads):
 * t = (c + v * y) * p + u * q + b over the whole vocabulary, its k largest, its softmax's normaliser and its entropy. Every
 * thread takes some cells at a time until none is left and takes them through the rows block by block, so that rows, scratch
 * and constants stay in the first cache; cells of one y share c + v * y. What a cell is depends on nothing else in its batch.
 * Powers of two are taken, so t is a logit times log2(e). No library function is called: the memory is all the caller's, laid out as scanMachine.ts says.
 */

/** Numbers of a row that are taken at a time; rows are padded to whole blocks (row b with -1e30, the others with anything finite). */
const BLOCK: i32 = 1024;
/** Bytes of a block, and of the parts of it whose maxima are kept. */
const BLOCK_BYTES: usize = 4096;
const PART_BYTES: usize = 256;
/** Bytes from a thread's scratch to the part of it that cells of one y share. */
const BASE: usize = 4608;
/** Cells that a thread takes at a time. */
const SHARE: i32 = 16;
/** The counter of cells stands here or higher while there is no work. */
const CLOSED: i32 = 0x40000000;

// @ts-ignore: decorator
@inline
function exp2(t: v128, magic: v128, e5: v128, e4: v128, e3: v128, e2: v128, e1: v128, one: v128): v128 {
  // Adding 1.5 * 2^23 rounds to a whole number and leaves it in the lowest bits.
  const shifted = f32x4.add(t, magic);
  const f = f32x4.sub(t, f32x4.sub(shifted, magic));
  let y = f32x4.add(f32x4.mul(e5, f), e4);
  y = f32x4.add(f32x4.mul(y, f), e3);
  y = f32x4.add(f32x4.mul(y, f), e2);
  y = f32x4.add(f32x4.mul(y, f), e1);
  y = f32x4.add(f32x4.mul(y, f), one);
  return i32x4.add(y, i32x4.shl(shifted, 23));
}

const MAGIC: f32 = 12582912;
// Coefficients of 2^f, fitted for the least relative error (1e-7) on [-1/2, 1/2] with 2^0 exact.
const E1: f32 = 0.6931468558724591;
const E2: f32 = 0.2402223793140946;
const E3: f32 = 0.05550893004678271;
const E4: f32 = 0.009671702584823303;
const E5: f32 = 0.001321867487362191;
/** Below 2^-126 a power is as good as 0. */
const LOWEST: f32 = -126;

/** 2^t for t <= 0, outside of the inner loop. */
// @ts-ignore: decorator
@inline
function power(t: v128): v128 {
  return exp2(
    f32x4.pmax(t, f32x4.splat(LOWEST)),
    f32x4.splat(MAGIC),
    f32x4.splat(E5),
    f32x4.splat(E4),
    f32x4.splat(E3),
    f32x4.splat(E2),
    f32x4.splat(E1),
    f32x4.splat(1),
  );
}

/** tanh(x) = sign(x) (1 - e^-2|x|) / (1 + e^-2|x|). */
// @ts-ignore: decorator
@inline
function tanh(x: v128): v128 {
  const sign = v128.and(x, f32x4.splat(-0.0));
  const e = power(f32x4.mul(f32x4.abs(x), f32x4.splat(-2.8853900817779268)));
  const one = f32x4.splat(1);
  return v128.or(f32x4.div(f32x4.sub(one, e), f32x4.add(one, e)), sign);
}

// @ts-ignore: decorator
@inline
function sum(x: v128): f64 {
  return (
    <f64>f32x4.extract_lane(x, 0) +
    <f64>f32x4.extract_lane(x, 1) +
    <f64>f32x4.extract_lane(x, 2) +
    <f64>f32x4.extract_lane(x, 3)
  );
}

// @ts-ignore: decorator
@inline
function largestOf(x: v128): f32 {
  return max(
    max(f32x4.extract_lane(x, 0), f32x4.extract_lane(x, 1)),
    max(f32x4.extract_lane(x, 2), f32x4.extract_lane(x, 3)),
  );
}

/** c + v * y of one block. */
function baseBlock(row: usize, stride: usize, y: v128, base: usize): void {
  const v = row + 2 * stride;
  for (let i: usize = 0; i < BLOCK_BYTES; i += 32) {
    v128.store(base + i, f32x4.add(v128.load(row + i), f32x4.mul(v128.load(v + i), y)));
    v128.store(base + i, f32x4.add(v128.load(row + i, 16), f32x4.mul(v128.load(v + i, 16), y)), 16);
  }
}

/** Four numbers of t, kept at `to`. */
// @ts-ignore: decorator
@inline
function fill(to: usize, base: usize, u: usize, b: usize, biased: bool, p: v128, q: v128, offset: usize): v128 {
  let t = f32x4.mul(v128.load(base + offset), p);
  t = f32x4.add(t, f32x4.mul(v128.load(u + offset), q));
  if (biased) t = f32x4.add(t, v128.load(b + offset));
  v128.store(to + offset, t);
  return t;
}

/** t of one block into scratch, the maxima of its parts behind it. Returns the largest. */
// @ts-ignore: decorator
@inline
function fillBlock(row: usize, stride: usize, base: usize, biased: bool, p: v128, q: v128, scratch: usize): f32 {
  let blockMax = f32x4.splat(-Infinity as f32);
  let maxima = scratch + BLOCK_BYTES;
  let c = base;
  let u = row + stride;
  let b = row + 3 * stride;
  for (let part = scratch; part < scratch + BLOCK_BYTES; part += PART_BYTES) {
    let partMax = f32x4.splat(-Infinity as f32);
    for (let to = part, end = part + PART_BYTES; to < end; to += 64) {
      partMax = f32x4.pmax(partMax, fill(to, c, u, b, biased, p, q, 0));
      partMax = f32x4.pmax(partMax, fill(to, c, u, b, biased, p, q, 16));
      partMax = f32x4.pmax(partMax, fill(to, c, u, b, biased, p, q, 32));
      partMax = f32x4.pmax(partMax, fill(to, c, u, b, biased, p, q, 48));
      c += 64;
      u += 64;
      b += 64;
    }
    v128.store(maxima, partMax);
    maxima += 16;
    blockMax = f32x4.pmax(blockMax, partMax);
  }
  return largestOf(blockMax);
}

/** The two loops apart: without a bias there is a row less to read. */
function fillBiased(row: usize, stride: usize, base: usize, p: v128, q: v128, scratch: usize): f32 {
  return fillBlock(row, stride, base, true, p, q, scratch);
}
function fillPlain(row: usize, stride: usize, base: usize, p: v128, q: v128, scratch: usize): f32 {
  return fillBlock(row, stride, base, false, p, q, scratch);
}

/** Soft-caps a block and the maxima of its parts: a cap keeps the order. The padding stays low: it would be lifted among the tokens. */
function capBlock(scratch: usize, cap: f32): f32 {
  let largest = f32x4.splat(-Infinity as f32);
  for (let i = scratch; i < scratch + BLOCK_BYTES + BLOCK_BYTES / 16; i += 16) {
    const t = v128.load(i);
    const cut = f32x4.mul(tanh(f32x4.div(t, f32x4.splat(cap))), f32x4.splat(cap));
    const kept = v128.bitselect(t, cut, f32x4.lt(t, f32x4.splat(-1e29)));
    v128.store(i, kept);
    largest = f32x4.pmax(largest, kept);
  }
  return largestOf(largest);
}

/** Puts what is larger than the smallest of the k largest among them; of equal ones the earlier stays first. */
function keepLargest(scratch: usize, first: i32, k: i32, ids: usize, top: usize): void {
  const last = <usize>((k - 1) << 2);
  let threshold = load<f32>(top + last);
  for (let part: usize = 0; part < BLOCK_BYTES; part += PART_BYTES) {
    if (!v128.any_true(f32x4.gt(v128.load(scratch + BLOCK_BYTES + (part >> 4)), f32x4.splat(threshold)))) continue;
    for (let four = part; four < part + PART_BYTES; four += 16) {
      if (!v128.any_true(f32x4.gt(v128.load(scratch + four), f32x4.splat(threshold)))) continue;
      for (let i = four; i < four + 16; i += 4) {
        const t = load<f32>(scratch + i);
        if (!(t > threshold)) continue;
        let place = last;
        while (place > 0 && t > load<f32>(top + place - 4)) {
          store<f32>(top + place, load<f32>(top + place - 4));
          store<i32>(ids + place, load<i32>(ids + place - 4));
          place -= 4;
        }
        store<f32>(top + place, t);
        store<i32>(ids + place, first + <i32>(i >> 2));
        threshold = load<f32>(top + last);
      }
    }
  }
}

/** Adds 2^(t - largest) and 2^(t - largest) (t - largest) of a block to the two sums. */
function addPowers(scratch: usize, largest: f32, constants: usize, sums: usize): void {
  // From memory: the compiler would make literals anew for every four numbers.
  const magic = v128.load_splat<f32>(constants);
  const e5 = v128.load_splat<f32>(constants, 4);
  const e4 = v128.load_splat<f32>(constants, 8);
  const e3 = v128.load_splat<f32>(constants, 12);
  const e2 = v128.load_splat<f32>(constants, 16);
  const e1 = v128.load_splat<f32>(constants, 20);
  const one = v128.load_splat<f32>(constants, 24);
  const lowest = v128.load_splat<f32>(constants, 28);
  const m = f32x4.splat(largest);
  const nothing = f32x4.splat(largest - 80); // 2^-80 of a million tokens is nothing in float32
  let s = f32x4.splat(0);
  let w = f32x4.splat(0);
  let maxima = scratch + BLOCK_BYTES;
  for (let part = scratch; part < scratch + BLOCK_BYTES; part += PART_BYTES) {
    const matters = v128.any_true(f32x4.gt(v128.load(maxima), nothing));
    maxima += 16;
    if (!matters) continue;
    for (let i = part; i < part + PART_BYTES; i += 64) {
      const t0 = f32x4.pmax(f32x4.sub(v128.load(i), m), lowest);
      const y0 = exp2(t0, magic, e5, e4, e3, e2, e1, one);
      s = f32x4.add(s, y0);
      w = f32x4.add(w, f32x4.mul(y0, t0));
      const t1 = f32x4.pmax(f32x4.sub(v128.load(i, 16), m), lowest);
      const y1 = exp2(t1, magic, e5, e4, e3, e2, e1, one);
      s = f32x4.add(s, y1);
      w = f32x4.add(w, f32x4.mul(y1, t1));
      const t2 = f32x4.pmax(f32x4.sub(v128.load(i, 32), m), lowest);
      const y2 = exp2(t2, magic, e5, e4, e3, e2, e1, one);
      s = f32x4.add(s, y2);
      w = f32x4.add(w, f32x4.mul(y2, t2));
      const t3 = f32x4.pmax(f32x4.sub(v128.load(i, 48), m), lowest);
      const y3 = exp2(t3, magic, e5, e4, e3, e2, e1, one);
      s = f32x4.add(s, y3);
      w = f32x4.add(w, f32x4.mul(y3, t3));
    }
  }
  store<f64>(sums, load<f64>(sums) + sum(s));
  store<f64>(sums, load<f64>(sums, 8) + sum(w), 8);
}

/**
 * Takes cells until none is left.
 * @param counter pointer to the i32 that says which cell is next; {@link CLOSED} or more while there is no work
 * @param scratch pointer to this thread's own BLOCK f32, the maxima of their parts, 8 constants, and behind {@link BASE} BLOCK f32
 * @param job pointer to what is to be done: i32 rows (pointer to c, u, v, b one after another, [4 * size] f32), size (a
 *   multiple of BLOCK), coefficients (pointer to p, q, y per cell, [3 * cells] f32), cells; f32 cap (the soft-cap times
 *   log2(e): t becomes cap * tanh(t / cap); 0 for none); i32 k, ids, top (pointers to [cells * k] i32 and f32, largest
 *   first), sums (pointer to [cells * 2] f64: sum of 2^(t - t1), sum of 2^(t - t1) (t - t1), t1 the largest), biased (0 where
 *   b is 0 but for the padding)
 */
export function scan(counter: usize, scratch: usize, job: usize): void {
  const constants = scratch + BLOCK_BYTES + BLOCK_BYTES / 16;
  store<f32>(constants, MAGIC);
  store<f32>(constants, E5, 4);
  store<f32>(constants, E4, 8);
  store<f32>(constants, E3, 12);
  store<f32>(constants, E2, 16);
  store<f32>(constants, E1, 20);
  store<f32>(constants, 1, 24);
  store<f32>(constants, LOWEST, 28);
  for (;;) {
    const first = atomic.add<i32>(counter, SHARE);
    if (first >= CLOSED) return;
    const cells = load<i32>(job, 12);
    if (first >= cells) return;
    scanCells(job, first, min(first + SHARE, cells), scratch, constants);
  }
}

function scanCells(job: usize, first: i32, end: i32, scratch: usize, constants: usize): void {
  const rows = <usize>load<i32>(job);
  const size = load<i32>(job, 4);
  const coefficients = <usize>load<i32>(job, 8);
  const cap = load<f32>(job, 16);
  const k = load<i32>(job, 20);
  const ids = <usize>load<i32>(job, 24);
  const top = <usize>load<i32>(job, 28);
  const sums = <usize>load<i32>(job, 32);
  const biased = load<i32>(job, 36) != 0;
  const stride = <usize>size << 2;
  const base = scratch + BASE;
  for (let i = first * k; i < end * k; i++) store<f32>(top + (<usize>i << 2), -Infinity as f32);
  for (let i = first; i < end; i++) {
    store<f64>(sums + (<usize>i << 4), 0);
    store<f64>(sums + (<usize>i << 4), 0, 8);
  }
  for (let block = 0; block < size; block += BLOCK) {
    const row = rows + (<usize>block << 2);
    const padded = block + BLOCK >= size;
    let based = NaN as f32;
    for (let cell = first; cell < end; cell++) {
      const at = coefficients + <usize>(cell * 12);
      const p = v128.load_splat<f32>(at);
      const q = v128.load_splat<f32>(at, 4);
      const y = load<f32>(at, 8);
      if (y != based) {
        baseBlock(row, stride, f32x4.splat(y), base);
        based = y;
      }
      const cellTop = top + <usize>(cell * k * 4);
      const cellSums = sums + (<usize>cell << 4);
      let highest =
        biased || padded
          ? fillBiased(row, stride, base, p, q, scratch)
          : fillPlain(row, stride, base, p, q, scratch);
      if (cap > 0) highest = capBlock(scratch, cap);
      const before = load<f32>(cellTop);
      if (highest > before && block > 0) {
        const step = <f64>before - <f64>highest;
        const shrink = <f64>f32x4.extract_lane(power(f32x4.splat(<f32>step)), 0);
        const total = load<f64>(cellSums);
        store<f64>(cellSums, shrink * (load<f64>(cellSums, 8) + total * step), 8);
        store<f64>(cellSums, shrink * total);
      }
      if (highest > load<f32>(cellTop + <usize>((k - 1) << 2)))
        keepLargest(scratch, block, k, ids + <usize>(cell * k * 4), cellTop);
      addPowers(scratch, max(highest, before), constants, cellSums);
    }
  }
}
