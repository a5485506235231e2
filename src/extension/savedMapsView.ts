import * as vscode from 'vscode';
import type { SavedMap, SavedMaps } from './savedMaps.js';
import { SAVED_MAP_EDITOR } from './ids.js';

/** A line of the view: a model, or a map that was saved of it. */
export type SavedMapsNode =
  { readonly kind: 'model'; readonly name: string } | { readonly kind: 'map'; readonly map: SavedMap };

/** The view "Saved Maps": maps by model, the newest first. */
export class SavedMapsTree implements vscode.TreeDataProvider<SavedMapsNode> {
  readonly onDidChangeTreeData: vscode.Event<void>;

  constructor(
    private readonly maps: SavedMaps,
    private readonly now: () => number = Date.now,
  ) {
    this.onDidChangeTreeData = maps.onDidChange;
  }

  async getChildren(parent?: SavedMapsNode): Promise<SavedMapsNode[]> {
    if (parent?.kind === 'map') return [];
    const maps = await this.maps.list();
    if (parent) return maps.filter((map) => map.model === parent.name).map((map) => ({ kind: 'map', map }));
    return [...new Set(maps.map((map) => map.model))].map((name) => ({ kind: 'model', name }));
  }

  getTreeItem(node: SavedMapsNode): vscode.TreeItem {
    if (node.kind === 'model') {
      const item = new vscode.TreeItem(node.name, vscode.TreeItemCollapsibleState.Expanded);
      item.id = `model ${node.name}`;
      return item;
    }
    const { map } = node;
    const item = new vscode.TreeItem(`${map.layer}, ${map.method}`);
    item.id = map.uri.toString();
    item.resourceUri = map.uri;
    item.description = `${map.size} · ${timeAgo(this.now() - map.modified)}`;
    item.tooltip = `${vscode.workspace.asRelativePath(map.uri)}\n${new Date(map.modified).toLocaleString()}`;
    item.iconPath = new vscode.ThemeIcon('symbol-color');
    item.contextValue = 'savedMap';
    item.command = { command: 'vscode.openWith', title: 'Open', arguments: [map.uri, SAVED_MAP_EDITOR] };
    return item;
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
