import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Browser, Locator, Page } from 'playwright-core';
import { pageHtml } from '../../src/panel/html.js';
import { MapController } from '../../src/panel/controller.js';
import { SavedMapController } from '../../src/panel/savedMap.js';
import { DEFAULT_PARAMETERS, type MapParameters } from '../../src/map/specification.js';
import type { ModelHostMessage } from '../../src/protocol/modelPage.js';
import type { HostMessage, MadeWith, PageMessage, ShownMap } from '../../src/protocol/page.js';
import type { PanelSettings } from '../../src/protocol/panelSettings.js';
import { bundle } from '../tools/strings.js';
import { launchBrowser } from '../vscode/support/browser.js';
import { FakeDependencies, SETTINGS } from './fakeDependencies.js';
import { defaultMap, DESCRIPTION, type FakeEngineOptions } from './fakeEngine.js';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const ROOT = path.join(HERE, '..', '..');
/** Where the tests write pictures; git ignores it. */
const OUTPUT = path.join(HERE, 'output');
const ORIGIN = 'https://page.test';
/** Name of an empty page. */
const NOTHING = 'nothing';
const FONTS = path.join(ROOT, 'media', 'fonts');

export const THEMES = ['dark', 'light', 'high-contrast', 'high-contrast-light'] as const;
export type ThemeName = (typeof THEMES)[number];
/** What a real VS Code 1.139 puts on a webview, as far as the page uses it. */
const themes = JSON.parse(readFileSync(path.join(HERE, 'themes.json'), 'utf8')) as Record<
  ThemeName,
  { className: string; id: string; variables: Record<string, string> }
>;

/** The page's files, as `npm test` and `npm run build` leave them. */
function builtPage(): ReadonlyMap<string, Buffer> {
  const folder = path.join(ROOT, 'dist', 'webview');
  return new Map(readdirSync(folder).map((name) => [name, readFileSync(path.join(folder, name))]));
}

/** What any of our pages is told. */
type PageNews = HostMessage | ModelHostMessage;

export interface StageOptions {
  /** Which page; by default the panel's. */
  readonly program?: 'main' | 'model';
  readonly theme?: ThemeName;
  readonly width?: number;
  readonly height?: number;
  readonly scale?: number;
  /** Of the page; left out: English. What the panel's host says is English in any case. */
  readonly language?: string;
  readonly reducedMotion?: boolean;
  /** null: no model. */
  readonly modelPath?: string | null;
  /** The model of the map whose parameters the panel begins with. */
  readonly madeWith?: MadeWith;
  readonly parameters?: Partial<MapParameters>;
  readonly engine?: FakeEngineOptions;
  readonly run?: boolean;
  readonly prepare?: (deps: FakeDependencies) => void;
  /** What stands behind the page, if not the panel's controller. */
  readonly host?: (deps: FakeDependencies) => PageHost;
}

/** A text on a canvas and its box, in px. */
export interface Written {
  readonly text: string;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly bold: boolean;
}

export interface PageHost {
  connect(post: (message: PageNews) => void): void;
  receive(data: unknown): void;
}

/** The editor of a saved map. */
export const savedMap = (deps: FakeDependencies): PageHost =>
  new SavedMapController(deps.forSavedMap(), defaultMap(DEFAULT_PARAMETERS));

export interface PageTestOptions extends StageOptions {
  /** What the status line says when the test begins: that there are cells, where nothing else is told; null: there is none. */
  readonly status?: string | RegExp | null;
}

/** Registers a test on a page of its own, which must raise no error and keep to its policy; nothing unexpected may be logged. */
export type OnPage = (name: string, options: PageTestOptions, run: (stage: Stage) => Promise<void>) => void;

/** The browser of this process, and how many suites are to use it yet. */
let browser: Browser | undefined;
let suites = 0;

