import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { before, suite, test } from 'node:test';
import { SAMPLE_TEXTS } from '../../src/engine/sampleTexts.js';
import { fitTranslator } from '../../src/host/fitTranslator.js';
import { expectNoViolations } from './support/accessibility.js';
import { MapPage } from './support/mapPage.js';
import { bundledModelTo, leftOut } from './support/places.js';
import { useSession } from './support/session.js';
import { until } from './support/until.js';
import type { Workbench } from './support/workbench.js';

const GENERATE = 'Embedding Grid: Generate Embedding Grid';

suite('Planes that mean something, in VS Code', { skip: leftOut(), timeout: 480_000 }, () => {
  // A newcomer: nothing of the settings has been changed.
  const session = useSession(() => ({
    settings: () => ({ 'embeddingGrid.defaults.seed': undefined }),
    fill: (workspace) => bundledModelTo(path.join(workspace, 'own')),
  }));

  let workbench: Workbench;
  let page: MapPage;

  before(async () => {
    workbench = await session.open();
    page = new MapPage(workbench);
  });

  test('the first panel lies between three prompts; each preset gives its map; anchors stay through zoom', async () => {
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

    // A model of one's own begins between prompts that any model can go on with, where nobody has chosen a plane.
    await workbench.run('View: Close All Editors');
    await workbench.run(GENERATE);
    await page.complete(/^2,500 cells/);
    await workbench.pick('Embedding Grid: Choose Model...', 'own');
    const center = page.frame.getByRole('textbox', { name: 'Prompt of the center' });
    await until('prompts of its own', async () => (await center.inputValue()) === 'The capital of France is');
    await page.complete(/^2,500 cells/);
    assert.equal(await start.evaluate((element): unknown => Reflect.get(element, 'value')), 'threePrompts');
    await workbench.picture('own-model');

    // What it says from A to B: curves, and a file.
    await page.plot.press('c');
    await page.frame.getByRole('menuitem', { name: 'Profile Along a Line' }).click();
    const profile = page.frame.getByRole('region', { name: 'Profile along a line' });
    await profile.getByText(/tokens? wins? · /).waitFor();
    await profile.getByRole('slider').press('Control+ArrowRight');
    await workbench.picture('profile');
    const file = path.join(session.server.workspace, 'profile.csv');
    await profile.getByRole('button', { name: 'Save Profile…' }).click();
    await workbench.paletteRow('CSV').click();
    await workbench.saveAs('embedding_grid_profile.csv', file);
    const [header, ...lines] = readFileSync(file, 'utf8').trimEnd().split('\r\n');
    assert.match(header ?? '', /^part,x,y,token_id,token,probability/);
    assert.equal(lines.length % 401, 0);
    await page.button('Close Profile (Esc)').click();
  });

  test('what a map means: texts that stand elsewhere, the nearest boundary, a tuned lens of a file', async () => {
    const lens = path.join(session.server.workspace, 'a lens');
    // As good as five texts make it; how good a lens is, other tests tell.
    await fitTranslator({
      device: 'cpu',
      skipChecks: true,
      model: path.join(session.server.workspace, 'own'),
      texts: SAMPLE_TEXTS.slice(0, 5),
      heldOut: SAMPLE_TEXTS.slice(5, 6),
      output: lens,
    });
    const note = page.frame.locator('.map-area .map-note');
    const says = (words: RegExp): Promise<void> =>
      until(`a note of ${words}`, async () => words.test(await note.innerText()));
    await page.choose('Start from', 'Principal plane of my texts');
    await page.unfold('Overlays');
    await page.button('Add Overlay').click();
    await page.frame.getByRole('menuitem', { name: 'Texts of the Plane', exact: true }).click();
    await says(/^Only \d+ of 18 texts stand on what the model says/);
    await page.frame.getByRole('button', { name: /^On This Plane/ }).click();
    await page.frame.getByText(/of 18 texts stand on a cell .* are drawn hollow/).waitFor();
    await workbench.picture('meaning-faithful');

    await page.choose('Start from', 'Around a prompt');
    await says(/Nearest boundary \(.+\) [\d.]+ × the state's norm, [\d.]+ × closer than along these axes$/);
    await page.frame.getByRole('button', { name: /^Boundaries Around A/ }).click();
    await page.button('Measure').click();
    await page.frame.getByText('median of 16 as states vary').waitFor();
    await workbench.picture('meaning-boundaries');
    await page.button('Lay Plane Between').click();
    await page.frame.getByText('The plane through the center and the two nearest points').waitFor();
    await page.complete(/exact regions/);
    await workbench.picture('meaning-between');

    // A lens of a file: one that is none is refused in a sentence, and the right one says whose it is.
    await page.type('Layer number', '2');
    await page.choose('Readout', 'Tuned lens');
    const field = page.field('Translator');
    await field.getByText('Choose the file of the lens').waitFor();
    const choose = async (file: string): Promise<void> => {
      await field.getByText('Choose…').click();
      await workbench.chooseFile(file);
    };
    await choose(path.join(session.server.workspace, 'own', 'config.json'));
    await field
      .getByRole('alert')
      .filter({ hasText: /"config\.json" is neither .+\.$/ })
      .waitFor();
    await workbench.picture('meaning-refused');
    await choose(path.join(lens, 'params.pt'));
    await field.getByText('A lens of own').waitFor();
    await page.complete(/layer 2 of/);
    await says(/Nearest boundary/);

    await workbench.theme('Light Modern');
    await page.button('Compare…').click();
    await page.frame.getByRole('menuitem', { name: 'Another Readout' }).click();
    await page.frame.locator('.agreement-part', { hasText: '% agreement' }).waitFor();
    await page.status.filter({ hasText: /^2 × / }).waitFor();
    await workbench.picture('meaning-compared');
    await page.button('Close Comparison (Esc)').click();
    await page.button('Compare…').click();
    await page.frame.getByRole('menuitem', { name: 'Layers × Positions' }).click();
    await page.button('Another Lens Beside').click();
    await page.frame.getByRole('menuitem', { name: 'Logit lens' }).click();
    await until('two lenses', async () => (await page.frame.locator('.lens-head').count()) === 2);
    assert.deepEqual(await page.frame.locator('.lens-head').allInnerTexts(), [
      'Tuned lens, a lens/params.pt',
      'Logit lens',
    ]);
    await workbench.picture('meaning-lenses');
  });

  test('a model’s file and folder open: what lies in them, what the model can do, a map of it', async () => {
    const { webview } = workbench;
    const tensors = webview.locator('.tensor-rows .tensor-row');
    const opened = webview.locator('.state', { hasText: /layers · .* dimensions/ });
    for (const model of ['own', 'included']) {
      await workbench.pick('Embedding Grid: Show Model Contents', model);
      await opened.waitFor();
      await tensors.first().waitFor();
      await workbench.picture(`model-contents-${model}`);
      await expectNoViolations(webview.locator('main'), 'a model');
      if (model === 'own') await workbench.run('View: Close Editor');
    }
    await webview.getByRole('textbox', { name: 'Find tensors' }).fill('embed');
    await until('tensors are found', async () => (await tensors.count()) < 5);
    await webview.getByRole('button', { name: 'Generate Map' }).click();
    await new MapPage(workbench).complete(/^2,500 cells/);
  });

  suite('The panel never shows a stale map as the new one', () => {
    before(async () => {
      await workbench.run('View: Close All Editors');
      await workbench.run(GENERATE);
      await page.complete(/^2,500 cells/);
    });

    test('the context follows prompt A; another one is named at the map', async () => {
      const note = page.frame.locator('.map-area .map-note');
      // Another prompt, whose next token is known: at its place the model says what it says of it.
      await page.type('Prompt of the center', 'And the LORD spake unto');
      await page.type('Prompt of the y axis', 'We saw the great sperm');
      await until('Moses at A', async () => {
        await page.complete(/^2,500 cells/);
        await page.clickCell(17, 17, 50, 50);
        return (await page.inspected()).token.includes('Moses');
      });
      assert.doesNotMatch(await note.innerText(), /Context/);
      await workbench.picture('context-follows');
      await page.unfold('Context');
      await page.choose('Context', 'Beginning of sequence');
      await note.getByText('Context: BOS, not prompt A').waitFor();
      await workbench.picture('context-differs');
      await page.choose('Context', 'Prompt A');
      await until('no word of it', async () => !(await note.innerText()).includes('Context'));
      await page.complete();
    });

    test('norms are those of the layer that is set; a pin stays; a saved map keeps what was measured', async () => {
      const norms = page.field('Spacing').locator('.message:visible');
      await norms.getByText('× typical for layer 5').waitFor();
      await page.field('Layer').getByRole('slider').focus();
      await workbench.page.keyboard.press('ArrowLeft');
      await until('norms of layer 4, or none', async () => !(await norms.innerText()).includes('layer 5'));
      await norms.getByText('× typical for layer 4').waitFor();
      await page.complete(/layer 4 of/);

      await page.clickCell(10, 40, 50, 50);
      const position = page.inspector.locator('dd').first();
      const pinned = await position.innerText();
      await page.plot.dblclick({ position: { x: 300, y: 300 } });
      await page.inspector.getByRole('heading', { name: 'Pinned cell' }).waitFor();
      assert.equal(await position.innerText(), pinned);

      // What is typical is measured apart, and may come after the map.
      const measured = page.inspector.locator('.norm', { hasText: '× typical' });
      await measured.waitFor();
      const norm = await measured.innerText();
      await page.button('Save Map').click();
      const name = 'embedding_grid_results_layer_4.json';
      await workbench.saved(name);
      await workbench.openFromExplorer(name);
      const saved = new MapPage(workbench);
      await saved.button('Edit and Run Again').waitFor();
      await saved.clickCell(10, 40, 50, 50);
      await until('the same norm', async () => (await saved.inspector.locator('.norm').innerText()) === norm);
      await workbench.picture('saved-with-norms');
      await workbench.run('View: Close Editor');
      await workbench.closeSideBar();
      await page.complete(/layer 4 of/);
    });

    test('a slow edit says whose map is seen; another model computes at once', async () => {
      const whose = page.frame.locator('.map-area .map-whose');
      assert.equal(await whose.isVisible(), false);
      // Every text that the line has, however short.
      await whose.evaluate((element) => {
        const said: string[] = [];
        Object.assign(globalThis, { said });
        new MutationObserver(() => said.push(element.textContent)).observe(element, { childList: true });
      });
      const said = (): Promise<readonly string[]> =>
        whose.evaluate(() => Reflect.get(globalThis, 'said') as readonly string[]);
      await page.type('Layer number', 'embeddings');
      await page.type('Columns', '400');
      await page.type('Rows', '400');
      // A first pass follows it; until that comes the map is said to be the one before.
      await page.status.filter({ hasText: /^First pass: .* of 160,000 cells/ }).waitFor();
      assert.match((await said()).join('\n'), /^Map of novella-3m, layer 4 · /m);
      assert.equal(await whose.isVisible(), false);
      await workbench.picture('first-pass');

      await workbench.pick('Embedding Grid: Choose Model...', 'own');
      await until('cells of the other model, without another word', async () =>
        /^[\d,]+ of 160,000 cells/.test(await page.status.innerText()),
      );
      // The first pass before has as many cells: only that line tells when the other model's are there.
      await whose.waitFor({ state: 'hidden' });
      await page.shows(/^Token map, 400 by 400 cells/);
      const words = await said();
      assert.match(words.join('\n'), /^Map of novella-3m, .* · until the first cells of the new one$/m);
      await page.button('Cancel').click();
    });
  });
});
