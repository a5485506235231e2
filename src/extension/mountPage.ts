import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { pageHtml } from '../panel/html.js';
import { language } from './language.js';

/** What answers a page. */
interface PageHost<Message> {
  connect(post: (message: Message) => void): void;
  /** A message of the page, as it came. */
  receive(data: unknown): void;
}

/**
 * Puts a page into a webview and connects it, until the answer is disposed. A page that is hidden is built anew when it is shown,
 * and says so.
 * @param name of its script and styles: the panel's, a model's, a study's
 */
export function mountPage<Message>(
  extensionUri: vscode.Uri,
  webview: vscode.Webview,
  name: 'main' | 'model' | 'study',
  host: PageHost<Message>,
): vscode.Disposable {
  const folder = vscode.Uri.joinPath(extensionUri, 'dist', 'webview');
  const address = (file: string): string => webview.asWebviewUri(vscode.Uri.joinPath(folder, file)).toString();
  webview.options = { enableScripts: true, localResourceRoots: [folder] };
  host.connect((message) => void webview.postMessage(message));
  const listening = webview.onDidReceiveMessage((data: unknown) => host.receive(data));
  webview.html = pageHtml({
    script: address(`${name}.js`),
    styles: address(`${name}.css`),
    source: webview.cspSource,
    nonce: randomBytes(16).toString('base64url'),
    language: language(),
  });
  return listening;
}
