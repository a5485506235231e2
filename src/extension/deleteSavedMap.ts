import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import type { Services } from './services.js';
import { fileName, fileNames } from '../formats/names.js';
import { readSavedMap } from './readSavedMap.js';
import { ask } from './window.js';

/** Deletes a saved map with its pictures, after a question, to the trash where there is one. */
export async function deleteSavedMap(uri: vscode.Uri, files: Services['files']): Promise<boolean> {
  const name = uri.path.split('/').at(-1) ?? '';
  const set = await filesOfSet(uri, name, files);
  const confirmed = await ask(
    set.length === 1
      ? t('Delete {0}?', name)
      : set.length === 2
        ? t('Delete {0} and 1 file saved with it?', name)
        : t('Delete {0} and {1} files saved with it?', name, set.length - 1),
    t('They can be restored from the trash, where there is one.'),
    t('Delete'),
  );
  if (confirmed === undefined) return false;
  for (const file of set) {
    await vscode.workspace.fs.delete(file, { useTrash: true }).then(undefined, () => vscode.workspace.fs.delete(file));
  }
  return true;
}

/** The files that were saved together: the names of {@link fileNames} for the map's specification and number. */
async function filesOfSet(uri: vscode.Uri, name: string, files: Services['files']): Promise<readonly vscode.Uri[]> {
  const map = await readSavedMap(uri, files).catch(() => undefined);
  if (map === undefined) return [uri];
  const [, digits = '1'] =
    /_(\d+)\.json$/.exec(name.replace(fileName(map.specification, 'json').slice(0, -5), '')) ?? [];
  const number = Number(digits);
  if (fileName(map.specification, 'json', number) !== name) return [uri]; // somebody gave it another name
  const folder = vscode.Uri.joinPath(uri, '..');
  const present = new Set((await vscode.workspace.fs.readDirectory(folder)).map(([entry]) => entry));
  return fileNames(map.specification, number)
    .filter((entry) => present.has(entry))
    .map((entry) => vscode.Uri.joinPath(folder, entry));
}
