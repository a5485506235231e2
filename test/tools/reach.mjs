// Which lines of the code a test file reaches, in all processes that it starts, as V8 counts them. What was measured is kept in
// .cache/reach, and measured again where the test or a file that it reached has changed.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * Runs a test file in a tree, until its first failure.
 * @returns {Promise<{ failed: string | undefined, ms: number }>} what failed, if anything did
 */
export function runTest(tree, test, { timeout, env = process.env }) {
  const started = performance.now();
  const child = spawn(process.execPath, ['--import', 'tsx', '--test-reporter', 'tap', test], {
    ...{ cwd: tree, env, stdio: ['ignore', 'pipe', 'ignore'] },
    detached: true, // it ends with all that it started
  });
  const end = () => {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  };
  process.once('exit', end);
  const timer = globalThis.setTimeout(end, timeout);
  let failed;
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    failed ??= lines.find((line) => /^ *not ok /.test(line))?.trim();
    if (failed !== undefined) end();
  });
  return new Promise((resolve) => {
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      process.off('exit', end);
      end();
      const ending = code === 0 ? undefined : signal === null ? `exit code ${code}` : 'out of time';
      resolve({ failed: failed ?? ending, ms: performance.now() - started });
    });
  });
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** The segments of a source map, in order: where each begins in the program (offset), and its source's index and line (from 1). */
function segments({ mappings }, lineLengths) {
  const found = [];
  let [source, line, start] = [0, 0, 0];
  for (const [i, row] of mappings.split(';').entries()) {
    let column = 0;
    for (const segment of row === '' ? [] : row.split(',')) {
      const fields = [];
      let [value, shift] = [0, 0];
      for (const letter of segment) {
        const digit = BASE64.indexOf(letter);
        value |= (digit & 31) << shift;
        shift += 5;
        if (digit & 32) continue;
        fields.push(value & 1 ? -(value >>> 1) : value >>> 1);
        [value, shift] = [0, 0];
      }
      column += fields[0];
      if (fields.length < 4) continue;
      source += fields[1];
      line += fields[2];
      found.push({ at: start + column, source, line: line + 1 });
    }
    start += (lineLengths[i] ?? 0) + 1;
  }
  return found;
}

/** Index of the first segment that begins at an offset or behind it. */
function firstFrom(list, offset) {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle].at < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Segments of a program by its text's map: a hundred processes run the same one. */
const segmentsOf = new Map();
function cachedSegments(data, lineLengths) {
  const key = createHash('sha1').update(data.mappings).digest('base64');
  if (!segmentsOf.has(key)) segmentsOf.set(key, segments(data, lineLengths));
  return segmentsOf.get(key);
}

/** Adds the lines that a process reached, as it wrote them down, to `reached`: file → lines. */
function addProcess(tree, text, reached) {
  const { result, 'source-map-cache': maps = {} } = JSON.parse(text);
  for (const { url, functions } of result) {
    const { data, lineLengths } = maps[url] ?? {};
    if (!data?.mappings || !url.startsWith(pathToFileURL(tree).href)) continue;
    const list = cachedSegments(data, lineLengths);
    // Functions come outer ones first, and so do the ranges of each: what comes later knows better.
    const counts = new Uint8Array(list.length);
    for (const { ranges } of functions)
      for (const { startOffset, endOffset, count } of ranges)
        counts.fill(Math.min(1, count), firstFrom(list, startOffset), firstFrom(list, endOffset));
    const files = data.sources.map((source) => {
      const whole = fileURLToPath(new URL(source, url));
      return path.relative(tree, whole).split(path.sep).join('/');
    });
    list.forEach(({ source, line }, i) => {
      if (counts[i] === 0 || !files[source].startsWith('src/')) return;
      if (!reached.has(files[source])) reached.set(files[source], new Set());
      reached.get(files[source]).add(line);
    });
  }
}

/** How long processes that end behind their test are waited for. */
const LAST_WORDS_MS = 1000;

const hashOf = (tree, file) => {
  const place = path.join(tree, file);
  return existsSync(place) ? createHash('sha1').update(readFileSync(place)).digest('base64') : '';
};

/** Whether what is kept of a test is of the files as they stand. */
const holds = (tree, test, { hash, files }) =>
  hash === hashOf(tree, test) && Object.entries(files).every(([file, one]) => one.hash === hashOf(tree, file));

/** What a test file reaches, measured: how long that takes (ms), or that it fails, and the lines of each file. */
async function measure(tree, test, timeout) {
  const folder = mkdtempSync(path.join(tmpdir(), 'embedding-grid-reach-'));
  const hook = pathToFileURL(path.join(import.meta.dirname, 'reachHook.mjs')).href;
  try {
    const env = { ...process.env, NODE_V8_COVERAGE: folder, NODE_OPTIONS: `--import=${hook}` };
    const { failed, ms } = await runTest(tree, test, { timeout, env });
    await setTimeout(LAST_WORDS_MS);
    const reached = new Map();
    for (const name of failed === undefined ? readdirSync(folder) : [])
      try {
        addProcess(tree, readFileSync(path.join(folder, name), 'utf8'), reached);
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error; // ended while it wrote
      }
    const files = [...reached].map(([file, lines]) => [file, { hash: hashOf(tree, file), lines: [...lines] }]);
    return { hash: hashOf(tree, test), failed, ms, files: Object.fromEntries(files) };
  } finally {
    try {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: LAST_WORDS_MS });
    } catch {
      // Something still writes what it counted: of a temporary folder little is left.
    }
  }
}

/**
 * What each test file reaches. The tree's dist must be built with source maps.
 * @param {{ cache: string, timeout: number }} options a folder where it is kept; ms that a test may take
 * @returns {Promise<Map<string, { failed?: string, ms: number, files: Record<string, { hash: string, lines: number[] }> }>>}
 */
export async function reachOf(tree, tests, { cache, timeout }) {
  mkdirSync(cache, { recursive: true });
  const found = new Map();
  for (const test of tests) {
    const place = path.join(cache, `${test.replaceAll('/', '.')}.json`);
    const kept = existsSync(place) ? JSON.parse(readFileSync(place, 'utf8')) : undefined;
    const reach = kept && holds(tree, test, kept) ? kept : await measure(tree, test, timeout);
    if (reach !== kept) {
      writeFileSync(place, JSON.stringify(reach));
      const files = Object.keys(reach.files).length;
      console.log(`${test}: ${reach.failed ?? `${files} files`}, ${(reach.ms / 1000).toFixed(1)} s`);
    }
    found.set(test, reach);
  }
  return found;
}
