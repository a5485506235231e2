import { t } from '@vscode/l10n';
import path from 'node:path';
import * as vscode from 'vscode';
import { Fault } from '../map/fault.js';
import type { PanelStart } from '../panel/dependencies.js';
import { downloadModel } from './download.js';
import { deleteSavedMap, deleteSavedSet } from './deleteSavedMap.js';
import { MODEL_EDITOR, SAVED_MAP_EDITOR, STUDY_EDITOR } from './ids.js';
import type { LastMap } from './lastMap.js';
import { showFault } from './log.js';
import type { ModelsNode } from './modelsView.js';
import { pickModel } from './pickModel.js';
import { pickSavedMap } from './pickSavedMap.js';
import type { SavedMapsNode } from './savedMapsView.js';
import type { Services } from './services.js';
import { newStudy, runStudy } from './studies/studyCommands.js';
import { memberOf, type StudiesNode } from './studies/studiesView.js';
import type { Studies } from './studies/studies.js';
import { isTrusted } from './trust.js';
import { showInformation, showWarning } from './window.js';

/**
 * Registers every command of package.json. `openPanel` makes a panel, follows it and shows it; `compareSavedMaps` shows two saved maps
 * beside each other.
 */
export function registerCommands(
  services: Services,
  studies: Studies,
  openPanel: (start: PanelStart) => void,
  lastMap: LastMap,
  compareSavedMaps: (one: vscode.Uri, other: vscode.Uri) => Promise<void>,
): vscode.Disposable {
  const { log, models, panels, savedMaps, settings } = services;

  const generate = (): void => {
    const modelPath = settings.defaultModel ?? models.bundledIfThere;
    openPanel(modelPath === undefined ? {} : { modelPath });
    void offerLastMap();
  };
  const offerLastMap = async (): Promise<void> => {
    const last = lastMap.offer(panels.panel?.settings);
    if (last && (await showInformation(t('The last map here was {0}.', last.title), t('Open It'))))
      openPanel(last.start);
  };

  const mapModel = async (modelPath: string | undefined): Promise<void> => {
    if (modelPath === undefined) return;
    if (await isTrusted(modelPath)) return openPanel({ modelPath });
    const manage = t('Manage Workspace Trust');
    const message = t('This folder is not trusted, so its models are not opened: they would be read by native code.');
    if ((await showWarning(message, manage)) === manage) {
      await vscode.commands.executeCommand('workbench.trust.manage');
    }
  };

  const handlers: Readonly<Record<string, (argument?: unknown, all?: unknown) => unknown>> = {
    generate,
    openLastMap: () => {
      const last = lastMap.get();
      return last ? openPanel(last.start) : generate();
    },
    generateFromModel: async (argument) => mapModel(modelPathOf(argument) ?? (await pickModel(models))),
    openAsModel: async (argument) => {
      const modelPath = modelPathOf(argument) ?? (await pickModel(models));
      if (modelPath === undefined) return;
      await vscode.commands.executeCommand('vscode.openWith', vscode.Uri.file(modelPath), MODEL_EDITOR);
    },
    chooseModel: async () => {
      const modelPath = await pickModel(models);
      if (modelPath === undefined || !panels.panel || !(await isTrusted(modelPath))) return mapModel(modelPath);
      panels.panel.reveal();
      panels.panel.chooseModel(modelPath);
    },
    downloadModel: () => downloadModel(services, mapModel),
    saveMapAs: () => panels.editor?.saveAs(),
    exportPicture: () => panels.editor?.exportPicture(),
    copyCommandLine: () => panels.editor?.copyCommandLine(),
    useView: () => panels.panel?.useView(),
    openSavedMap: async () => {
      const uri = await pickSavedMap(savedMaps);
      if (uri) await vscode.commands.executeCommand('vscode.openWith', uri, SAVED_MAP_EDITOR);
    },
    restartEngine: () => panels.panel?.restartEngine(),
    showLog: () => log.show(),
    showRunning: () => panels.running?.reveal(),
    refresh: () => {
      models.search();
      savedMaps.refresh();
      studies.refresh();
    },
    openAsText: (argument) => openWith(argument, 'default'),
    openAsMap: (argument) => openWith(argument, SAVED_MAP_EDITOR),
    compareSavedMaps: async (argument, all) => {
      const [one = savedMapOf(argument), second] = Array.isArray(all)
        ? all.flatMap((each) => savedMapOf(each) ?? [])
        : [];
      const other = second ?? (await pickSavedMap(savedMaps, t('Compare with Saved Map')));
      if (one && other) await compareSavedMaps(one, other);
    },
    revealSavedMap: async (argument) => {
      const uri = savedMapOf(argument);
      if (uri) await vscode.commands.executeCommand('revealInExplorer', uri);
    },
    deleteSavedMap: async (argument) => {
      // While a view is drawn anew VS Code hands over nothing: what is open in an editor is not what was meant.
      if (!isSavedMapsNode(argument)) {
        await showInformation(t('The list of saved maps has just changed. Delete once more what is to go.'));
        return;
      }
      const sets = await savedMaps.sets();
      const uri = savedMapOf(argument);
      const { files } = services;
      const deleted =
        argument.kind === 'set'
          ? await deleteSavedSet(argument.set, files, sets)
          : uri !== undefined && (await deleteSavedMap(uri, files, sets));
      if (deleted) savedMaps.refresh();
    },
    newStudy: () => newStudy(panels.panel?.settings),
    openAsStudy: (argument) => openWith(argument, STUDY_EDITOR),
    runStudy: async (argument) => {
      const uri = studyOf(argument);
      if (uri) await runStudy(studies, uri);
    },
    cancelStudy: async (argument) => {
      const uri = studyOf(argument);
      if (uri) (await studies.of(uri)).cancel();
    },
    forgetModel: async (argument) => {
      const modelPath = modelPathOf(argument);
      if (modelPath !== undefined) await models.forget(modelPath);
    },
  };

  // Menus hand over what they were opened on, and all that was selected.
  const guarded =
    (handler: (argument?: unknown, all?: unknown) => unknown) => async (argument?: unknown, all?: unknown) => {
      try {
        await handler(argument, all);
      } catch (error) {
        await showFault(log, Fault.from(error));
      }
    };
  return vscode.Disposable.from(
    ...Object.entries(handlers).map(([name, handler]) =>
      vscode.commands.registerCommand(`embeddingGrid.${name}`, guarded(handler)),
    ),
  );
}

