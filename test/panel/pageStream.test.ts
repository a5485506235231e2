import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { PageStream } from '../../src/panel/pageStream.js';
import type { HostMessage } from '../../src/protocol/page.js';

const LONG_MS = 10_000;

/** A stream, what it has posted, and a clock that stands still. */
function start(context: TestContext) {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const posted: HostMessage[] = [];
  const stream = new PageStream((message) => posted.push(message));
  const cell = (index: number, more: { filled?: true } = {}): void => {
    const batch = {
      indices: Int32Array.of(index),
      ids: Int32Array.of(7),
      probabilities: Float32Array.of(0.5),
      entropy: Float32Array.of(1),
      ...more,
    };
    stream.cells('main', 1, batch, []);
    stream.progress('main', {
      phase: 'cells',
      done: index + 1,
      total: 9,
      stride: 1,
      secondsLeft: null,
      seconds: 0,
      cell: index,
    });
  };
  /** What was posted since the last time: cells by their indices, anything else by its type. */
  const news = (): unknown[] =>
    posted.splice(0).map((message) => (message.type === 'cells' ? [...message.batch.indices] : message.type));
  const wait = (): void => context.mock.timers.tick(LONG_MS);
  return { stream, cell, news, wait };
}

test('cells that come together cross together, with the progress that counts them', (context) => {
  const { cell, news, wait } = start(context);
  cell(0);
  cell(1);
  assert.deepEqual(news(), []);
  wait();
  assert.deepEqual(news(), [[0, 1], 'progress']);
});

test('a page that has not drawn yet gets no more cells, and all that waited once it has', (context) => {
  const { stream, cell, news, wait } = start(context);
  cell(0);
  wait();
  news();
  cell(1);
  wait();
  cell(2);
  wait();
  assert.deepEqual(news(), []);
  stream.drawn();
  wait();
  assert.deepEqual(news(), [[1, 2], 'progress']);
});

test('anything else comes at once, behind the cells before it', (context) => {
  const { stream, cell, news, wait } = start(context);
  cell(0);
  wait();
  cell(1);
  news();
  stream.send({ type: 'map', slot: 'main', map: null });
  assert.deepEqual(news(), [[1], 'progress', 'map']);
});

test('a page that comes anew is not waited for', (context) => {
  const { stream, cell, news, wait } = start(context);
  cell(0);
  wait();
  cell(1);
  news();
  stream.drop();
  wait();
  assert.deepEqual(news(), []);
  cell(2);
  wait();
  assert.deepEqual(news(), [[2], 'progress']);
});

test('cells that were filled in do not cross among computed ones', (context) => {
  const { stream, cell, news, wait } = start(context);
  cell(0);
  cell(1, { filled: true });
  assert.deepEqual(news(), [[0], 'progress']);
  cell(2, { filled: true });
  stream.drawn();
  wait();
  assert.deepEqual(news(), [[1, 2], 'progress']);
});
