import { Fault } from '../fault.js';
import { throughFile } from '../series/series.js';
import { type Layer, layerIndex, READOUTS, type Readout, type TranslatorReference } from '../specification.js';
import type { LensTable } from './lensTable.js';

/** One of the lenses that are read beside each other. */
export interface LensReadout {
  readonly readout: Readout;
  /** null: it goes through none, or through the one that is named elsewhere. */
  readonly translator: TranslatorReference | null;
}

/**
 * Readouts as they are written in a list: `forward,lens,tuned:FILE`. `forward` is what the model itself says.
 * @throws Fault `bad-parameter` for a name that is none.
 */
export const readoutsOf = (text: string): readonly LensReadout[] =>
  text.split(',').map((part) => readoutOf(part.trim()));

/** One of them. @throws Fault `bad-parameter` */
export function readoutOf(text: string): LensReadout {
  const through = throughFile('readout', text);
  if (through) return { readout: through.readout, translator: { path: through.file } };
  const readout = READOUTS.find((one) => one === text);
  if (readout) return { readout, translator: null };
  throw new Fault({
    code: 'bad-parameter',
    message: `There is no readout "${text}".`,
    hint: 'Readouts are forward, lens, unembed, tuned:FILE and jacobian:FILE.',
  });
}

/** What the model itself says: the last row of a lens, behind which nothing follows but norm and head. */
export function ownRow(lens: LensTable): LensTable {
  const { layers, positions, topK, ids, probabilities, entropy, named } = lens;
  const from = (layers.length - 1) * positions.length;
  return {
    ...lens,
    parameters: { ...lens.parameters, readout: 'forward', translator: null },
    layers: layers.slice(-1),
    ids: ids.slice(from * topK),
    probabilities: probabilities.slice(from * topK),
    entropy: entropy.slice(from),
    named: named && { ...named, probabilities: named.probabilities.slice(from), ranks: named.ranks.slice(from) },
  };
}

/**
 * Lenses of one prompt with the same rows, so that they stand beside each other: all layers that any of them has. Where one has none
 * its cells are undefined.
 */
export function aligned(lenses: readonly LensTable[]): readonly LensTable[] {
  const layers = new Map<number, Layer>();
  for (const lens of lenses) for (const layer of lens.layers) layers.set(layerIndex(layer), layer);
  const all = [...layers.keys()].sort((a, b) => a - b);
  return lenses.map((lens) => (lens.layers.length === all.length ? lens : spread(lens, all, layers)));
}

function spread(lens: LensTable, all: readonly number[], names: ReadonlyMap<number, Layer>): LensTable {
  const { positions, topK, named } = lens;
  const count = all.length * positions.length;
  const rows = lens.layers.map((layer) => all.indexOf(layerIndex(layer)));
  const put = <T extends Int32Array | Float32Array>(from: T, to: T, each: number): T => {
    const width = positions.length * each;
    rows.forEach((row, i) => to.set(from.subarray(i * width, (i + 1) * width), row * width));
    return to;
  };
  return {
    ...lens,
    layers: all.map((index) => names.get(index) ?? index),
    ids: put(lens.ids, new Int32Array(count * topK), topK),
    probabilities: put(lens.probabilities, new Float32Array(count * topK), topK),
    entropy: put(lens.entropy, new Float32Array(count).fill(NaN), 1),
    named: named && {
      ...named,
      probabilities: put(named.probabilities, new Float32Array(count), 1),
      ranks: put(named.ranks, new Int32Array(count), 1),
    },
  };
}
