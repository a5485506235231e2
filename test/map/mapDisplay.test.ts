import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coloringColors, coloringOf } from '../../src/map/coloring.js';
import { COLOR_BY, divergingColors, scaleColors, TOKEN_SLOTS } from '../../src/map/colors.js';
import { DISPLAY_FLAGS, displayFromFlags, displayToFlags } from '../../src/map/flags.js';
import {
  type ColorRange,
  DEFAULT_DISPLAY,
  type Display,
  parseDisplay,
  readDisplay,
  usualDisplay,
} from '../../src/map/mapDisplay.js';
import { chosenColors, settledMap } from '../../src/map/settledMap.js';
import { DEFAULT_PARAMETERS, type MapParameters } from '../../src/map/specification.js';
import { type Cells, emptyCells, margin, type TokenMap } from '../../src/map/tokenMap.js';
import { randomNumbers, syntheticMap } from './syntheticMap.js';

const QUESTIONS: readonly MapParameters['question'][] = [
  null,
  { kind: 'probability', token: ' the' },
  { kind: 'difference', first: ' he', second: ' she' },
  { kind: 'divergence' },
];

/** Displays of all kinds, from a seed. */
function* displays(count: number, seed: number): Generator<Display> {
  const random = randomNumbers(seed);
  const some = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];
  const tokens = [' whale', ' the', 'a,b', '=', '#7', '\\', '\n', 'constructor', '__proto__', '日本', ''];
  for (let i = 0; i < count; i++) {
    const low = Math.round(random() * 400 - 200) / 100;
    const range: ColorRange = some(['usual', '0-1', 'auto', [low, low + 0.25 + random()]] as const) ?? '0-1';
    yield {
      colorBy: some(COLOR_BY) ?? 'probability',
      colorRange: range,
      labels: random() < 0.5,
      borders: random() < 0.5,
      marks: random() < 0.5,
      ring: random() < 0.5,
      tokenColors: Object.fromEntries(
        tokens.filter(() => random() < 0.3).map((token) => [token, Math.floor(random() * TOKEN_SLOTS)]),
      ),
    };
  }
}

/** Flags as the command line reads them back. */
function given(flags: readonly string[]): Record<string, string> {
  const values: Record<string, string> = {};
  for (let i = 0; i < flags.length; i++) {
    const [name = '', inline] = (flags[i] ?? '').slice(2).split(/=(.*)/s);
    values[name] = inline ?? flags[++i] ?? '';
  }
  return values;
}

test('property: what a display is written as in flags gives it back', () => {
  let i = 0;
  for (const display of displays(300, 7)) {
    const parameters = { ...DEFAULT_PARAMETERS, question: QUESTIONS[i++ % QUESTIONS.length] ?? null };
    if (display.colorBy === 'question' && !parameters.question) continue;
    const flags = displayToFlags(display, parameters);
    assert.deepEqual(displayFromFlags(given(flags), parameters), display, flags.join(' '));
  }
  assert.deepEqual(displayToFlags(usualDisplay(DEFAULT_PARAMETERS), DEFAULT_PARAMETERS), []);
});

test('a question that is asked is what color tells, unless a flag or the saved map says otherwise', () => {
  const asked: MapParameters = { ...DEFAULT_PARAMETERS, question: { kind: 'divergence' } };
  const saved: Display = { ...DEFAULT_DISPLAY, colorBy: 'entropy', labels: false };
  assert.equal(displayFromFlags({}, DEFAULT_PARAMETERS).colorBy, 'probability');
  assert.equal(displayFromFlags({}, asked).colorBy, 'question');
  assert.equal(displayFromFlags({ 'color-by': 'margin', question: 'divergence' }, asked).colorBy, 'margin');
  assert.deepEqual(displayFromFlags({}, asked, saved), saved);
  assert.deepEqual(displayFromFlags({ question: 'divergence' }, asked, saved), { ...saved, colorBy: 'question' });
  assert.deepEqual(displayFromFlags({ labels: 'on' }, asked, saved), { ...saved, labels: true });
});

