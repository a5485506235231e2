import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import type { SetFile } from '../formats/comparison/setFiles.js';
import { Fault } from '../map/fault.js';
import type { TokenMap } from '../map/tokenMap.js';
import type { SavedMapDependencies } from '../panel/dependencies.js';
import type { SavedBeside } from '../panel/savedMap.js';
import { SAVED_MAP_EDITOR } from './ids.js';
import { showFault } from './log.js';
import { plain } from './plainText.js';
import { readSavedMap, readSavedSet } from './readSavedMap.js';
import type { Services } from './services.js';
import { type MountedMap, mountSavedLens, mountSavedMap } from './webviewPanel.js';

/** The viewType of tabs that show a map that was not saved; they do not come back after a reload. */
const UNSAVED_MAP = 'embeddingGrid.unsavedMap';

export interface SavedMapEditorOptions {
  readonly services: Services;
  dependencies(openAsText: () => Promise<void>): SavedMapDependencies;
  saveAs(map: TokenMap): Promise<boolean>;
}

interface SavedMapDocument extends vscode.CustomDocument {
  /** The map, or why the file holds none; of a lens undefined. */
  map: TokenMap | Fault | undefined;
  readonly lenses?: SetFile['lenses'];
  /** Of a file that names several: what is shown with the first. */
  readonly beside: (SavedBeside & { readonly other?: vscode.Uri }) | undefined;
}

/** Maps that are read at once. */
const AT_ONCE = 4;

/** The read-only editor of saved maps: the panel's page without controls. A file that is no map is shown as text. */
export class SavedMapEditor implements vscode.CustomReadonlyEditorProvider<SavedMapDocument> {
  /** Maps that are shown, by their files, and what those to come are compared with. */
  private readonly shown = new Map<string, MountedMap>();
  private readonly beside = new Map<string, string>();

  constructor(private readonly options: SavedMapEditorOptions) {}

  /** Opens a saved map with another one beside it. */
  async compare(one: vscode.Uri, other: vscode.Uri): Promise<void> {
    const file = one.toString();
    this.beside.set(file, other.toString());
    await this.open(one);
    this.compareShown(file);
  }

  /** Shows beside a map what it is to be compared with, once it is shown itself. */
  private compareShown(file: string): void {
    const other = this.beside.get(file);
    const mounted = this.shown.get(file);
    if (other === undefined || !mounted) return;
    this.beside.delete(file);
    mounted.compare(other);
  }

  async openCustomDocument(uri: vscode.Uri): Promise<SavedMapDocument> {
    try {
      const set = await readSavedSet(uri);
      if (!set) return { uri, map: await this.read(uri), beside: undefined, dispose: () => undefined };
      if (set.kind === 'lens')
        return { uri, map: undefined, lenses: set.lenses, beside: undefined, dispose: () => undefined };
      const [first = uri, other] = set.uris;
      if (set.kind === 'comparison')
        return { uri, map: await this.read(first), beside: other ? { other } : undefined, dispose: () => undefined };
      const sweep: TokenMap[] = [];
      for (let at = 0; at < set.uris.length; at += AT_ONCE)
        sweep.push(
          ...(await Promise.all(
            set.uris.slice(at, at + AT_ONCE).map((one) => readSavedMap(one, this.options.services.files)),
          )),
        );
      const last = sweep.at(-1);
      const none = new Fault({ code: 'file', message: t('There is no map in this series.') });
      return { uri, map: last ?? none, beside: { sweep }, dispose: () => undefined };
    } catch (error) {
      return { uri, map: Fault.from(error), beside: undefined, dispose: () => undefined };
    }
  }

