import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import type { CellSource } from '../../src/engine/cellSource.js';
import { checkWay } from '../../src/engine/checks.js';
import { computeMap } from '../../src/engine/client.js';
import { Grounds } from '../../src/engine/grounds.js';
import { Model } from '../../src/engine/model/model.js';
import { planOf, readParameters } from '../../src/engine/reading.js';
import { Session } from '../../src/engine/session.js';
import { Fault } from '../../src/map/fault.js';
import { DEFAULT_PARAMETERS, type MapParameters } from '../../src/map/specification.js';
import './inProcess.js';
import { withEngineHere } from './engineHere.js';
import { llama, random, seededWeights, TINY } from './llama.js';
import { temporaryFolder } from './temporary.js';

/** What an engine keeps makes room for what is asked next; nobody who asks meets that. */

const LAYERS = 7;
const path = join(temporaryFolder(), 'seven.onnx');
writeFileSync(path, llama({ ...TINY, blocks: LAYERS }, seededWeights(3)).toBytes());

const PARAMETERS: MapParameters = {
  ...DEFAULT_PARAMETERS,
  grid: { columns: 3, rows: 3, spacing: 0.7, center: [0.3, -0.2] },
  topK: 3,
};
const CELLS = Int32Array.from({ length: 9 }, (_, i) => i);
const PROMPTS: readonly MapParameters['context'][] = [
  { kind: 'none' },
  { kind: 'tokens', ids: [5, 9, 2, 7], position: 3 },
  { kind: 'tokens', ids: [5, 9, 2, 7], position: 1 },
];
const at = <T>(some: readonly T[], share: number): T => {
  const one = some[Math.floor(((share + 1) / 2) * some.length)] ?? some[0];
  assert.ok(one !== undefined);
  return one;
};
/** Maps that are no three rows. */
const MAPS = PROMPTS.flatMap((context) =>
  [0, 1, 2, 3, 4, 5].map((layer): MapParameters => ({ ...PARAMETERS, context, layer })),
);

const model = Model.open(path, 'cpu');
const grounds = Grounds.of(model);
after(() => grounds.release());
const { variant } = grounds.plain;
const sourceOf = async (parameters: MapParameters): Promise<CellSource> => {
  const reading = await readParameters({ model, grounds }, parameters);
  return reading.ground.sources.eachCell(reading, parameters, 9, () => undefined);
};

test('cells come the same, whatever was made, run and put away since their way was had', async () => {
  const truth = new Map<MapParameters, unknown>();
  for (const parameters of MAPS) truth.set(parameters, await (await sourceOf(parameters)).cells(CELLS));
  for (let seed = 1; seed <= 2; seed++) {
    const next = random(seed);
    const held: { readonly parameters: MapParameters; readonly source: CellSource }[] = [];
    const running: Promise<void>[] = [];
    const run = async ({ parameters, source }: (typeof held)[number]): Promise<void> =>
      assert.deepEqual(await source.cells(CELLS), truth.get(parameters), `seed ${seed}`);
    const make = async (): Promise<void> => {
      const parameters = at(MAPS, next());
      held.push({ parameters, source: await sourceOf(parameters) });
    };
    await make();
    for (let i = 0; i < 40; i++) {
      const what = next();
      if (what < -0.5) running.push(make());
      else if (what < 0.4) running.push(run(at(held, next())));
      else if (what < 0.6) running.push(variant.release());
      else await Promise.all(running.splice(0));
    }
    await Promise.all(running);
    for (const one of held) await run(one);
  }
  await variant.release();
  assert.equal(await variant.heldBytes(), 0, 'all is given back');
});

/** Sessions that are opened and shut from now on. */
function counted(t: TestContext): { readonly opened: number; readonly open: number } {
  const created = t.mock.method(Session, 'create').mock;
  const released = t.mock.method(Session.prototype, 'release').mock;
  return {
    get opened() {
      return created.callCount();
    },
    get open() {
      return created.callCount() - released.callCount();
    },
  };
}

