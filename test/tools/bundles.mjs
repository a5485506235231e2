// The programs of dist/: what each is built from, and how. Plain data for esbuild; esbuild.js builds them all.
import { relative, resolve } from 'node:path';
import { icons } from './icons.mjs';

/** What a page of its own has in the place of VS Code, plotly.js and the toolkit. */
const STAND_INS = {
  'webview/host.ts': 'webview/standalone/host.ts',
  'webview/toolkit.ts': 'webview/standalone/toolkit.ts',
  'webview/map/heatmap.ts': 'webview/standalone/heatmap.ts',
};
/** @type {import('esbuild').Plugin} */
const standIns = {
  name: 'stand-ins',
  setup({ onResolve }) {
    onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
      const file = relative('.', resolve(resolveDir, path)).replaceAll('\\', '/').replace(/\.js$/, '.ts');
      const standIn = STAND_INS[file];
      return standIn ? { path: resolve(standIn) } : undefined;
    });
  },
};

/**
 * Every program: its entry, its file and esbuild's options; for development with source maps and unminified. Paths are relative to
 * the repository's root.
 * @returns {readonly (readonly [entry: string, outfile: string, options: import('esbuild').BuildOptions])[]}
 */
export function bundles({ development }) {
  /** @type {import('esbuild').BuildOptions} */
  const common = {
    bundle: true,
    minify: !development,
    sourcemap: development,
    legalComments: 'none',
    logLevel: 'warning',
  };
  /** @type {import('esbuild').BuildOptions} */
  const node = {
    ...common,
    platform: 'node',
    target: 'node20',
    external: ['vscode', 'onnxruntime-node', 'tokenizers'],
    alias: {
      // What writes PDFs reads WOFF2, too, by a dictionary that is half of it; our fonts are none.
      'brotli/decompress.js': './src/formats/pdf/noWoff2.ts',
      // Its ES module asks where it lies, which a bundle that is none cannot say.
      pdfkit: './node_modules/pdfkit/js/pdfkit.js',
    },
  };
  /** @type {import('esbuild').BuildOptions} */
  const commonJs = { ...node, format: 'cjs' };
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
    plugins: [icons],
    // plotly.js brings 83 KB of styles for its maps of the world.
    alias: { 'maplibre-gl/dist/maplibre-gl.css': './webview/styles/none.css' },
  };
  /** @type {import('esbuild').BuildOptions} */
  const standalone = {
    ...page,
    format: 'iife',
    charset: 'utf8',
    loader: { ...page.loader, '.ttf': 'dataurl' },
    plugins: [icons, standIns],
  };
  return [
    ['src/extension/extension.ts', 'dist/extension.cjs', commonJs],
    ['src/host/filesWorker.ts', 'dist/filesWorker.cjs', commonJs],
    ['src/host/study/studyWorker.ts', 'dist/studyWorker.cjs', commonJs],
    ['src/engine/main.ts', 'dist/engine.cjs', commonJs],
    ['src/engine/textProcess.ts', 'dist/textProcess.cjs', commonJs],
    ['src/engine/leash.ts', 'dist/leash.cjs', commonJs],
    ['src/engine/scanWorker.ts', 'dist/scanWorker.cjs', commonJs],
    ['src/formats/pictureProcess.ts', 'dist/assets/picture.cjs', commonJs],
    ['src/cli/main.ts', 'dist/cli.js', esModule],
    ['src/index.ts', 'dist/index.js', esModule],
    ['webview/main.ts', 'dist/webview/main.js', page],
    ['webview/model/main.ts', 'dist/webview/model.js', page],
    ['webview/study/main.ts', 'dist/webview/study.js', page],
    ['webview/standalone/main.ts', 'dist/assets/page/page.js', standalone],
  ];
}
