// Bundles test files: a program that is read as it stands starts in a third of the processor time that tsx takes for all the modules
// of the engine, of which each process has hundreds, and so does each thread and process that it starts with its own arguments.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { root } from './prepare.mjs';

/** Where a module stands, and not its bundle. @type {import('esbuild').Plugin} */
const places = {
  name: 'places',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path: file }) => {
      const place = { dirname: path.dirname(file), filename: file, url: pathToFileURL(file).href };
      const text = await readFile(file, 'utf8');
      const contents = text.replace(/\bimport\.meta\.(dirname|filename|url)\b/g, (_, name) =>
        JSON.stringify(place[name]),
      );
      return { contents, loader: 'ts' };
    });
  },
};

/**
 * Bundles test files, which share their modules, into a folder that goes with this process.
 * @param {readonly string[]} files as they are called from the root
 * @returns {Promise<ReadonlyMap<string, string>>} the program of each
 */
export async function bundle(files) {
  const { build, stop } = await import('esbuild'); // which may just have been installed
  const output = path.join(root, 'test', 'output');
  mkdirSync(output, { recursive: true });
  const outdir = mkdtempSync(path.join(output, 'programs-'));
  process.once('exit', () => rmSync(outdir, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
  await build({
    absWorkingDir: root,
    entryPoints: [...files],
    outdir,
    outbase: '.',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    keepNames: true,
    sourcemap: 'linked',
    sourcesContent: false,
    plugins: [places],
    logLevel: 'warning',
  });
  await stop(); // its process, which would stay beside all tests
  const program = (file) => path.join(outdir, path.relative(root, path.resolve(root, file)).replace(/\.ts$/, '.mjs'));
  return new Map(files.map((file) => [file, program(file)]));
}
