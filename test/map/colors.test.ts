import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  converter,
  differenceCiede2000,
  filterDeficiencyDeuter,
  filterDeficiencyProt,
  filterDeficiencyTrit,
  type Lab,
  type Seen,
} from 'culori';
import {
  areApart,
  BORDER,
  entropyConfidence,
  hexOf,
  inkOn,
  isDark,
  luminance,
  parseHex,
  preferredSlot,
  type Rgb,
  SCALE_STOPS,
  scaleColor,
  scaleColors,
  type ScaleName,
  TOKEN_SLOTS,
  tokenColor,
  tokenGray,
} from '../../src/map/colors.js';
import { CURVE_COLORS, curveColors } from '../../src/map/profileCurves.js';
import { assignSlots } from '../../src/map/tokenSlots.js';
import { findBorders, findRegions, topTokens } from '../../src/map/regions.js';
import { randomNumbers, syntheticMap } from './syntheticMap.js';

const NAMES: readonly ScaleName[] = ['light', 'dark'];
const toLab = converter('lab65');

/** Light of an sRGB channel, both 0 ... 1. */
const linear = (s: number): number => (s <= 0.04045 ? s / 12.92 : Math.pow((s + 0.055) / 1.055, 2.4));

/** WCAG 2.2's relative luminance and contrast ratio, written from its text. */
function wcagLuminance(rgb: Rgb): number {
  const [r = 0, g = 0, b = 0] = rgb.map((eight) => linear(eight / 255));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a: Rgb, b: Rgb): number {
  const [one, other] = [wcagLuminance(a), wcagLuminance(b)];
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
}

const difference = differenceCiede2000();
const EYES = [(color: Seen) => color, filterDeficiencyProt(1), filterDeficiencyDeuter(1), filterDeficiencyTrit(1)];
/** What an eye sees. The matrices are those of Machado and others, for light: culori applies them to what it is given. */
function seenBy(rgb: Rgb, eye: (color: Seen) => Seen): Lab {
  const [r, g, b] = rgb.map((eight) => linear(eight / 255));
  const light = eye({ mode: 'rgb', r: r ?? 0, g: g ?? 0, b: b ?? 0 });
  const shown = (one: number): number => Math.min(1, Math.max(0, one));
  return toLab({ mode: 'lrgb', r: shown(light.r), g: shown(light.g), b: shown(light.b) });
}

/** OKLab lightness by way of CIE XYZ, as Ottosson first defined it. */
function lightness(rgb: Rgb): number {
  const [r = 0, g = 0, b = 0] = rgb.map((eight) => linear(eight / 255));
  const x = 0.4124564 * r + 0.3575761 * g + 0.1804375 * b;
  const y = 0.2126729 * r + 0.7151522 * g + 0.072175 * b;
  const z = 0.0193339 * r + 0.119192 * g + 0.9503041 * b;
  const l = Math.cbrt(0.8189330101 * x + 0.3618667424 * y - 0.1288597137 * z);
  const m = Math.cbrt(0.0329845436 * x + 0.9293118715 * y + 0.0361456387 * z);
  const s = Math.cbrt(0.0482003018 * x + 0.2643662691 * y + 0.633851707 * z);
  return 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s;
}

test('both scales pass through their stops and grow darker with every step', () => {
  for (const name of NAMES) {
    const stops = SCALE_STOPS[name];
    stops.forEach((stop, i) => {
      const at = scaleColor(name, i / (stops.length - 1)).map((channel, c) =>
        Math.abs(channel - (parseHex(stop)[c] ?? 0)),
      );
      assert.ok(Math.max(...at) <= 3, `${stop} ${at.join()}`); // a step of 256 may miss a stop by half a step
    });
    assert.equal(hexOf(scaleColor(name, 0)), stops[0]);
    assert.equal(hexOf(scaleColor(name, 1)), stops[4]);
    const ls = scaleColors(name).map(lightness);
    for (let i = 1; i < ls.length; i++) assert.ok((ls[i] ?? 0) < (ls[i - 1] ?? 0) + 1e-3, `${name} ${i}`);
    assert.ok((ls[0] ?? 0) - (ls[255] ?? 0) > 0.4);
  }
});

test('values outside a scale are drawn as its ends', () => {
  assert.deepEqual(scaleColor('light', -1), scaleColor('light', 0));
  assert.deepEqual(scaleColor('light', 7), scaleColor('light', 1));
  assert.deepEqual(scaleColor('light', NaN), scaleColor('light', 0));
});

