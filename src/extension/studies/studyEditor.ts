import * as vscode from 'vscode';
import { mountPage } from '../mountPage.js';
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
    let resting: NodeJS.Timeout | undefined;
    const following = vscode.Disposable.from(
      controller,
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
    const page = mountPage(context.extensionUri, panel.webview, 'study', controller);
    panel.onDidDispose(() => void page.dispose());
  }
}
