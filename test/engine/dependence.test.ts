import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Grounds } from '../../src/engine/grounds.js';
import { Model } from '../../src/engine/model/model.js';
import { readParameters } from '../../src/engine/reading.js';
import { cellsKey, planeKey, rowsKey, surveyKey } from '../../src/map/dependence.js';
import { Fault } from '../../src/map/fault.js';
import {
  checkParameters,
  DEFAULT_PARAMETERS,
  type MapParameters,
  parametersSchema,
} from '../../src/map/specification.js';
import { changesOf } from '../map/schemaWalk.js';
import { variations } from '../map/variations.js';
import './inProcess.js';

/** What depends on what, asked of a model: whatever an engine keeps, it answers as one that has computed nothing before. */

const model = Model.open(join(import.meta.dirname, '..', 'fixtures', 'models', 'legacy-op14-opt'), 'cpu');

/** What an engine keeps between two maps. */
class Keeping {
  readonly model = model;
  readonly grounds = Grounds.of(model);
}

/** All that comes of parameters: the plane, rows or cells, marks and norms; or why there is none. */
async function answer(keeps: Keeping, parameters: MapParameters) {
  try {
    const { grid, plane, overlays } = parameters;
    const reading = await readParameters(keeps, parameters);
    const { space, whole } = reading;
    const { sources } = reading.ground;
    const { layer } = reading.plan;
    const rows = await sources.affine(reading, parameters);
    const source =
      (await sources.threeRows(reading, parameters, 4)) ??
      (await sources.eachCell(reading, parameters, 4, () => undefined));
    return {
      plane: reading.found.plane,
      rows: rows && [rows.logitsAt(0, 0), rows.logitsAt(1, -1)],
      cells: await source.cells(Int32Array.of(0, 1, 2, 3)),
      survey: {
        norms: await space.norms(layer, plane.sample),
        marks: await space.marks(reading.found, overlays, layer, grid, async () => (await whole()).space),
      },
    };
  } catch (error) {
    return Fault.from(error).message;
  }
}
type Answer = Exclude<Awaited<ReturnType<typeof answer>>, string>;

const BASES: readonly MapParameters[] = variations({ hiddenSize: 48, tokens: ['a', 'b', 'c'], chat: false }).map(
  ({ plane = DEFAULT_PARAMETERS.plane, ...one }, i) => ({
    ...DEFAULT_PARAMETERS,
    grid: { columns: 2, rows: 2, spacing: 0.5, center: [0, 0] },
    topK: 4,
    ...one,
    plane: { ...plane, sample: plane.sample ?? ['one'] }, // not all that come with the program
    layer: i % 3 === 0 ? 0 : 'last',
  }),
);
/** Each base, and one change of each of its fields; of fields that all have, in some of them. */
const counts = new Map<string, number>();
const PAIRS = BASES.map((base) => {
  const others = new Map<string, MapParameters>();
  for (const { field, value } of changesOf(parametersSchema, base)) {
    const checked = checkParameters(value);
    const count = counts.get(field) ?? 0;
    if (!('parameters' in checked) || (count > 1 && !others.has(field))) continue;
    counts.set(field, count + Number(!others.has(field)));
    others.set(field, checked.parameters);
  }
  return { base, others: [...others.values()] };
});

test('an engine that keeps what it had answers as a fresh one, and equal keys have equal results', async (t) => {
  const warm = new Keeping();
  t.after(() => warm.grounds.release());
  const both = async (parameters: MapParameters) => {
    const cold = new Keeping();
    const fresh = await answer(cold, parameters);
    await cold.grounds.release();
    assert.deepEqual(await answer(warm, parameters), fresh, JSON.stringify(parameters));
    return fresh;
  };
  const equal = { plane: 0, rows: 0, cells: 0, survey: 0 };
  const keys = { plane: planeKey, rows: rowsKey, cells: cellsKey, survey: surveyKey };
  let answered = 0;
  for (const { base, others } of PAIRS) {
    const one = await both(base);
    for (const other of others) {
      const another = await both(other);
      if (typeof one === 'string' || typeof another === 'string') continue;
      answered++;
      for (const part of Object.keys(keys) as (keyof Answer)[]) {
        if (keys[part](base) !== keys[part](other)) continue;
        if (one[part] === undefined || another[part] === undefined) continue; // no rows at this layer
        equal[part]++;
        assert.deepEqual(another[part], one[part], `${part}: ${JSON.stringify([base, other])}`);
      }
    }
  }
  for (const count of [answered, ...Object.values(equal)])
    assert.ok(count > 10, JSON.stringify({ answered, ...equal }));
});
