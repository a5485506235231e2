import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults, ElementContext, RunOptions } from 'axe-core';
import type { Locator } from 'playwright-core';

/** In the page. */
declare const axe: { run(context: ElementContext, options: RunOptions): Promise<AxeResults> };

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What is on its way to a colour or a place has come there: half faded in, nothing has the contrast that it is made for. */
const STILL = `Promise.allSettled(
  document.getAnimations()
    .filter((one) => one.effect?.getComputedTiming().endTime !== Infinity)
    .map((one) => one.finished),
).then(() => undefined)`;

/**
 * Runs axe-core on an element, once nothing moves in its page, and fails for every violation of WCAG 2, levels A and AA: on a whole
 * page, where the element is its body.
 */
export async function expectNoViolations(element: Locator, what: string): Promise<void> {
  const options: RunOptions = {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
    resultTypes: ['violations'], // what passes is not described
  };
  const handle = await element.elementHandle();
  const frame = await handle.ownerFrame();
  assert.ok(frame);
  // As a text, which the debugger evaluates: the page's own policy forbids to evaluate anything.
  if (!(await frame.evaluate(`typeof axe === 'object'`))) await frame.evaluate(`${source}; 0`);
  await frame.evaluate(STILL);
  const { violations } = await handle.evaluate(
    (one, asked): Promise<AxeResults> => axe.run(one === document.body ? document : one, asked),
    options,
  );
  const found = violations.map(({ id, impact, nodes }) => ({
    id,
    impact,
    nodes: nodes.map((node) => `${node.html.slice(0, 200)} ${node.failureSummary ?? ''}`),
  }));
  assert.deepEqual(found, [], what);
}
