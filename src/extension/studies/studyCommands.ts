import { t } from '@vscode/l10n';
import { homedir } from 'node:os';
import * as vscode from 'vscode';
import { DEFAULT_PARAMETERS, type MapParameters } from '../../map/specification.js';
import type { PanelSettings } from '../../protocol/panelSettings.js';
import { STUDY_EDITOR } from '../ids.js';
import type { Studies } from './studies.js';

/** Computes a study that is shown in its editor, so that what runs is seen. */
export async function runStudy(studies: Studies, uri: vscode.Uri): Promise<void> {
  await vscode.commands.executeCommand('vscode.openWith', uri, STUDY_EDITOR);
  const document = await vscode.workspace.openTextDocument(uri);
  if (document.isDirty) await document.save();
  const study = await studies.of(uri);
  await study.read(document.getText());
  await study.start();
}

/** Asks for a place, and writes a study that begins with the map of a panel, if one is open. It opens as text and as a study. */
export async function newStudy(settings: PanelSettings | undefined): Promise<void> {
  const start = vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.file(homedir());
  const uri = await vscode.window.showSaveDialog({
    title: t('New Study'),
    defaultUri: vscode.Uri.joinPath(start, 'maps.embedding-study.json'),
    filters: { [t('Embedding study')]: ['embedding-study.json'] },
  });
  if (!uri) return;
  const named = /\.embedding-study\.json$/i.test(uri.path)
    ? uri
    : uri.with({ path: `${uri.path.replace(/\.json$/i, '')}.embedding-study.json` });
  await vscode.workspace.fs.writeFile(named, new TextEncoder().encode(firstStudy(settings)));
  await vscode.window.showTextDocument(named);
  await vscode.commands.executeCommand('vscode.openWith', named, STUDY_EDITOR, vscode.ViewColumn.Beside);
}

/** What differs from the defaults, so that the file says what it is about. */
function changed({ ...parameters }: MapParameters): Partial<MapParameters> {
  const entries = Object.entries(parameters).filter(
    ([name, value]) =>
      JSON.stringify(value) !== JSON.stringify(Object.entries(DEFAULT_PARAMETERS).find(([key]) => key === name)?.[1]),
  );
  return Object.fromEntries(entries);
}

const firstStudy = (settings: PanelSettings | undefined): string => {
  const parameters = settings?.parameters ?? {
    ...DEFAULT_PARAMETERS,
    grid: { ...DEFAULT_PARAMETERS.grid, columns: 12, rows: 12 },
  };
  return `${JSON.stringify(
    {
      format: 'embedding-study',
      version: 1,
      ...(settings?.modelPath ? { model: settings.modelPath } : {}),
      base: changed(parameters),
      vary: ['layer=0-2', ...(parameters.plane.axes.method === 'random_projection' ? ['seed=1-5'] : [])],
      plane: 'own',
    },
    undefined,
    2,
  )}\n`;
};
