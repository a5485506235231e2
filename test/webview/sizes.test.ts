import assert from 'node:assert/strict';
import { suite } from 'node:test';
import { presetParameters } from '../../src/map/presets.js';
import { DEFAULT_PARAMETERS, type MapParameters } from '../../src/map/specification.js';
import { type Survey, typicalNorm } from '../../src/map/survey.js';
import { bundle } from '../tools/strings.js';
import { expectNoViolations } from '../vscode/support/accessibility.js';
import { leftOut } from '../vscode/support/places.js';
import { type Stage, usePages } from './stage.js';

const PRESET = presetParameters('threePrompts', DEFAULT_PARAMETERS);
const PARAMETERS: MapParameters = {
  ...PRESET,
  grid: { ...PRESET.grid, spacing: 0.08 },
  question: { kind: 'divergence' },
};

/** Norms that lie as near to each other as real ones do: three rings are seen, one in another. */
const near = (survey: Survey): Survey => {
  const { norms } = survey;
  if (!norms) return survey;
  const typical = typicalNorm(norms);
  const quantiles = norms.quantiles.map((_, i) => typical * (1 + (i - 10) / 60));
  return { ...survey, norms: { ...norms, quantiles } };
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

/** What the page itself says and does not show whole: names of controls and columns. What comes from outside may be shortened. */
const cutOff = ({ page }: Stage): Promise<readonly string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('h2, th, dt, label, vscode-button, .group-title, .field-label')]
      .filter((one) => one.checkVisibility() && getComputedStyle(one).position !== 'absolute')
      .filter((one) => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== 'inline')
      .map((one) => `${one.tagName} ${one.textContent}: ${one.scrollWidth} of ${one.clientWidth}`),
  );

/** Texts of the page that are called otherwise in its language. */
async function leftInEnglish({ page }: Stage): Promise<readonly string[]> {
  const words = bundle('de');
  const shown = await page.evaluate(() => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found: string[] = [];
    while (texts.nextNode()) found.push(texts.currentNode.textContent ?? '');
    for (const name of ['aria-label', 'title', 'placeholder'])
      for (const one of document.querySelectorAll(`[${name}]`)) found.push(one.getAttribute(name) ?? '');
    return found;
  });
  const said = new Set(Object.values(words));
  return shown.filter((text) => words[text] !== undefined && words[text] !== text && !said.has(text));
}

suite('At any size from 500 × 500 px', { concurrency: 2, skip: leftOut(), timeout: 300_000 }, () => {
  const onPage = usePages({ parameters: PARAMETERS, engine: { told: near } });

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
        const rings = (await stage.writtenOnMap()).filter(({ text }) => / (norm|shorter)$/.test(text));
        for (const [i, a] of rings.entries())
          for (const b of rings.slice(i + 1))
            assert.ok(
              a.left + a.width < b.left ||
                b.left + b.width < a.left ||
                a.top + a.height < b.top ||
                b.top + b.height < a.top,
              `${a.text} over ${b.text}`,
            );
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

  onPage(
    'in German nothing is out of reach, cut off or English',
    { language: 'de', status: /Zellen ·/, width: 1700, height: 1000 },
    async (stage) => {
      const { page } = stage;
      await stage.clickCell(31, 21);
      for (const width of [1700, 1000, 500]) {
        await page.setViewportSize({ width, height: 1000 });
        await stage.settled();
        assert.deepEqual(await outOfReach(stage), []);
        await stage.picture(`german-${width}`);
        const open = page.getByRole('button', { name: /^Parameter( zeigen)?$/ });
        const drawer = await open.isVisible();
        if (drawer) {
          await open.click();
          await stage.settled();
          await stage.picture(`german-${width}-parameters`);
        }
        assert.deepEqual(await outOfReach(stage, '.controls'), []);
        assert.deepEqual(await cutOff(stage), []);
        assert.deepEqual(await leftInEnglish(stage), []);
        if (drawer) await page.keyboard.press('Escape');
      }
    },
  );

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
