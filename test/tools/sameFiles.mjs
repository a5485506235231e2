import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unzipSync } from 'fflate';

/**
 * Draws the same maps with the program of a commit and with this one, and compares their files byte by byte, what was measured
 * (the runtime) aside: `node test/tools/sameFiles.mjs [COMMIT]`. Both are built; this one's dist is used as it stands.
 */

const root = join(import.meta.dirname, '..', '..');
const commit = process.argv[2] ?? '045421b';
const fixture = (...names) => join('test', 'fixtures', ...names);
const MODELS = {
  bundled: join('media', 'novella-3m'),
  llama: fixture('models', 'optimum-past-llama_tied'),
  opt: fixture('models', 'legacy-op14-opt'),
  int4: fixture('models', 'genai-int4-qwen2'),
  checkpoint: fixture('checkpoints', 'gpt2-fp16'),
};
/** A model of the project that has no tokenizer: what is text for the others are ids for it. */
const WORDLESS = 'checkpoint';
const scratch = mkdtempSync(join(tmpdir(), 'embedding-grid-same-'));
const TEXTS = join(scratch, 'texts.txt');
writeFileSync(TEXTS, ['The sea', 'A ship sailed', 'She was the daughter', 'And the king', 'He spoke'].join('\n'));
const PLAIN_METHODS = [
  [],
  ['--embedding-method', 'direct', '--dimensions', '3,7'],
  ['--embedding-method', 'replicated'],
  ['--seed', '7', '--orthogonal', '--normalize'],
  ['--x-token', '#5', '--y-random', '3', '--center-token', '#9'],
];
const METHODS = [
  ...PLAIN_METHODS,
  ['--texts', TEXTS],
  ['--texts', TEXTS, '--texts-positions', 'all', '--units', 'norm'],
  ['--center-prompt', 'The sea', '--x-prompt', 'The king', '--y-token', '#7', '--orthogonal'],
  ['--center-prompt', 'The sea', '--center-position', '0', '--units', 'norm'],
];
const READOUTS = ['forward', 'lens', 'unembed'];
const PLAIN_CONTEXTS = [[], ['--context', 'bos'], ['--prompt-ids', '5,9,2,7']];
const CONTEXTS = [...PLAIN_CONTEXTS, ['--prompt', 'They went to the'], ['--prompt', 'The sea is', '--position', '-2']];
const LAYERS = ['embeddings', '0', 'last'];
const FORMATS = ['json,csv', 'npz,svg', 'json,svg', 'svg,png,csv'];
const MORE = [
  [],
  ['--top-k', '3'],
  ['--color-by', 'token'],
  ['--mask', '#5', '--question', 'probability:#7', '--color-by', 'probability'], // its answers' bar has another name now
  ['--cells', 'adaptive'],
  ['--overlay', 'rows:unembedding,5'],
];

/** Maps of each model, between which everything is there. */
const EACH = 10;
const maps = Object.entries(MODELS).flatMap(([name, model], m) =>
  Array.from({ length: EACH }, (_, i) => {
    const n = EACH * m + i;
    const pick = (list, step) => list[Math.floor(n / step) % list.length];
    return {
      name: `${name}-${i}`,
      flags: [
        ...['--model', model, '--grid-size', '18x12', '--spacing', '0.7', '--layer-idx', pick(LAYERS, 1)],
        ...['--color-range', '0-1'], // what is usual has changed, on purpose
        ...['--readout', pick(READOUTS, 2), ...pick(name === WORDLESS ? PLAIN_CONTEXTS : CONTEXTS, 1)],
        ...[...pick(name === WORDLESS ? PLAIN_METHODS : METHODS, 1), ...pick(MORE, 1)],
        ...['--formats', FORMATS[i % FORMATS.length]],
      ],
    };
  }),
);

