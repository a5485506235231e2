import assert from 'node:assert/strict';
import path from 'node:path';
import { suite, test } from 'node:test';
import { MapPage } from './support/mapPage.js';
import { bundledModelTo, leftOut } from './support/places.js';
import { useSession } from './support/session.js';
import { until } from './support/until.js';

const GENERATE = 'Embedding Grid: Generate Embedding Grid';

suite('Planes that mean something, in VS Code', { skip: leftOut(), timeout: 240_000 }, () => {
  // A newcomer: nothing of the settings has been changed.
  const session = useSession(() => ({
    settings: () => ({ 'embeddingGrid.defaults.seed': undefined }),
    fill: (workspace) => bundledModelTo(path.join(workspace, 'own')),
  }));

  test('the first panel lies between three prompts; each preset gives its map; anchors stay through zoom', async (context) => {
    const workbench = await session.open(context);
    const page = new MapPage(workbench);
    await (await workbench.findCommand(GENERATE)).click();
    await page.complete(/^2,500 cells/);
    const start = page.frame.getByRole('combobox', { name: 'Start from', exact: true });
    assert.equal(await start.evaluate((element): unknown => Reflect.get(element, 'value')), 'threePrompts');
    const tip = page.frame.locator('.mark-tip strong');
    const pointAt = async (x: number, y: number): Promise<string> => {
      const box = await page.frame.locator('.plot').boundingBox();
      assert.ok(box);
      await workbench.page.mouse.move(box.x + x * box.width + 1, box.y + (1 - y) * box.height);
      await workbench.page.mouse.move(box.x + x * box.width, box.y + (1 - y) * box.height);
      await tip.waitFor();
      return tip.innerText();
    };
    // Cells 17 and 37 of 50 are 0 and 1.
    const [zero, one] = [17.5 / 50, 37.5 / 50];
    await until('A is at (0, 0)', async () => (await pointAt(zero, zero)).startsWith('A “We saw the great sperm”'));
    await page.clickCell(17, 17, 50, 50);
    assert.match((await page.inspected()).token, /whale/);
    assert.match(await pointAt(one, zero), /^B /);
    assert.match(await pointAt(zero, one), /^C /);
    await workbench.picture('newcomer');
    await workbench.page.mouse.wheel(0, -500);
    await workbench.page.mouse.move(0, 0);
    assert.match(await pointAt(zero, one), /^C /);
    await workbench.picture('newcomer-zoomed');
    await page.frame.locator('.plot').dblclick();

    for (const [preset, token] of [
      ['Around a prompt', 'Assyria'],
      ['Principal plane of my texts', 'whale'],
      ['Along a steering vector', 'sea'],
      ['As the original', 'yria'],
      ['Between three prompts', 'Moses'],
    ] as const) {
      await page.choose('Start from', preset);
      const cell = page.frame.locator('.tokens tbody th', { hasText: token }).first();
      await until(`${token} on the map of "${preset}"`, () => cell.isVisible());
      await page.complete(/^2,500 cells/);
      await workbench.picture(`preset-${preset.toLowerCase().replaceAll(' ', '-')}`);
    }

    // A model of one's own begins between prompts that any model can go on with.
    await workbench.pick('Embedding Grid: Choose Model...', 'own');
    const center = page.frame.getByRole('textbox', { name: 'Prompt of the center' });
    await until('prompts of its own', async () => (await center.inputValue()) === 'The capital of France is');
    await page.complete(/^2,500 cells/);
    assert.equal(await start.evaluate((element): unknown => Reflect.get(element, 'value')), 'threePrompts');
    await workbench.picture('own-model');
  });
});
