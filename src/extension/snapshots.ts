import * as vscode from 'vscode';
import type { PanelDependencies } from '../panel/dependencies.js';

const STALE_MILLISECONDS = 7 * 24 * 60 * 60 * 1000;

/** What panels keep over a reload of the window: a file each, in the storage of the workspace. */
export class Snapshots {
  readonly forPanels: PanelDependencies['snapshots'] = {
    write: async (key, bytes) => {
      await vscode.workspace.fs.createDirectory(this.folder);
      await vscode.workspace.fs.writeFile(this.file(key), bytes);
    },
    read: async (key) => {
      try {
        return await vscode.workspace.fs.readFile(this.file(key));
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    remove: (key) => this.delete(this.file(key)),
  };

  private readonly folder: vscode.Uri;

  /** `storage`: a folder of ours that outlives the window. */
  constructor(storage: vscode.Uri) {
    this.folder = vscode.Uri.joinPath(storage, 'panels');
  }

  /** Removes what no window has come back for. */
  async sweep(now: number): Promise<void> {
    const entries = await vscode.workspace.fs.readDirectory(this.folder).then(
      (found) => found,
      () => [],
    );
    for (const [name] of entries) {
      const file = vscode.Uri.joinPath(this.folder, name);
      const { mtime } = await vscode.workspace.fs.stat(file);
      if (now - mtime > STALE_MILLISECONDS) await this.delete(file);
    }
  }

  private file(key: string): vscode.Uri {
    if (!/^[\w-]{1,64}$/.test(key)) throw new Error('A snapshot key is a UUID.');
    return vscode.Uri.joinPath(this.folder, `${key}.bin`);
  }

  private async delete(file: vscode.Uri): Promise<void> {
    try {
      await vscode.workspace.fs.delete(file);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
}

const isMissing = (error: unknown): boolean => error instanceof vscode.FileSystemError && error.code === 'FileNotFound';
