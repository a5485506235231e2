import assert from 'node:assert/strict';
import path from 'node:path';
import { suite, test } from 'node:test';
import { MapPage } from './support/mapPage.js';
import { bundledModelTo, leftOut } from './support/places.js';
import { useSession } from './support/session.js';

suite('In a folder that is not trusted', { skip: leftOut(), timeout: 480_000 }, () => {
  const session = useSession(() => ({
    settings: () => ({ 'security.workspace.trust.enabled': true, 'security.workspace.trust.startupPrompt': 'never' }),
    fill: (workspace) => bundledModelTo(path.join(workspace, 'stranger')),
  }));

  test('the bundled model works, and no model of the folder is opened', async (context) => {
    const workbench = await session.open(context);
    await workbench.run('Embedding Grid: Generate Embedding Grid');
    await new MapPage(workbench).complete();

    await workbench.pick('Embedding Grid: Choose Model...', 'not trusted');
    const notification = await workbench.notification('This folder is not trusted');
    await workbench.picture('untrusted');
    const processes = await session.server.processes();
    assert.equal(processes.filter(({ command }) => command.includes('engine.cjs')).length, 1);

    await notification.getByRole('button', { name: 'Manage Workspace Trust' }).click();
    await workbench.page.getByRole('button', { name: 'Trust', exact: true }).click();
    await workbench.page.locator('.statusbar-item', { hasText: 'Restricted Mode' }).waitFor({ state: 'detached' });
    await workbench.pick('Embedding Grid: Choose Model...', 'stranger');
    await workbench.page.locator('.tab.active', { hasText: 'stranger' }).waitFor();
    await new MapPage(workbench).complete();
  });
});
