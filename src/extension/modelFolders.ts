import * as vscode from 'vscode';
import { foldersOf, type Models } from './models.js';

/** Keeps the list of folders that hold a model, for the Explorer's menu. */
export function offerModelFolders(models: Models): vscode.Disposable {
  const update = async (): Promise<void> => {
    const folders = (await models.inWorkspace()).flatMap(foldersOf);
    // As the file system writes them, and as addresses do, which differ on Windows.
    const names = folders.flatMap((folder) => [folder, vscode.Uri.file(folder).path]);
    await vscode.commands.executeCommand('setContext', 'embeddingGrid.modelFolders', [...new Set(names)]);
  };
  const first = setImmediate(() => void update());
  return vscode.Disposable.from(
    models.onDidChange(() => void update()),
    new vscode.Disposable(() => clearImmediate(first)),
  );
}
