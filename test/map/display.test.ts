import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  countLetters,
  DISPLAY_LIMIT,
  safeText,
  segmentsText,
  tokenSegments,
  tokenSpoken,
  tokenText,
  truncateSegments,
} from '../../src/map/display.js';
import type { Token } from '../../src/map/token.js';
import { randomNumbers } from './syntheticMap.js';

const text = (value: string): Token => ({ id: 7, kind: 'text', text: value });

test('what is visible stays as it is, and nothing is trimmed', () => {
  assert.equal(tokenText(text('Paris')), 'Paris');
  assert.equal(tokenText(text(' Paris')), '␣Paris');
  assert.equal(tokenText(text('  a  ')), '␣␣a␣␣');
  assert.equal(tokenText(text('नमस्ते')), 'नमस्ते');
  assert.equal(tokenText(text('日本語 😀')), '日本語␣😀');
  assert.equal(tokenText({ id: 0, kind: 'special', text: '<|endoftext|>' }), '<|endoftext|>');
});

test('what cannot be seen gets a stand-in', () => {
  const cases: [string, string][] = [
    ['\n', '⏎'],
    ['\r\n', '␍⏎'],
    ['\t', '⇥'],
    ['\u00A0', '⍽'],
    ['a\u200Bb', 'aU+200Bb'],
    ['\0', 'U+0000'],
    ['\u001B[31m', 'U+001B[31m'],
    ['\u009B', 'U+009B'],
    ['\u202Eevil', 'U+202Eevil'],
    ['\u2066x\u2069', 'U+2066xU+2069'],
    ['\uFEFF', 'U+FEFF'],
    ['\u3000', 'U+3000'],
    ['\u2800', 'U+2800'],
    ['\uE000', 'U+E000'],
    ['\u{F0000}', 'U+F0000'],
    ['\uD83D', 'U+D83D'],
    ['x\uDE00', 'xU+DE00'],
    ['\u3164', 'U+3164'],
    ['❤\uFE0F', '❤U+FE0F'],
  ];
  for (const [token, shown] of cases) assert.equal(tokenText(text(token)), shown);
});

test('a mark without a letter stands on a dotted circle, and marks do not pile up', () => {
  assert.equal(tokenText(text('\u0301')), '◌\u0301');
  assert.equal(tokenText(text(' \u0301')), '␣◌\u0301');
  assert.equal(tokenText(text('e\u0301')), 'e\u0301');
  const pile = tokenText(text(`e${'\u0301'.repeat(30)}`));
  assert.ok(!pile.includes('\u0301'.repeat(5)), pile);
});

test('bytes and unknown tokens are stand-ins as a whole', () => {
  assert.deepEqual(tokenSegments({ id: 5, kind: 'bytes', text: '0xE2 0x80' }), [
    { kind: 'glyph', text: '0xE2 0x80', name: 'bytes 0xE2 0x80' },
  ]);
  assert.equal(tokenText({ id: 123, kind: 'unknown', text: '#123' }), '#123');
  assert.equal(tokenText(text('')), '#7');
});

test('a long token is cut for display only', () => {
  const shown = tokenText(text('long'.repeat(2500)));
  assert.equal(Array.from(shown).length, DISPLAY_LIMIT + 1);
  assert.ok(shown.endsWith('…'));
  assert.equal(tokenText(text('a'.repeat(DISPLAY_LIMIT))), 'a'.repeat(DISPLAY_LIMIT));
});

test('a token is read out in words', () => {
  assert.equal(tokenSpoken(text(' Paris')), 'space Paris');
  assert.equal(tokenSpoken(text('\n\n')), 'newline newline');
});

test('property: whatever a token holds, its line is visible and safe, and different short tokens look different', () => {
  const random = randomNumbers(11);
  const pick = (): string => {
    const sources = [
      0x20, 0x41, 0x9b, 0x00, 0x0a, 0xa0, 0x301, 0x200e, 0x202e, 0x2066, 0xd800, 0xdfff, 0x1f600, 0x5d0, 0x2423,
    ];
    return random() < 0.7
      ? String.fromCodePoint(sources[Math.floor(random() * sources.length)] ?? 0x41)
      : String.fromCodePoint(Math.floor(random() * 0x110000));
  };
  const seen = new Map<string, string>();
  for (let i = 0; i < 20_000; i++) {
    const token = Array.from({ length: 1 + Math.floor(random() * 4) }, pick).join('');
    const shown = tokenText(text(token));
    assert.match(shown, /\S/);
    assert.doesNotMatch(shown, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u, JSON.stringify(token));
    const before = seen.get(shown);
    assert.ok(
      before === undefined || before === token,
      `${JSON.stringify(before)} and ${JSON.stringify(token)}: ${shown}`,
    );
    seen.set(shown, token);
  }
});

test('truncation counts letters as people do and keeps stand-ins', () => {
  const segments = tokenSegments(text(' e\u0301te\u0301s\n'));
  assert.equal(countLetters(segments), 4);
  assert.equal(segmentsText(truncateSegments(segments, 2)), '␣e\u0301t…');
  assert.equal(truncateSegments(segments, 4), segments);
});

test('names and prompts become one safe line with their spaces as they are', () => {
  assert.equal(safeText('The capital of\nFrance\u202E is'), 'The capital of⏎FranceU+202E is');
  assert.equal(safeText('x'.repeat(500), 10), `${'x'.repeat(10)}…`);
});
