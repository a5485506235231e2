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

test('it is offered once a window', () => {
  const workspace = memory();
  new LastMap(workspace).remember('A · layer 3', SETTINGS);
  const window = new LastMap(workspace);
  assert.equal(window.offer()?.title, 'A · layer 3');
  assert.equal(window.offer(), undefined);
  assert.ok(window.get());
});

test('what another version kept is left', () => {
  for (const kept of ['{"title":"A","settings":{"modelPath":3}}', '{}', '3', 'null'])
    assert.equal(new LastMap(memory({ lastMap: kept })).get(), undefined);
});
