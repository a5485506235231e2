import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { createLog } from '../../../src/extension/log.js';
import { COLOR_SCALES, KEYS, SECTION, Settings } from '../../../src/extension/settings.js';
import { DEFAULT_BATCH_SIZE, DEFAULT_PARAMETERS } from '../../../src/map/specification.js';
import { DEVICES } from '../../../src/protocol/engine.js';
import { EXTENSION } from './api.suite.js';

interface Property {
  readonly default: unknown;
  readonly scope?: string;
  readonly order: number;
  readonly markdownDescription: string;
  readonly enum?: readonly string[];
}

/** The settings as VS Code knows them. */
function properties(): Readonly<Record<string, Property>> {
  const manifest = vscode.extensions.getExtension(EXTENSION)?.packageJSON as {
    contributes: { configuration: readonly { properties: Record<string, Property> }[] };
  };
  return Object.assign({}, ...manifest.contributes.configuration.map((section) => section.properties)) as never;
}

/** Settings in package.json and in the code. */
export function settingsSuite(): void {
  describe('Settings', () => {
    const log = createLog();
    const settings = new Settings(log);
    const update = (key: string, value: unknown): Thenable<void> =>
      vscode.workspace.getConfiguration(SECTION).update(key, value, vscode.ConfigurationTarget.Global);
    after(() => log.dispose());

    it('are described: every key of the code, and no other', () => {
      const described = properties();
      assert.deepEqual(
        Object.keys(described).toSorted(),
        Object.values(KEYS)
          .map((key) => `${SECTION}.${key}`)
          .toSorted(),
      );
      for (const [key, property] of Object.entries(described)) {
        assert.ok(property.markdownDescription.length > 20 && !property.markdownDescription.startsWith('%'), key);
        assert.ok(property.order > 0 && property.default !== undefined && property.scope !== undefined, key);
      }
      assert.deepEqual(described[`${SECTION}.${KEYS.device}`]?.enum, DEVICES);
      assert.deepEqual(described[`${SECTION}.${KEYS.colorScale}`]?.enum, COLOR_SCALES);
    });

    it('keep devices and executables with the machine', () => {
      const described = properties();
      for (const key of [KEYS.device, KEYS.nodeExecutable, KEYS.cudaLibraries]) {
        assert.equal(described[`${SECTION}.${key}`]?.scope, 'machine');
      }
      assert.equal(described[`${SECTION}.${KEYS.defaultModel}`]?.scope, 'machine-overridable');
    });

    it('begin with the defaults of the command line', () => {
      assert.deepEqual(settings.parameters, DEFAULT_PARAMETERS);
      assert.equal(settings.batchSize, DEFAULT_BATCH_SIZE);
      assert.equal(settings.device, 'auto');
      assert.equal(settings.defaultModel, undefined);
      assert.equal(settings.nodeExecutable, undefined);
    });

    it('are read when they are needed', async () => {
      await update(KEYS.layer, '2');
      await update(KEYS.method, 'direct');
      await update(KEYS.dimensions, [3, 4]);
      const { layer, plane } = settings.parameters;
      assert.equal(layer, 2);
      assert.deepEqual(plane.axes, { method: 'direct', dimensions: [3, 4] });
      for (const key of [KEYS.layer, KEYS.method, KEYS.dimensions]) await update(key, undefined);
      assert.deepEqual(settings.parameters, DEFAULT_PARAMETERS);
    });

    it('that a file got wrong fall back to the defaults', async () => {
      await update(KEYS.columns, 'many');
      await update(KEYS.batchSize, -1);
      await update(KEYS.outputFolder, '../elsewhere');
      assert.deepEqual(settings.parameters, DEFAULT_PARAMETERS);
      assert.equal(settings.batchSize, DEFAULT_BATCH_SIZE);
      const [folder] = vscode.workspace.workspaceFolders ?? [];
      assert.ok(folder);
      assert.equal(settings.outputFolder(folder.uri), 'embedding_grid_results');
      for (const key of [KEYS.columns, KEYS.batchSize, KEYS.outputFolder]) await update(key, undefined);
    });
  });
}
