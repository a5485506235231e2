import type * as vscode from 'vscode';
import type { PanelStart } from '../panel/dependencies.js';
import { readSettings, sameSettings } from '../panel/messages.js';
import type { PanelSettings } from '../protocol/panelSettings.js';

const KEY = 'lastMap';

interface Kept {
  readonly title: string;
  readonly settings: unknown;
}

/** The map of the panel that was closed last, for each workspace: its model and parameters. */
export class LastMap {
  /** What is kept was offered in this window. */
  private offered = false;

  constructor(private readonly memory: vscode.Memento) {}

  remember(title: string, settings: PanelSettings): void {
    if (settings.modelPath === null) return;
    void this.memory.update(KEY, { title, settings } satisfies Kept);
    this.offered = false;
  }

  /** What a panel of it begins with; undefined where none was closed yet, or by a version that says it otherwise. */
  get(): { readonly title: string; readonly start: PanelStart } | undefined {
    const kept = this.memory.get<Kept>(KEY);
    const read = kept && readSettings(kept.settings);
    if (!read || 'problem' in read) return undefined;
    const { modelPath, ...rest } = read.settings;
    return modelPath === null ? undefined : { title: kept.title, start: { modelPath, ...rest } };
  }

  /** The same, once a window for each map that was closed, unless a panel that has just come up has it already. */
  offer(now?: PanelSettings): ReturnType<LastMap['get']> {
    const last = this.offered ? undefined : this.get();
    if (!last || (now && sameSettings(now, { ...now, ...last.start }))) return undefined;
    this.offered = true;
    return last;
  }
}
