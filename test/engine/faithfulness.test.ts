import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { computeMap } from '../../src/engine/client.js';
import { fromJson } from '../../src/formats/fromJson.js';
import { toJson } from '../../src/formats/toJson.js';
import { faithfulness, faithfulWarning } from '../../src/map/faithfulness.js';
import { type Context, DEFAULT_PARAMETERS, type MapParameters } from '../../src/map/specification.js';
import { besidePyTorch } from './geometry.js';
import { givenPlane } from './givenPlane.js';

/** What texts' states and feet say. */

const number = v.number();
const said = v.object({ token: number, p: number });
const truthSchema = v.object({
  text_ids: v.record(v.string(), v.array(number)),
  contexts: v.record(v.string(), v.nullable(v.array(number))),
  layers: v.array(
    v.object({
      layer: number,
      planes: v.record(v.string(), v.object({ c: v.string(), u: v.string(), v: v.string() })),
      counts: v.object({
        of: number,
        state: v.record(v.string(), number),
        foot: v.record(v.string(), v.record(v.string(), number)),
      }),
      rows: v.array(
        v.object({
          text_index: number,
          own: said,
          state: v.record(v.string(), said),
          foot: v.record(
            v.string(),
            v.looseObject({ x: number, y: number, distance: number, none: said, bos: said, A: said }),
          ),
        }),
      ),
    }),
  ),
});

besidePyTorch('faithfulness beside PyTorch', 'faithful', truthSchema, async (engine, truth) => {
  for (const { layer, planes, rows, counts } of truth.layers)
    for (const [plane, vectors] of Object.entries(planes))
      for (const at of ['none', 'bos', 'A'] as const) {
        const ids = truth.contexts[at]; // those before the vector
        const context: Context = ids
          ? at === 'bos'
            ? { kind: 'bos' }
            : { kind: 'tokens', ids: [...ids, 0] }
          : { kind: 'none' };
        const parameters: MapParameters = {
          ...DEFAULT_PARAMETERS,
          layer: layer < 0 ? 'embeddings' : layer,
          context,
          plane: givenPlane(vectors),
          grid: { columns: 2, rows: 2, spacing: 1, center: [0, 0] },
          topK: 2,
          overlays: rows.map((row) => ({
            kind: 'state',
            prompt: { kind: 'tokens', ids: truth.text_ids[row.text_index] ?? [] },
          })),
        };
        const map = await computeMap(engine, { parameters, batchSize: 100 });
        const where = `layer ${layer}, ${plane}, ${at}`;
        const marks = (map.survey?.marks ?? []).filter(({ kind }) => kind === 'state');
        assert.equal(marks.length, rows.length);
        rows.forEach((row, i) => {
          const mark = marks[i];
          const foot = row.foot[plane];
          assert.ok(mark?.says && foot, where);
          const pairs = [
            [mark.says.own, row.own],
            [mark.says.state, row.state[at]],
            [mark.says.foot, foot[at]],
          ] as const;
          for (const [ours, theirs] of pairs) {
            assert.equal(ours.token.id, theirs?.token, `${where}, text ${i}`);
            assert.ok(Math.abs(ours.probability - (theirs?.p ?? 0)) < 1e-4, `${where}, text ${i}`);
          }
          assert.ok(Math.abs(mark.distance / foot.distance - 1) < 1e-5);
          assert.ok(Math.abs(mark.x - foot.x) < 1e-4 && Math.abs(mark.y - foot.y) < 1e-4);
        });
        const told = map.survey && faithfulness(map.survey);
        assert.deepEqual(told, {
          texts: counts.of,
          faithful: counts.foot[plane]?.[at],
          inContext: counts.state[at],
        });
        assert.equal(
          map.runtime.notices.some((notice) => notice.includes('says what the model says')),
          faithfulWarning(told) !== undefined,
        );
        const back = fromJson(toJson(map));
        assert.deepEqual(back.survey && faithfulness(back.survey), told, 'a file has it, too');
      }
});

test('a warning says whether context or distance is why', () => {
  assert.equal(faithfulWarning({ texts: 10, faithful: 5, inContext: 10 }), undefined);
  assert.match(faithfulWarning({ texts: 10, faithful: 1, inContext: 9 }) ?? '', /1 of 10 texts stand .*too far/);
  assert.match(faithfulWarning({ texts: 10, faithful: 1, inContext: 2 }) ?? '', /context/);
});