test('what is wrong with a flag is said with its name', () => {
  for (const [name, text, message] of [
    ['color-by', 'colour', /--color-by colour: color-by must be probability, token, margin, entropy or question\./],
    ['color-by', 'question', /no question is asked/],
    [
      'color-range',
      '1,0',
      /--color-range 1,0: color-range must be usual, 0-1, auto or two numbers, the smaller first\./,
    ],
    ['color-range', '0,nan', /the smaller first/],
    ['color-range', '1,2,3', /the smaller first/],
    ['color-range', '0..1', /the smaller first/],
    ['labels', 'yes', /--labels yes: write on or off/],
    ['token-colors', ' the', /write it as/],
    ['token-colors', ' the=24', /numbers from 0 to 23/],
    ['token-colors', ' the=1.5', /numbers from 0 to 23/],
  ] as const)
    assert.throws(() => displayFromFlags({ [name]: text }, DEFAULT_PARAMETERS), { code: 'bad-parameter', message });
  for (const { name } of DISPLAY_FLAGS) assert.match(name, /^[a-z-]+$/);
});

test('a display from outside: wrong ones are refused, those of a file are read choice by choice', () => {
  for (const display of displays(50, 3)) {
    assert.deepEqual(parseDisplay(JSON.parse(JSON.stringify(display))), display);
    assert.deepEqual(readDisplay(JSON.parse(JSON.stringify(display))), display);
    const profile = { from: { x: 0, y: 0 }, to: { x: 1, y: -0.5 } };
    assert.deepEqual(readDisplay(JSON.parse(JSON.stringify({ ...display, profile }))), { ...display, profile });
    assert.deepEqual(readDisplay({ ...display, profile: { from: 3 } }), { ...display, profile: null });
  }
  assert.deepEqual(parseDisplay({ ring: false }), { ...DEFAULT_DISPLAY, ring: false });
  const wrong = {
    colorBy: 'beauty',
    colorRange: [0, Infinity],
    labels: 'no',
    borders: null,
    marks: 0,
    ring: [],
    tokenColors: { a: -1 },
  };
  for (const [key, value] of Object.entries(wrong))
    assert.throws(() => parseDisplay({ [key]: value }), { code: 'bad-parameter' }, key);
  assert.deepEqual(readDisplay({ ...wrong, colorBy: 'token', borders: false, more: 1 }), {
    ...DEFAULT_DISPLAY,
    colorBy: 'token',
    borders: false,
  });
  for (const none of [null, 3, 'display', []]) assert.deepEqual(readDisplay(none), DEFAULT_DISPLAY);
});

/** What color tells of a cell, in the unit of a range. */
function told(cells: Cells, question: MapParameters['question'], colorBy: Display['colorBy'], cell: number): number {
  const answer = cells.answers?.[cell] ?? NaN;
  if (colorBy === 'question' && question) return question.kind === 'divergence' ? answer / Math.LN2 : answer;
  if (colorBy === 'margin') return margin(cells, cell);
  if (colorBy === 'entropy') return (cells.entropy[cell] ?? NaN) / Math.LN2;
  return cells.probabilities[cell * cells.topK] ?? NaN;
}

/** Cells with numbers of all sizes; the last is not there. */
function someCells(seed: number): Cells {
  const random = randomNumbers(seed);
  const cells = emptyCells(40, 1, 2, { answers: 1 });
  cells.computed.fill(1);
  for (let cell = 0; cell < 40; cell++) {
    const first = random();
    cells.probabilities.set([first, first * random()], 2 * cell);
    cells.entropy[cell] = random() * 9;
    if (cells.answers) cells.answers[cell] = random() * 8 - 3;
  }
  cells.computed[39] = 0;
  return cells;
}