/** Starts a browser for the tests of the surrounding suite, which are registered with what this gives. */
export function usePages(common: StageOptions = {}): OnPage {
  suites++;
  before(async () => {
    browser ??= await launchBrowser();
  });
  after(async () => {
    if (--suites > 0) return;
    await browser?.close();
    browser = undefined;
  });
  return (name, { status = /cells ·/, ...options }, run) => {
    test(name, async () => {
      assert.ok(browser);
      const stage = await Stage.open(browser, { ...common, ...options });
      let passed = false;
      try {
        if (status !== null) await stage.status(status);
        await run(stage);
        assert.deepEqual(stage.problems, []);
        assert.deepEqual(stage.deps.logged, []);
        passed = true;
      } catch (error) {
        await stage.picture(`failed-${name.replaceAll(/\W+/g, '-')}`);
        throw error;
      } finally {
        await stage.close(passed);
      }
    });
  };
}

/** The page in a Chromium, with the panel's real controller behind it and an engine without a model. */
export class Stage {
  /** Errors of the page and breaches of its policy. */
  readonly problems: string[] = [];
  private sending: Promise<unknown> = Promise.resolve();
  private closed = false;
  /** What the panel's page was told last of its own map. */
  private readonly told: { map?: ShownMap | null; detail?: ShownMap | null } = {};
  /** Maps of which it has all cells. */
  private readonly whole = new Set<number>();
  /** The window that it asked for last. */
  private wanted: Extract<PageMessage, { type: 'window' }> | undefined;

  private constructor(
    private readonly tab: Tab,
    readonly deps: FakeDependencies,
    readonly host: PageHost,
  ) {}

  get controller(): MapController {
    if (this.host instanceof MapController) return this.host;
    throw new Error('no panel');
  }

  static async open(browser: Browser, options: StageOptions = {}): Promise<Stage> {
    const tab = await Tab.free(browser, options.scale ?? 1);
    const deps = new FakeDependencies({ seconds: 0.3, ...options.engine });
    options.prepare?.(deps);
    const settings: PanelSettings = {
      ...SETTINGS,
      modelPath: options.modelPath === undefined ? DESCRIPTION.path : options.modelPath,
      parameters: { ...DEFAULT_PARAMETERS, ...options.parameters },
    };
    const { madeWith, run = true } = options;
    const start = { settings, run, ...(madeWith ? { madeWith } : {}) };
    const host = options.host?.(deps) ?? new MapController(deps, start);
    const stage = new Stage(tab, deps, host);
    stage.connect();
    await tab.show(options, (message) => stage.receive(message), stage.problems);
    return stage;
  }

  get page(): Page {
    return this.tab.page;
  }

  private receive(message: PageMessage): void {
    if (message.type === 'window' && message.slot === 'main') this.wanted = message;
    this.host.receive(message);
  }

  /** Connects the host with the page: also after the page was loaded again. */
  private connect(): void {
    this.host.connect((message) => {
      if (this.closed) return;
      this.hear(message);
      this.sending = this.sending.then(() => this.page.evaluate(deliver, pack(message))).catch(() => undefined); // the page is being loaded: it will ask again
    });
  }

