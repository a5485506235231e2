import assert from 'node:assert/strict';
import path from 'node:path';
import * as vscode from 'vscode';
import { SAVED_MAP_EDITOR } from '../../../src/extension/ids.js';
import { Models } from '../../../src/extension/models.js';
import { ModelsTree } from '../../../src/extension/modelsView.js';
import { SavedMaps } from '../../../src/extension/savedMaps.js';
import { type SavedMapsNode, SavedMapsTree, timeAgo } from '../../../src/extension/savedMapsView.js';
import type { ModelDescription } from '../../../src/protocol/engine.js';
import { EXTENSION } from './api.suite.js';

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

/** As much of an extension's context as the list of models uses. */
function contextWith(known: Readonly<Record<string, unknown>>): vscode.ExtensionContext {
  const kept = new Map(Object.entries(known));
  const globalState = {
    get: (key: string, otherwise: unknown) => kept.get(key) ?? otherwise,
    update: (key: string, value: unknown) => Promise.resolve(kept.set(key, value)),
  };
  const extension = vscode.extensions.getExtension(EXTENSION);
  return { globalState, extensionUri: extension?.extensionUri } as unknown as vscode.ExtensionContext;
}

/** The views of the Activity Bar. */
export function viewsSuite(): void {
  describe('Models', () => {
    const facts = {
      blocks: 3,
      hiddenSize: 8,
      vocabularySize: 1234,
      weightsBytes: 5.5e6,
      numberType: 'float16',
    } as const;
    const reference = { name: 'Gone', file: 'model.onnx', sha256: 'a'.repeat(64) };
    const gone = { path: path.resolve('/no/such/model'), reference, facts, lastUsed: '2026-01-01T00:00:00Z' };
    const models = new Models(contextWith({ knownModels: [gone] }));
    const tree = new ModelsTree(models);
    after(() => models.dispose());
    const describeAll = async (): Promise<unknown[]> =>
      (await tree.getChildren()).map((node) => {
        const { label, description, contextValue } = tree.getTreeItem(node);
        return [label, description, contextValue];
      });

    it('are the bundled one, recent ones, and those found in the workspace', async () => {
      await vscode.workspace.fs.writeFile(inWorkspace('exports', 'Small', 'onnx', 'model_q4.onnx'), new Uint8Array(1));
      models.search();
      const [bundled, ...others] = await describeAll();
      assert.deepEqual((bundled as unknown[]).slice(1), ['included', 'model.bundled']);
      assert.deepEqual(others, [
        ['Gone', 'not found', 'problem'],
        ['Small', 'model_q4.onnx · ONNX · int4 · 0.0 MB', 'model.workspace'],
      ]);
    });

    it('of one name are told apart by where they lie', async () => {
      const other = inWorkspace('exports', 'Small', 'export', 'model_q4.onnx');
      await vscode.workspace.fs.writeFile(other, new Uint8Array(1));
      models.search();
      const labels = (await tree.getChildren()).map((node) => tree.getTreeItem(node).label);
      assert.deepEqual(labels.slice(-2).toSorted(), ['Small (export)', 'Small (onnx)']);
      await vscode.workspace.fs.delete(other);
      models.search();
    });

    it('show what is known of them', async () => {
      const [, known] = await tree.getChildren();
      const lines = (await tree.getChildren(known)).map((node) => tree.getTreeItem(node));
      assert.deepEqual(
        lines.map(({ label, description }) => [label, description]),
        [
          ['3 layers', '0–2 · d 8'],
          ['Vocabulary', '1,234 tokens'],
          ['Weights', 'ONNX · float16 · 5.5 MB'],
        ],
      );
    });

    it('that are found again by their hash come first among the candidates', async () => {
      const here = inWorkspace('exports', 'Small', 'onnx', 'model_q4.onnx').fsPath;
      const description = { reference: { ...reference, name: 'Small' }, facts } as unknown as ModelDescription;
      await models.remember(here, description);
      assert.equal((await models.candidates({ ...reference, name: 'Elsewhere' }))[0], here);
      assert.ok(!(await models.candidates({ ...reference, sha256: 'b'.repeat(64) })).includes(here));
    });

    it('are forgotten on request, and leave with their file', async () => {
      await models.forget(gone.path);
      assert.ok(!JSON.stringify(await describeAll()).includes('Gone'));
      const changed = next(models.onDidChange);
      const edit = new vscode.WorkspaceEdit();
      edit.deleteFile(inWorkspace('exports'), { recursive: true });
      await vscode.workspace.applyEdit(edit); // as the Explorer does
      await changed;
      assert.equal((await models.inWorkspace()).length, 0);
    });
  });

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
