import path from 'node:path';
import * as vscode from 'vscode';
import { type Models } from './models.js';
import { pick } from './window.js';

type Pick = vscode.QuickPickItem & { readonly choose?: () => Promise<string | undefined> };

/** Asks for a model: one that is known, or any other by the system's dialog. Its path, or undefined when dismissed. */
export async function pickModel(models: Models): Promise<string | undefined> {
  const known = (await models.list()).map((model): Pick => ({
    label: model.name,
    description: model.place,
    ...(model.problem === undefined ? {} : { detail: model.problem }),
    iconPath: new vscode.ThemeIcon(model.problem === undefined ? 'package' : 'warning'),
    choose: () => Promise.resolve(model.path),
  }));
  const browse: readonly Pick[] = [
    { label: 'Browse', kind: vscode.QuickPickItemKind.Separator },
    { label: 'Choose a .onnx File...', iconPath: new vscode.ThemeIcon('file'), choose: () => browseFor('file') },
    {
      label: 'Choose a Model Folder...',
      description: 'as exported for the Hugging Face hub or by onnxruntime-genai',
      iconPath: new vscode.ThemeIcon('folder'),
      choose: () => browseFor('folder'),
    },
  ];
  const picked = await pick([...known, ...browse], {
    title: 'Choose a Model to Map',
    placeHolder: 'A decoder model exported to ONNX',
  });
  return picked?.choose?.();
}

async function browseFor(kind: 'file' | 'folder'): Promise<string | undefined> {
  const home = vscode.workspace.workspaceFolders?.[0]?.uri;
  const [chosen] =
    (await vscode.window.showOpenDialog({
      canSelectFiles: kind === 'file',
      canSelectFolders: kind === 'folder',
      openLabel: 'Choose Model',
      ...(home === undefined ? {} : { defaultUri: home }),
      ...(kind === 'file' ? { filters: { 'ONNX model': ['onnx'] } } : {}),
    })) ?? [];
  return chosen === undefined ? undefined : path.normalize(chosen.fsPath);
}
