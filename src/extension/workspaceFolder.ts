import * as vscode from 'vscode';
import type { OutputFolder } from '../formats/outputFolder.js';

/** A folder that VS Code reaches, on this machine or another, for the files of maps. */
export function workspaceFolder(uri: vscode.Uri): OutputFolder {
  const { fs } = vscode.workspace;
  const at = (file: string): vscode.Uri => vscode.Uri.joinPath(uri, file);
  return {
    name: vscode.workspace.asRelativePath(uri),
    place: (file) => at(file).toString(),
    make: async () => fs.createDirectory(uri),
    list: async () => (await fs.readDirectory(uri)).map(([name]) => name),
    read: async (file) => fs.readFile(at(file)),
    write: async (file, bytes) => fs.writeFile(at(file), bytes),
    rename: async (from, to) => fs.rename(at(from), at(to), { overwrite: true }),
    remove: async (file) => {
      await fs.delete(at(file)).then(undefined, (error: unknown) => {
        if (!(error instanceof vscode.FileSystemError && error.code === 'FileNotFound')) throw error;
      });
    },
  };
}
