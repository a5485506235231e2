import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, suite, test } from 'node:test';
import { SAMPLE_TEXTS } from '../../src/engine/sampleTexts.js';
import { fitTranslator } from '../../src/host/fitTranslator.js';
import { firstPass } from '../../src/panel/mapRecord.js';
import { drawnSae, writeSaeFolder } from '../formats/saeFolder.js';
import { expectNoViolations } from './support/accessibility.js';
import { holdEngines } from './support/engines.js';
import { MapPage } from './support/mapPage.js';
import { bundledModelTo, leftOut } from './support/places.js';
import { useSession } from './support/session.js';
import { until } from './support/until.js';
import type { Workbench } from './support/workbench.js';

const GENERATE = 'Embedding Grid: Generate Embedding Grid';

/** Texts that a plane can tell apart. */
const TABLE = {
  sea: [
    'The ship sailed',
    'A whale rose',
    'The captain looked',
    'Salt water',
    'The harpoon',
    'In the boat',
    'The mast',
    'Waves',
  ],
  land: [
    'The old house',
    'A horse stood',
    'She opened the door',
    'The road',
    'The garden',
    'My sister',
    'The church',
    'A field',
  ],
} as const;

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
      await page.drawn();
      return (await tip.isVisible()) ? tip.innerText() : '';
    };
    const isAt = (mark: string, x: number, y: number): Promise<void> =>
      until(`${mark} is there`, async () => (await pointAt(x, y)).startsWith(mark));
    // Cells 17 and 37 of 50 are 0 and 1.
    const [zero, one] = [17.5 / 50, 37.5 / 50];
    await isAt('A “We saw the great sperm”', zero, zero);
    await page.clickCell(17, 17, 50, 50);
    assert.match((await page.inspected()).token, /whale/);
    await isAt('B ', one, zero);
    await isAt('C ', zero, one);
    await workbench.picture('newcomer');
    await workbench.page.mouse.wheel(0, -500);
    await workbench.page.mouse.move(0, 0);
    await isAt('C ', zero, one);
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
    const fitted = fitTranslator({
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

    await fitted;
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

  test('texts of a table in their groups, questions of an autoencoder, a feature as an axis: saved, they need no file', async () => {
    const { workspace } = session.server;
    const write = (name: string, content: string | Uint8Array): string => {
      writeFileSync(path.join(workspace, name), content);
      return path.join(workspace, name);
    };
    await workbench.run('View: Close All Editors');
    await workbench.run(GENERATE);
    await page.complete(/^2,500 cells/);
    await page.choose('Start from', 'Principal plane of my texts');
    await page.complete(/mean of the texts|2,500 cells/);

    // What is no table of texts is refused in a sentence, and nothing changes.
    const texts = page.frame.getByRole('textbox', { name: 'Texts, one a line' });
    const before = await texts.inputValue();
    const banner = page.frame.locator('.fault-bar').first();
    const choose = async (file: string): Promise<void> => {
      await page.button('From a File…').click();
      await workbench.chooseFile(file);
    };
    for (const [file, words] of [
      [
        write('many.csv', `text\n${'one\n'.repeat(10_001)}`),
        /many\.csv cannot be read: it has more than 10000 texts\./,
      ],
      [write('comma.csv', 'text\nThe ship, the sea\n'), /comma\.csv .* record 2 has more fields than the first line/],
      [write('one.csv', 'text\nalone\n'), /cannot be taken: principal components need two texts at least\./],
    ] as const) {
      await choose(file);
      await banner.filter({ hasText: words }).waitFor();
    }
    await workbench.picture('texts-refused');
    assert.equal(await texts.inputValue(), before);
    await page.button('Undo Parameter Change').waitFor();

    // As a spreadsheet writes it: a mark of order, semicolons, line breaks in quotation marks, whatever people type.
    const quoted = (field: string): string => `"${field.replaceAll('"', '""')}"`;
    const groups: readonly (readonly [label: string, text: string])[] = [
      ...TABLE.sea.map((text) => ['sea', text] as const),
      ...TABLE.land.map((text) => ['land', text] as const),
      ['<img src=x onerror=alert(1)>', "=cmd|' /C calc'!A0"],
      ['\u202Eevil\u0007', 'two\nlines; "quoted"'],
      ['', '[a link](command:workbench.action.quit)'],
    ];
    const lines = groups.map(([label, text]) => [label, text, '1'].map(quoted).join(';'));
    const table = write('texts.csv', `\uFEFFLabel;TEXT;else\r\n${lines.join('\r\n')}\r\n`);
    await choose(table);
    const pane = page.frame.locator('.texts-pane');
    const rows = page.frame.locator('.texts tbody tr');
    await until('all texts are listed', async () => (await rows.count()) === groups.length);
    await page.complete(/^2,500 cells/);
    await banner.waitFor({ state: 'hidden' });
    const apart = /Labels told right: [\d.]+% by place on the plane, [\d.]+% by the whole hidden state/;
    await page.frame.locator('.separability', { hasText: apart }).waitFor();
    const legend = page.frame.locator('.legend-entry');
    assert.deepEqual(
      (await legend.allInnerTexts()).map((entry) => entry.replaceAll(/\s+/g, ' ').trim()),
      ['sea 8', 'land 8', '<img src=x onerror=alert(1)> 1', 'U+202EevilU+0007 1'],
    );
    await workbench.picture('texts-dark');
    await expectNoViolations(page.frame.locator('.texts-pane'), 'texts of a table');
    // The legend filters points and list.
    const orange = (): Promise<number> => page.overlayPixels([230, 159, 0]);
    const all = await orange();
    assert.ok(all > 100, `${all}`);
    await legend.first().click();
    await until('the sea is hidden', async () => (await rows.count()) === groups.length - 8 && (await orange()) === 0);
    await legend.first().click();
    await until('the sea is back', async () => (await orange()) === all);
    // A line around the left half.
    await page.button('Draw a Lasso Around Texts').click();
    const box = await page.plot.boundingBox();
    assert.ok(box);
    const { mouse } = workbench.page;
    await mouse.move(box.x + 3, box.y + 3);
    await mouse.down();
    for (const [x, y] of [
      [0.5, 0.01],
      [0.5, 0.99],
      [0.01, 0.99],
    ] as const)
      await mouse.move(box.x + x * box.width, box.y + y * box.height, { steps: 4 });
    await mouse.up();
    await until('some texts are in the lasso', async () => {
      const count = await rows.count();
      return count > 0 && count < groups.length;
    });
    await page.theme('Light Modern', 'vscode-light');
    await workbench.picture('texts-lasso-light');
    const inside = await rows.count();
    await page.button('Copy These Texts').click();
    await until('they are copied', async () => (await workbench.clipboard()).split('\n').length >= inside);
    await page.plot.press('Escape');
    await until('all again', async () => (await rows.count()) === groups.length);
    // All of the table is one step.
    await page.button('Undo Parameter Change').click();
    await until('the texts before', async () => (await texts.inputValue()) === before && !(await pane.isVisible()));
    await page.button('Redo Parameter Change').click();
    await until('the table again', async () => (await rows.count()) === groups.length);

    // Features of an autoencoder that fits, of none, and of one that does not.
    const sae = writeSaeFolder(path.join(workspace, 'an autoencoder'), drawnSae(192, 64), {
      architecture: 'standard',
      hook_name: 'blocks.5.hook_resid_post',
    });
    const weights = path.join(sae, 'sae_weights.safetensors');
    const wide = writeSaeFolder(path.join(workspace, 'wide'), drawnSae(100, 8));
    await page.unfold('Question');
    await page.choose('Question', 'Probability of a token');
    await page.button('Ask One More Question').click();
    await page.choose('Question', 'Probability of all that match');
    await page.button('Ask One More Question').click();
    const questions = page.controls.locator('.question');
    await until('three questions', async () => (await questions.count()) === 3);
    const ask = async (file: string): Promise<void> => {
      await page.choose('Question', 'Feature or probe from a file…');
      await workbench.chooseFile(file);
    };
    await ask(path.join(wide, 'sae_weights.safetensors'));
    await banner
      .filter({ hasText: /has columns of 100 numbers; the hidden states of this model have 192\./ })
      .waitFor();
    await ask(weights);
    const number = workbench.page.locator('.quick-input-widget');
    await number.filter({ hasText: 'Which of the 64 features?' }).waitFor();
    await workbench.quickInput.fill('64');
    await number.filter({ hasText: 'A whole number from 0 to 63' }).waitFor();
    await workbench.quickInput.fill('17');
    await workbench.quickInput.press('Enter');
    await page.controls.locator('.question[title="Feature an autoencoder#17"]', { hasText: /…#17$/ }).waitFor();
    await page.complete(/^2,500 cells/);
    // All answers of a cell stand there; another one colors without a run.
    await page.clickCell(20, 20, 50, 50);
    const answers = page.inspector.locator('.answer');
    await until('three answers', async () => (await answers.count()) === 3);
    await workbench.picture('questions-light');
    const status = await page.status.innerText();
    await page.changes('another answer', () => answers.first().click());
    assert.equal(await page.status.innerText(), status);
    await page.changes('the feature again', () => questions.nth(2).click());
    await page.theme('Dark High Contrast', 'vscode-high-contrast');
    await workbench.picture('questions-contrast');
    await expectNoViolations(page.controls, 'three questions');
    // The first is taken away, and one undo has it again.
    await page.controls.getByRole('button', { name: /^Ask ␣the No More$/ }).click();
    await until('two questions', async () => (await questions.count()) === 2);
    await page.button('Undo Parameter Change').click();
    await until('three again', async () => (await questions.count()) === 3);

    // What the feature writes, as an axis. Points of the table's own texts wait; its plane is another.
    await page.choose('Method', 'Vectors from files');
    await workbench.chooseFile(weights);
    await workbench.paletteRow('W_dec').click();
    await workbench.quickInput.fill('17');
    await workbench.quickInput.press('Enter');
    await page.controls.getByTitle('an autoencoder:W_dec#17').waitFor();
    await page.complete(/^2,500 cells/);
    await workbench.picture('feature-axis');
    await page.button('Undo Parameter Change').click();
    await page.button('Undo Parameter Change').click();
    await until('the table again', async () => (await rows.count()) === groups.length);
    await page.complete(/^2,500 cells/);

    // Saved and opened again when all the files are gone.
    await page.button('Save Map').click();
    const saved = 'embedding_grid_results_layer_5.json';
    await workbench.saved(saved);
    await workbench.run('View: Close All Editors');
    for (const file of [table, sae]) rmSync(file, { recursive: true });
    await workbench.openFromExplorer(saved);
    await page.complete(/^2,500 cells/);
    assert.equal(await rows.count(), groups.length);
    await page.frame.locator('.separability', { hasText: apart }).waitFor();
    assert.equal(await page.inspector.locator('.answer').count(), 3);
    await workbench.picture('texts-saved');
    await page.button('Edit and Run Again').click();
    await workbench.page.locator('.tab.active', { hasText: 'novella-3m ·' }).waitFor();
    await until('texts and questions of the file', async () => {
      await page.complete(/^2,500 cells/);
      return (await questions.count()) === 3 && (await rows.count()) === groups.length;
    });
    await workbench.closeSideBar();
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
      // Only a first pass follows an edit, however quick the machine is.
      const live = page.frame.getByRole('checkbox', { name: 'Live' });
      if (await live.isChecked()) await live.click();
      await page.unfold('Advanced');
      await page.type('Batch size', '1');
      await page.type('Layer number', 'embeddings');
      await page.type('Columns', '200');
      await page.type('Rows', '200');
      // Until the first pass comes the map is said to be the one before.
      await page.status.filter({ hasText: /^First pass: .* of 40,000 cells/ }).waitFor();
      assert.match((await said()).join('\n'), /^Map of novella-3m, layer 4 · /m);
      await whose.waitFor({ state: 'hidden' });
      await workbench.picture('first-pass');

      await workbench.pick('Embedding Grid: Choose Model...', 'own');
      // Cells of the other model come without another word.
      await page.running(firstPass({ columns: 200, rows: 200 }));
      const goOn = await holdEngines(session.server);
      // The first pass before has as many cells: only that line tells when the other model's are there.
      await whose.waitFor({ state: 'hidden' });
      await page.shows(/^Token map, 200 by 200 cells/);
      const words = await said();
      assert.match(words.join('\n'), /^Map of novella-3m, .* · until the first cells of the new one$/m);
      goOn();
      await page.button('Cancel').click();
    });
  });
});
