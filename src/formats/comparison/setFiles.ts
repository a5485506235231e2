import * as v from 'valibot';
import { Fault } from '../../map/fault.js';
import type { LensTable } from '../../map/lens/lensTable.js';
import { lensesName } from '../../map/lens/lensWords.js';
import { layerBrief } from '../../map/naming.js';
import { LENS_FORMAT, LENSES_FORMAT } from '../lens/lensData.js';
import { readLenses } from '../lens/readLenses.js';

/** What is opened as one though it is no map: a comparison, the maps of all layers, or a lens over layers and positions. */
export interface SetFile {
  readonly kind: 'comparison' | 'series' | 'lens';
  /** The JSON files of its maps, seen from the folder of this one, with `/`; a lens has none. */
  readonly maps: readonly string[];
  readonly model: string;
  /** `Layer 12 ↔ layer 3`. */
  readonly title: string;
  /** Of a lens: what it shows. */
  readonly lenses?: readonly LensTable[];
}

/** Maps of a series that are opened together, at most. */
const MOST_MAPS = 200;
const file = v.pipe(
  v.string(),
  v.maxLength(4000),
  v.check((name) => !/^(?:[\\/]|[A-Za-z][\w+.-]*:)/.test(name) && name.endsWith('.json'), 'no relative path'),
);
const layer = v.union([v.number(), v.literal('embeddings')]);
const side = v.object({ specification: v.object({ layer, model: v.object({ name: v.string() }) }) });
const comparison = v.object({
  format: v.literal('embedding-grid-comparison'),
  maps: v.optional(v.pipe(v.array(file), v.length(2))),
  a: side,
  b: side,
});
const series = v.object({
  format: v.literal('embedding-grid-series'),
  axis: v.string(),
  lines: v.pipe(
    v.array(v.object({ files: v.optional(v.pipe(v.array(file), v.minLength(1), v.maxLength(MOST_MAPS))) })),
    v.minLength(1),
  ),
});

const lens = v.object({ format: v.picklist([LENS_FORMAT, LENSES_FORMAT]) });

/** What a file's JSON says of maps that belong together. @throws Fault `file` where it does not name them. */
export function readSetFile(name: string, text: string): SetFile {
  const bad = (why: string): Fault =>
    new Fault({ code: 'file', message: `${name} cannot be opened as maps: ${why}.`, hint: 'It is shown as text.' });
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw bad('it is no JSON');
  }
  if (v.is(lens, data)) {
    const lenses = readLenses(name, data);
    return { kind: 'lens', maps: [], model: lenses[0]?.model.name ?? '', title: lensesName(lenses), lenses };
  }
  const compared = v.safeParse(comparison, data);
  if (compared.success) {
    const { maps, a, b } = compared.output;
    if (!maps) throw bad('it does not say where its maps lie');
    const [one, other] = [a, b].map(({ specification }) => specification);
    const names = [one, other].map((side) => side && layerBrief(side.layer));
    return { kind: 'comparison', maps, model: one?.model.name ?? '', title: names.join(' \u2194 ') };
  }
  const swept = v.safeParse(series, data);
  if (!swept.success) throw bad('it is neither a comparison nor a series');
  const { axis, lines } = swept.output;
  const [line, ...more] = lines;
  if (axis !== 'layer' || more.length > 0) throw bad('only the maps of all layers are shown together');
  if (!line?.files) throw bad('it does not say where its maps lie');
  return { kind: 'series', maps: line.files, model: '', title: `${line.files.length} layers` };
}
