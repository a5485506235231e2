import type * as vscode from 'vscode';
import type { EnginePool } from '../host/enginePool.js';
import type { MapFiles } from '../host/mapFiles.js';
import type { Log } from './log.js';
import type { Models } from './models.js';
import type { Panels } from './panels.js';
import type { SavedMaps } from './savedMaps.js';
import type { Settings } from './settings.js';

/** What lives as long as the window. */
export interface Services {
  readonly context: vscode.ExtensionContext;
  readonly log: Log;
  readonly settings: Settings;
  readonly engines: EnginePool;
  readonly models: Models;
  readonly savedMaps: SavedMaps;
  readonly panels: Panels;
  readonly files: MapFiles;
}
