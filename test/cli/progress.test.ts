import assert from 'node:assert/strict';
import { test } from 'node:test';
import { progressBar, progressLines } from '../../src/cli/progress.js';

/** A clock that is set by hand, and an output that keeps what it gets. */
function bench(): { clock: { now: number }; lines: string[]; write: (text: string) => void } {
  const lines: string[] = [];
  return { clock: { now: 0 }, lines, write: (text) => void lines.push(text) };
}

test('a bar is drawn over itself, ten times a second at most, within the terminal’s width', () => {
  const { clock, lines, write } = bench();
  const bar = progressBar({ write, columns: 60 }, { now: () => clock.now });
  bar.update(500, 2500, null);
  clock.now = 50;
  bar.update(600, 2500, 12.3);
  clock.now = 120;
  bar.update(1250, 2500, 12.3);
  bar.update(2500, 2500, 0);
  bar.clear();
  const ESC = '\u001B';
  assert.equal(lines.length, 4);
  for (const line of lines) assert.ok(line.startsWith('\r') && line.endsWith(`${ESC}[K`));
  for (const line of lines) assert.ok(line.length - 4 < 60, line);
  assert.match(lines[0] ?? '', /━─+ 20% · 500 of 2,500 cells/);
  assert.match(lines[1] ?? '', / 50% · 1,250 of 2,500 cells · about 12 s left/);
  assert.match(lines[2] ?? '', /━ 100% /);
  assert.equal(lines[3], `\r${ESC}[K`);
});

test('lines come for tenths, a second apart', () => {
  const { clock, lines, write } = bench();
  const progress = progressLines({ write }, { now: () => clock.now });
  for (let done = 1; done <= 1000; done++) {
    clock.now += 5;
    progress.update(done, 1000, null);
  }
  assert.deepEqual(lines, [
    '20% · 200 of 1,000 cells\n',
    '40% · 400 of 1,000 cells\n',
    '60% · 600 of 1,000 cells\n',
    '80% · 800 of 1,000 cells\n',
    '100% · 1,000 of 1,000 cells\n',
  ]);
});
