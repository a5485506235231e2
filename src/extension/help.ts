import * as vscode from 'vscode';

const ANCHORS = { what: 'what-am-i-looking-at', convert: 'models-of-your-own' } as const;

/** Opens a page of the README that came with the extension. */
export async function openHelp(extension: vscode.Uri, page: keyof typeof ANCHORS): Promise<void> {
  const fragment = ANCHORS[page];
  const names = ['README.md', 'readme.md']; // the packager writes it in small letters
  for (const name of names) {
    const file = vscode.Uri.joinPath(extension, name);
    const there = await vscode.workspace.fs.stat(file).then(
      () => true,
      () => false,
    );
    if (!there) continue;
    await vscode.commands.executeCommand('markdown.showPreview', file.with({ fragment }));
    return;
  }
}