  async resolveCustomEditor(document: SavedMapDocument, panel: vscode.WebviewPanel): Promise<void> {
    const openAsText = (): Promise<void> => openText(document.uri, panel.viewColumn);
    if (document.map instanceof Fault) {
      const fault = document.map;
      await openAsText();
      panel.dispose();
      return showFault(this.options.services.log, fault);
    }
    const [first, ...more] = document.lenses ?? [];
    if (first) {
      const dependencies = this.options.dependencies(openAsText);
      const lens = mountSavedLens(this.options.services.context.extensionUri, dependencies, panel, [first, ...more]);
      panel.onDidDispose(() => void lens.dispose());
    }
    if (!document.map) return;
    const { beside } = document;
    let mounted: vscode.Disposable | undefined = this.mount(panel, document.map, openAsText, document.uri, beside);
    // The files of a set are what they were when it was opened.
    if (beside) {
      panel.onDidDispose(() => {
        mounted?.dispose();
      });
      return;
    }
    const watcher = vscode.workspace.createFileSystemWatcher(
      new vscode.RelativePattern(vscode.Uri.joinPath(document.uri, '..'), document.uri.path.split('/').at(-1) ?? ''),
      true,
      false,
      true,
    );
    watcher.onDidChange(async () => {
      const map = await this.read(document.uri);
      // Half written, or another program's: what was read stays. Without a mount the editor was closed meanwhile.
      if (map instanceof Fault || mounted === undefined) return;
      document.map = map;
      mounted.dispose();
      mounted = this.mount(panel, map, openAsText, document.uri);
    });
    panel.onDidDispose(() => {
      watcher.dispose();
      mounted?.dispose();
      mounted = undefined;
    });
  }

  /** Opens a saved map in this editor, or shows one that was not saved in a tab of its own. */
  async open(map: vscode.Uri | TokenMap): Promise<void> {
    if (map instanceof vscode.Uri) {
      await vscode.commands.executeCommand('vscode.openWith', map, SAVED_MAP_EDITOR);
      return;
    }
    const title = plain(`${map.specification.model.name} · Embedding Grid`);
    const panel = vscode.window.createWebviewPanel(UNSAVED_MAP, title, vscode.ViewColumn.Active);
    const mounted = this.mount(panel, map, () => this.openUnsavedAsText(map));
    panel.onDidDispose(() => void mounted.dispose());
  }

  /** Shows a map in a webview, as long as the answer is not disposed. `uri`: its file, if it has one. */
  mount(
    panel: vscode.WebviewPanel,
    map: TokenMap,
    openAsText: () => Promise<void>,
    uri?: vscode.Uri,
    beside?: SavedMapDocument['beside'],
  ): vscode.Disposable {
    const { services } = this.options;
    const dependencies = this.options.dependencies(openAsText);
    const mounted = mountSavedMap(services.context.extensionUri, dependencies, panel, map, beside);
    const file = uri?.toString() ?? '';
    if (beside?.other) mounted.compare(beside.other.toString());
    if (uri) this.shown.set(file, mounted);
    this.compareShown(file);
    const followed = services.panels.add({
      get active() {
        return panel.active;
      },
      hasMap: true,
      saveAs: () => this.options.saveAs(mounted.drawn()),
      exportPicture: () => dependencies.exportPicture(mounted.drawn()),
      copyCommandLine: () => dependencies.copyCommandLine(mounted.drawn()),
    });
    return vscode.Disposable.from(
      followed,
      panel.onDidChangeViewState(() => services.panels.update()),
      mounted,
      { dispose: () => this.shown.get(file) === mounted && this.shown.delete(file) },
    );
  }

  private async openUnsavedAsText(map: TokenMap): Promise<void> {
    const { files } = this.options.services;
    const bytes = await files.encode({ map, format: 'json', scale: 1 });
    const content = new TextDecoder().decode(bytes);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ language: 'json', content }));
  }

  private async read(uri: vscode.Uri): Promise<TokenMap | Fault> {
    try {
      return await readSavedMap(uri, this.options.services.files);
    } catch (error) {
      return Fault.from(error);
    }
  }
}

async function openText(uri: vscode.Uri, column: vscode.ViewColumn | undefined): Promise<void> {
  await vscode.commands.executeCommand('vscode.openWith', uri, 'default', column);
}
