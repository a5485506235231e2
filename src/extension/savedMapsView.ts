import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import type { SavedMap, SavedMaps, SavedSet } from './savedMaps.js';
import { SAVED_MAP_EDITOR } from './ids.js';
import { treeLine } from './window.js';

/** A line of the view: a model, or a map that was saved of it. */
export type SavedMapsNode =
  | { readonly kind: 'model'; readonly name: string }
  | { readonly kind: 'map'; readonly map: SavedMap }
  /** Those that were saved together. */
  | { readonly kind: 'sets' }
  | { readonly kind: 'set'; readonly set: SavedSet };

const SET_ICONS = { comparison: 'compare-changes', series: 'list-ordered', lens: 'table' } as const;

/** The view "Saved Maps": maps by model, the newest first. */
export class SavedMapsTree implements vscode.TreeDataProvider<SavedMapsNode> {
  readonly onDidChangeTreeData: vscode.Event<void>;

  constructor(private readonly maps: SavedMaps) {
    this.onDidChangeTreeData = maps.onDidChange;
  }

  async getChildren(parent?: SavedMapsNode): Promise<SavedMapsNode[]> {
    if (parent?.kind === 'map' || parent?.kind === 'set') return [];
    const sets = parent?.kind === 'model' ? [] : await this.maps.sets();
    if (parent?.kind === 'sets') return sets.map((set) => ({ kind: 'set', set }));
    const maps = await this.maps.list();
    if (parent) return maps.filter((map) => map.model === parent.name).map((map) => ({ kind: 'map', map }));
    return [
      ...(sets.length > 0 ? [{ kind: 'sets' } as const] : []),
      ...[...new Set(maps.map((map) => map.model))].map((name) => ({ kind: 'model', name }) as const),
    ];
  }

  getTreeItem(node: SavedMapsNode): vscode.TreeItem {
    if (node.kind === 'model') {
      const collapsibleState = vscode.TreeItemCollapsibleState.Expanded;
      return treeLine(node.name, { id: `model ${node.name}`, collapsibleState });
    }
    if (node.kind === 'sets')
      return treeLine(t('Beside Each Other'), {
        id: 'sets',
        collapsibleState: vscode.TreeItemCollapsibleState.Expanded,
      });
    if (node.kind === 'set') {
      const { uri, kind, title, modified } = node.set;
      return treeLine(title, {
        id: uri.toString(),
        resourceUri: uri,
        description: timeAgo(Date.now() - modified),
        tooltip: [vscode.workspace.asRelativePath(uri), new Date(modified).toLocaleString()],
        iconPath: new vscode.ThemeIcon(SET_ICONS[kind]),
        contextValue: 'savedSet',
        command: { command: 'vscode.openWith', title: t('Open'), arguments: [uri, SAVED_MAP_EDITOR] },
      });
    }
    const { map } = node;
    return treeLine(map.title, {
      id: map.uri.toString(),
      resourceUri: map.uri,
      description: `${map.size} · ${timeAgo(Date.now() - map.modified)}`,
      tooltip: [vscode.workspace.asRelativePath(map.uri), new Date(map.modified).toLocaleString()],
      iconPath: new vscode.ThemeIcon('symbol-color'),
      contextValue: 'savedMap',
      command: { command: 'vscode.openWith', title: t('Open'), arguments: [map.uri, SAVED_MAP_EDITOR] },
    });
  }
}

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

/** `now`, `4 min. ago`, `yesterday`. */
export function timeAgo(milliseconds: number): string {
  const [unit, length] = UNITS.find(([, size]) => milliseconds >= size) ?? ['second', Infinity];
  const format = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });
  return format.format(-Math.floor(milliseconds / length) || 0, unit);
}
