import assert from 'node:assert/strict';
import { suite } from 'node:test';
import { leftOut } from '../vscode/support/places.js';
import { DESCRIPTION } from './fakeEngine.js';
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
      await stage.type('Layer number', '23');
      await eventually(async () => {
        assert.equal(await said(stage), `Map of ${NAME}, layer 29 · parameters changed since`);
        assert.ok((await strength(stage)) < 0.5);
      });
      stage.deps.engine.stopAt(0);
      await stage.button('Generate').click();
      await eventually(async () =>
        assert.equal(await said(stage), `Map of ${NAME}, layer 29 · until the first cells of the new one`),
      );
      stage.deps.engine.stopAt(Infinity);
      await stage.status(/layer 23 of/);
      assert.equal(await said(stage), '');
      assert.equal(await strength(stage), 1);
      // The same words stand at the table of the cells.
      await stage.type('Layer number', 'embeddings');
      await stage.button('More Actions').click();
      await stage.page.getByRole('menuitem', { name: 'Show Cells as Table' }).click();
      const table = stage.page.getByRole('region', { name: 'Cells' });
      await table.getByText(`Map of ${NAME}, layer 23 · parameters changed since`).waitFor();
    },
  );
});
