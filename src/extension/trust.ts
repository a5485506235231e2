import { t } from '@vscode/l10n';
import path from 'node:path';
import * as vscode from 'vscode';
import { Fault } from '../map/fault.js';
import { isInside, leadsInto } from './realPaths.js';

/**
 * Whether a model may be opened: it is read by native code, so one that lies in a folder that the person has not trusted is
 * not, neither by its path (what lies beside it is read too) nor by where that leads.
 */
export async function isTrusted(modelPath: string): Promise<boolean> {
  if (vscode.workspace.isTrusted) return true;
  const folders = workspaceFolders();
  if (folders.some((folder) => isInside(path.resolve(modelPath), folder))) return false;
  return !(await leadsInto(modelPath, folders));
}

/** @throws Fault where {@link isTrusted} is false. */
export async function requireTrust(modelPath: string): Promise<void> {
  if (await isTrusted(modelPath)) return;
  throw new Fault({
    code: 'model-not-found',
    message: t('This folder is not trusted, so its models are not opened.'),
    hint: t('Trust the folder (Workspaces: Manage Workspace Trust), or map the model that comes with Embedding Grid.'),
  });
}

/**
 * Whether what the folder itself names (a setting, a file that a search finds) may be read or written unasked: in a folder that
 * is not trusted it may lead nowhere else.
 */
export async function mayReach(uri: vscode.Uri): Promise<boolean> {
  return vscode.workspace.isTrusted || uri.scheme !== 'file' || leadsInto(uri.fsPath, workspaceFolders());
}

/** @throws Fault in Restricted Mode, where nothing is asked of any server. */
export function requireTrustForNetwork(): void {
  if (vscode.workspace.isTrusted) return;
  throw new Fault({
    code: 'network',
    message: t('This folder is not trusted, so nothing is downloaded.'),
    hint: t('Trust the folder (Workspaces: Manage Workspace Trust).'),
  });
}

/** @throws Fault where {@link mayReach} is false of a place for files. */
export async function requireReach(uri: vscode.Uri): Promise<void> {
  if (await mayReach(uri)) return;
  throw new Fault({
    code: 'output',
    message: t(
      '"{0}" leads out of this folder, which is not trusted: nothing was saved.',
      vscode.workspace.asRelativePath(uri),
    ),
    hint: t('Trust the folder (Workspaces: Manage Workspace Trust), or choose a place with Save As.'),
  });
}

const workspaceFolders = (): readonly string[] =>
  (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath);
