import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../../src/map/fault.js';
import { aligned } from '../../src/map/lens/beside.js';
import { lensCells, type LensTable } from '../../src/map/lens/lensTable.js';
import { DEFAULT_PARAMETERS, type MapParameters } from '../../src/map/specification.js';
import type { Engine } from '../../src/engine/client.js';
import { LensView } from '../../src/panel/lensView.js';
import type { LensParams } from '../../src/protocol/lens.js';
import type { HostMessage } from '../../src/protocol/page.js';
import type { PanelSettings } from '../../src/protocol/panelSettings.js';
import { syntheticLens } from '../map/syntheticLens.js';
import { DESCRIPTION } from '../webview/fakeEngine.js';

const SETTINGS: PanelSettings = {
  modelPath: '/m',
  parameters: DEFAULT_PARAMETERS,
  device: 'cpu',
  batchSize: 100,
  compare: null,
  sweep: false,
  lens: { prompt: { kind: 'prompt', text: 'The old man' }, token: null, beside: [] },
  profile: null,
  sae: null,
  shelf: [],
};

/** A lens view; `answer` answers the engine's requests, by default with a synthetic lens. */
function started(answer = (params: LensParams): LensTable => syntheticLens(params, DESCRIPTION)) {
  const asked: MapParameters[] = [];
  const tables: (LensTable | null)[] = [];
  const beside: (readonly LensTable[])[] = [];
  let changes: () => void = () => undefined;
  const engine = {
    call: (_: string, params: LensParams) => {
      asked.push(params.parameters);
      return new Promise((resolve, reject) =>
        setImmediate(() => {
          try {
            resolve(answer(params));
          } catch (error) {
            reject(Fault.from(error));
          }
        }),
      );
    },
  } as unknown as Pick<Engine, 'call'>;
  const view = new LensView({
    lease: () =>
      Promise.resolve({
        engine,
        description: DESCRIPTION,
        ended: new Promise(() => undefined),
        current: () => Promise.resolve(true),
        release: () => undefined,
      }),
    send: (message: HostMessage) => {
      if (message.type !== 'lens') return;
      tables.push(message.lenses?.[0] ?? null);
      beside.push(message.lenses ?? []);
    },
    onChange: () => changes(),
  });
  /** Nothing is read any more, after so many were. */
  const idle = (count = 1): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (view.state?.running !== true && asked.length >= count) resolve();
        else changes = look;
      };
      look();
    });
  return { view, asked, tables, beside, idle };
}

test('a lens is read with the panel’s readout, or the logit lens; its plane and layer play no part', async () => {
  const { view, asked, tables, idle } = started();
  view.follow(SETTINGS);
  await idle();
  assert.equal(tables.at(-1)?.positions.length, 3);
  assert.equal(asked[0]?.readout, 'lens');
  const { parameters } = SETTINGS;
  // Another layer and another plane have the same lens; another readout and interventions have not.
  view.follow({ ...SETTINGS, parameters: { ...parameters, layer: 1, grid: { ...parameters.grid, columns: 7 } } });
  assert.equal(view.state?.running, false);
  assert.equal(asked.length, 1);
  view.follow({ ...SETTINGS, parameters: { ...parameters, readout: 'unembed' } });
  await idle(2);
  assert.deepEqual(
    asked.map(({ readout }) => readout),
    ['lens', 'unembed'],
  );
  view.follow({ ...SETTINGS, lens: null });
  assert.equal(view.state, null);
  assert.equal(tables.at(-1), null);
});

test('several lenses are read beside each other, the model itself as a row of its own', async () => {
  const { view, asked, beside, idle } = started();
  const prompt = { kind: 'prompt', text: 'The old man' } as const;
  view.follow({ ...SETTINGS, lens: { prompt, token: null, beside: ['forward', 'tuned:/lenses/a', 'jacobian:/j.pt'] } });
  await idle();
  assert.deepEqual(
    asked.map(({ readout, translator }) => [readout, translator?.path ?? null]),
    [
      ['lens', null],
      ['lens', null],
      ['tuned', '/lenses/a'],
      ['jacobian', '/j.pt'],
    ],
  );
  const [lens, own, tuned] = beside.at(-1) ?? [];
  assert.ok(lens && own && tuned);
  assert.deepEqual([own.parameters.readout, own.layers], ['forward', lens.layers.slice(-1)]);
  const rows = aligned([own, lens]);
  assert.deepEqual(rows[0]?.layers, lens.layers);
  const last = lens.layers.length - 1;
  const [a, b] = rows.map(lensCells);
  for (const [column] of lens.positions.entries()) {
    assert.deepEqual(a?.(last, column), b?.(last, column));
    assert.deepEqual(a?.(0, column).top, [], 'of an early layer the model itself says nothing');
  }
});

test('a fault is told; the lens of an engine that died is read again with the next map', async () => {
  let dead = true;
  const { view, tables, idle, asked } = started((params) => {
    if (dead) throw new Fault({ code: 'engine-died', message: 'The engine ended.' });
    return syntheticLens(params, DESCRIPTION);
  });
  view.follow(SETTINGS);
  await idle();
  assert.equal(view.state?.fault?.code, 'engine-died');
  assert.equal(tables.at(-1), null);
  dead = false;
  view.follow(SETTINGS);
  await idle();
  assert.equal(view.state.fault, null);
  assert.ok(tables.at(-1));
  assert.equal(asked.length, 2);
});
