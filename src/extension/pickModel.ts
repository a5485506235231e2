import { t } from '@vscode/l10n';
import path from 'node:path';
import * as vscode from 'vscode';
import type { ModelEntry } from '../protocol/page.js';
import type { Models } from './models.js';
import { pick } from './window.js';

type Pick = vscode.QuickPickItem & { readonly choose?: () => Promise<string | undefined> };

/**
 * Asks for a model: one that is known, or any other by the system's dialog. Its path, or undefined when dismissed, and where one
 * is to be downloaded: that takes its time, and offers the map when it is there.
 */
export async function pickModel(models: Models): Promise<string | undefined> {
  const known = (await models.list()).map((model): Pick => ({
    label: model.name,
    description: model.origin === 'cache' ? t('Hugging Face cache') : model.place,
    ...detailOf(model),
    iconPath: new vscode.ThemeIcon(model.problem === undefined ? 'package' : 'warning'),
    choose: () => Promise.resolve(model.path),
  }));
  const browse: readonly Pick[] = [
    { label: t('Browse'), kind: vscode.QuickPickItemKind.Separator },
    {
      label: t('Choose a Model File...'),
      description: t('.onnx, .gguf or .safetensors'),
      iconPath: new vscode.ThemeIcon('file'),
      choose: () => browseFor('file'),
    },
    {
      label: t('Choose a Model Folder...'),
      description: t('a checkpoint, or an export for the Hugging Face hub or by onnxruntime-genai'),
      iconPath: new vscode.ThemeIcon('folder'),
      choose: () => browseFor('folder'),
    },
  ];
  const download: readonly Pick[] = vscode.workspace.isTrusted
    ? [
        {
          label: t('Download from Hugging Face...'),
          description: t('into the cache that Python uses'),
          iconPath: new vscode.ThemeIcon('cloud-download'),
          choose: async () => {
            await vscode.commands.executeCommand('embeddingGrid.downloadModel');
            return undefined;
          },
        },
      ]
    : [];
  const picked = await pick([...known, ...browse, ...download], {
    title: t('Choose a Model to Map'),
    placeHolder: t('A decoder model: an ONNX export, a GGUF file, or a checkpoint of safetensors'),
  });
  return picked?.choose?.();
}

function detailOf({ problem, contents }: ModelEntry): { detail?: string } {
  const detail = problem ?? contents;
  return detail === undefined ? {} : { detail };
}

async function browseFor(kind: 'file' | 'folder'): Promise<string | undefined> {
  const home = vscode.workspace.workspaceFolders?.[0]?.uri;
  const [chosen] =
    (await vscode.window.showOpenDialog({
      canSelectFiles: kind === 'file',
      canSelectFolders: kind === 'folder',
      openLabel: t('Choose Model'),
      ...(home === undefined ? {} : { defaultUri: home }),
      ...(kind === 'file' ? { filters: { Model: ['onnx', 'gguf', 'safetensors'] } } : {}),
    })) ?? [];
  return chosen === undefined ? undefined : path.normalize(chosen.fsPath);
}