/** What pictures (SVG, as a string of bytes) do otherwise since, on purpose: what is left out of both before they are compared again. */
const MEANT = [
  {
    what: 'a label keeps clear of the ␣ before it: where the two stand across',
    without: (svg) =>
      svg
        .replaceAll(/<text x="[\d.]+"/g, '<text')
        .replaceAll(/<g transform="translate\([\d.]+ /g, '<g transform="translate(')
        .replaceAll(/<path d="(M[\d. ]+V[\d.]+H[\d.]+V[\d.]+)+" fill="none"/g, (path) =>
          path.replaceAll(/(?<=[MH])[\d.]+/g, ''),
        ),
  },
  {
    what: 'a label of one cell is cut where it would touch the next one: the letters before its …',
    without: (svg) => svg.replaceAll(/[^<>]*(?=<tspan[^>]*>\u00e2\u0080\u00a6<)/g, ''),
  },
  {
    what: 'the caption tells how far the nearest boundary is: that sentence, and how lines break and heights follow',
    without: (svg) =>
      svg
        .replace(/ \u00c2\u00b7 nearest boundary \([^<]*? than along these axes/, '')
        .replaceAll(/(?<=<(?:svg|rect) [^>]*)(?:height|viewBox)="[^"]*"/g, '')
        .replaceAll(/<text y="[\d.]+" font-size="12"[^<]*<\/text>/g, ''),
    where: (svg) => svg.includes(' nearest boundary ('),
  },
];
/** What was meant, and in how many pictures it was found. */
const met = new Map();

/** Whether a picture is the same as the old one but for what is meant. */
function isMeant(old, now) {
  const meant = MEANT.filter(({ where }) => where?.(now) ?? true);
  const differ = (rules) => {
    const [one, other] = [old, now].map((svg) => rules.reduce((rest, { without }) => without(rest), svg));
    return one !== other;
  };
  if (differ(meant)) return false;
  for (const rule of meant)
    if (differ(meant.filter((one) => one !== rule))) met.set(rule.what, (met.get(rule.what) ?? 0) + 1);
  return true;
}

/** A file's parts without what was measured: bytes, or data where what came to it since is to be told apart. */
function partsOf(file) {
  const bytes = readFileSync(file);
  if (file.endsWith('.json')) {
    const { runtime, ...rest } = JSON.parse(bytes.toString());
    return { ...rest, notices: runtime?.notices };
  }
  if (!file.endsWith('.npz')) return { bytes: bytes.toString('latin1') };
  const arrays = Object.entries(unzipSync(bytes));
  return Object.fromEntries(
    arrays.map(([name, array]) => {
      if (name !== 'specification.npy') return [name, Buffer.from(array).toString('latin1')];
      // A string of numpy's: code points of 32 bits behind a header.
      const view = new DataView(array.buffer, array.byteOffset, array.length);
      const start = 10 + view.getUint16(8, true);
      const points = Array.from({ length: (array.length - start) / 4 }, (_, i) => view.getUint32(start + 4 * i, true));
      return [name, JSON.parse(String.fromCodePoint(...points))];
    }),
  );
}

/** Fields that maps have only since, by their paths, and what they say where nothing was asked of them. */
const added = new Map();

/** The new data without fields that the old has not. */
function withoutAdded(old, now, path = '') {
  if (Array.isArray(now) || typeof now !== 'object' || now === null || typeof old !== 'object' || old === null)
    return now;
  return Object.fromEntries(
    Object.entries(now).flatMap(([key, value]) => {
      if (key in old) return [[key, withoutAdded(old[key], value, `${path}${key}.`)]];
      added.set(`${path}${key}`, new Set([...(added.get(`${path}${key}`) ?? []), JSON.stringify(value)]));
      return [];
    }),
  );
}

const before = join(scratch, 'before');
let differing = 0;
let compared = 0;
let refused = 0;
/** Maps whose pictures differ as is meant. */
const meant = new Set();
try {
  execFileSync('git', ['worktree', 'add', '--detach', '--quiet', before, commit], { cwd: root, stdio: 'inherit' });
  symlinkSync(join(root, 'node_modules'), join(before, 'node_modules'));
  execFileSync(process.execPath, ['esbuild.js'], { cwd: before, stdio: 'ignore' });
  for (const { name, flags } of maps) {
    const [one, other] = [before, root].map((home, i) => {
      const out = join(scratch, `${name}-${i}`);
      const ran = spawnSync(process.execPath, ['dist/cli.js', ...flags, '--output-dir', out, '--quiet'], { cwd: home });
      const files = ran.status === 0 ? readdirSync(out).sort() : [];
      return {
        files,
        status: ran.status,
        said: ran.stderr.toString(),
        parts: files.map((file) => partsOf(join(out, file))),
      };
    });
    const places = [];
    if (one.status !== other.status)
      places.push(`exit code ${one.status}, now ${other.status}: ${one.said}${other.said}`);
    if (one.status !== 0 && one.said !== other.said) places.push(`said ${one.said}, now ${other.said}`);
    if (String(one.files) !== String(other.files)) places.push(`files ${one.files}, now ${other.files}`);
    one.files.forEach((file, i) => {
      compared++;
      const now = withoutAdded(one.parts[i], other.parts[i] ?? {});
      for (const [part, value] of Object.entries(one.parts[i])) {
        if (JSON.stringify(now[part]) === JSON.stringify(value)) continue;
        // A PNG is drawn from the SVG beside it, which is judged.
        const judged = file.replace(/png$/, 'svg');
        const [a, b] = [one, other].map(({ files, parts }) => parts[files.indexOf(judged)]?.bytes);
        if (a !== undefined && b !== undefined && a !== b && isMeant(a, b)) meant.add(name);
        else places.push(`${file}: ${part}`);
      }
    });
    if (one.status !== 0) console.log(`refused: ${name} (${flags.join(' ')}): ${one.said.split('\n')[0]}`);
    if (one.status !== 0) refused++;
    if (places.length > 0) differing++;
    for (const place of places) console.log(`${name} (${flags.join(' ')}): ${place}`);
  }
} finally {
  spawnSync('git', ['worktree', 'remove', '--force', before], { cwd: root });
  rmSync(scratch, { recursive: true, force: true });
}
console.log(
  `${maps.length} maps, ${compared} files of ${commit} and of now: ${maps.length - differing} alike (${meant.size} but for what is meant, ${refused} refused by both), ${differing} not.`,
);
for (const [what, count] of met) console.log(`meant, in ${count} pictures: ${what}`);
for (const [path, values] of added) {
  const [one] = values;
  console.log(`new since: ${path}${values.size === 1 && one.length < 80 ? `, here always ${one}` : ''}`);
}
process.exitCode = differing === 0 ? 0 : 1;
