// npm run watch: builds dist/ with source maps now, and again whenever a source changes.
import { spawnSync } from 'node:child_process';
import { watch } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { install, root } from './prepare.mjs';

/** Several files are saved at once: they are waited for. */
const PAUSE_MS = 200;

// What is wrong is printed by the build; the next change tries again.
const build = () => spawnSync(process.execPath, ['esbuild.js', '--development'], { cwd: root, stdio: 'inherit' });

install();
build();
let timer;
for (const folder of ['src', 'webview'])
  watch(path.join(root, folder), { recursive: true }, () => {
    clearTimeout(timer);
    timer = setTimeout(build, PAUSE_MS);
  });
