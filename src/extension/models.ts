import { t } from '@vscode/l10n';
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { repositoryOfSnapshot } from '../hub/cache.js';
import { modelName } from '../hub/modelName.js';
import { toldApart } from '../hub/toldApart.js';
import { cachedModels, contentsOf, type ModelContents, standsFor } from '../hub/contents.js';
import { storedModels } from '../hub/otherStores.js';
import type { ModelReference } from '../map/specification.js';
import type { ModelFacts } from '../map/tokenMap.js';
import type { ModelDescription } from '../protocol/engine.js';
import type { ModelEntry } from '../protocol/page.js';
import { isTrusted } from './trust.js';

const KNOWN_MODELS = 'knownModels';
const MOST_KNOWN = 20;
/** A workspace may be a whole disk: the search stops here. */
const MOST_FOUND = 100;
/** Of a checkpoint the one file that stands for it: others of its kind hold shards, or vectors. */
const MODELS_IN_WORKSPACE = '**/{*.onnx,*.gguf,model.safetensors,model.safetensors.index.json}';
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

/** The models that a person can choose: the bundled one, recent ones, those in the workspace and in the Hugging Face cache. */
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

  /**
   * Bundled, then recent, then found in the workspace, then in the Hugging Face cache; no model twice, as folder and as file. Those of one
   * name are told apart by where they lie.
   * @param current a path that is told with the entry of the model that it leads to
   */
  async list(current: string | null = null): Promise<readonly ModelEntry[]> {
    const entries = await this.named(current);
    const alike = new Map<string, string[]>();
    for (const { name, path: place } of entries) alike.set(name, [...(alike.get(name) ?? []), place]);
    return entries.map((entry) => {
      const places = alike.get(entry.name) ?? [];
      const apart = places.length > 1 ? toldApart(places)[places.indexOf(entry.path)] : undefined;
      return apart ? { ...entry, name: `${entry.name} (${apart})` } : entry;
    });
  }

  /** The same, each with its own name. */
  private async named(current: string | null = null): Promise<readonly ModelEntry[]> {
    const entries: { readonly entry: ModelEntry; readonly place: string; readonly others: string[] }[] = [];
    const add = async (modelPath: string, origin: ModelEntry['origin'], name?: string): Promise<void> => {
      const place = this.standsAt(modelPath);
      const there = entries.find((one) => one.entry.path === modelPath || one.place === place);
      if (!there) entries.push({ entry: await this.entry(modelPath, origin, name), place, others: [] });
      else if (there.entry.path !== modelPath) there.others.push(modelPath);
    };
    if (this.bundledIfThere !== undefined) await add(this.bundled, 'bundled');
    for (const { path: recent, forgotten } of this.known()) if (forgotten !== true) await add(recent, 'recent');
    for (const found of await this.inWorkspace()) await add(found, 'workspace');
    // The cache is the person's own, not the folder's: it is read whenever a list is asked for, trusted or not.
    for (const cached of cachedModels().slice(0, MOST_FOUND)) await add(cached.path, 'cache', cached.name);
    for (const stored of storedModels().slice(0, MOST_FOUND)) await add(stored.path, 'cache', stored.name);
    const place = current === null ? undefined : this.standsAt(current);
    const there = entries.find((one) => one.place === place);
    if (current !== null && there && ![there.entry.path, ...there.others].includes(current)) there.others.push(current);
    return entries.map(({ entry, others }) => (others.length > 0 ? { ...entry, others } : entry));
  }

  /** What stands for the model at a path: equal for all paths that lead to it. */
  private standsAt(modelPath: string): string {
    return standsFor(modelPath, this.knownAt(modelPath)?.reference.file);
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
    const entries = (await this.named()).filter(({ problem }) => problem === undefined);
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

  /** Absolute paths of the .onnx files and checkpoints' folders in the workspace, a bounded number of them. */
  async inWorkspace(): Promise<readonly string[]> {
    this.found ??= Promise.resolve(vscode.workspace.findFiles(MODELS_IN_WORKSPACE, NOT_SEARCHED, MOST_FOUND)).then(
      (uris) => [...new Set(uris.map(({ fsPath }) => modelAt(fsPath)))].sort(),
    );
    return this.found;
  }

  private async entry(modelPath: string, origin: ModelEntry['origin'], name?: string): Promise<ModelEntry> {
    const known = this.knownAt(modelPath);
    const problem = await problemOf(modelPath);
    const contents = problem === undefined && origin !== 'bundled' ? contentsOf(modelPath) : undefined;
    return {
      path: modelPath,
      origin,
      name: name ?? known?.reference.name ?? nameOf(modelPath),
      place: origin === 'bundled' ? t('included') : placeOf(modelPath),
      ...(contents === undefined ? {} : { contents: contentsText(contents, known?.facts) }),
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
  if (!existsSync(modelPath)) return t('not found');
  return (await isTrusted(modelPath)) ? undefined : t('this folder is not trusted');
}

/** A checkpoint is its folder; an export or a GGUF file is its file, of which a folder may have several. */
const modelAt = (file: string): string => (/\.(onnx|gguf)$/i.test(file) ? file : path.dirname(file));

function contentsText({ kind, bytes, numberType }: ModelContents, facts: ModelFacts | undefined): string {
  return [kind, facts?.numberType ?? numberType, formatBytes(bytes)].filter((part) => part !== undefined).join(' · ');
}

/** A model's name by its place, as the engine gives it. */
export function nameOf(modelPath: string): string {
  if (/\.gguf$/i.test(modelPath))
    return (
      repositoryOfSnapshot(path.dirname(modelPath)) ??
      path.basename(modelPath).replace(/(-00001-of-\d{5})?\.gguf$/i, '')
    );
  const isFile = /\.(onnx|safetensors)$/.test(modelPath);
  const own = isFile ? path.dirname(modelPath) : modelPath;
  return modelName(own);
}

/** The folders that the Explorer offers a map for: those with the file, and the export's folder above `onnx`. */
export function foldersOf(modelPath: string): readonly string[] {
  if (!modelPath.endsWith('.onnx')) return [modelPath];
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

/** A size on disk as people read it: `7.4 MB`, `538 MB`, `2.5 GB`. */
export const formatBytes = (bytes: number): string =>
  bytes < 1e9 ? `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
