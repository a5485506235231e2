import path from 'node:path';
import * as vscode from 'vscode';
import { ModelPageController } from '../panel/model/modelPage.js';
import { openModel } from './modelFinder.js';
import { nameOf } from './models.js';
import { mountPage } from './mountPage.js';
import type { Services } from './services.js';
import { isTrusted, requireTrust } from './trust.js';

interface ModelDocument extends vscode.CustomDocument {
  readonly uri: vscode.Uri;
}

/** The read-only editor of a model's file or folder: what lies in it, and what the model can do. */
export class ModelEditor implements vscode.CustomReadonlyEditorProvider<ModelDocument> {
  constructor(private readonly services: Pick<Services, 'context' | 'engines' | 'log' | 'settings'>) {}

  openCustomDocument(uri: vscode.Uri): ModelDocument {
    return { uri, dispose: () => undefined };
  }

  resolveCustomEditor({ uri }: ModelDocument, panel: vscode.WebviewPanel): void {
    const { context, engines, log, settings } = this.services;
    const modelPath = path.normalize(uri.fsPath);
    const controller = new ModelPageController({
      name: nameOf(modelPath),
      place: vscode.workspace.asRelativePath(modelPath),
      trusted: () => isTrusted(modelPath),
      tensors: async () => {
        await requireTrust(modelPath);
        return engines.tensors(modelPath);
      },
      describe: async (signal, onOpening) => {
        const lease = await openModel(this.services, modelPath, settings.device, signal, onOpening);
        lease.release(); // who generates from here finds it open
        return lease.description;
      },
      generate: async () => vscode.commands.executeCommand('embeddingGrid.generateFromModel', uri),
      showFile: async () => vscode.commands.executeCommand('revealInExplorer', uri),
      showLog: () => log.show(),
      manageTrust: async () => vscode.commands.executeCommand('workbench.trust.manage'),
      log: (level, line) => log[level](line),
    });
    const following = vscode.Disposable.from(
      controller,
      mountPage(context.extensionUri, panel.webview, 'model', controller),
      vscode.workspace.onDidGrantWorkspaceTrust(() => void controller.read()),
    );
    panel.onDidDispose(() => void following.dispose());
  }
}
