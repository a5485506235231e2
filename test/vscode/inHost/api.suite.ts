import assert from 'node:assert/strict';
import path from 'node:path';
import * as vscode from 'vscode';
import type { EmbeddingGridApi } from '../../../src/extension/api.js';
import type { TokenMap } from '../../../src/map/tokenMap.js';

export const EXTENSION = 'embedding-grid.embedding-grid';

/** The API, as another extension gets it. */
export async function activateExtension(): Promise<EmbeddingGridApi> {
  const extension = vscode.extensions.getExtension<EmbeddingGridApi>(EXTENSION);
  assert.ok(extension, 'the extension is not installed');
  return extension.activate();
}

const grid = { columns: 7, rows: 5, spacing: 1, center: [0, 0] } as const;

function assertWholeMap({ cells, tokens }: TokenMap): void {
  const { topK } = cells;
  assert.equal(cells.computed.length, cells.columns * cells.rows);
  assert.ok(cells.computed.every((one) => one === 1));
  for (let cell = 0; cell < cells.computed.length; cell++) {
    const probabilities = [...cells.probabilities.subarray(cell * topK, (cell + 1) * topK)];
    assert.deepEqual(
      probabilities,
      probabilities.toSorted((a, b) => b - a),
    );
    assert.ok((probabilities[0] ?? 0) > 0 && probabilities.reduce((sum, p) => sum + p, 0) <= 1.00001);
  }
  assert.ok(cells.ids.every((id) => tokens.has(id)));
}

/** What other extensions are promised. */
export function apiSuite(): void {
  describe('API', () => {
    it('computes a map of the bundled model without opening a panel', async () => {
      const api = await activateExtension();
      const map = await api.generate({ grid, topK: 3 });
      assertWholeMap(map);
      assert.deepEqual(map.specification.grid, grid);
      assert.equal(map.cells.topK, 3);
      assert.equal(map.plane.u.length, map.facts.hiddenSize);
      assert.deepEqual(vscode.window.tabGroups.activeTabGroup.tabs, []);
    });

    it('makes a map again from its specification, whose model it finds by the hash', async () => {
      const api = await activateExtension();
      const first = await api.generate({ grid, layer: 1, readout: 'lens' });
      const again = await api.generate(first.specification);
      assert.deepEqual(again.specification, first.specification);
      assert.deepEqual(again.cells, first.cells);
    });

    it('reports progress up to 100 percent', async () => {
      const api = await activateExtension();
      let percent = 0;
      await api.generate({ grid }, { progress: { report: ({ increment }) => (percent += increment ?? 0) } });
      assert.ok(Math.abs(percent - 100) < 1e-9, `${percent}`);
    });

    it('stops when the token fires', async () => {
      const api = await activateExtension();
      const source = new vscode.CancellationTokenSource();
      const large = { ...grid, columns: 1000, rows: 1000 };
      const progress = { report: () => source.cancel() };
      await assert.rejects(api.generate({ grid: large, layer: 0 }, { token: source.token, progress }), {
        code: 'cancelled',
      });
      source.dispose();
    });

    it('refuses what cannot be, with a code and a sentence', async () => {
      const api = await activateExtension();
      await assert.rejects(api.generate({ grid: { ...grid, columns: 0 } }), {
        code: 'bad-parameter',
        message: /columns/,
      });
      await assert.rejects(api.generate({ layer: 500, grid }), { code: 'bad-parameter', message: /layer/i });
      await assert.rejects(api.generate({ model: path.resolve('/no/such/model') }), { code: 'model-not-found' });
      const sha256 = '0'.repeat(64);
      await assert.rejects(api.generate({ model: { name: 'x', file: 'x.onnx', sha256 } }), { code: 'model-not-found' });
    });

    it('shows a map that was never saved', async () => {
      const api = await activateExtension();
      const opened = new Promise<vscode.Tab | undefined>((resolve) => {
        const listening = vscode.window.tabGroups.onDidChangeTabs(({ opened: [tab] }) => {
          listening.dispose();
          resolve(tab);
        });
      });
      await api.open(await api.generate({ grid }));
      const tab = await opened;
      assert.ok(tab?.input instanceof vscode.TabInputWebview);
      await vscode.window.tabGroups.close(tab);
    });
  });
}
