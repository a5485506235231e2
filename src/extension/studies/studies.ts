import path from 'node:path';
import * as vscode from 'vscode';
import { resultsFolder, STUDY_NAME } from '../../host/study/places.js';
import { StudyFiles } from '../../host/study/studyFiles.js';
import type { Study } from '../../map/series/study.js';
import type { OpenStudy, StudyDependencies } from '../../panel/study/openStudy.js';
import { openModel } from '../modelFinder.js';
import type { Services } from '../services.js';
import { mayReach, requireReach } from '../trust.js';

const STUDY_FILES = '**/*.embedding-study.{json,yaml,yml}';
/** The copy of the study in its results, which may have come without it. */
const RESULT_FILES = '**/*_results/study.json';
const NOT_SEARCHED = '**/{node_modules,.git}/**';
const MOST_FOUND = 200;
/** A run tells of itself many times a second, a tree shows it less often. */
const TREE_MS = 1000;

const parts = () => import('./studyParts.js');

/** A study of the workspace. */
export interface FoundStudy {
  readonly name: string;
  /** Its file; undefined: results alone. */
  readonly uri: vscode.Uri | undefined;
  /** Of its results, which may not be there. */
  readonly folder: string;
  /** As its results have it, where there are some; undefined: its file is no study. */
  readonly study: Study | undefined;
  /** Shards whose members are there. */
  readonly whole: ReadonlySet<number>;
  readonly done: number;
  /** Share of the members that are computed, while this window computes them. */
  readonly running: number | undefined;
}

/** The studies of the workspace, and those that run. */
export class Studies implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  readonly files: StudyFiles;
  private readonly open = new Map<string, OpenStudy>();
  private readonly subscriptions: vscode.Disposable;
  private firing: NodeJS.Timeout | undefined;

  constructor(private readonly services: Services) {
    const dist = vscode.Uri.joinPath(services.context.extensionUri, 'dist');
    this.files = new StudyFiles(
      vscode.Uri.joinPath(dist, 'studyWorker.cjs').fsPath,
      vscode.Uri.joinPath(dist, 'assets').fsPath,
    );
    const watchers = [STUDY_FILES, RESULT_FILES].map((files) => vscode.workspace.createFileSystemWatcher(files));
    const fire = (): void => this.changed.fire();
    this.subscriptions = vscode.Disposable.from(
      this.changed,
      ...watchers.flatMap((watcher) => [
        watcher,
        watcher.onDidCreate(fire),
        watcher.onDidChange(fire),
        watcher.onDidDelete(fire),
      ]),
      vscode.workspace.onDidDeleteFiles(fire),
      vscode.workspace.onDidRenameFiles(fire),
    );
  }

  dispose(): void {
    clearTimeout(this.firing);
    this.subscriptions.dispose();
    for (const study of this.open.values()) void study.dispose();
  }

  refresh(): void {
    this.changed.fire();
  }

  /** Waits until no run is left. */
  async end(): Promise<void> {
    await Promise.all(Array.from(this.open.values(), (study) => study.dispose()));
  }

  /** A study by its file, the same one for all who ask. */
  async of(uri: vscode.Uri): Promise<OpenStudy> {
    const { OpenStudy } = await parts();
    const key = uri.fsPath;
    const known = this.open.get(key);
    if (known) return known;
    const study = new OpenStudy(key, this.dependencies());
    this.open.set(key, study);
    study.onDidChange(() => {
      this.firing ??= setTimeout(() => {
        this.firing = undefined;
        this.changed.fire();
      }, TREE_MS);
    });
    return study;
  }

  /** Those of the workspace, by their names: files, and results that came without theirs. */
  async list(): Promise<readonly FoundStudy[]> {
    const [files, results] = await Promise.all(
      [STUDY_FILES, RESULT_FILES].map((pattern) => vscode.workspace.findFiles(pattern, NOT_SEARCHED, MOST_FOUND)),
    );
    const found = new Map<string, vscode.Uri | undefined>();
    for (const uri of files ?? []) found.set(resultsFolder(uri.fsPath), uri);
    for (const { fsPath } of results ?? []) {
      const folder = path.dirname(fsPath);
      if (!found.has(folder)) found.set(folder, undefined);
    }
    const all = await Promise.all(Array.from(found, ([folder, uri]) => this.describe(folder, uri)));
    return all.filter((study) => study !== undefined).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  private async describe(folder: string, uri: vscode.Uri | undefined): Promise<FoundStudy | undefined> {
    // What a folder itself names may lead nowhere else where it is not trusted.
    const reached = [vscode.Uri.file(folder), ...(uri ? [uri] : [])].map(mayReach);
    if ((await Promise.all(reached)).includes(false)) return undefined;
    const { readStudy, StudyResults, studyStatus } = await parts();
    const results = await StudyResults.open(folder).catch(() => undefined);
    if (!results && !uri) return undefined;
    const study = results?.study ?? (uri && (await readStudy(uri.fsPath).catch(() => undefined)));
    const whole = results ? await results.wholeShards() : [];
    const run = uri && this.open.get(uri.fsPath)?.state.run;
    return {
      name: path.basename(uri?.fsPath ?? folder).replace(uri ? STUDY_NAME : /_results$/, ''),
      uri,
      folder,
      study,
      whole: new Set(whole),
      done: results ? (await studyStatus(results)).done : 0,
      running: run?.status === 'running' ? run.done / Math.max(1, run.members) : undefined,
    };
  }

  private dependencies(): StudyDependencies {
    const { services } = this;
    const { log, models, settings } = services;
    return {
      open: async (model, signal) => {
        const lease = await openModel(services, model ?? models.bundled, settings.device, signal);
        const { engine, pid, description } = lease;
        return {
          engine: { call: engine.call, pid, dispose: () => Promise.resolve(lease.release()) },
          description,
        };
      },
      files: this.files,
      requireReach: (folder) => requireReach(vscode.Uri.file(folder)),
      shownFolder: (folder) => vscode.workspace.asRelativePath(folder),
      batchSize: settings.batchSize,
      version: String((services.context.extension.packageJSON as { version?: unknown }).version),
      log: (level, line) => log[level](line),
    };
  }
}