test('ink contrasts at least 4.58 : 1 with any color of both scales and of all tokens', () => {
  const colors = [
    ...NAMES.flatMap((name) => scaleColors(name)),
    ...NAMES.flatMap((name) =>
      Array.from({ length: TOKEN_SLOTS }, (_, slot) =>
        [0, 0.2, 0.5, 0.8, 1].map((p) => tokenColor(name, slot, p)),
      ).flat(),
    ),
  ];
  for (const color of colors) {
    const ink = parseHex(inkOn(color));
    const other: Rgb = ink[0] === 0 ? [255, 255, 255] : [0, 0, 0];
    assert.ok(contrast(ink, color) >= contrast(other, color));
    assert.ok(contrast(ink, color) >= 4.58, `${hexOf(color)} ${contrast(ink, color)}`);
    assert.equal(isDark(color), ink[0] === 255);
    assert.ok(Math.abs(luminance(color) - wcagLuminance(color)) < 1e-9);
  }
  for (const name of NAMES) {
    for (const color of scaleColors(name)) assert.ok(contrast(parseHex(inkOn(color)), color) >= 4.585);
  }
});

test('curves are read on white and on dark editors, and everybody tells them apart', () => {
  for (const [on, ground] of [
    ['onLight', [255, 255, 255]],
    ['onDark', [31, 31, 31]],
  ] as const) {
    const colors = CURVE_COLORS.map((one) => parseHex(one[on]));
    for (const color of colors) assert.ok(contrast(color, ground) >= 4.5, `${hexOf(color)} ${on}`);
    for (const eye of EYES) {
      const seen = colors.map((color) => seenBy(color, eye));
      seen.forEach((a, i) =>
        seen.forEach((b, j) => {
          const apart = difference(a, b);
          if (i < j) assert.ok(apart >= 12, `${i} and ${j} ${on}: ${apart}`);
        }),
      );
    }
    // Ten tokens, each more probable than the one before: eight have a color each, the two least are thin and gray.
    const probabilities = Array.from({ length: 10 }, (_, i) => Float32Array.of(0.01 * i, 0.02));
    const tokens = probabilities.map((_, id) => ({ id, kind: 'text' as const, text: ' same' }));
    const given = curveColors({ tokens, probabilities }, on);
    assert.equal(given[0], given[1]);
    assert.equal(new Set(given).size, 9);
    assert.equal(given[9], CURVE_COLORS[0][on]);
    // Along another line tokens rank otherwise, some are gone and others are there: each has the color that it had, and none has two's.
    const kept = new Map<string, number>();
    const first = curveColors({ tokens, probabilities }, on, kept);
    const turned = probabilities.map((_, i) => Float32Array.of(i < 2 ? 0.3 : 0.01 * (10 - i)));
    const second = curveColors({ tokens, probabilities: turned }, on, kept);
    for (let i = 2; i < 8; i++) assert.equal(second[i], first[i]);
    assert.equal(new Set(second).size, 9);
    assert.deepEqual(curveColors({ tokens, probabilities: turned }, on, kept), second, 'asked again, the same');
    // Those that were away come back, where they have room, as they were.
    assert.deepEqual(new Set(curveColors({ tokens, probabilities }, on, kept)).size, 9);
  }
});

test('token colors: equal lightness for all slots, darker with probability, told apart', () => {
  for (const name of NAMES) {
    for (const p of [0, 0.25, 0.5, 0.75, 1]) {
      const slots = Array.from({ length: TOKEN_SLOTS }, (_, slot) => tokenColor(name, slot, p));
      const ls = slots.map(lightness);
      assert.ok(Math.max(...ls) - Math.min(...ls) < 0.012, `${name} ${p}: ${Math.min(...ls)} to ${Math.max(...ls)}`);
      assert.equal(new Set(slots.map(hexOf)).size, TOKEN_SLOTS);
    }
    for (const p of [0, 0.5, 1]) {
      const [r, g, b] = tokenGray(name, p);
      assert.ok(r === g && g === b && Math.abs(lightness([r, g, b]) - lightness(tokenColor(name, 7, p))) < 0.012);
    }
    assert.ok(lightness(tokenColor(name, 3, 0.9)) < lightness(tokenColor(name, 3, 0.1)) - 0.3);
  }
});

test('entropy: 0 bits is confident, 12 bits and more are not', () => {
  assert.equal(entropyConfidence(0), 1);
  assert.equal(entropyConfidence(6 * Math.LN2), 0.5);
  assert.equal(entropyConfidence(20), 0);
});