test('the check of a way that is open opens the whole model, and no other', async (t) => {
  const reading = await readParameters({ model, grounds }, { ...PARAMETERS, context: at(PROMPTS, 0), layer: 2 });
  const plan = await planOf(model, reading.parameters);
  await variant.runner(plan);
  const sessions = counted(t);
  await checkWay(variant, plan);
  assert.equal(sessions.opened, 1);
});

test('another prompt at the same layer opens nothing', async (t) => {
  const cells = async (...ids: readonly number[]): Promise<unknown> => {
    const prompt = { kind: 'tokens', ids } as const;
    const plane = { ...PARAMETERS.plane, center: prompt };
    return (await sourceOf({ ...PARAMETERS, context: prompt, plane, layer: 3 })).cells(CELLS);
  };
  const first = await cells(1, 2, 3);
  const sessions = counted(t);
  for (const id of [4, 5, 6]) assert.notDeepEqual(await cells(1, 2, 3, id), first);
  assert.equal(sessions.opened, 0);
});

test('few sessions stay open that nobody holds, all in their share of the memory, and none in the end', async (t) => {
  const sessions = counted(t);
  const left = async (bytes: number): Promise<{ readonly open: number; readonly held: number }> => {
    const { variant } = Grounds.of(Model.open(path, 'cpu', { bytes, isLimit: true })).plain;
    const before = sessions.open;
    const tensors = Array.from({ length: LAYERS }, (_, layer) => variant.residualAt(layer));
    for (const tensor of tensors) await variant.states([1, 2, 3], [tensor], []);
    for (const [i, tensor] of tensors.entries()) await variant.states([1, 2, 3], [tensor, ...tensors.slice(0, i)], []);
    const found = { open: sessions.open - before, held: await variant.heldBytes() };
    await Promise.all([variant.states([1, 2, 3], tensors, []), variant.release()]);
    await variant.release();
    assert.equal(sessions.open, before);
    assert.equal(await variant.heldBytes(), 0);
    return found;
  };
  const most = await left(2 ** 30);
  const share = most.held / 2;
  const some = await left(16 * share);
  assert.ok(some.open > 0 && some.open < most.open && most.open < LAYERS + 2, JSON.stringify({ some, most }));
  assert.ok(some.held <= share);
  assert.equal((await left(1000)).open, 0);
});

test('lenses, maps and points, cancelled or not, come in any order', async () => {
  await withEngineHere(async (engine) => {
    await engine.call('open', { path, device: 'cpu', checksBehind: true });
    const next = random(9);
    const told = new Map<string, string>();
    const ended: Promise<void>[] = [];
    let answered = 0;
    for (let i = 0; i < 40; i++) {
      const parameters = at(MAPS.slice(6), next());
      const aborted = new AbortController();
      const { signal } = aborted;
      const kind = at(['map', 'early', 'only', 'lens', 'point'] as const, next());
      const asked = async (): Promise<unknown> => {
        if (kind === 'lens') {
          const lens = { ...parameters, readout: 'lens', layer: 'last' } as const;
          const { ids, probabilities } = await engine.call('lens', { parameters: lens, batchSize: 7 }, { signal });
          return { ids, probabilities };
        }
        if (kind === 'point') {
          const { ids } = await engine.call('point', { parameters, x: 0, y: 0 }, { signal });
          return ids;
        }
        const more = kind === 'only' ? { only: Int32Array.of(0, 4) } : kind === 'early' ? { early: true as const } : {};
        return (await computeMap(engine, { parameters, batchSize: 2, ...more }, { signal })).cells;
      };
      const key = JSON.stringify([kind === 'early' ? 'map' : kind, parameters]);
      ended.push(
        asked().then(
          (answer) => {
            answered++;
            const now = JSON.stringify(answer);
            assert.equal(now, told.get(key) ?? now, `${kind}: another answer than before`);
            told.set(key, now);
          },
          (error: unknown) => assert.equal(Fault.from(error).code, 'cancelled', `${kind}: ${String(error)}`),
        ),
      );
      if (next() > 0.2) setTimeout(() => aborted.abort(), 10 * (1 + next()));
      if (next() > 0.3) await ended.at(-1);
    }
    await Promise.all(ended);
    assert.ok(answered > 5, `${answered} answered`);
  });
});