  /** All that the host has sent has arrived, and is drawn. */
  async settled(): Promise<void> {
    await this.sending;
    await this.page.evaluate(
      () => new Promise<void>((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve()))),
    );
  }

  private hear(message: PageNews): void {
    if (!('slot' in message) || message.slot !== 'main') return;
    if (message.type === 'map' || message.type === 'detail') {
      this.told[message.type] = message.map;
      if (message.map?.finish) this.whole.add(message.map.id);
    } else if (message.type === 'finish') this.whole.add(message.map);
  }

  /**
   * What was done last is over for the page: its view rests, what it waited for with that is done, and the host has heard of it.
   * What is seen, and what was asked for, is then of the last step of a wheel, and not of one before.
   */
  async rested(): Promise<void> {
    await this.settled();
    await this.page.waitForFunction(() => Reflect.get(window, 'timers') === 0);
    await this.settled();
  }

  /** The page rests, and the window that it asked for last, of the map that it has now, is computed and seen. */
  async refined(): Promise<void> {
    await this.rested();
    await eventually(() => {
      const { wanted, told } = this;
      assert.ok(wanted?.grid && wanted.refine && told.detail, 'no window is looked at closely');
      assert.equal(wanted.map, told.map?.id);
      const { spacing, center } = told.detail.specification.grid;
      assert.deepEqual({ spacing, center }, wanted.grid);
      assert.ok(this.whole.has(told.detail.id), 'cells are missing');
    });
    await this.page.locator('.status-seen').filter({ hasText: 'window' }).waitFor();
    await this.status(/ · CPU · /);
  }

  /** Waits until the status line says this, and not what it said before the host's last word. */
  async status(text: string | RegExp): Promise<void> {
    await this.settled();
    await this.page.locator('.status-text').filter({ hasText: text }).waitFor();
    await this.settled();
  }

  async theme(theme: ThemeName): Promise<void> {
    await this.page.evaluate(({ className, id, variables }) => {
      const { style } = document.documentElement;
      for (const name of [...style])
        if (name.startsWith('--vscode-') && name !== '--vscode-font-family') style.removeProperty(name);
      for (const [name, value] of Object.entries(variables))
        if (name !== '--vscode-font-family') style.setProperty(name, value);
      document.body.className = className;
      document.body.dataset.vscodeThemeId = id;
    }, themes[theme]);
    await this.settled();
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name });
  }

  /** The line of the form with this label. */
  field(label: string): Locator {
    return this.page.getByRole('group', { name: label, exact: true });
  }

  /** Types into a field of the form, over what is there, and leaves it: what was typed is meant. */
  async type(name: string, text: string): Promise<void> {
    const field = this.page.locator('.controls').getByRole('textbox', { name, exact: true });
    await field.fill(text);
    await field.blur();
  }

  /** Chooses from a drop-down of the form. */
  async choose(name: string, option: string): Promise<void> {
    await this.page.locator('.controls').getByRole('combobox', { name, exact: true }).click();
    await this.page.getByRole('option', { name: option, exact: true }).click();
  }

  get plot(): Locator {
    return this.page.locator('.pane-main .plot');
  }

  /** Where a cell's middle is on the page; the whole map is shown. */
  async cellPoint(column: number, row: number): Promise<{ x: number; y: number }> {
    const box = await this.plot.boundingBox();
    const label = await this.plot.getAttribute('aria-label');
    const [, columns, rows] = /(\d+) (?:by|mal) (\d+) (?:cells|Zellen)/.exec(label ?? '') ?? [];
    if (!box || !columns || !rows) throw new Error('there is no map');
    return {
      x: box.x + ((column + 0.5) / Number(columns)) * box.width,
      y: box.y + (1 - (row + 0.5) / Number(rows)) * box.height,
    };
  }

  /** Where a place of the plane is on the page; the whole map is shown. */
  async placePoint(x: number, y: number): Promise<{ x: number; y: number }> {
    const { columns, rows, spacing, center } = this.controller.settings.parameters.grid;
    return this.cellPoint((x - center[0]) / spacing + (columns - 1) / 2, (y - center[1]) / spacing + (rows - 1) / 2);
  }

  async clickCell(column: number, row: number): Promise<void> {
    const { x, y } = await this.cellPoint(column, row);
    await this.page.mouse.click(x, y);
    await this.settled();
  }

  async hoverCell(column: number, row: number): Promise<void> {
    const { x, y } = await this.cellPoint(column, row);
    await this.page.mouse.move(x, y);
    await this.settled();
  }

  /** What stands on the map beside its labels: names of rings and marks, with their boxes in px. */
  async writtenOnMap(): Promise<readonly Written[]> {
    await this.page.evaluate(() => {
      const written: Written[] = [];
      const own = Reflect.get(CanvasRenderingContext2D.prototype, 'fillText');
      CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
        const { e, f } = this.getTransform();
        const width = this.measureText(text).width;
        const [left, top] = [e / devicePixelRatio + x, f / devicePixelRatio + y];
        written.push({
          bold: /^(600|bold) /.test(this.font),
          ...{ text, width, height: 10, left: this.textAlign === 'center' ? left - width / 2 : left },
          top: this.textBaseline === 'bottom' ? top - 10 : top - 5,
        });
        own.call(this, text, x, y);
      };
      Reflect.set(window, 'written', written);
    });
    await this.plot.focus();
    await this.page.keyboard.press('a');
    await this.settled();
    await this.page.evaluate(() => (Reflect.get(window, 'written') as Written[]).splice(0));
    await this.page.keyboard.press('a');
    await this.settled();
    const all = await this.page.evaluate(() => Reflect.get(window, 'written') as Written[]);
    return all.filter((one, i) => all.findIndex((other) => JSON.stringify(other) === JSON.stringify(one)) === i);
  }

  /** What is seen at points of the page: red, green, blue each. */
  async colorsAt(points: readonly { readonly x: number; readonly y: number }[]): Promise<[number, number, number][]> {
    await this.settled();
    return decode(this.page, await this.page.screenshot(), points);
  }

  /** Takes out what was logged, which must have this in it: what is left when a test ends makes it fail. */
  logged(text: RegExp): void {
    assert.match(this.deps.logged.splice(0).join('\n'), text);
  }

  /** What a screen reader was last told. */
  spoken(): Promise<string> {
    return this.page.locator('body > .only-spoken').innerText();
  }

  async picture(name: string): Promise<void> {
    mkdirSync(OUTPUT, { recursive: true });
    await this.settled();
    await this.page.screenshot({ path: path.join(OUTPUT, `${name}.png`) });
  }

  /** @param again the page may be another test's. */
  async close(again = false): Promise<void> {
    this.closed = true;
    if (this.host instanceof MapController) this.host.dispose(true);
    await this.sending;
    await (again ? this.tab.clear() : this.tab.close());
  }
}

