import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { runInHost } from './support/inHost.js';
import { leftOut } from './support/places.js';
import { useSession } from './support/session.js';

suite('Inside the extension host', { skip: leftOut(), timeout: 480_000 }, () => {
  const session = useSession();

  test('API, settings, views and serializer', async (context) => {
    const { code, output } = await runInHost(session.browser, session.server);
    context.diagnostic(`\n${output}`);
    assert.equal(code, 0, output);
  });
});
