import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import type { MapPanel } from '../panel/dependencies.js';
import { type StatusItem, statusItem } from './window.js';

/** What commands act on: an open editor that shows a map, a panel or a saved one. */
export interface MapEditor {
  readonly active: boolean;
  /** A whole map is there. */
  readonly hasMap: boolean;
  saveAs(): Promise<unknown>;
  exportPicture(): Promise<unknown>;
  copyCommandLine(): Promise<void>;
  /** The panel; a saved map has none. */
  readonly panel?: MapPanel;
}

/** The open map editors: finds the one that a command means, and keeps the context keys and the status bar's item. */
export class Panels implements vscode.Disposable {
  /** The one used last comes last. */
  private editors: readonly MapEditor[] = [];
  private readonly item: StatusItem;
  /** What the item says, if it is seen. */
  private shown: string | undefined;
  private readonly told = new Map<string, boolean>();

  constructor() {
    this.item = statusItem('embeddingGrid.progress', {
      tooltip: t('Show the map that is being computed'),
      command: 'embeddingGrid.showRunning',
    });
  }

  dispose(): void {
    this.item.dispose();
    for (const { panel } of this.editors) panel?.dispose();
  }

  /** Follows a panel until it is closed. */
  addPanel(panel: MapPanel): void {
    const added = this.add({
      get active() {
        return panel.active;
      },
      get hasMap() {
        return panel.status.complete;
      },
      saveAs: () => panel.save({ as: true }),
      exportPicture: () => panel.exportPicture(),
      copyCommandLine: () => panel.copyCommandLine(),
      panel,
    });
    panel.onDidChangeStatus(() => this.update());
    panel.onDidDispose(() => added.dispose());
  }

  /** Follows an editor until the answer is disposed. */
  add(editor: MapEditor): { dispose(): void } {
    this.editors = [...this.editors, editor];
    this.update();
    return {
      dispose: () => {
        this.editors = this.editors.filter((other) => other !== editor);
        this.update();
      },
    };
  }

  /** To be called when an editor became active, or what it shows changed. */
  update(): void {
    const active = this.editors.find((editor) => editor.active);
    if (active) this.editors = [...this.editors.filter((editor) => editor !== active), active];
    this.tell('embeddingGrid.hasEditor', this.editor !== undefined);
    this.tell('embeddingGrid.hasPanel', this.panel !== undefined);
    this.tell('embeddingGrid.hasMap', this.editor?.hasMap === true);
    this.tell('embeddingGrid.isZoomed', this.panel?.status.zoomed === true);
    const { running } = this;
    const text = running && t('Token map {0}%', Math.floor(100 * running.status.progress));
    if (text === this.shown) return;
    this.shown = text;
    this.item.show(text);
  }

  /** Sets a context key where it has changed: every change makes VS Code look at all menus anew. */
  private tell(key: string, value: boolean): void {
    if (this.told.get(key) === value) return;
    this.told.set(key, value);
    void vscode.commands.executeCommand('setContext', key, value);
  }

  /** The editor that a command means: the active one, else the one used last. */
  get editor(): MapEditor | undefined {
    return this.editors.at(-1);
  }

  /** The panel that a command means. */
  get panel(): MapPanel | undefined {
    return this.editors.findLast(({ panel }) => panel !== undefined)?.panel;
  }

  /** The panel that computes a map. */
  get running(): MapPanel | undefined {
    return this.editors.findLast(({ panel }) => panel?.status.running)?.panel;
  }
}