/** A study's file that a menu was opened on. */
function studyOf(argument: unknown): vscode.Uri | undefined {
  if (isStudiesNode(argument)) return argument.kind === 'study' ? argument.found.uri : undefined;
  return savedMapOf(argument);
}

/** A file that a menu of the Explorer, of an editor or of the view "Saved Maps" was opened on, else the active editor's. */
function savedMapOf(argument: unknown): vscode.Uri | undefined {
  if (argument instanceof vscode.Uri) return argument;
  if (isStudiesNode(argument) && argument.kind === 'member') return memberOf(argument);
  if (isStudiesNode(argument) && argument.kind === 'study') return argument.found.uri;
  if (isSavedMapsNode(argument)) {
    if (argument.kind === 'set') return argument.set.uri;
    return argument.kind === 'map' ? argument.map.uri : undefined;
  }
  const { input } = vscode.window.tabGroups.activeTabGroup.activeTab ?? {};
  return input instanceof vscode.TabInputCustom || input instanceof vscode.TabInputText ? input.uri : undefined;
}

function modelPathOf(argument: unknown): string | undefined {
  if (argument instanceof vscode.Uri) return path.normalize(argument.fsPath);
  return isModelsNode(argument) && argument.kind === 'model' ? argument.model.path : undefined;
}

// Views hand over the node that a menu was opened on, and nothing else has a kind.
const hasKind = (argument: unknown): boolean => typeof argument === 'object' && argument !== null && 'kind' in argument;
const isSavedMapsNode = (argument: unknown): argument is SavedMapsNode => hasKind(argument);
const isStudiesNode = (argument: unknown): argument is StudiesNode => hasKind(argument);
const isModelsNode = (argument: unknown): argument is ModelsNode => hasKind(argument);

async function openWith(argument: unknown, editor: string): Promise<void> {
  const uri = savedMapOf(argument);
  if (uri) await vscode.commands.executeCommand('vscode.openWith', uri, editor);
}
