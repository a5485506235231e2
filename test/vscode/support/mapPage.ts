import assert from 'node:assert/strict';
import type { FrameLocator, Locator } from 'playwright-core';
import { firstPass } from '../../../src/panel/mapRecord.js';
import { holdEngines } from './engines.js';
import { until } from './until.js';
import type { Workbench } from './workbench.js';

/** How long a changed parameter may wait for its map, where that is to begin by itself. */
const PATIENCE_MS = 2000;

export type Rgb = readonly [number, number, number];

/** What a person sees in the panel, or in the editor of a saved map. */
export class MapPage {
  constructor(
    readonly workbench: Workbench,
    readonly frame: FrameLocator = workbench.webview,
  ) {}

  /** The line below everything. */
  get status(): Locator {
    return this.frame.locator('.status-text');
  }

  /** The map itself. */
  get plot(): Locator {
    return this.frame.getByRole('application');
  }

  get controls(): Locator {
    return this.frame.locator('#controls');
  }

  get inspector(): Locator {
    return this.frame.locator('aside.inspector');
  }

  /** Chooses a color theme, and waits until the page has it. */
  async theme(name: string, kind: 'vscode-dark' | 'vscode-light' | 'vscode-high-contrast'): Promise<void> {
    await this.workbench.theme(name);
    await this.frame.locator(`body.${kind}`).waitFor();
  }

  /** A button with exactly this name, wherever it stands. */
  button(name: string, within: FrameLocator | Locator = this.frame): Locator {
    return within.getByRole('button', { name, exact: true }).first();
  }

  /** The line of the form with this label. */
  field(label: string): Locator {
    return this.controls.getByRole('group', { name: label, exact: true });
  }

  /** Types into a text field and leaves it. */
  async type(name: string, text: string): Promise<void> {
    const input = this.controls.getByRole('textbox', { name, exact: true });
    await input.fill(text);
    await input.press('Tab');
  }

  /** Chooses in a drop-down of the form. */
  async choose(name: string, option: string): Promise<void> {
    await this.controls.getByRole('combobox', { name, exact: true }).click();
    // Of those with such a name the one that is offered: `Prompt A` is not, where no plane goes through one.
    await this.frame.getByRole('option', { name: option, disabled: false }).first().click();
  }

  /** Unfolds a group of the form. */
  async unfold(group: string): Promise<void> {
    const header = this.controls.getByRole('button', { name: new RegExp(`^${group}`) });
    if ((await header.getAttribute('aria-expanded')) === 'false') await header.click();
  }

  /**
   * Waits until the page shows a complete map of the parameters as they stand, whose status line has this in it. Generates
   * it where the estimate is too long for that to happen by itself, as it may be on a busy machine.
   */
  async complete(containing: RegExp = /./): Promise<string> {
    const due = this.frame.locator('vscode-button.due:visible').first();
    let text = '';
    let dueSince: number | undefined;
    await until(`a complete map (${containing})`, async () => {
      const seen = await this.glance();
      dueSince = seen.due ? (dueSince ?? Date.now()) : undefined;
      // A map that begins by itself does so at once. A click that comes too late would meet Cancel in the same place.
      if (dueSince !== undefined && Date.now() - dueSince > PATIENCE_MS) {
        await due.click({ timeout: 1000 }).catch(() => undefined); // it has begun meanwhile
        dueSince = undefined;
      }
      ({ text } = seen);
      return /cells? · .*tokens? ·/.test(text) && containing.test(text) && !seen.due;
    });
    return text;
  }

  /** Status line and whether Generate is due, in one look; nothing while a page comes or goes. */
  private glance(): Promise<{ readonly due: boolean; readonly text: string }> {
    return this.frame
      .locator('body')
      .evaluate(() => ({
        due: [...document.querySelectorAll('vscode-button.due')].some((button) =>
          button.checkVisibility({ visibilityProperty: true }),
        ),
        text: document.querySelector<HTMLElement>('.status-text')?.innerText ?? '',
      }))
      .catch(() => ({ due: false, text: '' }));
  }

  /** Does something, and waits until a complete map with another picture stands. */
  async changes(what: string, act: () => Promise<void>): Promise<void> {
    const before = await this.signature();
    await act();
    await until(`another picture by ${what}`, async () => {
      await this.complete();
      return (await this.signature()) !== before;
    });
  }

  /** All colors of the picture as a text. */
  private async signature(): Promise<string> {
    return (await this.frame.locator('.heatmaplayer image').first().getAttribute('href')) ?? '';
  }

  /** Waits until a map is being computed and this many of its cells have come. A cancel before the first leaves nothing. */
  async running(cells = 1): Promise<void> {
    await until(`${cells} cells of a running map`, async () => {
      const [, done] = /^([\d,]+) of [\d,]+ cells · \d+%/.exec(await this.status.innerText()) ?? [];
      return done !== undefined && Number(done.replaceAll(',', '')) >= cells;
    });
  }

