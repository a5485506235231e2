/**
 * The inner loop of an affine map, in AssemblyScript (TypeScript's syntax, compiled to WebAssembly with SIMD):
 * t = c * p + u * q + v * r + b over the whole vocabulary, its k largest, its softmax's normaliser and its entropy, in one
 * pass through L1-sized blocks. Rows hold logits times log2(e), so that powers of two are taken, and are padded to BLOCK
 * numbers; the padding of row b is -1e30, of the others 0. No library function is called: the memory is all the caller's.
 */

const BLOCK: i32 = 1024;

/** 2^t for t <= 0, 1e-7 relative; below -126 it is as good as 0. */
// @ts-ignore: decorator
@inline
function exp2(x: v128): v128 {
  const t = f32x4.max(x, f32x4.splat(-126));
  const n = f32x4.nearest(t);
  const f = f32x4.sub(t, n);
  let y = f32x4.add(f32x4.mul(f32x4.splat(EXP2_5), f), f32x4.splat(EXP2_4));
  y = f32x4.add(f32x4.mul(y, f), f32x4.splat(EXP2_3));
  y = f32x4.add(f32x4.mul(y, f), f32x4.splat(EXP2_2));
  y = f32x4.add(f32x4.mul(y, f), f32x4.splat(EXP2_1));
  y = f32x4.add(f32x4.mul(y, f), f32x4.splat(1));
  return i32x4.add(y, i32x4.shl(i32x4.trunc_sat_f32x4_s(n), 23));
}

// Coefficients of 2^f, fitted for the least relative error on [-1/2, 1/2] with 2^0 exact.
const EXP2_1: f32 = 0.6931468558724591;
const EXP2_2: f32 = 0.2402223793140946;
const EXP2_3: f32 = 0.05550893004678271;
const EXP2_4: f32 = 0.009671702584823303;
const EXP2_5: f32 = 0.001321867487362191;

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

/** tanh(x) = sign(x) (1 - e^-2|x|) / (1 + e^-2|x|). */
// @ts-ignore: decorator
@inline
function tanh(x: v128): v128 {
  const sign = v128.and(x, f32x4.splat(-0.0));
  const e = exp2(f32x4.mul(f32x4.abs(x), f32x4.splat(-2.8853900817779268)));
  const one = f32x4.splat(1);
  return v128.or(f32x4.div(f32x4.sub(one, e), f32x4.add(one, e)), sign);
}

/**
 * @param rows pointer to c, u, v, b one after another, [4 * size] f32; size is a multiple of BLOCK
 * @param coefficients pointer to p, q, r per cell, [3 * cells] f32
 * @param cap soft-cap times log2(e): t becomes cap * tanh(t / cap); 0 for none
 * @param scratch pointer to BLOCK f32
 * @param ids, top pointers to [cells * k] i32 and f32 (logits times log2(e)), largest first
 * @param sums pointer to [cells * 2] f64: sum of 2^(t - t1), sum of 2^(t - t1) (t - t1), t1 the largest
 */
export function sweep(
  rows: usize,
  size: i32,
  coefficients: usize,
  cells: i32,
  cap: f32,
  k: i32,
  scratch: usize,
  ids: usize,
  top: usize,
  sums: usize,
): void {
  const stride: usize = (<usize>size) << 2;
  const capped = cap > 0;
  const capVector = f32x4.splat(cap);
  const capInverse = f32x4.splat(capped ? 1 / cap : 0);
  for (let cell = 0; cell < cells; cell++) {
    const at = coefficients + <usize>(cell * 12);
    const p = f32x4.splat(load<f32>(at));
    const q = f32x4.splat(load<f32>(at, 4));
    const r = f32x4.splat(load<f32>(at, 8));
    const cellIds = ids + <usize>(cell * k * 4);
    const cellTop = top + <usize>(cell * k * 4);
    for (let i = 0; i < k; i++) store<f32>(cellTop + (<usize>i << 2), -Infinity as f32);
    let threshold: f32 = -Infinity as f32;
    let largest: f32 = -Infinity as f32;
    let total: f64 = 0;
    let weighted: f64 = 0; // sum of 2^(t - largest) (t - largest)
    for (let block = 0; block < size; block += BLOCK) {
      const row = rows + (<usize>block << 2);
      let blockMax = f32x4.splat(-Infinity as f32);
      for (let i: usize = 0; i < (<usize>BLOCK << 2); i += 16) {
        let z = f32x4.mul(v128.load(row + i), p);
        z = f32x4.add(z, f32x4.mul(v128.load(row + stride + i), q));
        z = f32x4.add(z, f32x4.mul(v128.load(row + 2 * stride + i), r));
        z = f32x4.add(z, v128.load(row + 3 * stride + i));
        if (capped) {
          // The padding stays as low as it is: a cap would lift it among the tokens.
          const cut = f32x4.mul(tanh(f32x4.mul(z, capInverse)), capVector);
          z = v128.bitselect(z, cut, f32x4.lt(z, f32x4.splat(-1e29)));
        }
        v128.store(scratch + i, z);
        blockMax = f32x4.pmax(blockMax, z);
      }
      const highest = max(
        max(f32x4.extract_lane(blockMax, 0), f32x4.extract_lane(blockMax, 1)),
        max(f32x4.extract_lane(blockMax, 2), f32x4.extract_lane(blockMax, 3)),
      );
      if (highest > largest) {
        if (total > 0) {
          const step = <f64>largest - <f64>highest;
          const shrink = <f64>f32x4.extract_lane(exp2(f32x4.splat(<f32>step)), 0);
          weighted = shrink * (weighted + total * step);
          total *= shrink;
        }
        largest = highest;
      }
      if (highest > threshold) {
        for (let i: usize = 0; i < (<usize>BLOCK << 2); i += 16) {
          if (!v128.any_true(f32x4.gt(v128.load(scratch + i), f32x4.splat(threshold)))) continue;
          for (let lane: usize = 0; lane < 16; lane += 4) {
            const z = load<f32>(scratch + i + lane);
            if (!(z > threshold)) continue;
            let place = k - 1;
            while (place > 0 && z > load<f32>(cellTop + (<usize>(place - 1) << 2))) {
              store<f32>(cellTop + (<usize>place << 2), load<f32>(cellTop + (<usize>(place - 1) << 2)));
              store<i32>(cellIds + (<usize>place << 2), load<i32>(cellIds + (<usize>(place - 1) << 2)));
              place--;
            }
            store<f32>(cellTop + (<usize>place << 2), z);
            store<i32>(cellIds + (<usize>place << 2), block + <i32>((i + lane) >> 2));
            threshold = load<f32>(cellTop + (<usize>(k - 1) << 2));
          }
        }
      }
      if (highest < largest - 80) continue; // 2^-80 of a million tokens is nothing in float32
      const m = f32x4.splat(largest);
      let s = f32x4.splat(0);
      let w = f32x4.splat(0);
      for (let i: usize = 0; i < (<usize>BLOCK << 2); i += 16) {
        const below = f32x4.sub(v128.load(scratch + i), m);
        const e = exp2(below);
        s = f32x4.add(s, e);
        w = f32x4.add(w, f32x4.mul(e, f32x4.max(below, f32x4.splat(-126))));
      }
      total += sum(s);
      weighted += sum(w);
    }
    store<f64>(sums + (<usize>cell << 4), total);
    store<f64>(sums + (<usize>cell << 4), weighted, 8);
  }
}
