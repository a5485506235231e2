import assert from 'node:assert/strict';
import { suite } from 'node:test';
import { contextOf, DEFAULT_PARAMETERS, type MapParameters } from '../../src/map/specification.js';
import { leftOut } from '../vscode/support/places.js';
import type { TokenMap } from '../../src/map/tokenMap.js';
import { defaultMap, DESCRIPTION } from './fakeEngine.js';
import { eventually, type Stage, usePages } from './stage.js';

const NAME = DESCRIPTION.reference.name;

suite('What the line at the map says', { concurrency: 2, skip: leftOut(), timeout: 240_000 }, () => {
  const onPage = usePages();
  const said = (stage: Stage): Promise<string> => stage.page.locator('.map-area .map-note').innerText();
  /** How strongly the map is seen, 0 to 1; the line itself is always seen in full. */
  const strength = (stage: Stage): Promise<number> =>
    stage.page.evaluate(() => {
      const opacities = [...document.querySelectorAll('.map-area > :not(.map-note)')].map((element) =>
        Number(getComputedStyle(element).opacity),
      );
      return Math.max(...opacities);
    });

  onPage(
    'a map whose settings are others by now is dimmed and says whose it is',
    { engine: { seconds: 60 } },
    async (stage) => {
      assert.equal(await said(stage), '');
      assert.equal(await strength(stage), 1);
      // A first pass follows the change; it has not come yet.
      stage.deps.engine.stopAt(0);
      await stage.type('Layer number', '23');
      await eventually(async () => {
        assert.equal(await said(stage), `Map of ${NAME}, layer 29 · until the first cells of the new one`);
        assert.ok((await strength(stage)) < 0.5);
      });
      await stage.button('Cancel').click();
      await eventually(async () =>
        assert.equal(await said(stage), `Map of ${NAME}, layer 29 · parameters changed since`),
      );
      stage.deps.engine.stopAt(Infinity);
      await stage.button('Generate').click();
      await stage.status(/layer 23 of/);
      assert.equal(await said(stage), '');
      assert.equal(await strength(stage), 1);
      // A tab that asks what this map was not: what its colors tell is said.
      stage.deps.engine.stopAt(0);
      await stage.page.getByRole('tab', { name: 'Question' }).click();
      await eventually(async () =>
        assert.match(await said(stage), /Colors show the probability: this map was asked no question/),
      );
      await stage.page.getByRole('tab', { name: 'Probability' }).click();
      // The same words stand at the table of the cells.
      await stage.button('More Actions').click();
      await stage.page.getByRole('menuitem', { name: 'Show Cells as Table' }).click();
      const table = stage.page.getByRole('region', { name: 'Cells' });
      await table.getByText(`Map of ${NAME}, layer 23 · until the first cells of the new one`).waitFor();
    },
  );

  const PARIS = 'The capital of France is';
  const around = (text: string): Partial<MapParameters> => ({
    plane: { ...DEFAULT_PARAMETERS.plane, center: { kind: 'prompt', text } },
  });

  onPage(
    'the context follows prompt A; another one is named at the map',
    { parameters: around(PARIS) },
    async (stage) => {
      const settings = () => stage.deps.engine.asked.at(-1)?.parameters;
      assert.equal(await said(stage), '');
      await stage.type('Prompt of the center', 'The capital of Japan is');
      await stage.page.keyboard.press('Tab');
      await eventually(() => {
        const { context, plane } = settings() ?? DEFAULT_PARAMETERS;
        assert.deepEqual(contextOf({ context, plane }), { kind: 'prompt', text: 'The capital of Japan is' });
      });
      await eventually(async () => assert.equal(await said(stage), ''));
      await stage.page.locator('.group-header', { hasText: 'Context' }).click();
      await stage.choose('Context', 'Prompt');
      // The same prompt still, but its own from now on.
      await stage.type('Prompt', PARIS);
      await stage.page.keyboard.press('Tab');
      await eventually(async () => assert.equal(await said(stage), `Context: “${PARIS}”, not prompt A`));
      await stage.choose('Context', 'None');
      await eventually(async () => assert.equal(await said(stage), 'Context: none, not prompt A'));
      await stage.choose('Context', 'Prompt A');
      await eventually(async () => assert.equal(await said(stage), ''));
      assert.equal(settings()?.context.kind, 'center');
    },
  );

  onPage(
    'what is typed right after a choice is taken, before the page has drawn a frame',
    { parameters: around(PARIS) },
    async (stage) => {
      const typed: readonly {
        readonly choice: string;
        readonly option: string;
        readonly field: string;
        readonly text: string;
        readonly taken: (parameters: MapParameters) => unknown;
        readonly is: unknown;
      }[] = [
        {
          ...{ choice: 'Context', option: 'prompt', field: 'Prompt', text: 'The capital of Peru is' },
          taken: ({ context }) => context,
          is: { kind: 'prompt', text: 'The capital of Peru is' },
        },
        {
          ...{ choice: 'Context', option: 'tokens', field: 'Token ids', text: '4 5 6' },
          taken: ({ context }) => context,
          is: { kind: 'tokens', ids: [4, 5, 6] },
        },
        {
          ...{ choice: 'Method', option: 'random_projection', field: 'Seed', text: '123' },
          taken: ({ plane }) => plane.axes,
          is: { method: 'random_projection', seed: 123 },
        },
        {
          ...{ choice: 'Method', option: 'pca_basis', field: 'Texts, one a line', text: 'One\nTwo\nThree' },
          taken: ({ plane }) => plane.axes.method === 'pca_basis' && plane.axes.texts,
          is: ['One', 'Two', 'Three'],
        },
      ];
      await stage.page.locator('.group-header', { hasText: 'Context' }).click();
      await stage.settled();
      for (const { choice, option, field, text, taken, is } of typed) {
        await stage.page.evaluate(
          ([chosen, value, name, content]) => {
            const set = (label: string, to: string, event: string): void => {
              const element = [
                ...document.querySelectorAll<HTMLElement & { value: string }>(
                  'vscode-dropdown, vscode-text-field, vscode-text-area',
                ),
              ].find((one) => one.ariaLabel === label && one.checkVisibility());
              if (!element) throw new Error(`${label} is not to be seen`);
              element.value = to;
              element.dispatchEvent(new Event(event, { bubbles: true, composed: true }));
            };
            set(chosen, value, 'change');
            set(name, content, 'input');
            set(name, content, 'change');
          },
          [choice, option, field, text] as const,
        );
        await eventually(() => assert.deepEqual(taken(stage.controller.settings.parameters), is));
      }
    },
  );

  onPage(
    'the center takes the prompt that is there, and is followed by it',
    { parameters: { context: { kind: 'prompt', text: PARIS } }, engine: { map: onOneLine } },
    async (stage) => {
      await stage.choose('Center', 'Prompt A');
      const a = stage.page.getByRole('textbox', { name: 'Prompt of the center' });
      await eventually(async () => assert.equal(await a.inputValue(), PARIS));
      await a.fill('The capital of Italy is');
      await a.press('Tab');
      await eventually(() => {
        const { context, plane } = stage.deps.engine.asked.at(-1)?.parameters ?? DEFAULT_PARAMETERS;
        assert.deepEqual(contextOf({ context, plane }), { kind: 'prompt', text: 'The capital of Italy is' });
      });
      await eventually(async () => assert.equal(await said(stage), ''));
      // Two directions that are one.
      const random = { kind: 'random', seed: 5 };
      stage.controller.receive({
        type: 'edit',
        path: 'plane.axes',
        value: { method: 'directions', x: random, y: random },
      });
      await eventually(async () =>
        assert.equal(await said(stage), 'x and y lead along one line: the map shows that line, not a plane'),
      );
    },
  );
});

/** Maps as of an engine: axes that are the same direction have the same vector, but for rounding. */
function onOneLine(parameters: MapParameters): TokenMap {
  const map = defaultMap(parameters);
  const { axes } = parameters.plane;
  if (axes.method !== 'directions' || JSON.stringify(axes.x) !== JSON.stringify(axes.y)) return map;
  return { ...map, plane: { ...map.plane, v: map.plane.u.map((value, i) => -2.5 * value * (1 + 1e-7 * (i % 3))) } };
}
