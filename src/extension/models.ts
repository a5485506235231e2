import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import type { ModelReference } from '../map/specification.js';
import type { ModelFacts } from '../map/tokenMap.js';
import type { ModelDescription } from '../protocol/engine.js';
import type { ModelEntry } from '../protocol/page.js';
import { isTrusted } from './trust.js';

const KNOWN_MODELS = 'knownModels';
const MOST_KNOWN = 20;
/** A workspace may be a whole disk: the search stops here. */
const MOST_FOUND = 100;
const MODELS_IN_WORKSPACE = '**/*.onnx';
const NOT_SEARCHED = '**/{node_modules,.git,.venv,venv,__pycache__}/**';

/** What is remembered of a model that was opened once. */
export interface KnownModel {
  readonly path: string;
  readonly reference: ModelReference;
  readonly facts: ModelFacts;
  /** ISO 8601. */
  readonly lastUsed: string;
  /** Removed from the recent ones; what is known of it stays, for the workspace's list. */
  readonly forgotten?: boolean;
}

/** The models that a person can choose: the bundled one, recent ones, those found in the workspace. */
export class Models implements vscode.Disposable {
  /** Path of the bundled model's folder; it may have been removed. */
  readonly bundled: string;
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  private found: Promise<readonly string[]> | undefined;
  private readonly subscriptions: vscode.Disposable;

  constructor(private readonly context: vscode.ExtensionContext) {
    this.bundled = vscode.Uri.joinPath(context.extensionUri, 'media', 'novella-3m').fsPath;
    const watcher = vscode.workspace.createFileSystemWatcher(MODELS_IN_WORKSPACE, false, true, false);
    const search = (): void => this.search();
    this.subscriptions = vscode.Disposable.from(
      this.changed,
      watcher,
      watcher.onDidCreate(search),
      watcher.onDidDelete(search),
      vscode.workspace.onDidChangeWorkspaceFolders(search),
      vscode.workspace.onDidDeleteFiles(search), // a folder that goes with a model is no event of the watcher
      vscode.workspace.onDidRenameFiles(search),
      vscode.workspace.onDidGrantWorkspaceTrust(search),
    );
  }

  dispose(): void {
    this.subscriptions.dispose();
  }

  /** Path of the bundled model, or undefined where it was removed. */
  get bundledIfThere(): string | undefined {
    return existsSync(path.join(this.bundled, 'onnx', 'model.onnx')) ? this.bundled : undefined;
  }

  /** Bundled, then recent, then found in the workspace; no path twice. */
  async list(): Promise<readonly ModelEntry[]> {
    const entries = new Map<string, ModelEntry>();
    const add = async (modelPath: string, origin: ModelEntry['origin']): Promise<void> => {
      if (!entries.has(modelPath)) entries.set(modelPath, await this.entry(modelPath, origin));
    };
    if (this.bundledIfThere !== undefined) await add(this.bundled, 'bundled');
    for (const { path: recent, forgotten } of this.known()) if (forgotten !== true) await add(recent, 'recent');
    for (const found of await this.inWorkspace()) await add(found, 'workspace');
    return [...entries.values()];
  }

  /** What is remembered of the model at a path. */
  knownAt(modelPath: string): KnownModel | undefined {
    return this.known().find((known) => known.path === modelPath);
  }

  /** Remembers a model that was opened, as the most recent. */
  async remember(modelPath: string, description: ModelDescription): Promise<void> {
    const { reference, facts } = description;
    const entry: KnownModel = { path: modelPath, reference, facts, lastUsed: new Date().toISOString() };
    await this.keep([entry, ...this.known().filter((known) => known.path !== modelPath)]);
  }

  /** Takes a model out of the recent ones. Its files stay. */
  async forget(modelPath: string): Promise<void> {
    await this.keep(this.known().map((known) => (known.path === modelPath ? { ...known, forgotten: true } : known)));
  }

  /** Paths that may hold the model of a saved map, the most likely first. Which one does is seen when it is opened. */
  async candidates(wanted: ModelReference): Promise<readonly string[]> {
    const entries = (await this.list()).filter(({ problem }) => problem === undefined);
    const rank = (entry: ModelEntry): number => {
      const known = this.knownAt(entry.path);
      if (known?.reference.sha256 === wanted.sha256) return 0;
      if (known) return 3;
      return entry.name === wanted.name ? 1 : 2;
    };
    return entries
      .map((entry) => ({ path: entry.path, rank: rank(entry) }))
      .filter((candidate) => candidate.rank < 3)
      .sort((a, b) => a.rank - b.rank)
      .map((candidate) => candidate.path);
  }

  /** Searches the workspace again. */
  search(): void {
    this.found = undefined;
    this.changed.fire();
  }

  /** Absolute paths of the .onnx files in the workspace, a bounded number of them. */
  async inWorkspace(): Promise<readonly string[]> {
    this.found ??= Promise.resolve(vscode.workspace.findFiles(MODELS_IN_WORKSPACE, NOT_SEARCHED, MOST_FOUND)).then(
      (uris) => uris.map((uri) => uri.fsPath).sort(),
    );
    return this.found;
  }

  private async entry(modelPath: string, origin: ModelEntry['origin']): Promise<ModelEntry> {
    const known = this.knownAt(modelPath);
    const problem = await problemOf(modelPath);
    return {
      path: modelPath,
      origin,
      name: known?.reference.name ?? nameOf(modelPath),
      place: origin === 'bundled' ? 'included' : placeOf(modelPath),
      ...(known === undefined ? {} : { layers: known.facts.blocks, lastUsed: known.lastUsed }),
      ...(problem === undefined ? {} : { problem }),
    };
  }

  private known(): readonly KnownModel[] {
    return this.context.globalState.get<readonly KnownModel[]>(KNOWN_MODELS, []);
  }

  private async keep(models: readonly KnownModel[]): Promise<void> {
    await this.context.globalState.update(KNOWN_MODELS, models.slice(0, MOST_KNOWN));
    this.changed.fire();
  }
}

async function problemOf(modelPath: string): Promise<string | undefined> {
  if (!existsSync(modelPath)) return 'not found';
  return (await isTrusted(modelPath)) ? undefined : 'this folder is not trusted';
}

/** A model's name by its place, as the engine gives it: the folder that holds it, not counting `onnx`. */
export function nameOf(modelPath: string): string {
  if (path.extname(modelPath) !== '.onnx') return path.basename(modelPath);
  const folder = path.dirname(modelPath);
  return path.basename(path.basename(folder) === 'onnx' ? path.dirname(folder) : folder);
}

/** The folders that the Explorer offers a map for: those with the file, and the export's folder above `onnx`. */
export function foldersOf(modelPath: string): readonly string[] {
  const folder = path.dirname(modelPath);
  return path.basename(folder) === 'onnx' ? [folder, path.dirname(folder)] : [folder];
}

/** A path as people read it: relative to the workspace, or with `~` for the home folder. */
function placeOf(modelPath: string): string {
  const relative = vscode.workspace.asRelativePath(modelPath);
  if (relative !== modelPath) return relative;
  const home = os.homedir();
  return modelPath.startsWith(home + path.sep) ? `~${modelPath.slice(home.length)}` : modelPath;
}
