import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coloringColors, coloringOf, usualRange } from '../../src/map/coloring.js';
import { divergingColors, luminance, oklabOf } from '../../src/map/colors.js';
import type { Question } from '../../src/map/specification.js';
import { emptyCells } from '../../src/map/tokenMap.js';

/** Cells with these answers, all computed. */
function asked(answers: readonly number[]) {
  const cells = emptyCells(answers.length, 1, 2, { answers: 1 });
  cells.computed.fill(1);
  cells.answers?.set(answers);
  return cells;
}
const parts = (question: Question, answers: readonly number[]): number[] => {
  const cells = asked(answers);
  const coloring = coloringOf(cells, question, 'question');
  return answers.map((_, cell) => Number(coloring.part(cells, cell).toFixed(6)));
};

test('a probability has all of the scale, whatever the map holds', () => {
  assert.deepEqual(parts({ kind: 'probability', token: 3 }, [0, 0.25, 1]), [0, 0.25, 1]);
});

test('a difference is symmetric around 0, out to a round limit', () => {
  const question = { kind: 'difference', first: 1, second: 2 } as const;
  assert.deepEqual(parts(question, [-3.1, 0, 1, 2]), [0.1125, 0.5, 0.625, 0.75]);
  const { ticks, diverging, name } = coloringOf(asked([-3.1]), question, 'question');
  assert.deepEqual([ticks[0]?.text, ticks[2]?.text, ticks[4]?.text], ['−4.0', '0.0', '+4.0']);
  assert.deepEqual([diverging, name], [true, '#1 − #2']);
});

test('a divergence begins at 0 and is told in bits; what is not finite is at the end', () => {
  const bit = Math.LN2;
  assert.deepEqual(parts({ kind: 'divergence' }, [0, bit, 3 * bit, Infinity]), [0, 0.25, 0.75, 1]);
  const { ticks } = coloringOf(asked([3 * bit]), { kind: 'divergence' }, 'question');
  assert.equal(ticks[4]?.text, '4.0 bits');
});

test('a bar of answers names the tokens that were asked about', () => {
  const name = (question: Question): string => coloringOf(asked([0.5]), question, 'question').name;
  assert.equal(name({ kind: 'probability', token: ' Paris' }), '␣Paris');
  assert.equal(name({ kind: 'difference', first: ' he', second: ' she' }), '␣he − ␣she');
  assert.equal(name({ kind: 'divergence' }), 'Divergence');
});

test('the usual range is all there can be, but the map’s own where nothing of it exceeds 20 %', () => {
  const usual = (answers: readonly number[], question: Question = { kind: 'probability', token: 3 }) => {
    const cells = asked(answers);
    const coloring = coloringOf(cells, question, 'question', 'usual');
    const range = usualRange(cells, question, 'question');
    // A part of the map, colored by the range of the whole, has the colors that it has on the whole.
    const part = asked(answers.slice(1));
    const ofPart = coloringOf(part, question, 'question', range);
    for (let cell = 1; cell < answers.length; cell++)
      assert.ok(Math.abs(ofPart.part(part, cell - 1) - coloring.part(cells, cell)) < 1e-6);
    return { whole: coloring.whole, ends: [coloring.ticks[0]?.text, coloring.ticks.at(-1)?.text] };
  };
  assert.deepEqual(usual([0.01, 0.12, 0.19]), { whole: false, ends: ['1.0%', '19.0%'] });
  assert.equal(usual([0.01, 0.12, 0.21]).whole, true);
  assert.equal(usual([0.1, 0.1]).whole, true);
  assert.equal(usual([0.01, 0.02], { kind: 'divergence' }).whole, true);
  assert.equal(coloringOf(asked([0]), null, 'entropy', 'usual').whole, true);
});

test('maps beside each other are on one scale, as far as either of them goes', () => {
  const [a, b] = [asked([0.01, 0.05]), asked([0.1, 0.15])];
  const question = { kind: 'probability', token: 3 } as const;
  const both = coloringOf([a, b], question, 'question', 'usual');
  assert.deepEqual([both.part(a, 0), both.part(b, 1)], [0, 1]);
  assert.equal(coloringOf([a, asked([0.3])], question, 'question', 'usual').whole, true);
});

test('without answers the map is colored by probability', () => {
  const cells = emptyCells(2, 1, 2);
  assert.equal(coloringOf(cells, { kind: 'divergence' }, 'question').colorBy, 'probability');
  assert.equal(coloringOf(asked([1]), null, 'question').colorBy, 'probability');
});

test('a map whose answers are all 0 has a scale', () => {
  assert.deepEqual(parts({ kind: 'difference', first: 1, second: 2 }, [0, 0]), [0.5, 0.5]);
});

for (const scale of ['light', 'dark'] as const)
  test(`the diverging scale (${scale}): pale in the middle, darker to both sides, equally light, never alike`, () => {
    const colors = divergingColors(scale);
    assert.equal(colors.length, 256);
    for (let i = 1; i < 128; i++) {
      const [before, color] = [colors[128 - i], colors[127 - i]];
      assert.ok(before && color && luminance(color) <= luminance(before) + 1e-3, `${i}`);
    }
    for (let i = 0; i < 128; i++) {
      const [left, right] = [colors[i], colors[255 - i]];
      assert.ok(left && right);
      const [a, b] = [oklabOf(left), oklabOf(right)];
      assert.ok(Math.abs(a[0] - b[0]) < 0.02, `lightness at ${i}`);
      // Blue against yellow, which nearly everyone sees, is what tells the sides apart.
      if (i < 100) assert.ok(a[2] - b[2] > 0.05, `${i}: ${a[2]} ${b[2]}`);
    }
    assert.equal(
      coloringColors(coloringOf(asked([1]), { kind: 'difference', first: 1, second: 2 }, 'question'), scale),
      colors,
    );
  });
