import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Renewed } from '../../src/engine/renewed.js';
import { Session, Tensor } from '../../src/engine/session.js';
import { heard, withNumbers, withWitness } from '../../src/engine/witness.js';
import { Fault } from '../../src/map/fault.js';
import { DataType, Graph, node, valueInfo } from '../../src/onnx/graph.js';

const doubled = Graph.of(
  {
    node: [node('Add', ['x', 'x'], ['y'])],
    initializer: [],
    input: [valueInfo('x', DataType.FLOAT, ['n'])],
    output: [valueInfo('y', DataType.FLOAT, ['n'])],
    valueInfo: [],
  },
  new Map([['', 13]]),
  8n,
);

/** A number in TF32: 10 bits behind the leading one, to the nearest. */
function inTf32(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer);
  bits[0] = ((bits[0] ?? 0) + 0x1000) & 0xffffe000;
  return new Float32Array(bits.buffer)[0] ?? NaN;
}

test('a product beside a graph is whole in float32, is not in TF32, and leaves the graph as it is', async () => {
  const session = await Session.create(withWitness(doubled), { folder: '' }, { provider: 'cpu', prepack: false });
  const x = new Tensor('float32', Float32Array.of(1, 2.5), [2]);
  const all = await session.run(withNumbers({ x }));
  const { results, full } = heard(all);
  assert.deepEqual(Object.keys(results), ['y']);
  assert.deepEqual(results.y?.data, Float32Array.of(2, 5));
  assert.equal(full, true);
  const factors = Object.entries(withNumbers({ x })).filter(([name]) => name !== 'x');
  const rounded = factors.map(([name, { data, dims }]): [string, Tensor] => [
    name,
    new Tensor('float32', (data as Float32Array).map(inTf32), dims),
  ]);
  assert.equal(heard(await session.run({ x, ...Object.fromEntries(rounded) })).full, false);
  assert.equal(heard({ y: x }).full, false, 'a witness that is not there says nothing');
  await session.release();
});

/** Opens things of which some give what cannot be trusted. */
function things(good: (opened: number) => boolean): {
  readonly opened: () => number;
  readonly held: Set<number>;
  readonly open: () => Promise<{ readonly work: () => Promise<boolean>; readonly release: () => Promise<void> }>;
} {
  let count = 0;
  const held = new Set<number>();
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    opened: () => count,
    held,
    open: async () => {
      await turn();
      const one = count++;
      held.add(one);
      return {
        work: async () => {
          await turn();
          assert.ok(held.has(one), 'one that was released is used');
          return good(one);
        },
        release: async () => {
          await Promise.resolve();
          assert.ok(held.delete(one), 'one is released twice');
        },
      };
    },
  };
}

test('what gives what cannot be trusted is opened anew, and no other work is lost by it', async () => {
  const { open, opened, held } = things((one) => one >= 3);
  const renewed = new Renewed(await open(), open);
  const isTrusted = (done: boolean): boolean => done;
  const uses = [0, 1, 2, 3, 4].map(() => renewed.use((one) => one.work(), isTrusted));
  assert.deepEqual(await Promise.all(uses), [true, true, true, true, true]);
  assert.deepEqual([opened(), [...held]], [4, [3]]);
  assert.equal(await renewed.use((one) => one.work(), isTrusted), true);
  assert.equal(opened(), 4, 'one that is good stays');
  await renewed.release();
  assert.equal(held.size, 0);
});

test('where none can be trusted that is said, and none is left behind', async () => {
  const { open, held } = things(() => false);
  const renewed = new Renewed(await open(), open);
  await assert.rejects(
    renewed.use(
      (one) => one.work(),
      (done) => done,
    ),
    (error) => error instanceof Fault && error.code === 'device',
  );
  await renewed.release();
  assert.equal(held.size, 0);
});

test('what cannot be opened anew is said, and is opened when it is asked again', async () => {
  const { open, held } = things((one) => one > 0);
  let refuses = true;
  const renewed = new Renewed(await open(), async () => {
    if (refuses) throw new Fault({ code: 'memory', message: 'There is no room.' });
    return open();
  });
  const use = (): Promise<boolean> =>
    renewed.use(
      (one) => one.work(),
      (done) => done,
    );
  const both = await Promise.allSettled([use(), use()]);
  assert.deepEqual(
    both.map((one) => one.status === 'rejected' && Fault.from(one.reason).code),
    ['memory', 'memory'],
  );
  assert.equal(held.size, 0);
  refuses = false;
  assert.equal(await use(), true);
  await renewed.release();
  assert.equal(held.size, 0);
});
