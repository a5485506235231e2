import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { SAVED_MAP_EDITOR } from '../../../src/extension/ids.js';
import { SavedMaps } from '../../../src/extension/savedMaps.js';
import { type SavedMapsNode, SavedMapsTree, timeAgo } from '../../../src/extension/savedMapsView.js';

const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const workspace = (): vscode.Uri => {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  assert.ok(folder);
  return folder.uri;
};
const inWorkspace = (...names: string[]): vscode.Uri => vscode.Uri.joinPath(workspace(), ...names);

/** Waits for an event, which must come. */
const next = (event: vscode.Event<void>): Promise<void> =>
  new Promise((resolve) => {
    const listening = event(() => {
      listening.dispose();
      resolve();
    });
  });

/** The views of the Activity Bar. */
export function viewsSuite(): void {
  describe('Saved maps', () => {
    const config = {
      model_name: 'A',
      layer_idx: 5,
      grid_size: 50,
      spacing: 0.5,
      embedding_method: 'random_projection',
    };
    const maps = new SavedMaps();
    const tree = new SavedMapsTree(maps);
    after(() => maps.dispose());

    const labels = async (parent?: SavedMapsNode): Promise<unknown[]> =>
      (await tree.getChildren(parent)).map((node) => tree.getTreeItem(node).label);

    it('are none in an empty folder', async () => {
      assert.deepEqual(await tree.getChildren(), []);
    });

    it('appear by model with layer, method and size, and open in their editor', async () => {
      const created = next(maps.onDidChange);
      await vscode.workspace.fs.writeFile(inWorkspace('maps', 'embedding_grid_results_layer_5.json'), text({ config }));
      await created;
      const other = { ...config, model_name: 'B', layer_idx: -1, embedding_method: 'direct' };
      await vscode.workspace.fs.writeFile(
        inWorkspace('embedding_grid_results_layer_embeddings.json'),
        text({ config: other }),
      );
      assert.deepEqual((await labels()).toSorted(), ['A', 'B']);
      const [a, b] = (await tree.getChildren()).toSorted((x, y) => JSON.stringify(x).localeCompare(JSON.stringify(y)));
      assert.deepEqual(await labels(a), ['Layer 5, random']);
      assert.deepEqual(await labels(b), ['Embeddings, direct']);
      const [map] = await tree.getChildren(a);
      assert.ok(map);
      const item = tree.getTreeItem(map);
      assert.match(String(item.description), /^50×50 · (now|\d)/);
      assert.equal(item.command?.command, 'vscode.openWith');
      assert.equal(item.command.arguments?.[1], SAVED_MAP_EDITOR);
    });

    it('leave out what is no map', async () => {
      const names = ['text', 'broken', 'other'].map((name) => `embedding_grid_results_${name}.json`);
      const contents = ['not json', '{"config": {', '{"config": {"model_name": 3}}'];
      for (const [i, name] of names.entries()) {
        await vscode.workspace.fs.writeFile(inWorkspace(name), new TextEncoder().encode(contents[i]));
      }
      assert.equal((await maps.list()).length, 2);
      for (const name of names) await vscode.workspace.fs.delete(inWorkspace(name));
    });

    it('disappear with their file', async () => {
      await vscode.workspace.fs.delete(inWorkspace('maps'), { recursive: true });
      await vscode.workspace.fs.delete(inWorkspace('embedding_grid_results_layer_embeddings.json'));
      assert.deepEqual(await tree.getChildren(), []);
    });

    it('say how old they are', () => {
      assert.equal(timeAgo(0), 'now');
      assert.match(timeAgo(4 * 60_000), /^4 min/);
      assert.equal(timeAgo(26 * 3_600_000), 'yesterday');
    });
  });
}