/**
 * Where pages of a browser are shown, one after another: a browser that has shown one has its program compiled, and shows the next
 * for half the work. Nothing of the one before is left.
 */
class Tab {
  private static readonly unused = new WeakMap<Browser, Tab[]>();
  private options: StageOptions = {};
  private receive: (message: PageMessage) => void = () => undefined;
  private problems: string[] = [];

  private constructor(
    private readonly browser: Browser,
    readonly page: Page,
    private readonly scale: number,
  ) {}

  /** One that shows nothing, with so many pixels in each px. */
  static async free(browser: Browser, scale: number): Promise<Tab> {
    const unused = Tab.unused.get(browser)?.findIndex((tab) => tab.scale === scale) ?? -1;
    const [tab] = unused < 0 ? [] : (Tab.unused.get(browser)?.splice(unused, 1) ?? []);
    return tab ?? Tab.create(browser, scale);
  }

  private static async create(browser: Browser, scale: number): Promise<Tab> {
    const context = await browser.newContext({ deviceScaleFactor: scale });
    context.setDefaultTimeout(90_000);
    const page = await context.newPage();
    const tab = new Tab(browser, page, scale);
    page.on('pageerror', (error) => tab.problems.push(`error: ${error.message}`));
    page.on('console', (message) => {
      // Two rules of plotly.js for its own pictures, which the page's sheet has instead.
      if (
        message.type() === 'error' &&
        !message.text().includes('style-src-attr') &&
        !message.text().includes('inline style')
      )
        tab.problems.push(message.text());
    });
    await page.exposeFunction('toHost', (message: PageMessage) => tab.receive(message));
    // tsx names functions with a helper that the page has not.
    await page.addInitScript('globalThis.__name = (value) => value');
    await page.addInitScript(countTimers);
    await page.addInitScript(likeVsCode, themes);
    const files = builtPage();
    await page.route(`${ORIGIN}/**`, async (route) => {
      const name = new URL(route.request().url()).pathname.slice(1);
      if (name === '') return route.fulfill({ contentType: 'text/html', body: html(tab.options) });
      if (name === NOTHING) return route.fulfill({ contentType: 'text/html', body: '' });
      if (name.startsWith('Inter')) return route.fulfill({ path: path.join(FONTS, name) });
      const type = { js: 'text/javascript', css: 'text/css', ttf: 'font/ttf' }[name.split('.').at(-1) ?? ''];
      const body = files.get(name);
      return body && type ? route.fulfill({ body, contentType: type }) : route.fulfill({ status: 404 });
    });
    return tab;
  }

