import type { Translator } from '../../map/translate.js';
import { stopIfCancelled } from '../../protocol/channel.js';
import type { Variant } from '../model/variant.js';
import { Products } from '../products.js';
import { notAffine, type ReadHead, visitRows } from './head.js';

/** Rows whose products with the matrix are had at once. */
const TOGETHER = 2048;
/** Multiply-adds that all rows' products may take: some minutes. */
const MOST_PRODUCTS = 2e12;

const known = new WeakMap<Variant, WeakMap<Translator, Promise<Float64Array>>>();

/**
 * `|M^T (g w_t)|^2` of all tokens, [vocabulary], the mean removed where the norm does so; once for each translator.
 * @throws Fault `bad-parameter` where it is too much, or the rows cannot be had; `cancelled` between two products
 */
export function translatedSquares(
  variant: Variant,
  head: ReadHead,
  translator: Translator,
  signal: AbortSignal,
): Promise<Float64Array> {
  const mine = known.get(variant) ?? new WeakMap<Translator, Promise<Float64Array>>();
  known.set(variant, mine);
  const found = mine.get(translator) ?? squaresOf(variant, head, translator, signal);
  mine.set(translator, found);
  found.catch(() => mine.delete(translator));
  return found;
}

async function squaresOf(
  variant: Variant,
  head: ReadHead,
  { matrix, identity }: Translator,
  signal: AbortSignal,
): Promise<Float64Array> {
  const { vocabularySize, hiddenSize: d } = variant.model.facts;
  if (vocabularySize * d * d > MOST_PRODUCTS)
    throw notAffine('through a translator it takes a product of all rows with the matrix, too much for this model');
  const whole = Float64Array.from(matrix);
  if (identity) for (let i = 0; i < d; i++) whole[i * d + i] = (whole[i * d + i] ?? 0) + 1;
  const squares = new Float64Array(vocabularySize);
  const products = await Products.open();
  try {
    for (let from = 0; from < vocabularySize; from += TOGETHER) {
      stopIfCancelled(signal);
      const ids = Array.from({ length: Math.min(TOGETHER, vocabularySize - from) }, (_, i) => from + i);
      const rows = new Float64Array(d * ids.length);
      await visitRows(variant, head, ids, (token, row) => {
        let mean = 0;
        if (head.norm === 'layer') for (let i = 0; i < d; i++) mean += ((head.gain[i] ?? 0) * (row[i] ?? 0)) / d;
        for (let i = 0; i < d; i++) rows[i * ids.length + token - from] = (head.gain[i] ?? 0) * (row[i] ?? 0) - mean;
      });
      const normals = await products.transposed(rows, whole, d);
      for (const [i, token] of ids.entries()) {
        let sum = 0;
        for (let j = i * d; j < (i + 1) * d; j++) sum += (normals[j] ?? 0) ** 2;
        squares[token] = sum;
      }
    }
  } finally {
    await products.release();
  }
  return squares;
}
