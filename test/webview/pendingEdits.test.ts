import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MapController } from '../../src/panel/controller.js';
import type { Intervention } from '../../src/map/interventions.js';
import { DEFAULT_PARAMETERS } from '../../src/map/specification.js';
import type { HostMessage, PageMessage } from '../../src/protocol/page.js';
import type { Listed } from '../../src/protocol/panelSettings.js';
import { PendingEdits } from '../../webview/pendingEdits.js';
import { FakeDependencies, SETTINGS } from './fakeDependencies.js';

type StateMessage = Extract<HostMessage, { type: 'state' }>;

/** Numbers that look random, the same ones every time. */
function* draws(seed: number): Generator<number, never> {
  for (let state = seed; ; state = (Math.imul(state, 1664525) + 1013904223) >>> 0) yield state / 2 ** 32;
}

const HEADS = 9;
const zero = (heads: readonly number[]): Intervention => ({ kind: 'zero', block: 1, part: 'heads', heads });
const headsOf = ({ intervention }: Listed): readonly number[] =>
  intervention.kind === 'zero' ? (intervention.heads ?? []) : [];

for (let seed = 1; seed <= 20; seed++)
  test(`what was set is seen until the host has heard it, however slow it is (${seed})`, async (context) => {
    const random = draws(seed);
    const below = (count: number): number => Math.floor(random.next().value * count);
    const controller = new MapController(new FakeDependencies(), {
      settings: { ...SETTINGS, parameters: { ...DEFAULT_PARAMETERS, interventions: [zero([0])] } },
      run: false,
    });
    context.after(() => controller.dispose(true));
    const edits = new PendingEdits();
    const [asked, answers]: [PageMessage[], StateMessage[]] = [[], []];
    let seen: StateMessage | undefined;
    controller.connect((message) => message.type === 'state' && answers.push(structuredClone(message)));
    const hear = async (): Promise<void> => {
      const message = asked.shift();
      if (message) controller.receive(structuredClone(message));
      await new Promise(setImmediate);
    };
    const look = (): void => {
      const answer = answers.shift();
      if (answer) seen = edits.over(answer);
    };
    controller.receive({ type: 'ready', view: null });
    await hear();
    look();
    assert.ok(seen);
    const [chosen, wanted] = [new Set([0]), { layer: 0, topK: seen.slots.main.settings.parameters.topK }];
    const send = (message: PageMessage): void => {
      asked.push(edits.sent(message));
      seen = edits.now ?? seen;
    };
    const check = (): void => {
      assert.ok(seen);
      const { parameters } = seen.slots.main.settings;
      const sorted = [...chosen].sort((a, b) => a - b);
      assert.deepEqual(seen.state.interventions.map(headsOf), [sorted]);
      assert.deepEqual(parameters.interventions, [zero(sorted)]);
      assert.equal(parameters.topK, wanted.topK);
    };
    for (let step = 0; step < 60; step++) {
      const what = below(5);
      if (what === 0) await hear();
      else if (what === 1) look();
      else if (what === 2) {
        wanted.topK = 2 + below(20);
        send({ type: 'edit', path: 'topK', value: wanted.topK });
      } else {
        // As a person does: from what is seen.
        const now = new Set(seen.state.interventions.flatMap(headsOf));
        const head = 1 + below(HEADS);
        if (!now.delete(head)) now.add(head);
        if (!chosen.delete(head)) chosen.add(head);
        const heads = [...now].sort((a, b) => a - b);
        send({ type: 'interventions', list: [{ on: true, intervention: zero(heads) }] });
      }
      check();
    }
    while (asked.length > 0) await hear();
    while (answers.length > 0) look();
    check();
    assert.equal(edits.now, undefined);
    assert.deepEqual(controller.settings.parameters.interventions, [zero([...chosen].sort((a, b) => a - b))]);
  });

test('what the host refuses is seen no longer than until it says so', async (context) => {
  const deps = new FakeDependencies();
  const controller = new MapController(deps, { settings: SETTINGS, run: false });
  context.after(() => controller.dispose(true));
  const edits = new PendingEdits();
  const answers: StateMessage[] = [];
  controller.connect((message) => message.type === 'state' && answers.push(message));
  controller.receive({ type: 'ready', view: null });
  await new Promise(setImmediate);
  for (const answer of answers.splice(0)) edits.over(answer);
  controller.receive(edits.sent({ type: 'edit', path: 'batchSize', value: 2.5 }));
  assert.equal(edits.now?.slots.main.settings.batchSize, 2.5);
  await new Promise(setImmediate);
  const last = answers.map((answer) => edits.over(answer)).at(-1);
  assert.equal(last?.slots.main.settings.batchSize, SETTINGS.batchSize);
});
