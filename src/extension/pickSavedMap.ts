import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import type { SavedMaps } from './savedMaps.js';
import { timeAgo } from './savedMapsView.js';
import { pick } from './window.js';

type Pick = vscode.QuickPickItem & { readonly uri?: vscode.Uri };

/** Asks for a saved map: one of the workspace, or any other by the system's dialog. */
export async function pickSavedMap(savedMaps: SavedMaps, title = t('Open Saved Map')): Promise<vscode.Uri | undefined> {
  const maps = (await savedMaps.list()).map((map): Pick => ({
    label: map.title,
    description: `${map.model} · ${map.size} · ${timeAgo(Date.now() - map.modified)}`,
    detail: vscode.workspace.asRelativePath(map.uri),
    iconPath: new vscode.ThemeIcon('symbol-color'),
    uri: map.uri,
  }));
  if (maps.length === 0) return browse();
  const other: Pick = { label: t('Choose a File...'), iconPath: new vscode.ThemeIcon('folder-opened') };
  const picked = await pick([...maps, other], { title });
  return picked === other ? browse() : picked?.uri;
}

async function browse(): Promise<vscode.Uri | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    openLabel: t('Open Map'),
    filters: { [t('Token map')]: ['json'] },
  });
  return chosen?.[0];
}
