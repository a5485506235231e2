// Takes the pictures of README and walkthrough from what the tests have drawn: run `npm test`, then this.
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../tools/prepare.mjs';

const pictures = {
  'pictures/panel': 'newcomer',
  'walkthrough/generate': 'newcomer',
  'walkthrough/read': 'newcomer-zoomed',
  'walkthrough/model': 'sidebar',
  'walkthrough/save': 'saved-in-workspace',
};
for (const [picture, drawn] of Object.entries(pictures)) {
  const from = path.join(root, 'test', 'vscode', 'output', 'screenshots', `${drawn}.png`);
  copyFileSync(from, path.join(root, 'media', `${picture}.png`));
}
