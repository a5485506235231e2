import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Matrix, QrDecomposition } from 'ml-matrix';
import { SAMPLE_TEXTS } from '../../src/engine/sampleTexts.js';
import { fitTranslator } from '../../src/host/fitTranslator.js';
import { bundledModel } from '../../src/host/installation.js';
import { ModelSession } from '../../src/host/session.js';
import { readTranslator } from '../../src/translators/translatorFile.js';
import { temporaryFolder } from './temporary.js';

const RIDGE = 0.01;
const device = 'cpu';
const texts = SAMPLE_TEXTS.slice(0, 6);
const heldOut = SAMPLE_TEXTS.slice(6);

/** The regression as it is defined: least squares over the rows themselves, by a QR decomposition. */
async function leastSquares(session: ModelSession, layer: number): Promise<{ matrix: number[][]; bias: number[] }> {
  const last = session.describe().facts.blocks - 1;
  const rows: { x: number[]; y: number[]; w: number }[] = [];
  for (const text of texts) {
    const { layers, hiddenSize: d, positions } = await session.states(text, [layer, last]);
    const row = (l: number, p: number): number[] => [...(layers[l]?.values.subarray(p * d, (p + 1) * d) ?? [])];
    for (let p = 1; p < positions; p++) {
      const y = row(1, p);
      rows.push({ x: row(0, p), y, w: Math.sqrt(d / y.reduce((sum, value) => sum + value * value, 0)) });
    }
  }
  const d = rows[0]?.x.length ?? 0;
  const total = rows.reduce((sum, { w }) => sum + w * w, 0);
  const mean = (of: 'x' | 'y'): number[] =>
    Array.from({ length: d }, (_, i) => rows.reduce((sum, row) => sum + row.w ** 2 * (row[of][i] ?? 0), 0) / total);
  const [mx, my] = [mean('x'), mean('y')];
  const left = rows.map(({ x, w }) => x.map((value, i) => w * (value - (mx[i] ?? 0))));
  const right = rows.map(({ x, y, w }) => y.map((value, i) => w * (value - (x[i] ?? 0) - (my[i] ?? 0) + (mx[i] ?? 0))));
  const held = Math.sqrt((RIDGE * left.flat().reduce((sum, value) => sum + value * value, 0)) / d);
  const below = mx.map((_, i) => mx.map((__, j) => (i === j ? held : 0)));
  const none = mx.map(() => mx.map(() => 0));
  const solution = new QrDecomposition(new Matrix([...left, ...below])).solve(new Matrix([...right, ...none]));
  const matrix = solution.transpose().to2DArray();
  const bias = matrix.map((row, i) => (my[i] ?? 0) - (mx[i] ?? 0) - row.reduce((s, a, j) => s + a * (mx[j] ?? 0), 0));
  return { matrix, bias };
}

describe('fit-translator', { concurrency: 1 }, () => {
  const folder = temporaryFolder();

  let bytes = 0;

  test('fits what least squares over the rows gives; both files hold it; the lens is nearer', async () => {
    const output = join(folder, 'lens');
    const fitted = await fitTranslator({
      ...{ texts, heldOut, ridge: RIDGE, output, device },
      onEvent: (event) => {
        if (event.kind === 'started') ({ bytes } = event);
      },
    });
    const { blocks, hiddenSize } = fitted;
    const model = { name: fitted.model, blocks, hiddenSize };
    assert.deepEqual(
      fitted.layers.map(({ layer }) => layer),
      ['embeddings', ...Array.from({ length: blocks - 1 }, (_, l) => l)],
    );
    const [first] = fitted.layers;
    assert.ok(first && first.tuned > 0 && first.tuned < first.lens / 2, JSON.stringify(first));
    const session = await ModelSession.open(bundledModel, { device });
    try {
      const positions = await Promise.all(texts.map(async (text) => (await session.tokenize(text)).length));
      assert.ok(fitted.positions <= positions.reduce((a, b) => a + b, 0) && fitted.positions > 50);
      for (const layer of [0, blocks - 2]) {
        const truth = await leastSquares(session, layer);
        for (const file of ['params.pt', 'tuned.safetensors', '']) {
          const { translator, model: named } = await readTranslator(join(output, file), 'tuned', model, layer);
          assert.equal(named, model.name);
          assert.ok(translator?.identity);
          const size = Math.max(...truth.matrix.flat().map(Math.abs));
          truth.matrix.flat().forEach((value, i) => {
            const ours = translator.matrix[i] ?? NaN;
            assert.ok(Math.abs(ours - value) < 1e-5 * size, `${layer} ${file} [${i}]: ${ours}, not ${value}`);
          });
          const long = Math.max(...truth.bias.map(Math.abs));
          truth.bias.forEach((value, i) => assert.ok(Math.abs((translator.bias?.[i] ?? NaN) - value) < 1e-5 * long));
        }
      }
    } finally {
      await session.close();
    }
    const config: unknown = JSON.parse(readFileSync(join(output, 'config.json'), 'utf8'));
    assert.match(JSON.stringify(config), /closed-form ridge regression/);
    assert.deepEqual(readdirSync(folder), ['lens']);
  });

  test('in several passes, where memory is short, it is the same', async () => {
    const output = join(folder, 'passes');
    let passes = 0;
    const memory = bytes - 4e6; // of layers that take 1.4 MB each
    await fitTranslator({
      ...{ texts, heldOut, ridge: RIDGE, output, device, memory },
      onEvent: (event) => {
        if (event.kind === 'started') ({ passes } = event);
      },
    });
    assert.equal(passes, 2);
    const written = (place: string): Buffer => readFileSync(join(folder, place, 'tuned.safetensors'));
    assert.ok(written('lens').equals(written('passes')));
  });

  test('nothing is replaced, and nothing is left of what was refused or stopped', async () => {
    const taken = join(folder, 'taken');
    mkdirSync(taken);
    writeFileSync(join(taken, 'mine.txt'), 'mine');
    await assert.rejects(fitTranslator({ texts, output: taken, device }), { code: 'output' });
    assert.deepEqual(readdirSync(taken), ['mine.txt']);
    const output = join(folder, 'stopped');
    const abort = new AbortController();
    await assert.rejects(
      fitTranslator({ texts, heldOut, output, device, signal: abort.signal, onEvent: () => abort.abort() }),
      { code: 'cancelled' },
    );
    await assert.rejects(fitTranslator({ texts: ['one'], output, device }), { code: 'bad-parameter' });
    await assert.rejects(fitTranslator({ texts, output, device, ridge: 0 }), { code: 'bad-parameter' });
    assert.ok(!existsSync(output));
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('.')),
      [],
    );
  });
});