  /** Generates, whether or not a map is running: by its key, as the button may have become Cancel. */
  async generate(): Promise<void> {
    await this.controls.getByRole('textbox', { name: 'Rows', exact: true }).press('Control+Enter');
  }

  /**
   * Asks for a map of 200 x 200 cells, which takes some ten seconds, a cell at a time, and waits until its first pass stands. Then
   * its engine is held, so that the map stays half done, and the page rests, for as long as a test looks at it.
   * @returns what lets it go on
   */
  async startLongMap(): Promise<() => void> {
    await this.unfold('Advanced');
    await this.type('Batch size', '1');
    await this.type('Layer number', 'embeddings');
    await this.type('Columns', '200');
    await this.type('Rows', '200');
    await this.generate();
    await this.running(firstPass({ columns: 200, rows: 200 }));
    const goOn = await holdEngines(this.workbench.server);
    await this.shows(/^Token map, 200 by 200 cells/);
    return goOn;
  }

  /** Waits until a map with such a name for screen readers is drawn. */
  async shows(name: RegExp): Promise<void> {
    await this.frame.getByRole('application', { name }).waitFor();
    await this.frame.locator('.heatmaplayer image').first().waitFor();
  }

  /** The colors of the picture that plotly drew, a pixel per cell, from the top left. */
  async colors(): Promise<{ readonly width: number; readonly height: number; at(x: number, y: number): Rgb }> {
    const { width, height, data } = await this.frame
      .locator('.heatmaplayer image')
      .first()
      .evaluate(async (element) => {
        const image = new Image();
        image.src = element.getAttribute('href') ?? '';
        await image.decode();
        const canvas = document.createElement('canvas');
        canvas.width = image.width;
        canvas.height = image.height;
        const context = canvas.getContext('2d');
        if (!context) throw new Error('no canvas');
        context.drawImage(image, 0, 0);
        const pixels = context.getImageData(0, 0, image.width, image.height);
        return { width: image.width, height: image.height, data: [...pixels.data] };
      });
    return {
      width,
      height,
      at: (x, y) => {
        const start = 4 * (y * width + x);
        return [data[start] ?? 0, data[start + 1] ?? 0, data[start + 2] ?? 0];
      },
    };
  }

  /** What the canvas over the map shows, without the heatmap: number of pixels that are drawn within the map's frame. */
  async inkPixels(): Promise<number> {
    await this.drawn();
    const box = await this.plot.boundingBox();
    assert.ok(box);
    return this.frame
      .locator('canvas.layer')
      .first()
      .evaluate((element) => {
        const canvas = element as HTMLCanvasElement;
        const plot = document.querySelector('.plot');
        const context = canvas.getContext('2d');
        if (!plot || !context) throw new Error('no map');
        const outer = canvas.getBoundingClientRect();
        const inner = plot.getBoundingClientRect();
        const scale = canvas.width / outer.width;
        const pixels = context.getImageData(
          Math.round((inner.left - outer.left) * scale),
          Math.round((inner.top - outer.top) * scale),
          Math.round(inner.width * scale),
          Math.round(inner.height * scale),
        );
        let ink = 0;
        for (let i = 3; i < pixels.data.length; i += 4) if ((pixels.data[i] ?? 0) > 0) ink++;
        return ink;
      });
  }

  /** How many pixels that are drawn over the map have exactly this color. */
  async overlayPixels(color: Rgb): Promise<number> {
    await this.drawn();
    return this.frame.locator('canvas.layer').evaluateAll((elements, [red, green, blue]) => {
      let count = 0;
      for (const element of elements) {
        const canvas = element as HTMLCanvasElement;
        const { data } = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
        for (let i = 0; i < data.length; i += 4)
          if (data[i] === red && data[i + 1] === green && data[i + 2] === blue) count++;
      }
      return count;
    }, color);
  }

  /** What was done last is drawn. */
  async drawn(): Promise<void> {
    await this.frame
      .locator('body')
      .evaluate(
        () => new Promise<void>((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve()))),
      );
  }

  /** Clicks the middle of a cell, counted from the left and from the bottom of the whole map. */
  async clickCell(column: number, row: number, columns: number, rows: number): Promise<void> {
    const box = await this.plot.boundingBox();
    assert.ok(box);
    await this.plot.click({
      position: { x: ((column + 0.5) / columns) * box.width, y: (1 - (row + 0.5) / rows) * box.height },
    });
    await this.drawn();
  }

  /** Token and probability of the cell that the inspector shows. */
  async inspected(): Promise<{ readonly token: string; readonly percent: string }> {
    return {
      token: await this.inspector.locator('.cell-token').innerText(),
      percent: await this.inspector.locator('.cell-percent').innerText(),
    };
  }

  /** An entry of the menu "More Actions". */
  async more(item: string): Promise<void> {
    await this.button('More Actions').click();
    await this.frame.getByRole('menuitem', { name: item, exact: true }).click();
  }
}