  async show(options: StageOptions, receive: (message: PageMessage) => void, problems: string[]): Promise<void> {
    const { width = 1300, height = 852, reducedMotion = false } = options;
    Object.assign(this, { options, receive, problems });
    await this.page.setViewportSize({ width, height });
    await this.page.emulateMedia({ reducedMotion: reducedMotion ? 'reduce' : 'no-preference' });
    await this.page.goto(`${ORIGIN}/`);
  }

  /** Shows nothing any more: another page may come. */
  async clear(): Promise<void> {
    await this.page.goto(`${ORIGIN}/${NOTHING}`);
    await this.page.evaluate(() => (window.name = ''));
    await this.page.mouse.move(-10, -10);
    this.page.removeAllListeners('dialog');
    Object.assign(this, { receive: () => undefined, problems: [] });
    Tab.unused.set(this.browser, [...(Tab.unused.get(this.browser) ?? []), this]);
  }

  close(): Promise<void> {
    return this.page.context().close();
  }
}

/** Runs in the page before its scripts: what VS Code has for a webview, and how it dresses it. */
function likeVsCode(all: typeof themes): void {
  let kept: unknown = JSON.parse(window.name || 'null');
  Object.assign(window, {
    acquireVsCodeApi: () => ({
      postMessage: (message: unknown) => void (Reflect.get(window, 'toHost') as (message: unknown) => unknown)(message),
      getState: () => kept,
      setState: (state: unknown) => {
        kept = state;
        window.name = JSON.stringify(state);
      },
    }),
  });
  const dress = ({ className, id, variables }: (typeof themes)[ThemeName]): void => {
    for (const [name, value] of Object.entries(variables)) document.documentElement.style.setProperty(name, value);
    document.documentElement.style.setProperty('--vscode-font-family', 'Inter, sans-serif');
    document.body.className = className;
    document.body.dataset.vscodeThemeId = id;
  };
  // VS Code dresses the document before the page's scripts run.
  new MutationObserver((_, observer) => {
    const theme = document.querySelector('meta[name="theme"]')?.getAttribute('content');
    if (document.querySelector('body') === null || !theme) return;
    observer.disconnect();
    dress(all[theme as ThemeName]);
  }).observe(document, { childList: true, subtree: true });
}

/** Runs in the page before its scripts: `timers` is how many timers are to end yet. */
function countTimers(): void {
  const [start, stop] = [window.setTimeout.bind(window), window.clearTimeout.bind(window)];
  const running = new Set<number>();
  const ended = (id: number): void => {
    running.delete(id);
    Reflect.set(window, 'timers', running.size);
  };
  ended(0);
  const counted = (run: (...values: unknown[]) => void, milliseconds?: number, ...values: unknown[]): number => {
    const id = start(() => {
      run(...values);
      ended(id);
    }, milliseconds);
    running.add(id);
    Reflect.set(window, 'timers', running.size);
    return id;
  };
  const clear = (id: number): void => {
    stop(id);
    ended(id);
  };
  Object.assign(window, { setTimeout: counted, clearTimeout: clear });
}

