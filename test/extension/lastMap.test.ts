import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LastMap } from '../../src/extension/lastMap.js';
import { DEFAULT_PARAMETERS } from '../../src/map/specification.js';
import type { PanelSettings } from '../../src/protocol/panelSettings.js';

/** A workspace's memory, which holds JSON. */
function memory(kept: Record<string, string> = {}) {
  return {
    keys: () => Object.keys(kept),
    get: (key: string) => (kept[key] === undefined ? undefined : (JSON.parse(kept[key]) as unknown)),
    update: (key: string, value: unknown) => Promise.resolve(void (kept[key] = JSON.stringify(value))),
  } as ConstructorParameters<typeof LastMap>[0];
}
const SETTINGS: PanelSettings = {
  modelPath: '/models/a',
  parameters: { ...DEFAULT_PARAMETERS, context: { kind: 'prompt', text: 'The sea' } },
  device: 'cpu',
  batchSize: 50,
  compare: null,
  sweep: false,
  lens: null,
  profile: null,
  sae: null,
  shelf: [],
};

test('the map of the panel that was closed last comes back with its model and parameters', () => {
  const workspace = memory();
  const before = new LastMap(workspace);
  assert.equal(before.get(), undefined);
  before.remember('A · layer 1', { ...SETTINGS, modelPath: '/models/b' });
  before.remember('A · layer 3', SETTINGS);
  before.remember('Embedding Grid', { ...SETTINGS, modelPath: null }); // a panel without a model has no map
  assert.deepEqual(new LastMap(workspace).get(), { title: 'A · layer 3', start: SETTINGS });
});

test('it is offered once a window, and one that was closed in it is offered there', () => {
  const workspace = memory();
  const window = new LastMap(workspace);
  assert.equal(window.offer(), undefined); // the first panel of all
  window.remember('A · layer 3', SETTINGS);
  assert.equal(window.offer()?.title, 'A · layer 3');
  assert.equal(window.offer(), undefined);
  const next = new LastMap(workspace);
  assert.equal(next.offer()?.title, 'A · layer 3');
  assert.equal(next.offer(), undefined);
  assert.ok(next.get());
  next.remember('A · layer 4', SETTINGS);
  assert.equal(next.offer(SETTINGS), undefined); // it is what the new panel shows
  assert.equal(next.offer({ ...SETTINGS, modelPath: '/models/b' })?.title, 'A · layer 4');
});

test('what another version kept is left', () => {
  for (const kept of ['{"title":"A","settings":{"modelPath":3}}', '{}', '3', 'null'])
    assert.equal(new LastMap(memory({ lastMap: kept })).get(), undefined);
});
