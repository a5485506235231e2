/*
 * How fast this machine can scan an affine map: the most probable token of every cell and its probability, Softmax included,
 * with AVX-512 and all threads. For comparison with the scan in WebAssembly; written for it, and for nothing else.
 *   gcc -O3 -march=native -fopenmp scan.c -o scan -lm
 *   ./scan FILE VOCABULARY CELLS THREADS ROUNDS
 * FILE holds float32: rows c, u, v [VOCABULARY] times log2(e), then x, y of every cell; winners are appended to it as int32 [CELLS].
 * Prints milliseconds of every round.
 */
#include <immintrin.h>
#include <math.h>
#include <omp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { LANES = 16, FAR = 60 };

/* 2^t for |t| below the range of exponents, 1e-7 relative */
static inline __m512 power(__m512 t) {
  const __m512 f = _mm512_reduce_ps(t, 0); /* t less the nearest whole number */
  __m512 y = _mm512_set1_ps(0.001321867487362191f);
  y = _mm512_fmadd_ps(y, f, _mm512_set1_ps(0.009671702584823303f));
  y = _mm512_fmadd_ps(y, f, _mm512_set1_ps(0.05550893004678271f));
  y = _mm512_fmadd_ps(y, f, _mm512_set1_ps(0.2402223793140946f));
  y = _mm512_fmadd_ps(y, f, _mm512_set1_ps(0.6931468558724591f));
  y = _mm512_fmadd_ps(y, f, _mm512_set1_ps(1.0f));
  return _mm512_scalef_ps(y, _mm512_sub_ps(t, f));
}

/* Powers are taken relative to a level that is raised when a logit is far above it: one pass, nothing is kept. */
static int32_t winner(const float *c, const float *u, const float *v, int size, float x, float y, float *probability) {
  const __m512 xs = _mm512_set1_ps(x), ys = _mm512_set1_ps(y);
  __m512 most = _mm512_set1_ps(-INFINITY), sum = _mm512_setzero_ps();
  __m512i at = _mm512_setzero_si512();
  __m512i index = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  float level = c[0] + x * u[0] + y * v[0];
  __m512 levels = _mm512_set1_ps(level), limit = _mm512_set1_ps(level + FAR);
  for (int i = 0; i < size; i += LANES) {
    const __m512 t = _mm512_fmadd_ps(
        ys, _mm512_load_ps(v + i), _mm512_fmadd_ps(xs, _mm512_load_ps(u + i), _mm512_load_ps(c + i)));
    const __mmask16 more = _mm512_cmp_ps_mask(t, most, _CMP_GT_OQ);
    most = _mm512_mask_mov_ps(most, more, t);
    at = _mm512_mask_mov_epi32(at, more, index);
    index = _mm512_add_epi32(index, _mm512_set1_epi32(LANES));
    if (__builtin_expect(_mm512_cmp_ps_mask(t, limit, _CMP_GT_OQ) != 0, 0)) {
      const float raised = _mm512_reduce_max_ps(t);
      sum = _mm512_mul_ps(sum, _mm512_set1_ps(exp2f(level - raised)));
      level = raised;
      levels = _mm512_set1_ps(level);
      limit = _mm512_set1_ps(level + FAR);
    }
    sum = _mm512_add_ps(sum, power(_mm512_sub_ps(t, levels)));
  }
  const float highest = _mm512_reduce_max_ps(most);
  const __mmask16 first = _mm512_cmp_ps_mask(most, _mm512_set1_ps(highest), _CMP_EQ_OQ);
  *probability = exp2f(highest - level) / _mm512_reduce_add_ps(sum);
  return _mm512_mask_reduce_min_epi32(first, at);
}

int main(int count, char **values) {
  if (count != 6) return 2;
  const int vocabulary = atoi(values[2]), cells = atoi(values[3]), rounds = atoi(values[5]);
  const int size = (vocabulary + LANES - 1) / LANES * LANES;
  omp_set_num_threads(atoi(values[4]));
  FILE *file = fopen(values[1], "r+b");
  if (!file) return 1;
  float *rows[3];
  for (int r = 0; r < 3; r++) {
    rows[r] = aligned_alloc(64, sizeof(float) * size);
    if (fread(rows[r], sizeof(float), vocabulary, file) != (size_t)vocabulary) return 1;
    for (int i = vocabulary; i < size; i++) rows[r][i] = r == 0 ? -1e30f : 0;
  }
  float *points = malloc(sizeof(float) * 2 * cells), *probabilities = malloc(sizeof(float) * cells);
  int32_t *winners = malloc(sizeof(int32_t) * cells);
  if (fread(points, sizeof(float), 2 * cells, file) != 2 * (size_t)cells) return 1;
  for (int round = 0; round < rounds; round++) {
    const double started = omp_get_wtime();
#pragma omp parallel for schedule(dynamic, 8)
    for (int i = 0; i < cells; i++)
      winners[i] = winner(rows[0], rows[1], rows[2], vocabulary, points[2 * i], points[2 * i + 1], probabilities + i);
    printf("%.4f\n", 1e3 * (omp_get_wtime() - started));
  }
  fseek(file, 0, SEEK_END);
  fwrite(winners, sizeof(int32_t), cells, file);
  return fclose(file);
}
