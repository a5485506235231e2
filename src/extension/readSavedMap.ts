import * as vscode from 'vscode';
import type { MapFiles } from '../host/mapFiles.js';
import { Fault } from '../map/fault.js';
import type { TokenMap } from '../map/tokenMap.js';
import { leadsInto } from './realPaths.js';
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
    throw new Fault({ code: 'file', message: `${file} leads out of its folder, which is not trusted.` });
  };
  return files.read(json, { ...folder, read });
}
