import { launchBrowser, Stage } from './stage.js';
const browser = await launchBrowser();
const s = await Stage.open(browser, {
  scale: Number(process.env.DPR ?? 1),
  parameters: { grid: { columns: 200, rows: 200, spacing: 0.125, center: [0, 0] } },
});
await s.status(/40,000 cells ·/);
const b = (await s.page.locator('.plot').boundingBox())!;
const frames = async (name: string, act: () => Promise<void>) => {
  await s.page.evaluate(() => {
    const f: number[] = [];
    let last = performance.now();
    const tick = () => {
      const now = performance.now();
      f.push(now - last);
      last = now;
      if (!Reflect.get(window, 'stop')) requestAnimationFrame(tick);
    };
    Object.assign(window, { frames: f, stop: false });
    requestAnimationFrame(tick);
  });
  await act();
  const f = (await s.page.evaluate(() => {
    Object.assign(window, { stop: true });
    return Reflect.get(window, 'frames');
  })) as number[];
  f.sort((a, b) => a - b);
  console.log(
    name,
    'frames',
    f.length,
    'median',
    f[Math.floor(f.length / 2)]?.toFixed(1),
    '95%',
    f[Math.floor(f.length * 0.95)]?.toFixed(1),
    'max',
    f.at(-1)?.toFixed(1),
  );
};
await s.page.mouse.move(b.x + 300, b.y + 300);
await frames('zoom in', async () => {
  for (let i = 0; i < 30; i++) {
    await s.page.mouse.wheel(0, -40);
    await s.page.waitForTimeout(12);
  }
});
await s.page.waitForTimeout(300);
await frames('pan', async () => {
  await s.page.mouse.down();
  for (let i = 0; i < 40; i++) {
    await s.page.mouse.move(b.x + 300 - i * 4, b.y + 300 - i * 2);
    await s.page.waitForTimeout(12);
  }
  await s.page.mouse.up();
});
await frames('zoom more', async () => {
  for (let i = 0; i < 20; i++) {
    await s.page.mouse.wheel(0, -60);
    await s.page.waitForTimeout(12);
  }
});
await s.page.waitForTimeout(300);
await s.picture('look-zoom200');
await frames('pan close', async () => {
  await s.page.mouse.down();
  for (let i = 0; i < 40; i++) {
    await s.page.mouse.move(b.x + 300 - i * 4, b.y + 300 - i * 2);
    await s.page.waitForTimeout(12);
  }
  await s.page.mouse.up();
});
await frames('zoom out', async () => {
  for (let i = 0; i < 30; i++) {
    await s.page.mouse.wheel(0, 80);
    await s.page.waitForTimeout(12);
  }
});
await frames('hover', async () => {
  for (let i = 0; i < 60; i++) {
    await s.page.mouse.move(b.x + 100 + i * 6, b.y + 300 - i * 2);
    await s.page.waitForTimeout(8);
  }
});
console.log(s.problems);
await browser.close();
process.exit(0);
