import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { Fault } from '../map/fault.js';
import { DEFAULT_DISPLAY } from '../map/mapDisplay.js';
import { presetParameters } from '../map/presets.js';
import { chosenColors } from '../map/settledMap.js';
import type { TokenMap } from '../map/tokenMap.js';
import { parametersOf } from '../map/specification.js';
import type { CommandLineSubject, PanelDependencies, PanelStart, SavedMapDependencies } from '../panel/dependencies.js';
import { commandLineOf, copyCommand, programOf } from './commandLine.js';
import { openHelp } from './help.js';
import { findModel, openModel } from './modelFinder.js';
import { nameOf } from './models.js';
import { pickModel } from './pickModel.js';
import { pickSavedMap } from './pickSavedMap.js';
import { readSavedMap } from './readSavedMap.js';
import type { Saving } from './saving.js';
import type { Services } from './services.js';
import { KEYS, SECTION } from './settings.js';
import type { Snapshots } from './snapshots.js';
import { tokenColors } from './tokenColors.js';
import { showBriefly, showWarning } from './window.js';

const copyText = async (text: string, what = t('Text')): Promise<void> => {
  await vscode.env.clipboard.writeText(text);
  showBriefly('check', t('{0} copied', what));
};

/** What panels ask of the extension. */
export function panelDependencies(
  services: Services,
  saving: Saving,
  snapshots: Snapshots,
  openPanel: (start: PanelStart) => void,
): PanelDependencies {
  const { context, engines, log, models, settings } = services;
  // Loaded when it is first used: what reads archives takes half of the time that an activation may take.
  const vectors = async () => (await import('./vectors.js')).vectorDependencies(services);
  return {
    acquireEngine: (path, device, { signal, onOpening }) => openModel(services, path, device, signal, onOpening),
    restartEngine: (path, device) => engines.restart(path, device),
    models: (current) => models.list(current),
    onDidChangeModels: models.onDidChange,
    chooseModel: () => pickModel(models),
    chooseVector: async (numbers) => (await vectors()).chooseVector(numbers),
    chooseFeature: async (numbers) => (await vectors()).chooseFeature(numbers),
    chooseSae: async () => (await vectors()).chooseSae(),
    readFeature: async (...asked) => (await vectors()).readFeature(...asked),
    chooseTable: async () => (await vectors()).chooseTable(),
    chooseTexts: async () => (await vectors()).chooseTexts(),
    chooseTranslator: async () => (await vectors()).chooseTranslator(),
    saveVector: async (map, place, vector) => (await vectors()).saveVector(map, place, vector),
    savePlane: async (map) => (await vectors()).savePlane(map),
    modelName: nameOf,
    rememberModel: (path, description) => void models.remember(path, description),
    defaults: (modelPath) => {
      const { parameters, display, device, batchSize } = settings;
      // A new map shows first what shows most; whoever has chosen a default gets what was chosen.
      const bundled = modelPath === models.bundled;
      const first = modelPath !== undefined && !settings.hasOwnDefaults;
      return {
        parameters: first ? presetParameters('threePrompts', parameters, { bundled }) : parameters,
        withoutPrompts: parameters,
        display,
        device,
        batchSize,
      };
    },
    colorScale: {
      read: () => settings.colorScale,
      onDidChange: (listener) =>
        vscode.workspace.onDidChangeConfiguration((change) => {
          if (change.affectsConfiguration(`${SECTION}.${KEYS.colorScale}`)) listener();
        }),
    },
    saveMap: (map, options) => saving.saveMap(map, options),
    saveSet: (set, options) => saving.saveSet(set, options),
    exportSet: (set) => saving.exportSet(set),
    exportPicture: (map, closer) => saving.exportPicture(map, closer),
    copyCommandLine: (subject) => copyCommand(commandLineOf(subject, models.bundled)),
    copyTypeScript: async (subject) => copyText(programOf(subject, models.bundled), t('Program')),
    openCopy: ({ modelPath, ...rest }, display) =>
      openPanel({ ...rest, ...(modelPath === null ? {} : { modelPath }), display, beside: true }),
    copyText,
    openSavedMap: async () => vscode.commands.executeCommand('embeddingGrid.openSavedMap'),
    chooseSavedMap: async () => (await pickSavedMap(services.savedMaps, t('Compare with Saved Map')))?.toString(),
    readMap: (file) => readSavedMap(vscode.Uri.parse(file, true), services.files),
    openHelp: (page) => openHelp(context.extensionUri, page),
    showLog: () => log.show(),
    log: (level, line) => log[level](line),
    tokenColors: tokenColors(context.workspaceState),
    snapshots: snapshots.forPanels,
  };
}

/** What the editor of a saved map asks of the extension. */
export function savedMapDependencies(
  services: Services,
  panels: PanelDependencies,
  openPanel: (start: PanelStart) => void,
  openAsText: () => Promise<void>,
): SavedMapDependencies {
  const { models, settings } = services;
  const { device, batchSize } = settings;
  const subjectOf = async (map: TokenMap): Promise<CommandLineSubject> => {
    const { specification, display = DEFAULT_DISPLAY } = map;
    const [path = specification.model.name] = await models.candidates(specification.model);
    return {
      modelPath: path,
      parameters: parametersOf(specification),
      display: { ...display, tokenColors: chosenColors(map) },
      device,
      batchSize,
    };
  };
  return {
    ...panels,
    openAsText,
    editAndRun: async ({ specification, facts, display = DEFAULT_DISPLAY }, lens) => {
      const start = {
        parameters: parametersOf(specification),
        display,
        lens: lens ?? null,
        profile: display.profile ?? null,
      };
      try {
        const { path, lease } = await findModel(services, specification.model, device, new AbortController().signal);
        openPanel({ ...start, modelPath: path });
        lease.release(); // the panel holds the same engine by now, or finds it within the grace
      } catch (error) {
        const fault = Fault.from(error);
        openPanel({ ...start, madeWith: { reference: specification.model, ...(facts ? { facts } : {}) } });
        void showWarning([fault.message, fault.hint].filter(Boolean).join(' '));
      }
    },
    copyCommandLine: async (map) => panels.copyCommandLine(await subjectOf(map)),
    copyTypeScript: async (map) => panels.copyTypeScript(await subjectOf(map)),
  };
}
