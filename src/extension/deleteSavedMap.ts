import { t } from '@vscode/l10n';
import { rm } from 'node:fs/promises';
import * as vscode from 'vscode';
import type { Services } from './services.js';
import { Fault } from '../map/fault.js';
import { strangersIn } from '../formats/comparison/seriesEntries.js';
import { fileName, fileNames } from '../formats/names.js';
import { readSavedMap, setFileAt } from './readSavedMap.js';
import type { SavedSet } from './savedMaps.js';
import { ask } from './window.js';

/**
 * Deletes a saved map with its pictures, after a question, to the trash where there is one.
 * @param sets those that there are: one that shows the map would not open again, and is named
 */
export async function deleteSavedMap(
  uri: vscode.Uri,
  files: Services['files'],
  sets: readonly SavedSet[],
): Promise<boolean> {
  const name = nameOf(uri);
  const shownBy = sets.filter(({ maps }) => maps.some((map) => map.toString() === uri.toString()));
  const set = await filesOfSet(uri, name, files);
  const confirmed = await ask(
    set.length === 1
      ? t('Delete {0}?', name)
      : set.length === 2
        ? t('Delete {0} and 1 file saved with it?', name)
        : t('Delete {0} and {1} files saved with it?', name, set.length - 1),
    [
      ...shownBy.map(({ title }) => t('“{0}” shows it, and does not open without it.', title)),
      t('They can be restored from the trash, where there is one.'),
    ].join('\n'),
    t('Delete'),
  );
  if (confirmed === undefined) return false;
  for (const file of set) await remove(file);
  return true;
}

/**
 * Deletes what was saved as one, as a whole: of a comparison both maps as well, but those that another one shows; of all layers
 * their folder. The file that names the others goes first: what is left if the rest cannot be deleted is nobody's half.
 */
export async function deleteSavedSet(
  set: SavedSet,
  files: Services['files'],
  sets: readonly SavedSet[],
): Promise<boolean> {
  const folder = vscode.Uri.joinPath(set.uri, '..');
  const restored = t('They can be restored from the trash, where there is one.');
  if (set.kind === 'series') {
    await requireOwnFolder(folder, set);
    const detail = t('The folder {0}, with all that is in it.', vscode.workspace.asRelativePath(folder));
    if ((await ask(t('Delete “{0}”?', set.title), `${detail}\n${restored}`, t('Delete'))) === undefined) return false;
    await remove(folder);
    return true;
  }
  const stem = nameOf(set.uri).replace(/\.json$/, '');
  const figures = (await vscode.workspace.fs.readDirectory(folder))
    .filter(([entry]) => entry.slice(0, entry.lastIndexOf('.')) === stem)
    .map(([entry]) => vscode.Uri.joinPath(folder, entry));
  const kept = new Set(
    sets.filter((one) => one.uri.toString() !== set.uri.toString()).flatMap(({ maps }) => maps.map(String)),
  );
  const maps = await Promise.all(
    set.maps.filter((map) => !kept.has(map.toString())).map((map) => filesOfSet(map, nameOf(map), files)),
  );
  const [all, alone] = [t('Delete With Its Maps'), t('Delete the Comparison Alone')];
  const chosen =
    maps.length > 0
      ? await ask(t('Delete “{0}”?', set.title), restored, all, alone)
      : await ask(t('Delete “{0}”?', set.title), restored, t('Delete'));
  if (chosen === undefined) return false;
  const first = figures.filter((file) => nameOf(file) === nameOf(set.uri));
  for (const file of new Map(
    [...first, ...figures, ...(chosen === all ? maps.flat() : [])].map((one) => [one.toString(), one]),
  ).values())
    await remove(file);
  return true;
}

/** The folder of a series, in which nothing else is. @throws Fault `output` */
async function requireOwnFolder(folder: vscode.Uri, { uri }: SavedSet): Promise<void> {
  const { maps } = await setFileAt(uri);
  const shared = vscode.workspace.workspaceFolders?.some((one) => one.uri.toString() === folder.toString()) ?? false;
  const [stranger] = await strangersIn(maps, async (...folders) =>
    (await vscode.workspace.fs.readDirectory(vscode.Uri.joinPath(folder, ...folders))).map(([name, type]) => {
      const known = type === vscode.FileType.File ? 'file' : 'other';
      return { name, kind: type === vscode.FileType.Directory ? 'folder' : known };
    }),
  );
  if (!shared && stranger === undefined) return;
  throw new Fault({
    code: 'output',
    message: t('{0} holds more than the maps of this series: it is not deleted as a whole.', nameOf(folder)),
    hint: t('Delete in the Explorer what is to go.'),
    ...(stranger === undefined ? {} : { detail: stranger }),
  });
}

const nameOf = (uri: vscode.Uri): string => uri.path.split('/').at(-1) ?? '';

/** Deletes a file or a folder that is there, to the trash where there is one. */
async function remove(uri: vscode.Uri): Promise<void> {
  await vscode.workspace.fs
    .delete(uri, { useTrash: true, recursive: true })
    .then(undefined, () =>
      uri.scheme === 'file'
        ? // Again where something has just been written into a folder, or is being read.
          rm(uri.fsPath, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
        : vscode.workspace.fs.delete(uri, { recursive: true }),
    )
    .then(undefined, (error: unknown) => {
      // Gone already: that was what was wanted.
      if (!(error instanceof vscode.FileSystemError && error.code === 'FileNotFound')) throw error;
    });
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
