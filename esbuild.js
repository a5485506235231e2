/**
 * Builds dist/: `node esbuild.js` for what is shipped, `node esbuild.js --development` with source maps and unminified.
 *
 *   extension.cjs         the VS Code extension        engine.cjs   the engine's process (loads onnxruntime-node)
 *   filesWorker.cjs       its thread for files           scan*       its threads for affine maps, and their WebAssembly
 *   studyWorker.cjs       its thread for studies         textProcess.cjs  its process for prompts (loads tokenizers)
 *                                                        leash.cjs    its thread that ends it with its parent
 *   cli.js                the command line             index.js     the library, with its types in types/
 *   webview/main.{js,css} the panel's page, study.{js,css} that of studies
 *                                                        assets/      fonts and the rasteriser, for pictures; in page/ what
 *                                                                     a page of its own is made of
 */
import { chmodSync, copyFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { chdir } from 'node:process';
import asc from 'assemblyscript/asc';
import { build } from 'esbuild';
import ts from 'typescript';
import { thirdPartyNotices } from './test/tools/notices.mjs';

chdir(import.meta.dirname);
const development = process.argv.includes('--development');
const started = performance.now();

/** @type {import('esbuild').BuildOptions} */
const common = {
  bundle: true,
  minify: !development,
  sourcemap: development,
  legalComments: 'none',
  logLevel: 'warning',
};
/** @type {import('esbuild').BuildOptions} */
const node = { ...common, platform: 'node', target: 'node20', external: ['vscode', 'onnxruntime-node', 'tokenizers'] };
/** @type {import('esbuild').BuildOptions} */
const esModule = {
  ...node,
  format: 'esm',
  // Bundled CommonJS packages ask for Node's own modules through require.
  banner: { js: `import { createRequire as _cr } from 'node:module'; const require = _cr(import.meta.url);` },
};
/** @type {import('esbuild').BuildOptions} */
const page = {
  ...common,
  platform: 'browser',
  format: 'esm',
  target: 'es2022',
  define: { global: 'globalThis' },
  loader: { '.ttf': 'file', '.woff2': 'file', '.svg': 'dataurl', '.png': 'dataurl' },
  assetNames: '[name]',
  // plotly.js brings 83 KB of styles for its maps of the world.
  alias: { 'maplibre-gl/dist/maplibre-gl.css': './webview/styles/none.css' },
};

/** What a page of its own has in the place of VS Code, plotly.js and the toolkit. */
const STAND_INS = {
  'webview/host.ts': 'webview/standalone/host.ts',
  'webview/toolkit.ts': 'webview/standalone/toolkit.ts',
  'webview/map/heatmap.ts': 'webview/standalone/heatmap.ts',
};
/** @type {import('esbuild').BuildOptions} */
const standalone = {
  ...page,
  format: 'iife',
  charset: 'utf8',
  loader: { ...page.loader, '.ttf': 'dataurl' },
  plugins: [
    {
      name: 'stand-ins',
      setup({ onResolve }) {
        onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
          const file = relative('.', join(resolveDir, path)).replaceAll('\\', '/').replace(/\.js$/, '.ts');
          const standIn = STAND_INS[file];
          return standIn ? { path: resolve(standIn) } : undefined;
        });
      },
    },
  ],
};

/** @type {readonly [entry: string, outfile: string, options: import('esbuild').BuildOptions][]} */
const bundles = [
  ['src/extension/extension.ts', 'dist/extension.cjs', { ...node, format: 'cjs' }],
  ['src/host/filesWorker.ts', 'dist/filesWorker.cjs', { ...node, format: 'cjs' }],
  ['src/host/study/studyWorker.ts', 'dist/studyWorker.cjs', { ...node, format: 'cjs' }],
  ['src/engine/main.ts', 'dist/engine.cjs', { ...node, format: 'cjs' }],
  ['src/engine/textProcess.ts', 'dist/textProcess.cjs', { ...node, format: 'cjs' }],
  ['src/engine/leash.ts', 'dist/leash.cjs', { ...node, format: 'cjs' }],
  ['src/engine/scanWorker.ts', 'dist/scanWorker.cjs', { ...node, format: 'cjs' }],
  ['src/formats/pictureProcess.ts', 'dist/assets/picture.cjs', { ...node, format: 'cjs' }],
  ['src/cli/main.ts', 'dist/cli.js', esModule],
  ['src/index.ts', 'dist/index.js', esModule],
  ['webview/main.ts', 'dist/webview/main.js', page],
  ['webview/study/main.ts', 'dist/webview/study.js', page],
  ['webview/standalone/main.ts', 'dist/assets/page/page.js', standalone],
];

/** Writes the library's type declarations. */
function declarations() {
  const { options } = ts.convertCompilerOptionsFromJson(
    ts.readConfigFile('tsconfig.json', (file) => ts.sys.readFile(file)).config.compilerOptions,
    '.',
  );
  const program = ts.createProgram(['src/index.ts'], {
    ...options,
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    rootDir: 'src',
    outDir: 'dist/types',
  });
  const { diagnostics } = program.emit();
  if (diagnostics.length === 0) return;
  throw new Error(
    ts.formatDiagnostics(diagnostics, {
      getCurrentDirectory: () => '.',
      getCanonicalFileName: (name) => name,
      getNewLine: () => '\n',
    }),
  );
}

/** Compiles the inner loop of affine maps to WebAssembly: for the engine's threads, and for the one of a page. */
async function kernel() {
  for (const [outFile, sharing] of [
    ['dist/scan.wasm', ['--sharedMemory']],
    ['dist/assets/page/scan.wasm', []],
  ]) {
    const { error, stderr } = await asc.main([
      ...['src/engine/scanKernel.as.ts', '--outFile', outFile, '--runtime', 'stub', '--enable', 'simd'],
      ...['--enable', 'threads', '--maximumMemory', '65536', ...sharing],
      ...['-O3', '--noAssert', '--importMemory', '--initialMemory', '1'],
    ]);
    if (error) throw new Error(stderr.toString());
  }
}

// What an older version built is not packed with this one.
rmSync('dist', { recursive: true, force: true });
mkdirSync('dist/assets/page', { recursive: true });
const require = createRequire(import.meta.url);
copyFileSync(require.resolve('@resvg/resvg-wasm/index_bg.wasm'), 'dist/assets/resvg.wasm');
cpSync('media/fonts', 'dist/assets/fonts', { recursive: true, filter: (file) => !file.endsWith('.py') });

const building = bundles.map(([entry, outfile, options]) =>
  build({ ...options, entryPoints: [entry], outfile, metafile: true }),
);
declarations();
await kernel();
const outcomes = await Promise.allSettled(building);
if (outcomes.some(({ status }) => status === 'rejected')) process.exit(1); // esbuild has said why
const results = await Promise.all(building);
// Which files each bundle is made of: third-party notices are made from it, those of the VSIX when it is packed.
const inputs = results.flatMap(({ metafile }) =>
  Object.entries(metafile.outputs).map(([name, output]) => [name, Object.keys(output.inputs)]),
);
writeFileSync('dist/.inputs.json', JSON.stringify(Object.fromEntries(inputs)));
writeFileSync('dist/THIRD-PARTY-NOTICES.txt', thirdPartyNotices('npm'));

chmodSync('dist/cli.js', 0o755);
writeFileSync('dist/.built', '');
console.log(`Built dist in ${((performance.now() - started) / 1000).toFixed(1)} s.`);
