import { t } from '@vscode/l10n';
import { open } from 'node:fs/promises';
import * as v from 'valibot';
import * as vscode from 'vscode';
import { capital, mapBrief } from '../map/naming.js';
import { parseSpecification } from '../map/specification.js';
import type { SetFile } from '../formats/comparison/setFiles.js';
import { setFileAt } from './readSavedMap.js';
import { mayReach } from './trust.js';

/** Names of saved maps, wherever the command line or the panel put them. The original's names. */
const SAVED_MAP_FILES = '**/embedding_grid_results_*.json';
/** Names of files that open several saved maps together. */
const SAVED_SET_FILES = '**/embedding_grid_{comparison*,lens*,series}.json';
const NOT_SEARCHED = '**/{node_modules,.git}/**';
const MOST_FOUND = 500;
/** What a list shows stands in the first lines; a map of 200 x 200 cells is many megabytes long. */
const HEAD_BYTES = 32_768;

/** What a list says of a saved map. */
export interface SavedMap {
  readonly uri: vscode.Uri;
  readonly model: string;
  /** What tells it from others of its model: `Layer 5, seed 42`. */
  readonly title: string;
  /** Cells, `50×50`. */
  readonly size: string;
  /** Milliseconds since 1970. */
  readonly modified: number;
}

const configSchema = v.object({
  model_name: v.string(),
  layer_idx: v.number(),
  grid_size: v.union([v.number(), v.string(), v.tuple([v.number(), v.number()])]),
  embedding_method: v.string(),
});

/** The saved maps of the workspace. */
export class SavedMaps implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  private readonly subscriptions: vscode.Disposable;

  constructor() {
    const watchers = [SAVED_MAP_FILES, SAVED_SET_FILES].map((files) => vscode.workspace.createFileSystemWatcher(files));
    const fire = (): void => this.refresh();
    this.subscriptions = vscode.Disposable.from(
      this.changed,
      ...watchers,
      ...watchers.flatMap((watcher) => [
        watcher.onDidCreate(fire),
        watcher.onDidChange(fire),
        watcher.onDidDelete(fire),
      ]),
      vscode.workspace.onDidChangeWorkspaceFolders(fire),
      vscode.workspace.onDidDeleteFiles(fire), // a folder that goes with a map is no event of the watcher
      vscode.workspace.onDidRenameFiles(fire),
    );
  }

  dispose(): void {
    this.subscriptions.dispose();
  }

  refresh(): void {
    this.changed.fire();
  }

  /** All of them, the newest first. A file of that name that says nothing of a map is left out. */
  async list(): Promise<readonly SavedMap[]> {
    const uris = await vscode.workspace.findFiles(SAVED_MAP_FILES, NOT_SEARCHED, MOST_FOUND);
    const maps = await Promise.all(uris.map((uri) => described(uri).catch(() => undefined)));
    return maps.filter((map) => map !== undefined).sort((a, b) => b.modified - a.modified);
  }

  /** All maps that were saved together, the newest first. */
  async sets(): Promise<readonly SavedSet[]> {
    const uris = await vscode.workspace.findFiles(SAVED_SET_FILES, NOT_SEARCHED, MOST_FOUND);
    const sets = await Promise.all(uris.map((uri) => describedSet(uri).catch(() => undefined)));
    return sets.filter((set) => set !== undefined).sort((a, b) => b.modified - a.modified);
  }
}

/** What a list says of maps that are opened together. */
export interface SavedSet {
  readonly uri: vscode.Uri;
  readonly kind: SetFile['kind'];
  readonly title: string;
  /** Its maps. */
  readonly maps: readonly vscode.Uri[];
  /** Milliseconds since 1970. */
  readonly modified: number;
}

async function describedSet(uri: vscode.Uri): Promise<SavedSet | undefined> {
  if (!(await mayReach(uri))) return undefined;
  const { kind, title, maps } = await setFileAt(uri);
  const places = maps.map((file) => vscode.Uri.joinPath(uri, '..', ...file.split('/')));
  return { uri, kind, maps: places, title: capital(title), modified: (await vscode.workspace.fs.stat(uri)).mtime };
}

async function described(uri: vscode.Uri): Promise<SavedMap | undefined> {
  return (await mayReach(uri)) ? describe(uri) : undefined;
}

async function describe(uri: vscode.Uri): Promise<SavedMap | undefined> {
  const head = await readHead(uri);
  const [config] = /(?<="config"\s*:\s*)\{[^{}]*\}/.exec(head) ?? [];
  if (config === undefined) return undefined;
  const parsed = v.safeParse(configSchema, JSON.parse(config));
  if (!parsed.success) return undefined;
  const { model_name, layer_idx, grid_size, embedding_method } = parsed.output;
  return {
    uri,
    model: model_name,
    title:
      titleIn(head) ??
      `${layer_idx < 0 ? t('Embeddings') : t('Layer {0}', layer_idx)}, ${embedding_method.replace('random_projection', 'random')}`,
    size: sizeText(grid_size),
    modified: (await vscode.workspace.fs.stat(uri)).mtime,
  };
}

/** By the specification, which is a line of its own; undefined where it is not in the head, or not as we write it. */
function titleIn(head: string): string | undefined {
  const [line] = /(?<=^"specification": )\{.*\}(?=,?$)/m.exec(head) ?? [];
  try {
    return line === undefined ? undefined : capital(mapBrief(parseSpecification(JSON.parse(line))));
  } catch {
    return undefined;
  }
}

function sizeText(size: number | string | readonly [number, number]): string {
  if (typeof size === 'number') return `${size}×${size}`;
  return typeof size === 'string' ? size.replace('x', '×') : size.join('×');
}

async function readHead(uri: vscode.Uri): Promise<string> {
  if (uri.scheme !== 'file') {
    return new TextDecoder().decode((await vscode.workspace.fs.readFile(uri)).subarray(0, HEAD_BYTES));
  }
  const file = await open(uri.fsPath);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
