import assert from 'node:assert/strict';
import { suite } from 'node:test';
import { presetParameters } from '../../src/map/presets.js';
import { DEFAULT_PARAMETERS, type MapParameters } from '../../src/map/specification.js';
import { expectNoViolations } from '../vscode/support/accessibility.js';
import { leftOut } from '../vscode/support/places.js';
import { type Stage, usePages } from './stage.js';

const PARAMETERS: MapParameters = {
  ...presetParameters('threePrompts', DEFAULT_PARAMETERS),
  question: { kind: 'divergence' },
};

/** Everything that can be used and is shown, but cannot be brought under the pointer by scrolling. */
const outOfReach = ({ page }: Stage, part = 'body'): Promise<readonly string[]> =>
  page.evaluate((inside) => {
    const usable =
      'button, input, textarea, vscode-button, vscode-dropdown, vscode-text-field, [role="tab"], [tabindex="0"]';
    const within = (inner: Element | null, outer: Element): boolean => {
      for (let one: Node | null = inner; one; one = one.parentNode ?? (one instanceof ShadowRoot ? one.host : null))
        if (one === outer) return true;
      return false;
    };
    return [...document.querySelectorAll<HTMLElement>(`${inside} :is(${usable})`)].flatMap((element) => {
      if (!element.checkVisibility({ visibilityProperty: true })) return [];
      element.scrollIntoView({ block: 'nearest', inline: 'nearest' });
      const { left, right, top, bottom, width, height } = element.getBoundingClientRect();
      if (width === 0 || height === 0) return [];
      // Of a region that is higher than its pane, some of it.
      const at = document.elementFromPoint(
        (left + right) / 2,
        Math.max(top + 4, Math.min((top + bottom) / 2, innerHeight)),
      );
      return within(at, element)
        ? []
        : [`${element.tagName} ${element.getAttribute('aria-label') ?? element.textContent}`];
    });
  }, part);

suite('At any size from 500 × 500 px', { concurrency: 2, skip: leftOut(), timeout: 300_000 }, () => {
  const onPage = usePages({ parameters: PARAMETERS });

  for (const [width, height] of [
    [500, 500],
    [500, 1000],
    [719, 500],
    [720, 540],
    [799, 852],
    [899, 600],
    [1199, 500],
    [1200, 500],
    [1200, 799],
    [1700, 640],
  ] as const) {
    onPage(
      `nothing is out of reach or below something else: ${width} × ${height}`,
      { width, height },
      async (stage) => {
        const { page } = stage;
        await stage.clickCell(31, 21);
        for (const folded of ['Any Point', 'On This Plane'])
          await page.getByRole('button', { name: folded, exact: true }).click();
        await page.getByRole('button', { name: 'Find a Token' }).click();
        assert.deepEqual(await outOfReach(stage), []);
        const [inspector, status, plot] = await Promise.all(
          ['.inspector', '.status', '.plot'].map((name) => page.locator(name).boundingBox()),
        );
        assert.ok(inspector && status && plot);
        assert.ok(inspector.y + inspector.height <= status.y, 'the inspector ends above the status line');
        assert.ok(status.y + status.height <= height);
        assert.ok(Math.min(plot.width, plot.height) >= 120, `a map of ${plot.width} × ${plot.height}`);
        const distance = page.locator('.nearest .faint');
        assert.match(await distance.innerText(), /× typical away$/);
        const [whole, there] = await Promise.all(
          ['.nearest', '.nearest .faint'].map((name) => page.locator(name).boundingBox()),
        );
        assert.ok(
          whole && there && there.x + there.width <= whole.x + whole.width + 1,
          'how far the nearest is can be read',
        );
        const list = await page.locator('.tokens-body').last().boundingBox();
        assert.ok(list && list.height >= 80, `a list of ${list?.height}`);
        await stage.picture(`size-${width}x${height}`);
        const open = page.getByRole('button', { name: /^(Show )?Parameters$/ });
        if (await open.isVisible()) await open.click();
        assert.deepEqual(await outOfReach(stage, '.controls'), []);
        // Everything is open now, at sizes that states.test.ts does not look at.
        if (width <= 500 || height <= 540) await expectNoViolations(page.locator('body'), `${width} × ${height}`);
      },
    );
  }

  onPage('a map is nowhere smaller in a wider editor, once there is room beside it', { width: 610 }, async (stage) => {
    let before = 0;
    for (const width of [610, 700, 719, 720, 760, 799, 850]) {
      await stage.page.setViewportSize({ width, height: 852 });
      await stage.settled();
      const side = (await stage.plot.boundingBox())?.width ?? 0;
      assert.ok(side >= before - 1, `${width}: ${side} after ${before}`);
      before = side;
    }
  });
});
