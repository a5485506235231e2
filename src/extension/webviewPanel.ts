import * as vscode from 'vscode';
import type { LensTable } from '../map/lens/lensTable.js';
import type { TokenMap } from '../map/tokenMap.js';
import { MapController } from '../panel/controller.js';
import type {
  Disposable,
  MapPanel,
  PanelDependencies,
  PanelStart,
  PanelStatus,
  SavedLensDependencies,
  SavedMapDependencies,
  Signal,
} from '../panel/dependencies.js';
import { Listeners } from '../panel/listeners.js';
import { readKept } from '../panel/messages.js';
import { SavedLensController } from '../panel/savedLens.js';
import { type SavedBeside, SavedMapController } from '../panel/savedMap.js';
import type { PanelSettings } from '../protocol/panelSettings.js';
import { mountPage } from './mountPage.js';
import { plain } from './plainText.js';

/** What the panel's serializer is registered for. */
export const PANEL_VIEW_TYPE = 'embeddingGrid.panel';

/** Opens a panel. */
export function createPanel(extensionUri: vscode.Uri, deps: PanelDependencies, start: PanelStart = {}): MapPanel {
  const panel = vscode.window.createWebviewPanel(
    PANEL_VIEW_TYPE,
    'Embedding Grid',
    start.beside === true ? vscode.ViewColumn.Beside : vscode.ViewColumn.Active,
    // What a person has typed, scrolled to or had written is there again when the tab is.
    { retainContextWhenHidden: true },
  );
  const defaults = deps.defaults(start.modelPath);
  const settings = {
    modelPath: start.modelPath ?? null,
    parameters: start.parameters ?? defaults.parameters,
    device: start.device ?? defaults.device,
    batchSize: start.batchSize ?? defaults.batchSize,
    compare: start.compare ?? null,
    sweep: start.sweep ?? false,
    lens: start.lens ?? null,
    profile: start.profile ?? null,
    sae: start.sae ?? null,
    shelf: start.shelf ?? [],
  };
  const display = start.display ?? defaults.display;
  return new WebviewMapPanel(
    extensionUri,
    panel,
    new MapController(deps, {
      settings,
      display,
      run: start.run ?? true,
      ...(start.madeWith ? { madeWith: start.madeWith } : {}),
    }),
  );
}

/** Brings a panel back after a reload of the window, with its parameters and the cells that it had. */
export function revivePanel(
  extensionUri: vscode.Uri,
  deps: PanelDependencies,
  panel: vscode.WebviewPanel,
  state: unknown,
): MapPanel {
  const kept = readKept(state);
  const { display, ...settings } = deps.defaults(undefined);
  const controller = kept
    ? new MapController(deps, { settings: kept.settings, display, run: kept.running, revivedKey: kept.key })
    : new MapController(deps, { settings: { modelPath: null, ...settings }, display, run: false });
  return new WebviewMapPanel(extensionUri, panel, controller);
}

/** A saved map in its editor. */
export interface MountedMap extends Disposable {
  /** The map as its page draws it. */
  drawn(): TokenMap;
  /** Shows another saved map beside it, by the address of its file. */
  compare(file: string): void;
}

/** Shows a saved map in a read-only editor, until the answer is disposed. */
export function mountSavedMap(
  extensionUri: vscode.Uri,
  deps: SavedMapDependencies,
  panel: vscode.WebviewPanel,
  map: TokenMap,
  beside?: SavedBeside,
): MountedMap {
  const controller = new SavedMapController(deps, map, beside);
  const page = mountPage(extensionUri, panel.webview, 'main', controller);
  return {
    drawn: () => controller.drawn(),
    compare: (file) => controller.compareWith(file),
    dispose: () => (page.dispose(), controller.dispose()),
  };
}

/** Shows a saved lens in a read-only editor, until the answer is disposed. */
export function mountSavedLens(
  extensionUri: vscode.Uri,
  deps: SavedLensDependencies,
  panel: vscode.WebviewPanel,
  lenses: readonly [LensTable, ...LensTable[]],
): Disposable {
  const controller = new SavedLensController(deps, lenses);
  const page = mountPage(extensionUri, panel.webview, 'main', controller);
  return { dispose: () => (page.dispose(), controller.dispose()) };
}

class WebviewMapPanel implements MapPanel {
  private readonly disposal = new Listeners();
  readonly onDidDispose: Signal = this.disposal.signal;
  private readonly statusChanges = new Listeners();
  readonly onDidChangeStatus: Signal = this.statusChanges.signal;
  private gone = false;

  constructor(
    extensionUri: vscode.Uri,
    private readonly panel: vscode.WebviewPanel,
    private readonly controller: MapController,
  ) {
    const icon = (theme: string): vscode.Uri => vscode.Uri.joinPath(extensionUri, 'media', 'icons', `map-${theme}.svg`);
    panel.iconPath = { light: icon('light'), dark: icon('dark') };
    const page = mountPage(extensionUri, panel.webview, 'main', controller);
    const follow = (): void => {
      if (this.gone) return;
      const title = plain(this.status.title);
      if (panel.title !== title) panel.title = title;
      this.statusChanges.fire();
    };
    controller.onDidChangeStatus(follow);
    panel.onDidChangeViewState(() => this.statusChanges.fire());
    panel.onDidDispose(() => {
      this.gone = true;
      page.dispose();
      controller.dispose(true);
      this.disposal.fire();
    });
    follow();
  }

  get status(): PanelStatus {
    return this.controller.status;
  }
  get settings(): PanelSettings {
    return this.controller.settings;
  }
  get active(): boolean {
    return !this.gone && this.panel.active;
  }
  get visible(): boolean {
    return !this.gone && this.panel.visible;
  }

  reveal = (): void => this.panel.reveal();
  chooseModel = (path: string): void => this.controller.chooseModel(path);
  generate = (): void => this.controller.generate();
  cancel = (): void => this.controller.cancel();
  map = (): TokenMap | undefined => this.controller.map();
  save = (options: { as: boolean }): Promise<boolean> => this.controller.save(options);
  exportPicture = (): Promise<boolean> => this.controller.exportPicture();
  copyCommandLine = (): Promise<void> => this.controller.copyCommandLine();
  useView = (): void => this.controller.useView();
  restartEngine = (): Promise<void> => this.controller.restartEngine();
  dispose = (): void => this.controller.dispose(false);
}
