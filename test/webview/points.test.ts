import assert from 'node:assert/strict';
import { suite } from 'node:test';
import { Fault } from '../../src/map/fault.js';
import { presetParameters } from '../../src/map/presets.js';
import { DEFAULT_PARAMETERS, type Overlay } from '../../src/map/specification.js';
import { expectNoViolations } from '../vscode/support/accessibility.js';
import { leftOut } from '../vscode/support/places.js';
import { defaultMap, DESCRIPTION } from './fakeEngine.js';
import { eventually, savedMap, type Stage, usePages } from './stage.js';

const prompt = { kind: 'prompt', text: 'The whale swam' } as const;
const OVERLAYS: readonly Overlay[] = [{ kind: 'positions', prompt }];
const PARAMETERS = { ...presetParameters('threePrompts', DEFAULT_PARAMETERS), overlays: OVERLAYS };

suite('Points and overlays in words', { concurrency: 2, skip: leftOut(), timeout: 240_000 }, () => {
  const onPage = usePages({ parameters: PARAMETERS });
  const pane = (stage: Stage, name: string) => stage.page.getByRole('button', { name, exact: true });

  onPage('a point is found by its coordinates: logits, norm, the cell is pinned', {}, async (stage) => {
    await pane(stage, 'Any Point').click();
    await stage.page.getByRole('textbox', { name: 'x', exact: true }).fill('1');
    await stage.page.getByRole('textbox', { name: 'y', exact: true }).fill('0');
    await stage.page.keyboard.press('Enter');
    const rows = stage.page.locator('.point-pane tbody tr');
    await rows.first().waitFor();
    assert.equal(await rows.count(), 10);
    assert.match(
      await stage.page.locator('#point-body .point-summary').innerText(),
      /margin .* points · .* bits · norm .* × typical/,
    );
    assert.equal(await stage.page.locator('.cell-summary dd').first().innerText(), 'x 1.00, y 0.00');
    assert.match(await stage.page.locator('.cell-summary').innerText(), /Nearest\s+B “She was the daughter of Sir”/);
  });

  onPage('the model writes on from a point, and can be stopped', { engine: { endlessText: true } }, async (stage) => {
    await pane(stage, 'Any Point').click();
    await stage.button('Continue from Here').click();
    const text = stage.page.locator('.continuation');
    await text.filter({ hasText: 'and so on…' }).waitFor();
    await stage.button('Stop').click();
    await stage.button('Continue from Here').waitFor();
    const { center } = PARAMETERS.plane;
    assert.ok(center.kind === 'prompt');
    assert.equal(await text.innerText(), `${center.text} and so on`);
    await stage.button('Copy Text').click();
    await eventually(() => assert.equal(stage.deps.calls.at(-1), `copy ${center.text} and so on`));
    await stage.picture('continued');
  });

  onPage('texts from A, B, C and here stand beside each other, drawn with a seed', {}, async (stage) => {
    const { page, deps } = stage;
    await pane(stage, 'Any Point').click();
    await page.getByRole('checkbox', { name: 'Sample' }).click();
    const seed = page.getByRole('textbox', { name: 'Seed of the text' });
    await seed.fill('x');
    await page.getByText('A seed is a whole number').waitFor();
    await seed.fill('12');
    await stage.button('A, B, C and Here').click();
    const texts = page.locator('.continuation');
    await texts.nth(3).filter({ hasText: 'and so on' }).waitFor();
    const names = await page.locator('.continuation-name').allInnerTexts();
    assert.deepEqual(names, ['A', 'B', 'C', 'Pin']);
    const [a, b, c, here] = deps.engine.continued;
    assert.deepEqual(
      [a, b, c].map((one) => [one?.x, one?.y].join()),
      ['0,0', '1,0', '0,1'],
    );
    assert.deepEqual(here?.sampling, { temperature: 0.8, topP: 0.95, seed: 12 });
    await stage.button('Copy Text').click();
    await eventually(() => assert.match(deps.calls.at(-1) ?? '', /^copy A: .* and so on\n\nB: /));
    await expectNoViolations(page.locator('.point-pane').first(), 'texts');
    await stage.picture('continued-beside');
    await stage.button('More Actions').click();
    await page.getByRole('menuitem', { name: 'Open a Copy to the Side' }).click();
    await eventually(() => assert.deepEqual(deps.copies, [stage.controller.settings]));
  });

  onPage(
    'the strongest features of a cell and of a token are listed, ask and lay axes, by keys too',
    {
      engine: { saeHook: 'blocks.7.hook_resid_post' },
      prepare: (deps) => {
        deps.chosenSae = '/saes/<b>it\u202E #%';
      },
    },
    async (stage) => {
      const { page, deps } = stage;
      const featured = () => deps.engine.featured;
      const settings = () => stage.controller.settings;
      await pane(stage, 'Features').click();
      const region = page.locator('.features-pane');
      await stage.picture('features-none');
      await stage.button('Choose Autoencoder…').click();
      const rows = region.locator('tbody tr');
      await rows.nth(11).waitFor();
      await region.getByText('37 of 24,576 active at x 0.40, y 0.40').waitFor();
      await region.getByText('Trained on blocks.7.hook_resid_post; this map is of layer 29.').waitFor();
      assert.match(await rows.first().innerText(), /^#24575\s+sea\s[^]*<img[^]*12\.50$/);
      await eventually(() => assert.match(settings().sae ?? '', /it/));
      // A pin asks anew, once; what is looked at by the pointer alone does not.
      await stage.clickCell(3, 4);
      await eventually(() => assert.equal(featured().length, 2));
      await stage.hoverCell(30, 30);
      await stage.button('More Actions').click();
      await page.keyboard.press('Escape');
      assert.equal(featured().length, 2);
      assert.notDeepEqual(featured()[0]?.state, featured()[1]?.state);
      // A token of the prompt, by its position: the state there.
      await region.getByRole('radio').nth(2).click();
      await region.getByText('37 of 24,576 active at token 2').waitFor();
      assert.deepEqual([...new Set(featured().at(-1)?.state as Float32Array)], [2]);
      await expectNoViolations(region, 'features');
      await stage.picture('features');
      // By keys: down to the second, its buttons behind it; Enter colors by it.
      await rows.first().focus();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await eventually(() => assert.ok(deps.calls.includes(`readFeature ${deps.chosenSae} 23575`), deps.calls.join()));
      await eventually(() => assert.equal(settings().parameters.question?.kind, 'feature'));
      await page.getByRole('tab', { name: 'Question', selected: true }).waitFor();
      // The map is another one with its answers, and what is listed follows it.
      await eventually(() => assert.equal(featured().length, 4));
      await rows.nth(11).waitFor();
      // An axis is laid on a whole map.
      await rows.nth(2).locator('[aria-label="Feature 22575 as the x Axis"]').waitFor({ state: 'attached' });
      const name = 'Feature 22575 as the x Axis';
      // The list may be drawn anew between two keys: its answer for the other map has just come.
      await eventually(async () => {
        await rows.nth(2).focus();
        await page.keyboard.press('Tab');
        await page.keyboard.press('Tab');
        assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('aria-label')), name);
      });
      await page.keyboard.press('Enter');
      await eventually(() => {
        const { axes, lengths } = settings().parameters.plane;
        assert.ok(axes.method === 'directions' && axes.x.kind === 'vector' && lengths === 'own');
        assert.equal(axes.x.name, '<b>it\u202E #%#22575');
      });
      await stage.button('Undo Parameter Change').click();
      await eventually(() => assert.equal(settings().parameters.plane.axes.method, PARAMETERS.plane.axes.method));
      // Without a decoder there is no direction.
      const last = rows.nth(11);
      await last.waitFor();
      await last.focus();
      const none = last.getByRole('button', { name: 'Feature 13575 as the y Axis (the file has no decoder)' });
      assert.equal(await none.getAttribute('aria-disabled'), 'true');
      // What is wrong is said where it was asked, and asked again.
      deps.engine.saeFault = new Fault({ code: 'file', message: '"cfg.json" is no JSON.', hint: 'Copy it again.' });
      await stage.clickCell(5, 5);
      await region.getByText('"cfg.json" is no JSON. Copy it again.').waitFor();
      assert.equal(await rows.count(), 0);
      deps.engine.saeFault = undefined;
      await stage.button('Try Again').click();
      await rows.nth(11).waitFor();
    },
  );

  onPage('coordinates are those of the map that is seen', {}, async (stage) => {
    await pane(stage, 'Any Point').click();
    const [x, y] = ['x', 'y'].map((name) => stage.page.getByRole('textbox', { name, exact: true }));
    assert.ok(x && y);
    await x.fill('1.5');
    await y.fill('-1.5');
    await stage.type('Middle x', '40');
    await stage.page.keyboard.press('Tab');
    // The middle of the new map, as the inspector says.
    const position = stage.page.locator('.cell-summary dd').first();
    await eventually(async () => {
      assert.match(await position.innerText(), /^x 40\.\d+, y 0\.\d+$/);
      assert.equal(`x ${await x.inputValue()}, y ${await y.inputValue()}`, await position.innerText());
    });
  });

  const token = { kind: 'row', matrix: 'unembedding', token: ' seaside' } as const;
  const TWO = '" seaside" is 2 tokens: " sea" and "side".';
  onPage(
    'what is wrong with a token stands under it',
    {
      parameters: {
        plane: { ...PARAMETERS.plane, axes: { method: 'directions', x: token, y: { kind: 'random', seed: 1 } } },
      },
      engine: { surveyFault: TWO },
    },
    async (stage) => {
      const b = stage.page.locator('.source-field', {
        has: stage.page.getByRole('textbox', { name: 'Token of the x axis' }),
      });
      await b.getByText(TWO).waitFor();
      assert.equal(await stage.page.getByText(TWO).count(), 1);
      stage.logged(/could not be surveyed/);
    },
  );

  onPage(
    'so it does where the map itself was refused, with what to write instead',
    {
      parameters: {
        plane: { ...PARAMETERS.plane, axes: { method: 'directions', x: { kind: 'random', seed: 1 }, y: token } },
        masked: [' seaside', ' sea'],
      },
      engine: {
        mapFault: new Fault({
          ...{ code: 'bad-parameter', message: TWO },
          hint: '"sea", without the space before it, is one token.',
        }),
      },
      status: null,
    },
    async (stage) => {
      const { page } = stage;
      await page.locator('.group-header', { hasText: 'Question' }).click();
      const axis = page.locator('.source-field', { has: page.getByRole('textbox', { name: 'Token of the y axis' }) });
      for (const field of [axis, stage.field('Leave out')])
        await field.getByText(`${TWO} "sea", without the space before it, is one token.`).waitFor();
      assert.equal(await stage.field('Method').getByRole('alert').isVisible(), false);
      // Nowhere else: the map's place refers to the fields, and offers them where they are not seen.
      const told = page.getByText(TWO).filter({ visible: true });
      assert.equal(
        await told.count(),
        await page.locator('.controls').getByText(TWO).filter({ visible: true }).count(),
      );
      const refers = page.locator('.page-message:visible');
      assert.equal(await refers.locator('.lead').innerText(), 'The parameters say at their field what is wrong.');
      await stage.picture('told-at-field');
      assert.equal(await refers.getByText('Show Parameters').isVisible(), false);
      await stage.button('Hide Parameters').click();
      await refers.getByText('Show Parameters').click();
      await told.first().waitFor();
      stage.logged(/is 2 tokens/);
    },
  );

  onPage('a saved map offers no question that it was not asked', { host: savedMap, parameters: {} }, async (stage) => {
    assert.equal(await stage.page.getByRole('tab', { name: 'Entropy' }).isVisible(), true);
    assert.equal(await stage.page.getByRole('tab', { name: 'Question' }).isVisible(), false);
  });

  onPage('vectors leave the map', {}, async (stage) => {
    await pane(stage, 'Any Point').click();
    await stage.button('Copy Vector').click();
    await stage.button('Save Vector…').click();
    await stage.button('Save Plane…').click();
    await eventually(() => {
      const { calls } = stage.deps;
      assert.ok(calls.some((call) => /^copy \[-?\d/.test(call)) && calls.includes('savePlane'));
      assert.ok(calls.some((call) => call.startsWith('saveVector ')));
    });
  });

  onPage('a profile: drawn from A to B, read by pointer and keys, saved, ended', {}, async (stage) => {
    const { page, deps } = stage;
    // Badges that are near are meant exactly.
    const [a, b] = await Promise.all([stage.placePoint(0.02, -0.02), stage.placePoint(0.98, 0.02)]);
    await page.keyboard.down('Shift');
    await page.mouse.move(a.x, a.y);
    await page.mouse.down();
    await page.mouse.move(b.x - 30, b.y);
    await page.mouse.move(b.x, b.y);
    await page.mouse.up();
    await page.keyboard.up('Shift');
    const asked = () => deps.engine.profiled.map(({ from, to }) => [from.x, from.y, to.x, to.y].join());
    await eventually(() => assert.deepEqual(asked(), ['0,0,1,0']));
    const pane = page.getByRole('region', { name: 'Profile along a line' });
    await pane.getByText('6 tokens win · 5 changes').waitFor();
    const place = pane.getByRole('slider');
    const says = (): Promise<string | null> => place.getAttribute('aria-valuetext');
    // The first winner ends where the first change is; with Ctrl the keys go from change to change.
    await place.focus();
    await page.keyboard.press('Control+ArrowRight');
    await eventually(async () => assert.match((await says()) ?? '', /^x ≈0.166667|^x 0.167/));
    await page.keyboard.press('Home');
    await page.keyboard.press('Shift+ArrowRight');
    await eventually(async () => assert.match((await says()) ?? '', /^x 0\.1, /));
    const said = (await pane.locator('.profile-list tbody tr').first().innerText()).split(/\s+/);
    assert.ok((await says())?.includes(`${said[0]} ${said.at(-1)}`), said.join());
    await page.keyboard.press('Enter');
    await eventually(async () =>
      assert.equal(await page.locator('.cell-summary dd').first().innerText(), 'x 0.10, y 0.00'),
    );
    // Its end is dragged, and the other stays.
    const [held, c] = await Promise.all([stage.placePoint(1, 0), stage.placePoint(0.02, 0.98)]);
    await page.mouse.move(held.x, held.y);
    await page.mouse.down();
    await page.mouse.move(c.x + 30, c.y);
    await page.mouse.move(c.x, c.y);
    await page.mouse.up();
    await eventually(() => assert.equal(asked().at(-1), '0,0,0,1'));
    // The line is another; a grid that is other is not.
    await pane.getByRole('textbox', { name: 'The profile ends at x, y' }).fill('0, 1.5');
    await page.keyboard.press('Enter');
    await eventually(() => assert.equal(asked().at(-1), '0,0,0,1.5'));
    await pane.getByText('6 tokens win').waitFor();
    await pane.getByRole('button', { name: 'Save Profile…' }).click();
    await eventually(() =>
      assert.deepEqual(
        deps.sets.map(({ kind }) => kind),
        ['profile'],
      ),
    );
    await stage.type('Spacing', '0.06');
    await eventually(() => assert.equal(deps.engine.asked.at(-1)?.parameters.grid.spacing, 0.06));
    await stage.status(/cells ·/);
    await page.getByRole('slider', { name: 'Layer', exact: true }).focus();
    await page.keyboard.press('ArrowLeft');
    await eventually(() => assert.equal(deps.engine.profiled.at(-1)?.parameters.layer, 28));
    assert.equal(asked().length, 4);
    await stage.status(/layer 28 of/);
    await pane.getByRole('button', { name: 'Save Profile…', disabled: false }).waitFor();
    await expectNoViolations(pane, 'a profile');
    await stage.plot.focus();
    for (let i = 0; i < 2; i++) await page.keyboard.press('Escape'); // the pin, the profile
    await pane.waitFor({ state: 'hidden' });
  });

  onPage('a profile by keys alone: P where it begins and where it ends', {}, async (stage) => {
    const { page, deps } = stage;
    await stage.plot.focus();
    await page.keyboard.press('ArrowLeft');
    const pin = async (): Promise<string> => {
      await stage.settled();
      return page.locator('.cell-summary dd').first().innerText();
    };
    const from = await pin();
    await page.keyboard.press('p');
    for (let i = 0; i < 3; i++) await page.keyboard.press('Shift+ArrowRight');
    const to = await pin();
    await page.keyboard.press('p');
    const written = (point: { x: number; y: number } | undefined): string =>
      `x ${point?.x.toFixed(2)}, y ${point?.y.toFixed(2)}`.replaceAll('-', '−');
    await eventually(() => {
      const [line] = deps.engine.profiled;
      assert.deepEqual([written(line?.from), written(line?.to)], [from, to]);
    });
  });

  onPage(
    'all of it by keys alone, from Tab to result',
    { engine: { description: { contexts: { ...DESCRIPTION.contexts, chat: { ok: true } } } } },
    async (stage) => {
      const { page, deps, controller } = stage;
      const { keyboard } = page;
      /** Goes on by Tab until something of this name has the focus. */
      const tabTo = async (name: string | RegExp): Promise<void> => {
        const seen: string[] = [];
        for (let i = 0; i < 250; i++) {
          await keyboard.press('Tab');
          const now = await page.evaluate(() => {
            const one = document.activeElement;
            return one?.getAttribute('aria-label') ?? one?.textContent.trim() ?? '';
          });
          if (typeof name === 'string' ? now === name : name.test(now)) return;
          seen.push(now);
        }
        assert.fail(`${String(name)} is not reached by Tab: ${seen.join(' | ')}`);
      };
      const press = async (...keys: readonly string[]): Promise<void> => {
        for (const key of keys) await keyboard.press(key);
      };
      /** Chooses an entry of the menu that is open. */
      const entry = async (name: string): Promise<void> => {
        for (let i = 0; i < 40; i++) {
          if (await page.evaluate((wanted) => document.activeElement?.textContent.startsWith(wanted), name))
            return keyboard.press('Enter');
          await keyboard.press('ArrowDown');
        }
        assert.fail(`no ${name} in the menu`);
      };
      const asked = () => controller.settings.parameters;

      // What a group is for; a prompt, the position in it, its role.
      await tabTo('What Is Plane?');
      await press('Enter');
      await page.locator('.explanation', { hasText: 'Every cell lies on one plane' }).waitFor();
      await tabTo('Prompt of the y axis');
      await press('Control+a');
      await keyboard.type('It was the age of wisdom');
      const tokens = page.getByRole('radiogroup', { name: /^Tokens of the y axis/ });
      await tokens.getByText('␣wisdom').waitFor();
      await tabTo('␣wisdom');
      await press('ArrowLeft', 'ArrowLeft', 'Enter');
      const y = (): unknown => Reflect.get(asked().plane.axes, 'y');
      await eventually(() => assert.deepEqual(y(), { kind: 'prompt', text: 'It was the age of wisdom', position: 3 }));
      await tabTo('In the model’s chat template');
      await press('Space');
      await eventually(() => assert.equal(Reflect.get(Object(y()), 'chat'), true));

      // What stays when the number of cells changes; what follows a change.
      await tabTo('Keep the Window');
      await press('Enter');
      await page.getByText('The spacing stays').waitFor();
      await tabTo(/^Question & Mask/);
      await press('Enter');
      await tabTo(/^Question$/);
      await press('Enter', 'ArrowDown', 'ArrowDown', 'Enter');
      await eventually(() => assert.ok(asked().question));
      await tabTo('Ask One More Question');
      await press('Enter');
      await eventually(() => assert.equal(asked().alsoAsked.length, 1));
      await tabTo(/^Overlays/);
      await press('Enter');
      deps.chosenTable = { texts: ['The ship sailed', 'The house was old'], labels: ['sea', 'land'] };
      await tabTo('Add Overlay');
      await press('Enter');
      await entry('Texts of a CSV File…');
      const texts = page.locator('.texts tbody tr');
      await texts.nth(1).waitFor();
      await tabTo('Live');
      const live = page.getByRole('checkbox', { name: 'Live' });
      const before = await live.isChecked();
      await press('Space');
      await eventually(async () => assert.equal(await live.isChecked(), !before));
      await press('Space');

      // The map: its menu at the pinned cell, what it shows, a box around texts, and their list.
      await tabTo(/^Token map/);
      await press('ArrowLeft', 'ContextMenu');
      await entry('Copy Coordinates');
      const [x = NaN] =
        (await page.locator('.cell-summary dd').first().innerText())
          .match(/[−\d.]+/g)
          ?.map((text) => Number(text.replace('−', '-'))) ?? [];
      await eventually(() => assert.ok(deps.calls.at(-1)?.startsWith(`copy ${x.toFixed(2)}, `), deps.calls.at(-1)));
      await press('t');
      for (let i = 0; i < 12; i++) await press('Shift+ArrowLeft', 'Shift+ArrowDown');
      await press('t');
      await eventually(async () => assert.match(await stage.spoken(), /of 2 texts are in the box and in the list$/));
      const inside = Number.parseInt(await stage.spoken(), 10);
      await eventually(async () => assert.equal(await texts.count(), inside));
      await press('Escape');
      await eventually(async () => assert.equal(await texts.count(), 2));
      // The second of the ranking.
      await tabTo('Top tokens');
      await tabTo(/^1.*%$/);
      await press('ArrowDown');
      const id = Number(await page.locator('.cell .ranking tbody tr').nth(1).getAttribute('data-key'));
      const { text: token } = defaultMap(asked()).tokens.get(id) ?? assert.fail('no second token');
      await press('Enter');
      await eventually(() => assert.deepEqual(asked().question, { kind: 'probability', token }));
      await tabTo('Any Point');
      await press('Enter');
      await tabTo('Sample');
      await press('Space');
      await tabTo('A, B, C and Here');
      await press('Enter');
      await page.locator('.continuation').nth(3).filter({ hasText: 'and so on' }).waitFor();
      await tabTo(/^sea/);
      await press('Enter');
      await eventually(async () => assert.equal(await texts.count(), 1));
      await tabTo(/^The house was old/);
      await press('Enter');
      await page.locator('.cell h2', { hasText: 'Pinned cell' }).waitFor();
    },
  );

  onPage('what lies on the plane is a list: arrows, search, Enter goes there', {}, async (stage) => {
    await pane(stage, 'On This Plane').click();
    const rows = stage.page.locator('.marks tbody tr');
    assert.equal(await rows.count(), 6);
    const tip = stage.page.locator('.mark-tip strong');
    const onB = async (): Promise<void> => {
      await stage.settled();
      assert.ok(await tip.isVisible());
      assert.equal(await tip.innerText(), 'B “She was the daughter of Sir”');
      assert.equal(await stage.page.evaluate(() => document.activeElement?.getAttribute('data-key')), '1');
    };
    await rows.first().focus();
    await stage.page.keyboard.press('ArrowDown');
    await eventually(onB);
    // Rows that are measured anew are others: the focus stays; and Tab comes back to the row that it left.
    stage.controller.receive({ type: 'edit', path: 'overlays', value: [] });
    await eventually(async () => assert.equal(await rows.count(), 3));
    await eventually(onB);
    for (const key of ['Shift+Tab', 'Tab']) await stage.page.keyboard.press(key);
    await eventually(onB);
    stage.controller.receive({ type: 'undo' });
    await eventually(async () => assert.equal(await rows.count(), 6));
    await eventually(onB);
    await stage.page.keyboard.press('Enter');
    await stage.settled();
    assert.equal(await stage.page.locator('.cell-summary dd').first().innerText(), 'x 1.00, y 0.00');
    await stage.button('Find on This Plane').click();
    const search = stage.page.getByRole('searchbox', { name: 'Find on this plane' });
    await search.fill('WHALE');
    assert.equal(await rows.count(), 1);
    await search.press('Escape');
    assert.equal(await rows.count(), 6);
  });

  onPage('overlays are added, changed and removed in the form', {}, async (stage) => {
    const asked = () => stage.deps.engine.surveyed.at(-1)?.overlays;
    const cells = stage.deps.engine.asked.length;
    await stage.page.locator('.group-header', { hasText: 'Overlays' }).click();
    await stage.button('Add Overlay').click();
    await stage.page.getByRole('menuitem', { name: 'Embeddings Near the Plane', exact: true }).click();
    await eventually(() => assert.deepEqual(asked()?.[1], { kind: 'rows', matrix: 'embedding', count: 20 }));
    await stage.type('Number of Embeddings 2', '7');
    await eventually(() => assert.deepEqual(asked()?.[1], { kind: 'rows', matrix: 'embedding', count: 7 }));
    await stage.type('Prompt of Positions 1', 'Call me');
    await eventually(() =>
      assert.deepEqual(asked()?.[0], { kind: 'positions', prompt: { kind: 'prompt', text: 'Call me' } }),
    );
    await stage.button('Remove Positions 1').click();
    await eventually(() => assert.equal(asked()?.length, 1));
    assert.equal(stage.deps.engine.asked.length, cells);
  });

  onPage('a question colors the map; tokens are left out of the race and come in again', {}, async (stage) => {
    const asked = () => stage.deps.engine.asked.at(-1)?.parameters;
    await stage.page.getByRole('tab', { name: 'Question' }).click();
    await eventually(() => assert.deepEqual(asked()?.question, { kind: 'divergence' }));
    await stage.choose('Question', 'Logit difference');
    await stage.type('First token', ' Paris');
    await stage.type('Second token', '#7');
    const wanted = { kind: 'difference', first: ' Paris', second: 7 };
    await eventually(() => assert.deepEqual(asked()?.question, wanted));
    const words = stage.page.locator('.cell-summary');
    await words.filter({ hasText: /[+−][\d.]+ logits\s+␣Paris − #7/ }).waitFor();
    await stage.status(/cells ·/);
    // The engine's answers rise from −10 to 10 along x.
    const at = await Promise.all([0, 49].map((column) => stage.cellPoint(column, 2)));
    await eventually(async () => {
      const [left, right] = await stage.colorsAt(at);
      assert.ok(left && right && left[0] > left[2] + 40 && right[2] > right[0] + 40, JSON.stringify([left, right]));
    });
    // One more in the same run: both answers of a cell are told, and a click or a key colors by either without another run.
    await stage.button('Ask One More Question').click();
    await eventually(() => assert.deepEqual(asked()?.alsoAsked, [{ kind: 'probability', token: ' the' }]));
    await stage.choose('Question', 'Probability of a set of tokens');
    await stage.type('Tokens, a comma between them', ' he, she');
    const set = { kind: 'set', tokens: [' he', ' she'] } as const;
    await eventually(() => assert.deepEqual(asked()?.alsoAsked, [set]));
    // The list is told as it is understood: a space that is missing is seen.
    assert.deepEqual(
      await stage.page.getByRole('list', { name: 'Tokens of the set' }).getByRole('listitem').allTextContents(),
      ['␣he', '␣she'],
    );
    const answers = stage.page.locator('.pane-main .answer, .inspector .answer');
    await answers
      .nth(1)
      .filter({ hasText: /␣he, ␣she.*%/ })
      .waitFor();
    await stage.status(/cells ·/);
    const runs = stage.deps.engine.asked.length;
    assert.equal(await answers.nth(1).getAttribute('aria-pressed'), 'true');
    // The second question's answers rise along y.
    const upward = await Promise.all([2, 49].map((row) => stage.cellPoint(0, row)));
    await eventually(async () => {
      const [low, high] = await stage.colorsAt(upward);
      assert.ok(low && high && Math.abs(low[0] - high[0]) > 40, JSON.stringify([low, high]));
    });
    await stage.picture('questions');
    await answers.first().focus();
    await stage.page.keyboard.press('Enter');
    await eventually(async () => {
      const [left, right] = await stage.colorsAt(at);
      assert.ok(left && right && left[0] > left[2] + 40 && right[2] > right[0] + 40, JSON.stringify([left, right]));
    });
    assert.equal(stage.deps.engine.asked.length, runs);
    await stage.page.locator('.question').nth(1).click();
    await stage.choose('Question', 'Probability of all that match');
    await stage.type('Regular expression', '(');
    await stage.page.locator('.message.fault:visible', { hasText: 'no regular expression' }).waitFor();
    await stage.type('Regular expression', '^ [A-Z]');
    await eventually(() => assert.deepEqual(asked()?.alsoAsked, [{ kind: 'pattern', pattern: '^ [A-Z]' }]));
    const feature = { kind: 'feature', vector: '', bias: 0.5, threshold: 0, name: 'sae#17' } as const;
    stage.deps.chosenFeature = { feature };
    await stage.choose('Question', 'Feature or probe from a file…');
    await eventually(() => assert.deepEqual(asked()?.alsoAsked, [feature]));
    await stage.button('Ask sae#17 No More').click();
    await eventually(() => assert.deepEqual(asked()?.alsoAsked, []));
    await stage.status(/cells ·/);
    await stage.page.locator('.tokens-pane:not(.marks-pane) .tokens tbody tr').first().focus();
    await stage.page.keyboard.press('Delete');
    await eventually(() => assert.equal(asked()?.masked.length, 1));
    await stage.page.getByRole('button', { name: /^Take .* In Again$/ }).click();
    await eventually(() => assert.deepEqual(asked()?.masked, []));
    // A token that is typed is taken, and the field is ready for the next.
    const leaveOut = stage.page.getByRole('textbox', { name: 'Token to leave out' });
    await leaveOut.fill(' he');
    await leaveOut.press('Enter');
    await eventually(() => assert.deepEqual(asked()?.masked, [' he']));
    assert.equal(await leaveOut.inputValue(), '');
  });
});
