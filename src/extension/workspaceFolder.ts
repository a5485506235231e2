import * as vscode from 'vscode';
import { diskFolder, type OutputFolder } from '../formats/outputFolder.js';

/** A folder of a workspace, for the files of maps: on this machine's disk, or wherever VS Code reaches it. */
export function workspaceFolder(uri: vscode.Uri): OutputFolder {
  const name = vscode.workspace.asRelativePath(uri);
  if (uri.scheme === 'file') return { ...diskFolder(uri.fsPath), name };
  const { fs } = vscode.workspace;
  const at = (file: string): vscode.Uri => vscode.Uri.joinPath(uri, file);
  return {
    name,
    place: (file) => at(file).toString(),
    make: async () => fs.createDirectory(uri),
    unmake: () => Promise.resolve(),
    list: async () =>
      (await fs.readDirectory(uri)).map(([entry, type]) => ({
        name: entry,
        isFile: (type & vscode.FileType.File) !== 0,
      })),
    read: async (file, most = Infinity) => (await fs.readFile(at(file))).subarray(0, most),
    age: async (file) => Date.now() - (await fs.stat(at(file))).mtime,
    write: async (file, bytes) => fs.writeFile(at(file), bytes),
    take: async (from, to) => {
      try {
        await fs.rename(at(from), at(to), { overwrite: false });
        return true;
      } catch (error) {
        if (error instanceof vscode.FileSystemError && error.code === 'FileExists') return false;
        throw error;
      }
    },
    rename: async (from, to) => fs.rename(at(from), at(to), { overwrite: true }),
    remove: async (file) => {
      await fs.delete(at(file)).then(undefined, (error: unknown) => {
        if (!(error instanceof vscode.FileSystemError && error.code === 'FileNotFound')) throw error;
      });
    },
  };
}
