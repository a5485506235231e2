import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import * as v from 'valibot';
import { crossValidated, gramianByLoops } from '../../src/map/ridgeClassification.js';

const numbers = v.array(v.number());
const truth = v.parse(
  v.object({
    cases: v.array(v.object({ rows: v.array(numbers), classes: numbers, told: numbers, plane: numbers })),
  }),
  JSON.parse(readFileSync(path.join(import.meta.dirname, '..', 'fixtures', 'ridge', 'folds.json'), 'utf8')),
);

test('every row is told the class that scikit-learn tells it, on the same folds', async () => {
  assert.ok(truth.cases.length > 3);
  for (const { rows, classes, told, plane } of truth.cases)
    for (const [width, expected] of [
      [rows[0]?.length ?? 0, told],
      [2, plane],
    ] as const) {
      const labeled = {
        rows: Float64Array.from(rows.flatMap((row) => row.slice(0, width))),
        width,
        classes: Int32Array.from(classes),
      };
      assert.deepEqual([...(await crossValidated(labeled, gramianByLoops))], expected);
    }
});
