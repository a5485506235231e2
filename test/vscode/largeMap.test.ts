import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, suite, test } from 'node:test';
import type { Token } from '../../src/map/token.js';
import { toNpz } from '../../src/formats/npz.js';
import { toJson } from '../../src/formats/toJson.js';
import { syntheticMap } from '../map/syntheticMap.js';
import { MapPage } from './support/mapPage.js';
import { leftOut } from './support/places.js';
import { useSession } from './support/session.js';
import type { Workbench } from './support/workbench.js';

const hostile = [
  '<img src=x onerror="document.title=\'owned\'">',
  '\u202Egnirts desrever',
  '\0',
  'x'.repeat(10_000),
  '</script><script>document.title="owned"</script>',
  '\u0301'.repeat(200),
  '\uFFFE\uD800',
  '${alert(1)}`\'"&amp;',
];
const tokens: readonly Token[] = hostile.map((text, id) => ({ id, kind: 'text', text }));

async function openSaved(workbench: Workbench, name: string): Promise<MapPage> {
  await workbench.openFromExplorer(name);
  const page = new MapPage(workbench);
  await page.complete();
  return page;
}

suite('Maps from files', { skip: leftOut(), timeout: 480_000 }, () => {
  const session = useSession(() => ({
    fill: (workspace) => {
      const save = (name: string, map: Parameters<typeof toJson>[0]): void =>
        writeFileSync(path.join(workspace, `embedding_grid_results_${name}.json`), toJson(map));
      save('hostile', syntheticMap({ columns: 24, rows: 24, tokens, vocabulary: tokens.length }));
      save('large', syntheticMap({ columns: 200, rows: 200 }));
      // As the files of a map of millions of entries are.
      const apart = syntheticMap({ columns: 12, rows: 9 });
      writeFileSync(path.join(workspace, 'embedding_grid_results_apart.json'), toJson(apart, true));
      writeFileSync(path.join(workspace, 'embedding_grid_results_apart.npz'), toNpz(apart));
      writeFileSync(path.join(workspace, 'embedding_grid_results_alone.json'), toJson(apart, true));
      writeFileSync(path.join(workspace, 'embedding_grid_results_broken.json'), '{"config": ');
    },
  }));

  let workbench: Workbench;
  before(async () => {
    workbench = await session.open(undefined, { sideBar: true });
    await workbench.activation();
  });

  test('tokens are text, whatever they hold', async () => {
    const page = await openSaved(workbench, 'hostile');
    const rows = page.frame.locator('table.tokens tbody tr');
    const count = await rows.count();
    assert.ok(count >= 4, `${count} tokens`);
    for (let i = 0; i < count; i++) await rows.nth(i).hover();
    await page.more('Show Cells as Table');
    await page.frame.locator('table.cells tbody td').first().waitFor();
    await page.button('Show as Map').click();
    for (let i = 0; i < 6; i++) await page.button('Zoom In').click();
    assert.equal(await page.frame.locator('img, script:not([nonce]):not(#_vscodeApiScript)').count(), 0);
    assert.notEqual(await page.frame.locator('html').evaluate(() => document.title), 'owned');
    const overflow = await page.frame.locator('body').evaluate((body) => body.scrollWidth - body.clientWidth);
    assert.ok(overflow <= 0, `${overflow} px too wide`);
    await workbench.picture('hostile-tokens');
  });

  test('200 x 200 cells pan and zoom at 30 frames a second', async () => {
    const page = await openSaved(workbench, 'large');
    const box = await page.plot.boundingBox();
    assert.ok(box);
    const { mouse } = workbench.page;
    const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    await mouse.move(middle.x, middle.y);

    const zoom = await measureFrames(page, async () => {
      for (let i = 0; i < 10; i++) {
        await mouse.wheel(0, i < 5 ? -360 : 360);
        await page.drawn();
      }
    });
    for (let i = 0; i < 3; i++) await mouse.wheel(0, -320);
    const pan = await measureFrames(page, async () => {
      await mouse.down();
      for (let i = 0; i < 10; i++) {
        await mouse.move(middle.x + 200 * Math.sin(i), middle.y + 150 * Math.cos(i));
        await page.drawn();
      }
      await mouse.up();
    });
    console.log(`  zoom: ${describe(zoom)}`);
    console.log(`  pan: ${describe(pan)}`);
    assert.ok(zoom.length > 5 && pan.length > 5);
    await workbench.picture('panel-200');
  });

  test('a map whose cells stand beside it opens; without them it is said what is missing', async () => {
    const page = await openSaved(workbench, 'apart');
    await page.more('Show Cells as Table');
    await page.frame.locator('table.cells tbody td').first().waitFor();
    await workbench.openFromExplorer('alone');
    await workbench.notification(/"embedding_grid_results_alone\.npz" cannot be read/);
  });

  test('a file that is no map is shown as text, and why', async () => {
    await workbench.openFromExplorer('broken');
    await workbench.notification(/not JSON|no map/);
    await workbench.page.locator('.monaco-editor .view-line', { hasText: '"config"' }).waitFor();
  });
});

/** Milliseconds between the frames that the page draws while something is done. */
async function measureFrames(page: MapPage, act: () => Promise<void>): Promise<readonly number[]> {
  const body = page.frame.locator('body');
  await body.evaluate(() => {
    const times: number[] = [];
    Object.assign(window, { frameTimes: times, measuring: true });
    const tick = (time: number): void => {
      times.push(time);
      if ('measuring' in window && window.measuring === true) requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  });
  await act();
  const times = await body.evaluate(() => {
    Object.assign(window, { measuring: false });
    return (window as unknown as { frameTimes: number[] }).frameTimes;
  });
  return times.slice(1).map((time, i) => time - (times[i] ?? time));
}

function describe(frames: readonly number[]): string {
  const sorted = frames.toSorted((a, b) => a - b);
  const at = (part: number): string => `${(sorted[Math.floor(part * (sorted.length - 1))] ?? 0).toFixed(1)} ms`;
  return `${frames.length} frames, median ${at(0.5)}, 95 % within ${at(0.95)}, longest ${at(1)}`;
}
