import * as vscode from 'vscode';
import { diskFolder, type OutputFolder } from '../formats/outputFolder.js';
import { requireReach } from './trust.js';

/** A folder of a workspace that maps are saved into. */
export function workspaceFolder(uri: vscode.Uri): OutputFolder {
  return uri.scheme === 'file' ? within(uri, anyFolder(uri)) : anyFolder(uri);
}

/** A folder that a person has named: on this machine's disk, or wherever VS Code reaches it. */
export function anyFolder(uri: vscode.Uri): OutputFolder {
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
    look: async (file) => {
      const { size, mtime, type } = await fs.stat(at(file));
      return { isFile: (type & vscode.FileType.File) !== 0, size, age: Date.now() - mtime };
    },
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

/** The folder, of which nothing is read or written by a link that leads out of a workspace that is not trusted. */
function within(uri: vscode.Uri, folder: OutputFolder): OutputFolder {
  const reach = (file: string): Promise<void> => requireReach(vscode.Uri.joinPath(uri, file));
  return {
    ...folder,
    make: async () => {
      await requireReach(uri);
      await folder.make();
    },
    list: async () => {
      await requireReach(uri);
      return folder.list();
    },
    read: async (file, most) => {
      await reach(file);
      return folder.read(file, most);
    },
    look: async (file) => {
      await reach(file);
      return folder.look(file);
    },
    write: async (file, bytes) => {
      await reach(file);
      await folder.write(file, bytes);
    },
  };
}
