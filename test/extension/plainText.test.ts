import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plain } from '../../src/extension/plainText.js';

/** How VS Code finds links in notifications, and icons in quick picks and the status bar (its linkedText.ts and iconLabels.ts). */
const LINK = /\[([^\]]+)\]\(((?:https?:\/\/|command:|file:)[^)\s]+)(?: (["'])(.+?)(\3))?\)/i;
const ICON = /(\\)?\$\(([A-Za-z0-9-]+(?:~[A-Za-z]+)?)\)/;

const HOSTILE = [
  '[Update Embedding Grid](command:workbench.action.files.newUntitledFile)',
  '[a](command:runCommands?%7B%22commands%22:%5B%5D%7D "title")',
  '[[x]](https://example.org/)',
  '[x]\n(file:///etc/passwd)',
  '[x](\u200Bcommand:y)',
  '[x]\u200B(command:y)',
  '[x]\u0000(command:y)',
  '[two](command:a) and [three](HTTPS://b)',
  '$(flame)',
  '\\$(flame)',
  '$$(loading~spin)',
  '$\u00AD(flame)',
  '$(fl\u200Bame)',
];

test('no text makes a link or an icon, and none is there after what is invisible in it is left out', () => {
  for (const text of HOSTILE) {
    const shown = plain(`This map was saved in version ${JSON.stringify(text)} of the format: ${text}.`);
    assert.doesNotMatch(shown, LINK, text);
    assert.doesNotMatch(shown, ICON, text);
  }
});

test('text is read as it is written: only what is not seen is added', () => {
  for (const text of ['“日本語” · 12 × 3 [1](2) $(x) it’s', 'C:\\models\\a (b)', 'עברית 👩‍🚀'])
    assert.equal(plain(text).replaceAll('\u200B', ''), text.replace('\u200D', 'U+200D'));
});

test('it is one line in one direction, and no longer than VS Code shows', () => {
  assert.equal(plain('a\r\n  b\u202Ec\u0007'), 'a bU+202EcU+0007');
  assert.ok(plain('x'.repeat(1e6)).length < 1100);
});
