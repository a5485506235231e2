import * as vscode from 'vscode';

const PAGES = { what: 'what-am-i-looking-at.md', convert: 'models.md' } as const;

/** Opens a page of the documents that came with the extension. */
export async function openHelp(extension: vscode.Uri, page: keyof typeof PAGES): Promise<void> {
  const file = vscode.Uri.joinPath(extension, 'docs', PAGES[page]);
  await vscode.commands.executeCommand('markdown.showPreview', file);
}
