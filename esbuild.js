/**
 * Builds dist/: `node esbuild.js` for what is shipped, `node esbuild.js --development` with source maps and unminified.
 *
 *   extension.cjs         the VS Code extension        engine.cjs   the engine's process (loads onnxruntime-node)
 *   filesWorker.cjs       its thread for files           scan*       its threads for affine maps, and their WebAssembly
 *   studyWorker.cjs       its thread for studies         textProcess.cjs  its process for prompts (loads tokenizers)
 *                                                        leash.cjs    its thread that ends it with its parent
 *   cli.js                the command line             index.js     the library, with its types in types/
 *   webview/main.{js,css} the panel's page, study.{js,css} that of studies, model.{js,css} of models
 *                                                        assets/      fonts and the rasteriser, for pictures; in page/ what
 *                                                                     a page of its own is made of
 */
import { chmodSync, copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chdir } from 'node:process';
import { promisify } from 'node:util';
import { brotliCompress } from 'node:zlib';
import asc from 'assemblyscript/asc';
import { build } from 'esbuild';
import ts from 'typescript';
import { bundles } from './test/tools/bundles.mjs';
import { thirdPartyNotices } from './test/tools/notices.mjs';

chdir(import.meta.dirname);
const development = process.argv.includes('--development');
const started = performance.now();

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
    noCheck: true, // Oxlint checks the types
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

/** The rasteriser, a quarter of a megabyte smaller than a VSIX would pack it. */
async function rasterizer() {
  const file = readFileSync(require.resolve('@resvg/resvg-wasm/index_bg.wasm'));
  writeFileSync('dist/assets/resvg.wasm.br', await promisify(brotliCompress)(file));
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
copyFileSync(require.resolve('harfbuzzjs/dist/harfbuzz-subset.wasm'), 'dist/assets/subset.wasm');
cpSync('media/fonts', 'dist/assets/fonts', { recursive: true, filter: (file) => !file.endsWith('.py') });

const building = bundles({ development }).map(([entry, outfile, options]) =>
  build({ ...options, entryPoints: [entry], outfile, metafile: true }),
);
const rasterizing = rasterizer();
declarations();
await kernel();
await rasterizing;
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
