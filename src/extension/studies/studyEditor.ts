import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { pageHtml } from '../../panel/html.js';
import { language } from '../language.js';
import type { Services } from '../services.js';
import type { Studies } from './studies.js';

/** How long typing rests before the plan follows it. */
const REST_MS = 300;

/**
 * The editor of a study: its plan, its run and what came of it. What the file says is written as text; this follows it, wherever it
 * is edited.
 */
export class StudyEditor implements vscode.CustomTextEditorProvider {
  constructor(
    private readonly services: Pick<Services, 'context' | 'log'>,
    private readonly studies: Studies,
  ) {}

  async resolveCustomTextEditor(document: vscode.TextDocument, panel: vscode.WebviewPanel): Promise<void> {
    const { context, log } = this.services;
    const study = await this.studies.of(document.uri);
    const { StudyPageController } = await import('../../panel/study/studyPage.js');
    const controller = new StudyPageController(study, {
      save: async () => {
        if (document.isDirty) await document.save();
        await study.read(document.getText());
      },
      openText: () =>
        void vscode.commands.executeCommand('vscode.openWith', document.uri, 'default', vscode.ViewColumn.Beside),
      showMembers: () => void vscode.commands.executeCommand('embeddingGrid.studies.focus'),
      showResults: () => void vscode.commands.executeCommand('revealInExplorer', vscode.Uri.file(study.folder)),
      showLog: () => log.show(),
      log: (level, line) => log[level](line),
    });
    const dist = vscode.Uri.joinPath(context.extensionUri, 'dist', 'webview');
    const { webview } = panel;
    webview.options = { enableScripts: true, localResourceRoots: [dist] };
    const address = (name: string): string => webview.asWebviewUri(vscode.Uri.joinPath(dist, name)).toString();
    controller.connect((message) => void webview.postMessage(message));
    let resting: NodeJS.Timeout | undefined;
    const following = vscode.Disposable.from(
      controller,
      webview.onDidReceiveMessage((data: unknown) => controller.receive(data)),
      vscode.workspace.onDidChangeTextDocument((change) => {
        if (change.document !== document) return;
        clearTimeout(resting);
        resting = setTimeout(() => void study.read(document.getText()), REST_MS);
      }),
      panel.onDidChangeViewState(() => panel.visible && void study.look()),
    );
    panel.onDidDispose(() => {
      clearTimeout(resting);
      following.dispose();
    });
    await study.read(document.getText());
    webview.html = pageHtml({
      script: address('study.js'),
      styles: address('study.css'),
      source: webview.cspSource,
      nonce: randomBytes(16).toString('base64url'),
      language: language(),
    });
  }
}
