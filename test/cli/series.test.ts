import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { run } from '../../src/cli/run.js';
import { openModel, readMap } from '../../src/index.js';

// The bundled model, for real.
let folder = '';
before(() => (folder = mkdtempSync(path.join(tmpdir(), 'embedding-grid-series-'))));
after(() => rmSync(folder, { recursive: true }));

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}
async function said(args: readonly string[], onOut?: (text: string) => void, signal?: AbortSignal): Promise<Said> {
  const text = { out: '', err: '' };
  const out = {
    write: (more: string) => {
      text.out += more;
      onOut?.(text.out);
    },
  };
  const err = { write: (more: string) => void (text.err += more) };
  const code = await run(args, out, err, signal ?? new AbortController().signal);
  return { code, ...text };
}
const GRID = ['--grid-size', '6x4', '--spacing', '2', '--top-k', '3'];
/** The files below a folder, with what is in them. */
function filesIn(place: string): Map<string, string> {
  const names = readdirSync(place, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const files = names.map(({ parentPath, name }) => path.join(parentPath, name));
  return new Map(files.sort().map((file) => [path.relative(place, file), readFileSync(file, 'latin1')]));
}
interface Told {
  readonly plane: string;
  readonly lines: readonly {
    readonly name: string;
    readonly points: readonly { name: string; agreementWithLast: number; divergenceToLast: number | null }[];
    readonly flips: readonly { low: number; high: number; from: { text: string }; to: { text: string } }[];
  }[];
}
const toldIn = (place: string): Told =>
  JSON.parse(readFileSync(path.join(place, 'embedding_grid_series.json'), 'utf8')) as Told;

test('a series by layer: each map in its folder, what is made of all beside them; run again, nothing is computed', async () => {
  const place = path.join(folder, 'layers');
  const args = ['--vary', 'layer=1,3,5', ...GRID, '--formats', 'svg,json', '--output-dir', place, '--divergences'];
  const first = await said(args);
  assert.equal(first.code, 0, first.err);
  const series = path.join(place, 'series_layer');
  const files = filesIn(series);
  for (const layer of [1, 3, 5])
    assert.ok(
      files.has(path.join(`${[1, 3, 5].indexOf(layer)}_layer=${layer}`, `embedding_grid_results_layer_${layer}.json`)),
    );
  assert.ok(files.get('embedding_grid_series.svg')?.includes('one plane: each cell is the same vector in all maps'));
  assert.ok(![...files.values()].some((file) => file.includes('own plane, not that')));
  assert.ok(files.has('embedding_grid_curves.svg') && files.has('embedding_grid_series.csv'));
  assert.ok(![...files.keys()].some((name) => /(^|[\\/])\./.test(name)), 'leftovers');
  const told = toldIn(series);
  const [line] = told.lines;
  assert.deepEqual([told.plane, line?.points.length, line?.points[2]?.agreementWithLast], ['shared', 3, 1]);
  const divergences = line?.points.map(({ divergenceToLast }) => divergenceToLast) ?? [];
  assert.ok(Number(divergences[0]) > 0 && Number(divergences[1]) > 0 && divergences[2] === null);
  // A member is a map like any other: its file gives it again.
  const file = path.join(series, '1_layer=3', 'embedding_grid_results_layer_3.json');
  const alone = await said(['--specification', file, '--formats', 'json', '--output-dir', path.join(folder, 'alone')]);
  assert.equal(alone.code, 0, alone.err);
  const again = await readMap(path.join(folder, 'alone', 'embedding_grid_results_layer_3.json'));
  assert.deepEqual(again.cells, (await readMap(file)).cells);
  const second = await said(args);
  assert.equal(second.out.match(/was there/g)?.length, 3, second.out);
  assert.deepEqual(filesIn(series), files);
  // Another series gets a folder of its own.
  assert.equal((await said([...args, '--readout', 'lens'])).code, 0);
  assert.deepEqual(readdirSync(place).sort(), ['series_layer', 'series_layer_2']);
});

test('a series that is stopped keeps what is whole, and the same command goes on', async () => {
  const place = path.join(folder, 'stopped');
  const args = ['--vary', 'layer=0-3', ...GRID, '--formats', 'json', '--output-dir', place];
  const stop = new AbortController();
  const stopped = await said(args, (text) => text.includes('layer=1 ·') && stop.abort(), stop.signal);
  assert.equal(stopped.code, 130);
  assert.match(stopped.err, /[23] of 4 maps are there; run it again to go on/);
  const kept = readdirSync(path.join(place, 'series_layer')).filter((name) => /^\d_/.test(name));
  const rest = await said(args);
  assert.equal(rest.code, 0, rest.err);
  assert.ok((rest.out.match(/was there/g)?.length ?? 0) >= 2 && kept.length < 4);
  const whole = path.join(folder, 'whole');
  assert.equal((await said([...args.slice(0, -1), whole])).code, 0);
  assert.deepEqual(toldIn(path.join(place, 'series_layer')), toldIn(path.join(whole, 'series_layer')));
});

test('a coefficient: its flip is told, and the model says so on both sides of it; a product has a line for each', async () => {
  const place = path.join(folder, 'steered');
  const prompt = 'It is a truth universally';
  const intervene = JSON.stringify({
    kind: 'add',
    block: 4,
    vector: { kind: 'row', matrix: 'unembedding', token: ' whale' },
    coefficient: 1,
    positions: 'last',
  });
  const args = [
    ...['--center-prompt', prompt, '--layer-idx', '2', '--intervene', intervene, ...GRID, '--formats', 'svg,json'],
    ...['--vary', 'plane.lengths=own,unit', '--vary', 'coefficient=-40..40/3', '--output-dir', place],
  ];
  const drawn = await said(args);
  assert.equal(drawn.code, 0, drawn.err);
  const told = toldIn(path.join(place, 'series_lengths_coefficient'));
  assert.deepEqual([told.plane, told.lines.map(({ name }) => name)], ['own', ['lengths=own', 'lengths=unit']]);
  // A member's own picture says that it has a plane of its own.
  const pictures = [...filesIn(place)].filter(([name]) => /^[^\\/]+[\\/]\d_.*\.svg$/.test(name));
  assert.equal(pictures.length, 6);
  for (const [name, svg] of pictures) assert.ok(svg.includes('own plane, not that'), name);
  const [flip] = told.lines[0]?.flips ?? [];
  assert.ok(flip, drawn.out);
  assert.ok(drawn.out.includes('At the middle '), drawn.out);
  const model = await openModel();
  try {
    for (const [coefficient, text] of [
      [flip.low, flip.from.text],
      [flip.high, flip.to.text],
    ] as const) {
      const said = await model.point(
        { x: 0, y: 0 },
        {
          layer: 2,
          plane: { center: { kind: 'prompt', text: prompt } },
          interventions: [
            {
              kind: 'add',
              block: 4,
              vector: { kind: 'row', matrix: 'unembedding', token: ' whale' },
              coefficient,
              positions: 'last',
            },
          ],
        },
      );
      assert.equal(said.tokens.get(said.ids[0] ?? -1)?.text, text, `at ${coefficient}`);
    }
  } finally {
    await model.close();
  }
});

test('what cannot be varied is refused before a model is opened', async () => {
  const refused = async (message: RegExp, ...args: string[]): Promise<void> => {
    const { code, err } = await said([...args, '--output-dir', path.join(folder, 'refused')]);
    assert.equal(code, 2, err);
    assert.match(err, message);
  };
  await refused(/would all be the same map/, '--vary', 'seed=1-3', '--plane', 'shared');
  await refused(/no parameter interventions\[0\]\.coefficient/, '--vary', 'coefficient=-1..1/3');
  await refused(/goes with --vary/, '--plane', 'own');
  await refused(/must be shared or own/, '--vary', 'layer=1-2', '--plane', 'mine');
  await refused(/--overwrite does not go/, '--vary', 'layer=1-2', '--overwrite');
  await refused(/too many to stand beside/, '--vary', 'seed=1-30', '--grid-size', '2000');
  await refused(/this is not understood/, '--vary', 'layer');
});

test('a member that fails does not end the others; the exit code tells', async () => {
  const place = path.join(folder, 'failing');
  const drawn = await said(['--vary', 'layer=5,77', ...GRID, '--formats', 'json', '--output-dir', place]);
  assert.equal(drawn.code, 2);
  assert.match(drawn.err, /layer=77: Layer 77 does not exist/);
  assert.match(drawn.err, /1 of 2 maps could not be computed/);
  assert.equal(toldIn(path.join(place, 'series_layer')).lines[0]?.points.length, 1);
});

test('the figure of two, with what changes, is written beside others; nothing is replaced', async () => {
  const place = path.join(folder, 'two');
  const drawn = await said(['--vary', 'layer=2,4', ...GRID, '--formats', 'svg,json', '--output-dir', place]);
  assert.equal(drawn.code, 0, drawn.err);
  const series = path.join(place, 'series_layer');
  const own = filesIn(series);
  assert.ok(own.get('embedding_grid_comparison.svg')?.includes('Changes'));
  const [a = '', b = ''] = [...own.keys()]
    .filter((name) => name.includes('results_layer'))
    .map((name) => path.join(series, name));
  const args = ['compare', a, b, '--output-dir', path.join(folder, 'compared'), '--formats', 'svg,csv'];
  assert.equal((await said(args)).code, 0);
  assert.equal((await said(args)).code, 0);
  const files = filesIn(path.join(folder, 'compared'));
  assert.deepEqual(
    [...files.keys()],
    ['', '_2'].flatMap((n) => [`embedding_grid_comparison${n}.csv`, `embedding_grid_comparison${n}.svg`]).sort(),
  );
  assert.ok(files.get('embedding_grid_comparison.svg')?.includes('Jensen-Shannon'));
  assert.ok(files.get('embedding_grid_comparison.csv')?.includes(',shared,'));
});
