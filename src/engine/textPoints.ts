import { gramOf, orthonormalPlace, projectOnto } from '../map/plane.js';
import { accuracy, crossValidated, gramianByLoops } from '../map/ridgeClassification.js';
import { Fault } from '../map/fault.js';
import type { Layer, MapParameters } from '../map/specification.js';
import type { Separability, TextPoints } from '../map/textPoints.js';
import { stopIfCancelled } from '../protocol/channel.js';
import type { FoundPlane, HiddenSpace } from './hiddenSpace.js';
import { Products } from './products.js';

/** Labels that are told apart, and multiplications that it may take, at most. */
const MOST_LABELS = 100;
const MOST_WORK = 2e11;

/**
 * Where the texts of overlays stand on a plane, and how well their labels can be told apart.
 * @throws Fault `bad-parameter`, `tokenizer`, `memory`, `cancelled`
 */
export async function textPoints(
  space: HiddenSpace,
  { plane }: FoundPlane,
  { overlays, plane: { axes } }: Pick<MapParameters, 'overlays' | 'plane'>,
  layer: Layer,
  signal: AbortSignal,
): Promise<TextPoints[]> {
  const all: TextPoints[] = [];
  const gram = gramOf(plane);
  for (const [overlay, one] of overlays.entries()) {
    if (one.kind !== 'texts') continue;
    const texts = one.texts ?? (axes.method === 'pca_basis' ? axes.texts : undefined);
    // Those of the plane wait for one that is made from texts.
    if (!texts) continue;
    const rows = await space.lastStates(texts, layer, signal);
    const d = space.width;
    if (plane.c.length !== d)
      throw new Fault({
        code: 'bad-parameter',
        message: `What should be shown has ${d} dimensions, the plane has ${plane.c.length}.`,
      });
    const places = texts.map((_, i) => projectOnto(plane, gram, rows.subarray(i * d, (i + 1) * d)));
    all.push({
      overlay,
      x: places.map(({ x }) => x),
      y: places.map(({ y }) => y),
      distance: places.map(({ distance }) => distance),
      ...(await toldApart(
        one.labels?.slice(0, texts.length),
        rows,
        d,
        places.map((place) => orthonormalPlace(gram, place)),
        signal,
      )),
    });
  }
  return all;
}

/** What was told by whole hidden states, and by which labels: the same texts are surveyed with every plane. */
const toldBySpace = new WeakMap<Float32Array, { readonly labels: string; readonly part: number }>();

/**
 * Of the texts that have a label.
 * @param rows their hidden states, [texts * d]
 * @param places their feet on the plane in units of hidden states, so that a classifier there is one of the whole space whose weights
 * lie in the plane: it does not depend on how long or skewed the axes are
 */
async function toldApart(
  labels: readonly string[] | undefined,
  rows: Float32Array,
  d: number,
  places: readonly (readonly [number, number])[],
  signal: AbortSignal,
): Promise<Pick<TextPoints, 'separability' | 'why'>> {
  if (!labels) return { separability: null };
  const labeled = labels.flatMap((label, i) => (label === '' ? [] : [i]));
  // As scikit-learn orders classes: of equal sums the first is said.
  const names = [...new Set(labeled.map((i) => labels[i] ?? ''))].sort((a, b) => (a < b ? -1 : 1));
  const no = (why: string): Pick<TextPoints, 'separability' | 'why'> => ({ separability: null, why });
  if (names.length < 2) return no('There are not two labels.');
  if (names.length > MOST_LABELS) return no(`There are more than ${MOST_LABELS} labels.`);
  if (labeled.length * d * d + (5 * d ** 3) / 3 > MOST_WORK) return no('The hidden states have too many numbers.');
  const classes = Int32Array.from(labeled, (i) => names.indexOf(labels[i] ?? ''));
  const breathe = async (): Promise<void> => {
    await new Promise(setImmediate); // lets a cancel in
    stopIfCancelled(signal);
  };
  const bySpace = async (): Promise<Int32Array> => {
    const whole = new Float64Array(labeled.length * d);
    labeled.forEach((i, k) => whole.set(rows.subarray(i * d, (i + 1) * d), k * d));
    const products = await Products.open();
    try {
      const gramian = (part: Float64Array, _: number, count: number): Promise<Float64Array> =>
        count === 0 ? Promise.resolve(new Float64Array(d * d)) : products.transposed(part, part, count);
      return await crossValidated({ rows: whole, width: d, classes }, gramian, breathe);
    } finally {
      await products.release();
    }
  };
  const flat = Float64Array.from(labeled.flatMap((i) => places[i] ?? [0, 0]));
  const key = JSON.stringify(labels);
  const before = toldBySpace.get(rows);
  const space = before?.labels === key ? before.part : accuracy(await bySpace(), classes);
  toldBySpace.set(rows, { labels: key, part: space });
  const plane = await crossValidated({ rows: flat, width: 2, classes }, gramianByLoops, breathe);
  const counts = names.map((_, kind) => classes.reduce((sum, one) => sum + (one === kind ? 1 : 0), 0));
  const separability: Separability = {
    classes: names.length,
    count: labeled.length,
    plane: accuracy(plane, classes),
    space,
    most: Math.max(...counts) / labeled.length,
  };
  return { separability };
}