test('property: bordering tokens differ in hue where hues are left, and known slots are kept', () => {
  const random = randomNumbers(9);
  // Texts that would all have the same hue, were they alone.
  const texts = Array.from({ length: 1000 }, (_, i) => `token ${i}`).filter((text) => preferredSlot(text) % 12 === 3);
  for (let i = 0; i < 100; i++) {
    const [columns, rows] = [1 + Math.floor(random() * 10), 1 + Math.floor(random() * 10)];
    const top = Int32Array.from({ length: columns * rows }, () => Math.floor(random() * 9));
    const regions = findRegions(columns, rows, top);
    const text = (id: number | undefined): string => texts[id ?? -1] ?? '';
    const slots = assignSlots(regions, text);
    assert.ok([...slots.values()].every((slot) => Number.isInteger(slot) && slot >= 0 && slot < TOKEN_SLOTS));
    const hue = (cell: number): number => (slots.get(text(top[cell])) ?? NaN) % 12;
    for (let cell = 0; cell < top.length; cell++) {
      // 9 tokens have at most 8 neighbors, so that of 12 hues one is always free.
      if (cell % columns > 0 && top[cell] !== top[cell - 1]) assert.notEqual(hue(cell), hue(cell - 1));
      if (cell >= columns && top[cell] !== top[cell - columns]) assert.notEqual(hue(cell), hue(cell - columns));
    }
    assert.deepEqual(assignSlots(regions, text), slots);
    const known = new Map([
      [text(1), 5],
      [text(2), 5],
      [text(3), 99],
    ]);
    const again = assignSlots(regions, text, known);
    for (const token of [1, 2]) assert.equal(again.get(text(token)), top.includes(token) ? 5 : undefined);
    assert.notEqual(again.get(text(3)), 99);
  }
});

test('a token alone gets its preferred slot, and slots are spread evenly', () => {
  assert.equal(assignSlots(findRegions(1, 1, Int32Array.of(4)), () => ' Paris').get(' Paris'), preferredSlot(' Paris'));
  const counts = new Array<number>(TOKEN_SLOTS).fill(0);
  for (let i = 0; i < 24_000; i++) counts[preferredSlot(` token${i}`)] = (counts[preferredSlot(` token${i}`)] ?? 0) + 1;
  for (const count of counts) assert.ok(count > 700 && count < 1300, `${count}`);
});

test('everybody tells slots apart that are said to be: by CIEDE2000, as people see them who lack a kind of cones', () => {
  const least = Array.from({ length: TOKEN_SLOTS ** 2 }, () => Infinity);
  for (const name of NAMES)
    for (let step = 0; step <= 24; step++)
      for (const eye of EYES) {
        const colors = Array.from({ length: TOKEN_SLOTS }, (_, slot) => seenBy(tokenColor(name, slot, step / 24), eye));
        colors.forEach((a, i) =>
          colors.forEach((b, j) => {
            if (i < j) least[i * TOKEN_SLOTS + j] = Math.min(least[i * TOKEN_SLOTS + j] ?? 0, difference(a, b));
          }),
        );
      }
  let apart = 0;
  for (let i = 0; i < TOKEN_SLOTS; i++)
    for (let j = i + 1; j < TOKEN_SLOTS; j++) {
      const one = least[i * TOKEN_SLOTS + j] ?? 0;
      assert.equal(areApart(i, j), areApart(j, i));
      if (areApart(i, j)) assert.ok(one >= 8, `${i} and ${j}: ${one}`);
      else assert.ok(one < 8.1, `${i} and ${j} are told apart: ${one}`);
      apart += Number(areApart(i, j));
    }
  assert.ok(apart >= 100);
});

test('bordering tokens get colors that everybody tells apart, where none is known yet; other borders are heavy', () => {
  for (const [vocabulary, seed] of [
    [10, 1],
    [30, 4],
    [60, 2],
    [150, 10],
    [1000, 9],
  ] as const) {
    const { columns, rows } = { columns: 40, rows: 40 };
    const top = topTokens(syntheticMap({ columns, rows, vocabulary, seed, topK: 2 }).cells);
    const regions = findRegions(columns, rows, top);
    const text = (token: number): string => ` word ${token}`;
    const heavy = (known: ReadonlyMap<string, number>): number => {
      const slots = assignSlots(regions, text, known);
      const slot = (token: number): number => slots.get(text(token)) ?? -1;
      let count = 0;
      for (const lines of findBorders(columns, rows, top, { alike: (a, b) => !areApart(slot(a), slot(b)) }))
        if (lines.heavy) count += lines.pieces.length;
      return count;
    };
    assert.equal(heavy(new Map()), 0, `${vocabulary} ${seed}`);
    assert.ok(heavy(new Map([...new Set(top)].map((token) => [text(token), token % 3]))) > 0);
  }
});

test('in gray, borders are seen on every color: their ink is far from it in lightness', () => {
  for (const name of NAMES)
    for (const p of [0, 0.25, 0.5, 0.75, 1])
      for (let slot = 0; slot < TOKEN_SLOTS; slot++) {
        const color = tokenColor(name, slot, p);
        const { color: ink, opacity } = isDark(color) ? BORDER.onDark : BORDER.onLight;
        const drawn = parseHex(ink).map((channel, i) => channel * opacity + (color[i] ?? 0) * (1 - opacity));
        const mixed: Rgb = [drawn[0] ?? 0, drawn[1] ?? 0, drawn[2] ?? 0];
        assert.ok(Math.abs(lightness(mixed) - lightness(color)) > 0.2, `${name} ${slot} ${p}`);
      }
});
