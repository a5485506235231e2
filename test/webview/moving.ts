import type { CDPSession, Page } from 'playwright-core';

/** Runs in the page: moves the left map by one step each frame and gives the times between frames in ms. */
const move = async ([how, seconds]: readonly ['pan' | 'zoom', number]): Promise<number[]> => {
  const plot = document.querySelector('.pane-main .plot');
  if (!(plot instanceof HTMLElement)) throw new Error('there is no map');
  const box = plot.getBoundingClientRect();
  const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
  // A pointer of a script cannot be captured.
  plot.setPointerCapture = () => undefined;
  const press = { pointerId: 1, button: 0, bubbles: true, cancelable: true };
  if (how === 'pan') plot.dispatchEvent(new PointerEvent('pointerdown', { ...press, clientX: x, clientY: y }));
  const times: number[] = [];
  const started = performance.now();
  let before = await new Promise<number>(requestAnimationFrame);
  for (let step = 1; performance.now() - started < 1000 * seconds; step++) {
    const angle = step / 20;
    if (how === 'pan') {
      const at = { clientX: x + 90 * Math.sin(angle), clientY: y + 90 * Math.sin(1.3 * angle) };
      plot.dispatchEvent(new PointerEvent('pointermove', { ...press, ...at }));
    } else {
      const deltaY = step % 60 < 30 ? -20 : 20;
      plot.dispatchEvent(new WheelEvent('wheel', { deltaY, clientX: x, clientY: y, bubbles: true, cancelable: true }));
    }
    const now = await new Promise<number>(requestAnimationFrame);
    times.push(now - before);
    before = now;
  }
  if (how === 'pan') plot.dispatchEvent(new PointerEvent('pointerup', press));
  return times;
};

/** Moves the map of a page and tells what a frame takes. */
export function measuring(
  session: CDPSession,
  page: Page,
  seconds: number,
): { readonly rows: object[]; readonly measure: (name: string, how: 'pan' | 'zoom') => Promise<void> } {
  /** Processor time in ms so far of all of the browser's processes, by their kind. */
  async function processorTimes(): Promise<Record<string, number>> {
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    const times: Record<string, number> = {};
    for (const { type, cpuTime } of processInfo) times[type] = (times[type] ?? 0) + 1000 * cpuTime;
    return times;
  }

  const rows: object[] = [];
  async function measure(name: string, how: 'pan' | 'zoom'): Promise<void> {
    const before = await processorTimes();
    const times = (await page.evaluate(move, [how, seconds] as const)).toSorted((a, b) => a - b);
    const after = await processorTimes();
    const each = (kind: string): number =>
      Number((((after[kind] ?? 0) - (before[kind] ?? 0)) / times.length).toFixed(1));
    const spent = times.reduce((sum, time) => sum + time, 0);
    const at = (part: number): number => Math.round(times[Math.floor(part * (times.length - 1))] ?? NaN);
    rows.push({
      moved: name,
      'frames a second': Number(((1000 * times.length) / spent).toFixed(1)),
      'median, ms': at(0.5),
      '95%, ms': at(0.95),
      'page, processor ms a frame': each('renderer'),
      'drawing, processor ms a frame': each('GPU'),
      'browser, processor ms a frame': each('browser'),
    });
    await page.waitForTimeout(1500);
  }

  return { rows, measure };
}
