/**
 * `npm run bench`, or `npm run bench -- heads files` for some of it: every case beside the straightforward way, in one run, as
 * a ratio. Nothing is asserted. More is measured where it is given:
 *   BENCH_MODEL    a folder of an ONNX decoder, for instance SmolLM2-135M: maps through its blocks
 *   BENCH_PYTHON   a Python with torch and transformers, and
 *   BENCH_HF       the same model as transformers reads it, safetensors: PyTorch side by side, and
 *   BENCH_GGUF     as a GGUF file, beside it
 *   BENCH_TRANSLATOR  a tuned lens of BENCH_MODEL: the nearest boundary through it
 * and, where the processor has AVX-512 and there is a gcc, the scan in C (scan.c).
 */
import '../engine/inProcess.js';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { bundledModel } from '../../src/host/installation.js';
import { benchCheckpoints } from './checkpoints.js';
import { benchCold } from './cold.js';
import { benchFiles } from './files.js';
import { benchForward } from './forward.js';
import { benchHeads } from './heads.js';
import { benchLens } from './lens.js';
import { describeMachine } from './machine.js';
import { benchNearest } from './nearest.js';
import { benchQuestions } from './questions.js';
import { benchScan } from './scan.js';
import { benchSweep } from './sweep.js';

const model = process.env.BENCH_MODEL;
const root = path.resolve(import.meta.dirname, '..', '..');
const parts: Readonly<Record<string, () => unknown>> = {
  heads: benchHeads,
  scan: benchScan,
  forward: () => {
    if (model !== undefined) return benchForward(model, process.env);
    console.log('\nBENCH_MODEL is not given: the bundled model instead, without PyTorch.');
    return benchForward(bundledModel);
  },
  cold: () => benchCold(model ?? bundledModel, model === undefined),
  checkpoints: () => benchCheckpoints(process.env),
  sweep: () => benchSweep(model ?? bundledModel),
  lens: () => (model === undefined ? benchLens(bundledModel) : benchLens(model, process.env)),
  nearest: () => benchNearest(model ?? bundledModel, process.env.BENCH_TRANSLATOR),
  questions: () => benchQuestions(model ?? bundledModel),
  files: () => benchFiles(model === undefined ? [] : [model]),
  regions: () => import('./polygons.js'),
  panel: () => inBrowser('test/webview/bench.ts'),
  texts: () => inBrowser('test/webview/benchTexts.ts'),
  compare: () => inBrowser('test/webview/benchCompare.ts'),
};

/** Its own process: it has a browser's types and ends with it. */
function inBrowser(file: string): void {
  const node = (...args: string[]): boolean =>
    spawnSync(process.execPath, args, { stdio: 'inherit', cwd: root }).status === 0;
  // What it needs of Chromium is there already, or is set up.
  if (node('test/vscode/setup.mjs')) node('--import', 'tsx', file);
}

console.log(describeMachine());
const wanted = process.argv.slice(2);
for (const [name, run] of Object.entries(parts)) if (wanted.length === 0 || wanted.includes(name)) await run();
