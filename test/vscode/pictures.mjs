// Takes the pictures of the walkthrough from what the tests have drawn: run `npm test`, then `node test/vscode/pictures.mjs`.
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../tools/prepare.mjs';

const pictures = {
  generate: 'panel-dark',
  read: 'panel-zoomed',
  model: 'sidebar',
  save: 'saved-in-workspace',
};
for (const [step, drawn] of Object.entries(pictures)) {
  const from = path.join(root, 'test', 'vscode', 'output', 'screenshots', `${drawn}.png`);
  copyFileSync(from, path.join(root, 'media', 'walkthrough', `${step}.png`));
}