/** The panel's own page, with the project's font in place of the system's. */
function html({ program = 'main', theme = 'dark', language: name }: StageOptions): string {
  const language = name === undefined ? undefined : { name, words: bundle(name) };
  const files = { script: `${program}.js`, styles: `${program}.css` };
  const page = pageHtml({ ...files, source: ORIGIN, nonce: 'bm9uY2U', language });
  const faces = [400, 600].map(
    (weight) =>
      `@font-face { font-family: Inter; font-weight: ${weight}; src: url(Inter-${weight === 400 ? 'Regular' : 'SemiBold'}.ttf); }`,
  );
  return page.replace(
    '</head>',
    `<meta name="theme" content="${theme}"><style nonce="bm9uY2U">${faces.join('')}</style></head>`,
  );
}

/** Looks again until this holds: for what the page tells the host and hears back. */
export async function eventually(check: () => void | Promise<void>): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }
}

/**
 * Colors of a picture of the page at points of it: red, green, blue each. Points and colors cross as one text each, as messages do
 * ({@link pack}): there may be ten thousands.
 */
export async function decode(
  page: Page,
  png: Buffer,
  points: readonly { readonly x: number; readonly y: number }[],
): Promise<[number, number, number][]> {
  const places = Buffer.from(Float64Array.from(points.flatMap(({ x, y }) => [x, y])).buffer).toString('base64');
  const text = await page.evaluate(
    async ([source, coordinates]) => {
      const image = new Image();
      image.src = source;
      await image.decode();
      const canvas = document.createElement('canvas');
      canvas.width = image.width;
      canvas.height = image.height;
      const context = canvas.getContext('2d', { willReadFrequently: true });
      context?.drawImage(image, 0, 0);
      const data = context?.getImageData(0, 0, image.width, image.height).data ?? new Uint8ClampedArray();
      const scale = image.width / window.innerWidth;
      const at = new Float64Array(Uint8Array.fromBase64(coordinates).buffer);
      const found = new Uint8Array((at.length / 2) * 3);
      for (let i = 0; 2 * i < at.length; i++) {
        const [column, row] = [Math.floor((at[2 * i] ?? 0) * scale), Math.floor((at[2 * i + 1] ?? 0) * scale)];
        const start = 4 * (row * image.width + column);
        found.set(data.subarray(start, start + 3), 3 * i);
      }
      return found.toBase64();
    },
    [`data:image/png;base64,${png.toString('base64')}`, places] as const,
  );
  const colors = Buffer.from(text, 'base64');
  return points.map((_, i): [number, number, number] => [
    colors[3 * i] ?? 0,
    colors[3 * i + 1] ?? 0,
    colors[3 * i + 2] ?? 0,
  ]);
}

export { launchBrowser };

/** A message with its typed arrays in one base64 text behind it: Playwright takes many times as long for each of them. */
function pack(message: PageNews): { json: string; bytes: string } {
  const parts: Buffer[] = [];
  let at = 0;
  const json = JSON.stringify(message, (_, value: unknown) => {
    if (!ArrayBuffer.isView(value)) return value;
    parts.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
    const start = at;
    at += value.byteLength;
    return { $array: value.constructor.name, start, end: at };
  });
  return { json, bytes: Buffer.concat(parts).toString('base64') };
}

declare global {
  interface Uint8ArrayConstructor {
    /** Newer than TypeScript's library; our Chromium has it. */
    fromBase64(text: string): Uint8Array;
  }
  interface Uint8Array {
    /** As new. */
    toBase64(): string;
  }
}

/** In the page: unpacks a message and posts it, as VS Code does. */
function deliver({ json, bytes }: ReturnType<typeof pack>): void {
  const all = Uint8Array.fromBase64(bytes);
  const kinds = { Int32Array, Uint8Array, Float32Array, Float64Array };
  const message: unknown = JSON.parse(json, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('$array' in value)) return value;
    const { $array, start, end } = value as { $array: keyof typeof kinds; start: number; end: number };
    return new kinds[$array](Uint8Array.from(all.subarray(start, end)).buffer);
  });
  window.postMessage(message, window.origin);
}
