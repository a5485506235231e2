import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { Browser, BrowserContext, FrameLocator, Locator, Page } from 'playwright-core';
import { outputFolder } from './places.js';
import type { Server } from './server.js';
import { until } from './until.js';

const START_LIMIT_MS = 60_000;
/** For everything that a person does, on a very busy machine. */
const ACTION_LIMIT_MS = 45_000;

export interface WorkbenchOptions {
  /** Folder of an unpacked extension. */
  readonly extension?: string;
  /** A module of tests that VS Code runs inside the extension host. */
  readonly tests?: string;
  /** The extension is not loaded from its folder: it was installed. */
  readonly installed?: boolean;
  /** Leaves the side bar open. */
  readonly sideBar?: boolean;
  /** Opens no folder. */
  readonly empty?: boolean;
  readonly width?: number;
  readonly height?: number;
}

/** A window of VS Code in a browser of its own, which a person would see as one fresh profile. */
export class Workbench {
  private constructor(
    readonly server: Server,
    readonly context: BrowserContext,
    readonly page: Page,
  ) {}

  /** Opens a window and waits until it stands. */
  static async open(browser: Browser, server: Server, options: WorkbenchOptions = {}): Promise<Workbench> {
    const context = await browser.newContext({
      viewport: { width: options.width ?? 1440, height: options.height ?? 900 },
      locale: 'en-US',
      colorScheme: 'dark',
      reducedMotion: 'reduce',
    });
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: server.url });
    // What tsx compiles names its functions by this helper, which a page lacks that is handed one of them.
    await context.addInitScript('globalThis.__name = (named) => named;');
    // A headless Chromium that has nothing to draw grants no idle time, and VS Code stores what its editors keep, and begins much
    // else, when it is idle. Where a browser knows no idle time it takes a timer.
    await context.addInitScript('delete globalThis.requestIdleCallback;');
    const workbench = new Workbench(server, context, await context.newPage());
    workbench.page.setDefaultTimeout(ACTION_LIMIT_MS);
    await workbench.page.goto(windowAddress(server, options), { waitUntil: 'domcontentloaded' });
    await workbench.stands();
    return workbench;
  }

  private async stands(): Promise<void> {
    await this.page.locator('.monaco-workbench .part.statusbar').waitFor({ timeout: START_LIMIT_MS });
  }

  /**
   * Waits until VS Code has stored what its editors keep, with this in it. In a browser it does so every five seconds (on a
   * desktop a window waits for it before it closes).
   */
  async stateIsKept(containing: RegExp): Promise<void> {
    await until(`the editors' state with ${containing}`, async () => containing.test(await this.editorsState()));
  }

  /** What the editors keep, as stored: JSON in JSON, here without its quotes. */
  private editorsState(): Promise<string> {
    return this.page.evaluate(async () => {
      const answer = <T>(request: IDBRequest<T>): Promise<T> =>
        new Promise((resolve, reject) => {
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(new Error('IndexedDB'));
        });
      const names = (await indexedDB.databases()).flatMap(({ name = '' }) =>
        name.startsWith('vscode-web-state-db-') ? name : [],
      );
      const states = names.map(async (name) => {
        const database = await answer(indexedDB.open(name));
        const table = database.transaction('ItemTable').objectStore('ItemTable');
        const state = await answer<unknown>(table.get('memento/workbench.parts.editor'));
        database.close();
        return String(state);
      });
      return (await Promise.all(states)).join('').replaceAll(/[\\"]/g, '');
    });
  }

  /** Reloads the window, as "Developer: Reload Window" does. */
  async reload(): Promise<void> {
    await this.page.reload({ waitUntil: 'domcontentloaded' });
    await this.stands();
  }

  /**
   * Runs a command from the palette. The palette does not refresh when the extension host registers late, and closes when
   * something else takes the focus as the window starts, so that it is opened again until the command's row is chosen.
   */
  async run(title: string): Promise<void> {
    await until(`the command ${title}`, async () => clicked(await this.findCommand(title)));
  }

  /** Runs a command that asks with a list, and chooses the first entry that has this text in it. */
  async pick(title: string, entry: string): Promise<void> {
    await until(`${entry} of ${title}`, async () => clicked(await this.choice(title, entry)));
  }

  /**
   * Runs a command that asks with a list: the first entry that has this text in it. A list closes when an editor that has come up
   * takes the focus, so that it is asked for again until the entry shows.
   */
  async choice(title: string, entry: string): Promise<Locator> {
    const row = this.paletteRow(entry);
    await until(`${title} offers ${entry}`, async () => {
      await this.run(title);
      return shows(row, 5000);
    });
    return row;
  }

  /** Opens the palette at a command: its row. */
  async findCommand(title: string): Promise<Locator> {
    const row = this.paletteRow(title);
    await until(`the palette shows ${title}`, async () => {
      await this.openPalette(title);
      try {
        await row.waitFor({ timeout: 1000 });
        return true;
      } catch {
        await this.page.keyboard.press('Escape');
        return false;
      }
    });
    return row;
  }

  /** Opens the command palette with a text in it. */
  async openPalette(text: string): Promise<void> {
    await until('the palette', async () => {
      if (!(await this.quickInput.isVisible())) await this.page.keyboard.press('F1');
      return this.quickInput.isVisible();
    });
    await this.quickInput.fill(`>${text}`, { timeout: 1000 }).catch(() => undefined); // closed meanwhile: no row shows
  }

  /** The palette's row whose title is exactly this. */
  paletteRow(title: string): Locator {
    return this.page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first();
  }

  /** Waits until the extension is there as a whole, its custom editor too: milliseconds that it took to activate. */
  async activation(): Promise<number> {
    const line = this.page.locator('.part.panel .view-line', { hasText: 'Activated in' });
    await until('the log', async () => {
      if (!(await line.isVisible())) await this.run('Embedding Grid: Show Log');
      return line.isVisible();
    });
    const [, milliseconds] = /Activated\sin\s([\d.]+)/.exec(await line.innerText()) ?? [];
    await this.run('View: Toggle Panel Visibility');
    return Number(milliseconds);
  }

  /** The text field of the palette and of every quick pick. */
  get quickInput(): Locator {
    return this.page.locator('.quick-input-widget .quick-input-box input').first();
  }

  /** Answers VS Code's own dialog for saving with a file, once it proposes a name that ends like this; waits for the file. */
  async saveAs(proposed: string, file: string): Promise<void> {
    const input = this.quickInput;
    await until('a proposed name', async () => (await input.inputValue()).endsWith(proposed));
    await input.fill(file);
    await until(file, async () => {
      // While the dialog lists a folder it takes no Enter.
      if (await input.isVisible()) await input.press('Enter', { timeout: 1000 }).catch(() => undefined);
      return existsSync(file);
    });
  }

  /** Answers VS Code's own dialog for opening with a file. */
  async chooseFile(file: string): Promise<void> {
    // Only this dialog has this button: what is asked after it, in the same place, has none and is no place for a file's name.
    const dialog = '.quick-input-widget:has(:text-is("OK"):visible)';
    const ok = this.page.locator(dialog).getByText('OK', { exact: true });
    const input = this.page.locator(`${dialog} .quick-input-box input`);
    const row = this.page.locator(`${dialog} .monaco-list-row`, { hasText: path.basename(file) });
    const typed = (): Promise<string> => input.inputValue({ timeout: 1000 }).catch(() => '');
    await until('a folder to open from', async () => (await typed()).endsWith('/'));
    await until(`${file} is chosen`, async () => {
      if (!(await ok.isVisible())) return true;
      // While the dialog lists a folder it writes that folder's name over what was typed, and Enter might choose the folder.
      if ((await typed()) !== file) await input.fill(file, { timeout: 1000 }).catch(() => undefined);
      if (!(await row.first().isVisible()) || (await typed()) !== file) return false;
      await input.press('Enter', { timeout: 1000 }).catch(() => undefined);
      return ok.waitFor({ state: 'hidden', timeout: 1000 }).then(
        () => true,
        () => false,
      );
    });
  }

  /** The document of the visible webview. */
  get webview(): FrameLocator {
    return this.page.frameLocator('iframe.webview.ready:visible').frameLocator('#active-frame');
  }

  /** The document of the nth visible webview. */
  webviewOf(n: number): FrameLocator {
    return this.page.locator('iframe.webview.ready:visible').nth(n).contentFrame().frameLocator('#active-frame');
  }

  /**
   * Waits for a notification with this text. VS Code's driver for tests shows no toasts, so it is looked for in the list of
   * notifications, which is opened again until it is there.
   */
  async notification(text: string | RegExp): Promise<Locator> {
    const list = this.page.locator('.notifications-center.visible');
    const item = list.locator('.monaco-list-row', { hasText: text }).first();
    const deadline = Date.now() + ACTION_LIMIT_MS;
    for (;;) {
      if (!(await list.isVisible())) {
        await this.page.locator('.statusbar-item[id="status.notifications"]').click();
        await this.page.mouse.move(0, 0); // what the bell says of itself would lie over a button
      }
      try {
        await item.waitFor({ timeout: 1000 });
        return item;
      } catch (error) {
        if (Date.now() > deadline) throw error;
      }
    }
  }

  /** The Explorer's row of a file or folder. */
  explorerRow(name: string): Locator {
    // A save under way has other files beside a map's, whose names go on behind its own.
    const hasText = name.endsWith('.json') ? new RegExp(`${name.replaceAll('.', '\\.')}\\s*$`) : name;
    return this.page.locator('.explorer-folders-view .monaco-list-row', { hasText }).first();
  }

  /** Waits for a file or folder in the Explorer, which is opened if need be, as the folder of saved maps is. */
  async findInExplorer(name: string): Promise<void> {
    if (!(await this.page.locator('.explorer-folders-view').isVisible())) await this.run('View: Show Explorer');
    const folded = this.page.locator('.explorer-folders-view .monaco-list-row[aria-expanded="false"]', {
      hasText: 'embedding_grid_results',
    });
    await until(`${name} in the Explorer`, async () => {
      if (await this.explorerRow(name).isVisible()) return true;
      if (await folded.isVisible()) await folded.click({ timeout: 1000 }).catch(() => undefined);
      return false;
    });
  }

  /**
   * Waits until a save has ended: what is named like this is in the folder of results, and what names were held with is gone. It
   * stands in the Explorer then, which follows the folder a second later.
   */
  async saved(json: string): Promise<void> {
    const folder = path.join(this.server.workspace, 'embedding_grid_results');
    await until(`${json} is saved`, () => {
      const names = existsSync(folder) ? readdirSync(folder) : [];
      return Promise.resolve(
        names.some((name) => name.endsWith(json)) && !names.some((name) => name.endsWith('.lock')),
      );
    });
    await this.findInExplorer(json);
  }

  /** Opens a file from the Explorer. Its rows move while files come and go, so that a row may be missed. */
  async openFromExplorer(name: string): Promise<void> {
    const tab = this.page.locator('.tab.active', { hasText: name });
    await this.findInExplorer(name);
    await until(`${name} is open`, async () => {
      await this.explorerRow(name).dblclick();
      return shows(tab, 3000);
    });
  }

  /**
   * Selects two rows of the side bar's tree and chooses from their menu. A file that has opened is selected alone, and a tree is
   * drawn anew as files come and go: until the menu offers it, both are selected again.
   */
  async chooseForBoth(first: Locator, second: Locator, entry: string): Promise<void> {
    const selected = this.page.locator('.part.sidebar .monaco-list-row.selected');
    const item = this.page.locator('.monaco-menu .action-label', { hasText: entry });
    await until(`a menu with ${entry}`, async () => {
      await first.click();
      await second.click({ modifiers: ['ControlOrMeta'] });
      if ((await selected.count()) !== 2) return false;
      await second.click({ button: 'right' });
      if (await shows(item, 3000)) return true;
      await this.page.keyboard.press('Escape');
      return false;
    });
    await item.hover(); // a menu takes no click in its first moment
    await this.page.keyboard.press('Enter');
  }

  /** Asks to delete what a row of Saved Maps shows. While the list is drawn anew a click does nothing. @returns the question */
  async askToDelete(row: Locator): Promise<Locator> {
    const dialog = this.page.locator('.monaco-dialog-box');
    await until('a question before something is deleted', async () => {
      // A question that came late lies over the list.
      if (await dialog.isVisible()) return true;
      await row.hover({ timeout: 3000 }).catch(() => undefined);
      await row
        .getByRole('button', { name: 'Delete' })
        .click({ timeout: 3000 })
        .catch(() => undefined);
      return shows(dialog, 3000);
    });
    return dialog;
  }

  /** Chooses a color theme by its name in the list. */
  async theme(name: string): Promise<void> {
    await this.run('Preferences: Color Theme');
    const row = this.page.locator('.quick-input-list .monaco-list-row', { hasText: name }).first();
    await this.quickInput.fill(name);
    await row.click();
    await row.waitFor({ state: 'hidden' });
  }

  /** Gives the editors the whole width. */
  async closeSideBar(): Promise<void> {
    const sideBar = this.page.locator('.part.sidebar');
    await until('no side bar', async () => {
      if (!(await sideBar.isVisible())) return true;
      await this.page.keyboard.press('Control+b');
      return sideBar.waitFor({ state: 'hidden', timeout: 2000 }).then(
        () => true,
        () => false,
      );
    });
  }

  clipboard(): Promise<string> {
    return this.page.evaluate(() => navigator.clipboard.readText());
  }

  /** Writes a picture of the window to `test/vscode/output/screenshots/NAME.png`. */
  async picture(name: string): Promise<void> {
    await this.page.screenshot({ path: path.join(outputFolder('screenshots'), `${name}.png`) });
  }

  /** Closes the window as a person does: its page learns of it. */
  async close(): Promise<void> {
    if (this.page.isClosed()) return;
    await this.page.goto('about:blank');
    await this.context.close();
  }
}

/** Whether something shows within some ms. */
const shows = (what: Locator, patience: number): Promise<boolean> =>
  what.waitFor({ timeout: patience }).then(
    () => true,
    () => false,
  );

/**
 * Clicks a row of the palette or of a quick pick, unless it is gone within some ms: these lists close when an editor that has
 * come up takes the focus.
 */
async function clicked(row: Locator, patience = 1000): Promise<boolean> {
  try {
    await row.click({ trial: true, timeout: patience });
    // Only once, however long the page takes to answer: a second click would run the command twice.
    await row.click({ force: true });
    return true;
  } catch {
    return false;
  }
}

/** A window's address: the folder, and the payload that names an unpacked extension and its tests. */
export function windowAddress(server: Server, options: WorkbenchOptions = {}): string {
  const remote = (file: string): string => `vscode-remote://127.0.0.1:${server.port}${file}`;
  const payload = [
    ...(options.extension === undefined ? [] : [['extensionDevelopmentPath', remote(options.extension)]]),
    ...(options.tests === undefined ? [] : [['extensionTestsPath', remote(options.tests)]]),
  ];
  const query = new URLSearchParams(options.empty === true ? { ew: 'true' } : { folder: server.workspace });
  if (payload.length > 0) query.set('payload', JSON.stringify(payload));
  return `${server.url}/?${query.toString()}`;
}
