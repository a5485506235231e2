import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { readSetFile, type SetFile } from '../formats/comparison/setFiles.js';
import type { MapFiles } from '../host/mapFiles.js';
import { Fault } from '../map/fault.js';
import type { TokenMap } from '../map/tokenMap.js';
import { leadsInto } from './realPaths.js';
import { mayReach } from './trust.js';
import { anyFolder } from './workspaceFolder.js';

/** Reads a saved map that a person opens, and the .npz beside it where its cells stand there. @throws Fault `file`. */
export async function readSavedMap(uri: vscode.Uri, files: MapFiles): Promise<TokenMap> {
  const place = vscode.Uri.joinPath(uri, '..');
  const json = uri.path.split('/').at(-1) ?? '';
  const folder = anyFolder(place);
  // The person has named the JSON. What it is read with lies beside it, and is no link to somewhere else.
  const mayRead = async (file: string): Promise<boolean> =>
    file === json ||
    vscode.workspace.isTrusted ||
    uri.scheme !== 'file' ||
    leadsInto(vscode.Uri.joinPath(place, file).fsPath, [place.fsPath]);
  const read = async (file: string, most?: number): Promise<Uint8Array> => {
    if (await mayRead(file)) return folder.read(file, most);
    throw new Fault({ code: 'file', message: t('{0} leads out of its folder, which is not trusted.', file) });
  };
  return files.read(json, { ...folder, read });
}

/** Several saved maps that are opened together. */
export interface SavedMapSet {
  readonly kind: SetFile['kind'];
  readonly uris: readonly vscode.Uri[];
  readonly lenses: SetFile['lenses'];
}

const isSet = (uri: vscode.Uri): boolean =>
  /\/embedding_grid_(?:comparison(?:_\d+)?|lens(?:_\d+)?|series)\.json$/.test(uri.path);
const MOST_SET = 64e6;

/** What a file says of maps that belong together; undefined: it is a map itself. @throws Fault `file`. */
export async function readSavedSet(uri: vscode.Uri): Promise<SavedMapSet | undefined> {
  if (!isSet(uri)) return undefined;
  const { kind, maps, lenses } = await setFileAt(uri);
  const uris = maps.map((file) => vscode.Uri.joinPath(uri, '..', ...file.split('/')));
  for (const one of uris)
    if (!(await mayReach(one)))
      throw new Fault({
        code: 'file',
        message: t('A map of {0} lies outside of this folder, which is not trusted.', nameOf(uri)),
      });
  return { kind, uris, lenses };
}

/** What a file says of maps that belong together. @throws Fault `file`. */
export async function setFileAt(uri: vscode.Uri): Promise<SetFile> {
  const { size } = await vscode.workspace.fs.stat(uri);
  if (size > MOST_SET) throw new Fault({ code: 'file', message: t('{0} is too large to be read.', nameOf(uri)) });
  return readSetFile(nameOf(uri), new TextDecoder().decode(await vscode.workspace.fs.readFile(uri)));
}

const nameOf = (uri: vscode.Uri): string => uri.path.split('/').at(-1) ?? '';
