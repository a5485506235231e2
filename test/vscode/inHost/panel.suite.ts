import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { PANEL_VIEW_TYPE } from '../../../src/extension/webviewPanel.js';
import { activateExtension, EXTENSION } from './api.suite.js';

interface Manifest {
  readonly activationEvents: readonly string[];
  readonly contributes: { readonly commands: readonly { readonly command: string }[] };
}
const manifest = (): Manifest => vscode.extensions.getExtension(EXTENSION)?.packageJSON as Manifest;

/** What package.json promises of panels and commands. */
export function panelSuite(): void {
  describe('Panels', () => {
    it('come back after a reload: a serializer for exactly their viewType, and an activation for it', async () => {
      await activateExtension();
      assert.ok(manifest().activationEvents.includes(`onWebviewPanel:${PANEL_VIEW_TYPE}`));
      // VS Code takes one serializer per viewType.
      const second = (): vscode.Disposable =>
        vscode.window.registerWebviewPanelSerializer(PANEL_VIEW_TYPE, {
          deserializeWebviewPanel: () => Promise.resolve(),
        });
      assert.throws(second, /already registered/);
      const other = vscode.window.registerWebviewPanelSerializer(`${PANEL_VIEW_TYPE}.other`, {
        deserializeWebviewPanel: () => Promise.resolve(),
      });
      other.dispose();
    });

    it('open by the command, with the viewType of the serializer', async () => {
      await vscode.commands.executeCommand('embeddingGrid.generate');
      const tabs = (): readonly vscode.Tab[] => vscode.window.tabGroups.activeTabGroup.tabs;
      const found = (): vscode.Tab | undefined =>
        tabs().find(({ input }) => input instanceof vscode.TabInputWebview && input.viewType.endsWith(PANEL_VIEW_TYPE));
      while (!found()) await new Promise((resolve) => setTimeout(resolve, 50)); // until mocha's limit
      await vscode.window.tabGroups.close(tabs());
    });
  });

  describe('Commands', () => {
    it('of package.json are all registered', async () => {
      await activateExtension();
      const registered = await vscode.commands.getCommands(true);
      for (const { command } of manifest().contributes.commands) assert.ok(registered.includes(command), command);
    });
  });
}
