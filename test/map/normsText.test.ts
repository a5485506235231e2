import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatTimes, normsText } from '../../src/map/normsText.js';
import type { Survey } from '../../src/map/survey.js';

/** A plane at a height over the origin, with axes of length 1; the typical norm is 10. */
const survey = (height: number): Survey => ({
  gram: { cc: height * height, cu: 0, cv: 0, uu: 1, uv: 0, vv: 1 },
  norms: { quantiles: Array.from({ length: 21 }, (_, i) => i), count: 3 },
  marks: [],
  explained: null,
});
const grid = (spacing: number) => ({ columns: 10, rows: 10, spacing, center: [0, 0] as const });

test('the range of norms, as multiples of the typical one', () => {
  assert.deepEqual(normsText(survey(10), grid(2), 'layer 3'), {
    text: 'Norm of h on this plane: 1.0–1.7 × typical for layer 3.',
    kind: 'info',
  });
  assert.equal(normsText(survey(0), grid(1), 'layer 3')?.kind, 'info');
});

test('a plane where no real text is gets a warning', () => {
  assert.match(normsText(survey(0), grid(0.01), 'layer 3')?.text ?? '', /nearer to the origin than real text/);
  assert.match(normsText(survey(90), grid(1), 'layer 3')?.text ?? '', /all of it is farther out/);
  const parts = normsText(survey(0), grid(20), 'layer 3');
  assert.equal(parts?.kind, 'warning');
  assert.match(parts.text, /0\.00–14 × typical.*parts are farther out/);
});

test('norms that could not be measured say why, or nothing', () => {
  const unknown = { ...survey(1), norms: null };
  assert.equal(normsText(unknown, grid(1), 'layer 3'), undefined);
  assert.deepEqual(normsText({ ...unknown, normsReason: 'No tokenizer.' }, grid(1), 'layer 3'), {
    text: 'No tokenizer.',
    kind: 'info',
  });
});

test('multiples have as many digits as are read', () => {
  assert.deepEqual([0.034, 0.96, 3.14, 25.3].map(formatTimes), ['0.03', '0.96', '3.1', '25']);
});
