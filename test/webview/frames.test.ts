import assert from 'node:assert/strict';
import { suite } from 'node:test';
import { DEFAULT_PARAMETERS } from '../../src/map/specification.js';
import { leftOut } from '../vscode/support/places.js';
import { type Stage, usePages } from './stage.js';

/** Times between the frames that a page draws while something is done, in ms, sorted. */
async function frameTimes(stage: Stage, act: () => Promise<void>): Promise<number[]> {
  await stage.page.evaluate(() => {
    const watch = { times: [] as number[], on: true };
    Object.assign(window, { watch });
    let last = performance.now();
    const tick = (): void => {
      const now = performance.now();
      watch.times.push(now - last);
      last = now;
      if (watch.on) requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  });
  await act();
  return stage.page.evaluate(() => {
    const watch = Reflect.get(window, 'watch') as { times: number[]; on: boolean };
    watch.on = false;
    return watch.times.slice(1).sort((a, b) => a - b);
  });
}

suite('Frame times', { skip: leftOut(), timeout: 120_000 }, () => {
  const onPage = usePages({
    parameters: { grid: { ...DEFAULT_PARAMETERS.grid, columns: 200, rows: 200, spacing: 0.125 } },
  });

  onPage('200 x 200 cells: zoom, pan and hover, in software rendering', { status: /^40,000 cells/ }, async (stage) => {
    const { page } = stage;
    const box = await stage.plot.boundingBox();
    assert.ok(box);
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await page.mouse.move(x, y);
    /** Each step has a frame of its own, however long the machine takes for it. */
    const frame = (): Promise<number> => page.evaluate(() => new Promise<number>(requestAnimationFrame));
    const wheel = (delta: number, count: number) => async () => {
      for (let i = 0; i < count; i++) {
        await page.mouse.wheel(0, delta);
        await frame();
      }
    };
    const hover = async (): Promise<void> => {
      for (let i = 1; i <= 5; i++) {
        await page.mouse.move(x - 36 * i, y + 24 * i);
        await frame();
      }
    };
    const drag = async (): Promise<void> => {
      await page.mouse.move(x, y);
      await page.mouse.down();
      await hover();
      await page.mouse.up();
    };
    const zoomText = page.locator('.zoom-text');
    for (const [name, act] of [
      ['zoom in', wheel(-300, 4)],
      ['pan', drag],
      ['zoom to single cells', wheel(-300, 4)],
      ['pan over labeled cells', drag],
      ['hover', hover],
      ['zoom out', wheel(750, 4)],
    ] as const) {
      const before = await zoomText.innerText();
      const times = await frameTimes(stage, act);
      const at = (part: number): string =>
        (times[Math.min(times.length - 1, Math.floor(part * times.length))] ?? 0).toFixed(1);
      console.log(`  ${name}: ${times.length} frames, median ${at(0.5)} ms, 95% ${at(0.95)} ms, longest ${at(1)} ms`);
      await stage.settled();
      if (name.startsWith('zoom')) assert.notEqual(await zoomText.innerText(), before, name);
    }
    assert.equal(await zoomText.innerText(), '100%');
  });
});
