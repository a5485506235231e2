import { realpath } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { Fault } from '../map/fault.js';

/**
 * Whether a model may be opened: it is read by native code, so one that lies in a folder that the person has not trusted is
 * not. Links are followed first.
 */
export async function isTrusted(modelPath: string): Promise<boolean> {
  if (vscode.workspace.isTrusted) return true;
  const model = await real(modelPath);
  const folders = await Promise.all((vscode.workspace.workspaceFolders ?? []).map(({ uri }) => real(uri.fsPath)));
  return !folders.some((folder) => isInside(model, folder));
}

/** @throws Fault where {@link isTrusted} is false. */
export async function requireTrust(modelPath: string): Promise<void> {
  if (await isTrusted(modelPath)) return;
  throw new Fault({
    code: 'model-not-found',
    message: 'This folder is not trusted, so its models are not opened.',
    hint: 'Trust the folder (Workspaces: Manage Workspace Trust), or map the model that comes with Embedding Grid.',
  });
}

/** Whether a path is the folder or lies in it. */
export function isInside(file: string, folder: string): boolean {
  const way = path.relative(folder, file);
  return way === '' || (way.split(path.sep)[0] !== '..' && !path.isAbsolute(way));
}

const real = (file: string): Promise<string> => realpath(file).catch(() => path.resolve(file));
