import type { Page } from 'playwright-core';

/** The icons on a page that the built font and styles have no picture of: test/tools/icons.mjs did not find their names. */
export const iconsWithout = (page: Page): Promise<string[]> =>
  // In one go: what a table has just replaced has no styles.
  page.evaluate(() =>
    Array.from(document.querySelectorAll('.codicon'))
      .filter((element) => !/^"."$/.test(getComputedStyle(element, '::before').content))
      .map((element) => element.classList.value),
  );
