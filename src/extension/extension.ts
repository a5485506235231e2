import { started } from './started.js';
import './language.js';
import * as vscode from 'vscode';
import { EnginePool } from '../host/enginePool.js';
import { MapFiles } from '../host/mapFiles.js';
import type { MapPanel, PanelStart } from '../panel/dependencies.js';
import type { EmbeddingGridApi } from './api.js';
import { registerCommands } from './commands.js';
import { generate } from './generate.js';
import { MODEL_EDITOR, MODELS_VIEW, SAVED_MAP_EDITOR, SAVED_MAPS_VIEW, STUDIES_VIEW, STUDY_EDITOR } from './ids.js';
import { LastMap } from './lastMap.js';
import { createLog } from './log.js';
import { ModelEditor } from './modelEditor.js';
import { offerModelFolders } from './modelFolders.js';
import { Models } from './models.js';
import { ModelsTree } from './modelsView.js';
import { panelDependencies, savedMapDependencies } from './panelDependencies.js';
import { Panels } from './panels.js';
import { SavedMapEditor } from './savedMapEditor.js';
import { SavedMaps } from './savedMaps.js';
import { SavedMapsTree } from './savedMapsView.js';
import { Saving } from './saving.js';
import type { Services } from './services.js';
import { Settings } from './settings.js';
import { Snapshots } from './snapshots.js';
import { MEMBER_SCHEME, MemberFiles } from './studies/memberFiles.js';
import { Studies } from './studies/studies.js';
import { StudiesTree } from './studies/studiesView.js';
import { StudyEditor } from './studies/studyEditor.js';
import { chooseNode } from './systemNode.js';
import { createPanel, PANEL_VIEW_TYPE, revivePanel } from './webviewPanel.js';
import { treeView } from './window.js';

const loadMilliseconds = performance.now() - started;

let engines: EnginePool | undefined;
let studies: Studies | undefined;

/** Registers everything and starts nothing: no model, no engine, no search before somebody asks. */
export function activate(context: vscode.ExtensionContext): EmbeddingGridApi {
  const called = performance.now();
  const { extensionUri } = context;
  const dist = (name: string): string => vscode.Uri.joinPath(extensionUri, 'dist', name).fsPath;
  const log = createLog();
  const settings = new Settings(log);
  engines = new EnginePool({
    file: dist('engine.cjs'),
    node: (modelPath, trapped) => chooseNode({ setting: settings.nodeExecutable, modelPath, trapped }),
    cudaLibraries: () => settings.cudaLibraries,
    memory: () => settings.memory,
    graceMilliseconds: () => settings.engineGraceMilliseconds,
    log: (line) => log.info(line),
  });
  const services: Services = {
    context,
    log,
    settings,
    engines,
    models: new Models(context),
    savedMaps: new SavedMaps(),
    panels: new Panels(),
    files: new MapFiles(dist('filesWorker.cjs'), dist('assets')),
  };
  const { models, panels, savedMaps } = services;
  studies = new Studies(services);
  const snapshots = new Snapshots(context.storageUri ?? context.globalStorageUri);
  const saving = new Saving(services);
  const dependencies = panelDependencies(services, saving, snapshots, (start) => openPanel(start));

  const lastMap = new LastMap(context.workspaceState);
  const follow = (panel: MapPanel): void => {
    panels.addPanel(panel);
    panel.onDidDispose(() => {
      if (panel.map()) lastMap.remember(panel.status.title, panel.settings);
    });
  };
  const openPanel = (start: PanelStart): void => follow(createPanel(extensionUri, dependencies, start));
  const editor = new SavedMapEditor({
    services,
    dependencies: (openAsText) => savedMapDependencies(services, dependencies, openPanel, openAsText),
    saveAs: (map) => saving.saveMap(map, { as: true }),
  });

  context.subscriptions.push(
    log,
    models,
    savedMaps,
    panels,
    studies,
    registerCommands(services, studies, openPanel, lastMap, (one, other) => editor.compare(one, other)),
    vscode.window.registerTreeDataProvider(MODELS_VIEW, new ModelsTree(models)),
    treeView(SAVED_MAPS_VIEW, new SavedMapsTree(savedMaps)),
    vscode.window.registerCustomEditorProvider(SAVED_MAP_EDITOR, editor, {
      supportsMultipleEditorsPerDocument: true,
      webviewOptions: { retainContextWhenHidden: true },
    }),
    vscode.window.registerCustomEditorProvider(MODEL_EDITOR, new ModelEditor(services), {
      supportsMultipleEditorsPerDocument: true,
      webviewOptions: { retainContextWhenHidden: true },
    }),
    treeView(STUDIES_VIEW, new StudiesTree(studies)),
    vscode.window.registerCustomEditorProvider(STUDY_EDITOR, new StudyEditor(services, studies)),
    vscode.workspace.registerFileSystemProvider(MEMBER_SCHEME, new MemberFiles(studies.files), {
      isReadonly: true,
      isCaseSensitive: true,
    }),
    vscode.window.registerWebviewPanelSerializer(PANEL_VIEW_TYPE, {
      deserializeWebviewPanel: (panel, state: unknown) => {
        follow(revivePanel(extensionUri, dependencies, panel, state));
        return Promise.resolve();
      },
    }),
    offerModelFolders(models),
    afterwards(() => void snapshots.sweep(Date.now())),
  );
  const milliseconds = loadMilliseconds + performance.now() - called;
  log.info(`Activated in ${milliseconds.toFixed(1)} ms.`);
  return {
    generate: (specification, options) => generate(services, specification, options),
    open: (map) => editor.open(map),
  };
}

/** Ends studies and engines; VS Code waits for it when the window closes. */
export async function deactivate(): Promise<void> {
  await studies?.end();
  await engines?.dispose();
}

const HOUSEKEEPING_DELAY_MS = 30_000;

/** Does something unimportant when the window has come to rest. */
function afterwards(task: () => void): vscode.Disposable {
  const timer = setTimeout(task, HOUSEKEEPING_DELAY_MS);
  return new vscode.Disposable(() => clearTimeout(timer));
}
