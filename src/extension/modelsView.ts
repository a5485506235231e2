import { t } from '@vscode/l10n';
import path from 'node:path';
import * as vscode from 'vscode';
import type { ModelEntry } from '../protocol/page.js';
import { formatBytes, type KnownModel, type Models } from './models.js';
import { treeLine } from './window.js';

/** A line of the view: a model, or a fact about it. */
export type ModelsNode =
  | { readonly kind: 'model'; readonly model: ModelEntry }
  | { readonly kind: 'fact'; readonly label: string; readonly value: string; readonly icon: string };

/** The view "Models": bundled, recent, found in the workspace and in the Hugging Face cache; below each what is known of it from its last opening. */
export class ModelsTree implements vscode.TreeDataProvider<ModelsNode> {
  readonly onDidChangeTreeData: vscode.Event<void>;

  constructor(private readonly models: Models) {
    this.onDidChangeTreeData = models.onDidChange;
  }

  async getChildren(parent?: ModelsNode): Promise<ModelsNode[]> {
    if (parent === undefined) return (await this.models.list()).map((model) => ({ kind: 'model', model }));
    if (parent.kind === 'fact') return [];
    const known = this.models.knownAt(parent.model.path);
    return known ? factsOf(known) : [];
  }

  getTreeItem(node: ModelsNode): vscode.TreeItem {
    if (node.kind === 'fact')
      return treeLine(node.label, { description: node.value, iconPath: new vscode.ThemeIcon(node.icon) });
    const { model } = node;
    const known = this.models.knownAt(model.path) !== undefined;
    return treeLine(model.name, {
      collapsibleState: known ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None,
      id: model.path,
      description: model.problem ?? descriptionOf(model),
      tooltip: [model.path],
      iconPath: new vscode.ThemeIcon(model.problem === undefined ? 'package' : 'warning'),
      contextValue: model.problem === undefined ? `model.${model.origin}` : 'problem',
    });
  }
}

const layersWords = (count: number): string => (count === 1 ? t('1 layer') : t('{0} layers', count));

function descriptionOf(model: ModelEntry): string {
  if (model.origin === 'bundled') return t('included');
  const file = path.extname(model.path) === '.onnx' ? path.basename(model.path) : undefined;
  const plain = file === undefined || file === 'model.onnx';
  return [plain ? undefined : file, model.layers === undefined ? undefined : layersWords(model.layers), model.contents]
    .filter((part) => part !== undefined)
    .join(' · ');
}

function factsOf({ facts, reference }: KnownModel): ModelsNode[] {
  const { file } = reference;
  const kind = file.endsWith('.onnx')
    ? 'ONNX'
    : file.endsWith('.safetensors') || file.endsWith('.json')
      ? 'safetensors'
      : 'GGUF';
  const fact = (label: string, value: string, icon: string): ModelsNode => ({ kind: 'fact', label, value, icon });
  return [
    fact(layersWords(facts.blocks), `0–${facts.blocks - 1} · d ${facts.hiddenSize}`, 'layers'),
    fact(t('Vocabulary'), t('{0} tokens', facts.vocabularySize.toLocaleString('en-US')), 'symbol-key'),
    fact(t('Weights'), `${kind} · ${facts.numberType} · ${formatBytes(facts.weightsBytes)}`, 'file-binary'),
  ];
}
