import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Locator } from 'playwright-core';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What is on its way to a colour or a place has come there: half faded in, nothing has the contrast that it is made for. */
const STILL = `Promise.allSettled(
  document.getAnimations()
    .filter((one) => one.effect?.getComputedTiming().endTime !== Infinity)
    .map((one) => one.finished),
)`;

/** Runs axe-core in the page that an element stands in, once nothing moves, and fails for every violation of WCAG 2, levels A and AA. */
export async function expectNoViolations(element: Locator, what: string): Promise<void> {
  const options: RunOptions = {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
    resultTypes: ['violations'], // what passes is not described
  };
  const frame = await (await element.elementHandle()).ownerFrame();
  assert.ok(frame);
  // As a text, which the debugger evaluates: the page's own policy forbids to evaluate anything.
  const { violations } = await frame.evaluate<AxeResults>(
    `${source}; ${STILL}.then(() => axe.run(${JSON.stringify(options)}))`,
  );
  const found = violations.map(({ id, impact, nodes }) => ({
    id,
    impact,
    nodes: nodes.map((node) => `${node.html.slice(0, 200)} ${node.failureSummary ?? ''}`),
  }));
  assert.deepEqual(found, [], what);
}