test('property: on a range, the smaller end is at one end of the bar, the larger at the other, and all between in order', () => {
  for (const [i, question] of QUESTIONS.entries())
    for (const colorBy of COLOR_BY) {
      if (colorBy === 'question' && !question) continue;
      const cells = someCells(i + 1);
      const values = Array.from({ length: 39 }, (_, cell) => told(cells, question, colorBy, cell));
      const [low, high] = [Math.min(...values), Math.max(...values)];
      const inner = [low + 0.25 * (high - low), low + 0.5 * (high - low)] as const;
      for (const [range, from, to] of [
        ['auto', low, high],
        [inner, ...inner],
      ] as const) {
        const coloring = coloringOf(cells, question, colorBy, range);
        const falling = colorBy === 'entropy';
        values.forEach((value, cell) => {
          const part = Math.min(1, Math.max(0, (value - from) / (to - from)));
          const seen = coloring.part(cells, cell);
          assert.ok(
            Math.abs(seen - (falling ? 1 - part : part)) < 1e-5,
            `${colorBy} ${String(range)}: ${seen} ${part}`,
          );
        });
        const [first, last] = [coloring.ticks[0], coloring.ticks.at(-1)];
        assert.deepEqual([first?.part, last?.part], [0, 1]);
        // What lies beyond an end is said to.
        const beyond = [first?.text, last?.text].map((text) => /^[≤≥]/.test(text ?? ''));
        assert.deepEqual(beyond, [range !== 'auto', range !== 'auto'], `${colorBy} ${String(range)}`);
      }
    }
});

test('a map with one value, and one without cells, are colored as if no range was given', () => {
  const cells = someCells(1);
  cells.probabilities.fill(0.5);
  const plain = coloringOf(cells, null, 'probability');
  assert.deepEqual(coloringOf(cells, null, 'probability', 'auto').ticks, plain.ticks);
  assert.deepEqual(coloringOf(emptyCells(2, 2, 2), null, 'entropy', 'auto').whole, true);
});

test('a sign keeps its side of the colors, whatever the range', () => {
  const question = { kind: 'difference', first: 1, second: 2 } as const;
  const diverging = divergingColors('light');
  for (const [range, first, last] of [
    [[-1, 1], diverging[0], diverging[255]],
    [[-1, 3], diverging[Math.round(255 / 3)], diverging[255]],
    [[1, 2], diverging[Math.round(255 * 0.75)], diverging[255]],
    [[-4, -2], diverging[0], diverging[Math.round(255 * 0.25)]],
  ] as const) {
    const colors = coloringColors(coloringOf(someCells(2), question, 'question', range), 'light');
    assert.deepEqual([colors.length, colors[0], colors[255]], [256, first, last], range.join());
  }
  assert.equal(coloringColors(coloringOf(someCells(2), null, 'margin', [0.1, 0.2]), 'light'), scaleColors('light'));
});

const drawn = (map: TokenMap, display: Partial<Display>): TokenMap => ({
  ...map,
  display: { ...DEFAULT_DISPLAY, ...display },
});

test('a map in a file names the colors of its own tokens', () => {
  const map = syntheticMap({ columns: 12, rows: 12 });
  const texts = new Set([...map.cells.ids].filter((_, i) => i % 10 === 0).map((id) => map.tokens.get(id)?.text));
  const [one = ''] = [...texts].filter((text) => text !== undefined);
  const known = { [one]: 5, 'of another map': 3 };
  assert.deepEqual(settledMap(drawn(map, { tokenColors: known })).display?.tokenColors, { [one]: 5 });
  const colors = settledMap(drawn(map, { tokenColors: known, colorBy: 'token' })).display?.tokenColors ?? {};
  assert.deepEqual(new Set(Object.keys(colors)), texts);
  assert.equal(colors[one], 5);
  assert.equal(settledMap(map), map, 'one that says nothing goes on saying nothing');
  const settled = settledMap(drawn(map, { colorBy: 'token', tokenColors: known }));
  assert.deepEqual(settledMap(settled), settled);
});

test('a command line names the colors that the tokens would not get by themselves', () => {
  const map = syntheticMap({ columns: 12, rows: 12 });
  const own = settledMap(drawn(map, { colorBy: 'token' }));
  assert.deepEqual(chosenColors(own), {});
  const [first] = Object.entries(own.display?.tokenColors ?? {});
  const [token, slot] = first ?? assert.fail('a token has a color');
  const other = { [token]: (slot + 1) % TOKEN_SLOTS };
  const chosen = chosenColors(drawn(map, { colorBy: 'token', tokenColors: other }));
  assert.equal(chosen[token], other[token]);
  // With these alone the map has the same colors.
  const from = (tokenColors: Display['tokenColors']) =>
    settledMap(drawn(map, { colorBy: 'token', tokenColors })).display;
  assert.deepEqual(from(chosen), from(other));
  assert.deepEqual(chosenColors(drawn(map, { tokenColors: other })), {}, 'where color is something else there is none');
});
