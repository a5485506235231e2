import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import {
  create2dGrid,
  embed2dCoordinates,
  type ModelSession,
  openModel,
  type Predictions,
  strongestFeatures,
} from '../src/index.js';
import { run } from '../src/cli/run.js';
import { writeSafetensors } from './engine/safetensors.js';
import { temporaryFolder } from './engine/temporary.js';

const folder = temporaryFolder();

// The bundled model, for real: what a session says of a vector must be what its maps say, and what the model itself says.
let model: ModelSession;
before(async () => {
  model = await openModel();
});
after(() => model.close());

const TEXT = 'The old man walked to the';
const grid = create2dGrid([4, 3], 2);

/** Largest difference of two lists of numbers. */
const difference = (a: Float32Array, b: Float32Array): number => {
  assert.equal(a.length, b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? NaN))), 0);
};

test('vectors of a grid are predicted as the cells of its map', async () => {
  const { hiddenSize } = model.describe().facts;
  const vectors = embed2dCoordinates(grid, hiddenSize);
  for (const layer of ['embeddings', 1, 'last'] as const) {
    const { cells } = await model.map({ layer, grid, topK: 5 });
    const said = await model.predict(vectors, { layer, topK: 5 });
    assert.equal(said.count, 12);
    assert.deepEqual(said.ids, cells.ids, `layer ${layer}`);
    assert.ok(difference(said.probabilities, cells.probabilities) < 1e-5, `layer ${layer}`);
    assert.ok(difference(said.entropy, cells.entropy) < 1e-4, `layer ${layer}`);
    assert.ok(said.tokens.has(said.ids[0] ?? -1));
  }
});

test('many vectors are predicted as each alone, whatever the batch; a list of rows is the same', async () => {
  const { hiddenSize } = model.describe().facts;
  const vectors = embed2dCoordinates(create2dGrid([7, 5], 3), hiddenSize);
  const rows = Array.from({ length: 35 }, (_, i) => [...vectors.subarray(i * hiddenSize, (i + 1) * hiddenSize)]);
  const seen: number[] = [];
  const all = await model.predict(vectors, { layer: 2, onProgress: (done) => seen.push(done) });
  assert.equal(seen.at(-1), 35);
  const small = await model.predict(rows, { layer: 2, batchSize: 3 });
  assert.deepEqual(small.ids, all.ids);
  assert.ok(difference(small.probabilities, all.probabilities) < 1e-5);
  for (const i of [0, 17, 34]) {
    const alone = await model.predict([rows[i] ?? []], { layer: 2 });
    assert.deepEqual(alone.ids, all.ids.slice(i * all.topK, (i + 1) * all.topK));
  }
});

test('a hidden state of a prompt, put back at its layer, says what the model says, from every layer', async () => {
  const { blocks, hiddenSize } = model.describe().facts;
  const layers = ['embeddings', ...Array.from({ length: blocks }, (_, layer) => layer)] as const;
  const states = await model.states(TEXT, layers);
  assert.deepEqual(
    states.tokens.map(({ id }) => id),
    (await model.tokenize(TEXT)).map(({ id }) => id),
  );
  assert.equal(states.positions, states.tokens.length);
  assert.equal(states.hiddenSize, hiddenSize);
  const context = { kind: 'prompt', text: TEXT } as const;
  let own: Predictions | undefined;
  for (const { layer, values } of states.layers) {
    assert.equal(values.length, states.positions * hiddenSize);
    const last = values.slice(-hiddenSize);
    const said = await model.predict(last, { layer, context, topK: 5 });
    own ??= said;
    assert.deepEqual(said.ids, own.ids, `layer ${layer}`);
    assert.ok(difference(said.logits, own.logits) < 1e-3, `layer ${layer}`);
  }
  // Behind the last block the lens is the rest of the model.
  const lens = await model.predict(states.layers.at(-1)?.values.slice(-hiddenSize) ?? [], { readout: 'lens', topK: 5 });
  assert.deepEqual(lens.ids, own?.ids);
});

test('hidden states of earlier positions are those of the shorter prompt; layers come as asked', async () => {
  const ids = (await model.tokenize(TEXT)).map(({ id }) => id);
  const whole = await model.states({ kind: 'tokens', ids }, [3, 'embeddings', 'last']);
  const blocks = model.describe().facts.blocks;
  assert.deepEqual(
    whole.layers.map(({ layer }) => layer),
    [3, 'embeddings', blocks - 1],
  );
  const shorter = await model.states({ kind: 'tokens', ids: ids.slice(0, 3) }, 3);
  const [first] = shorter.layers;
  assert.ok(first);
  assert.ok(difference(first.values, whole.layers[0]?.values.slice(0, first.values.length) ?? first.values) < 1e-4);
});

test('a point says what a vector there says; a question is answered for both', async () => {
  const { hiddenSize } = model.describe().facts;
  const options = { layer: 2, question: { kind: 'probability', token: ' the' } } as const;
  const point = await model.point({ x: -3, y: 2 }, options);
  const vectors = embed2dCoordinates({ columns: 1, rows: 1, spacing: 1, center: [-3, 2] }, hiddenSize);
  const said = await model.predict(vectors, options);
  assert.deepEqual(point.ids, said.ids);
  assert.ok(difference(point.answers ?? new Float32Array(0), said.answers ?? new Float32Array(1)) < 1e-6);
  assert.ok(Math.abs(point.norm - Math.hypot(...vectors)) < 1e-4);
});

test('a profile says at each point what the model says there, and finds where the winner changes', async () => {
  const prompts = ['We saw the great sperm', 'She was the daughter of Sir', 'And the LORD spake unto'];
  const [center, x, y] = prompts.map((text) => ({ kind: 'prompt', text }) as const);
  assert.ok(center && x && y);
  for (const layer of ['last', 2] as const) {
    const options = {
      layer,
      topK: 5,
      masked: [' John'],
      plane: { axes: { method: 'directions', x, y }, center },
    } as const;
    const line = { from: { x: 0, y: 0.1 }, to: { x: 1, y: -0.2 } };
    const profile = await model.profile(line, { ...options, steps: 24, batchSize: 7 });
    const at = (part: number) => ({ x: part, y: 0.1 - 0.3 * part });
    assert.equal(profile.winners.length, 25);
    for (const i of [0, 7, 16, 24]) {
      const point = await model.point(at(i / 24), options);
      const place = profile.winners[i] ?? -1;
      assert.equal(profile.tokens[place]?.id, point.ids[0]);
      assert.ok(Math.abs((profile.probabilities[place]?.[i] ?? NaN) - (point.probabilities[0] ?? NaN)) < 1e-5);
      assert.ok(Math.abs((profile.entropy[i] ?? NaN) - (point.entropy[0] ?? NaN)) < 1e-4);
      // Whatever wins anywhere has its probability everywhere.
      profile.tokens.forEach(({ id }, token) => {
        const rank = point.ids.indexOf(id);
        if (rank < 0) return;
        const p = profile.probabilities[token]?.[i] ?? NaN;
        assert.ok(Math.abs(p - (point.probabilities[rank] ?? NaN)) < 1e-5);
      });
    }
    assert.ok(profile.changes.length > 0, `layer ${layer}`);
    let winner = profile.winners[0];
    for (const { at: part, from, to } of profile.changes) {
      assert.equal(from, winner);
      winner = to;
      const { ids, probabilities } = await model.point(at(part), options);
      assert.deepEqual(new Set([...ids.slice(0, 2)]), new Set([profile.tokens[from]?.id, profile.tokens[to]?.id]));
      assert.ok((probabilities[0] ?? 1) - (probabilities[1] ?? 0) < 1e-3);
    }
    assert.equal(winner, profile.winners.at(-1));
    assert.ok(!profile.tokens.some(({ text }) => text === ' John'));
  }
  const bad = { code: 'bad-parameter' };
  const [from, to] = [
    { x: 0, y: 0 },
    { x: 1, y: 0 },
  ];
  await assert.rejects(model.profile({ from, to: from }), { ...bad, message: /same point/ });
  await assert.rejects(model.profile({ from, to }, { steps: 0 }), { ...bad, message: /1 to 10000 steps/ });
  await assert.rejects(model.profile({ from, to: { x: NaN, y: 0 } }), { ...bad, message: /finite/ });
});

test('what cannot be is refused in words, and the session goes on', async () => {
  const { hiddenSize } = model.describe().facts;
  const bad = { code: 'bad-parameter' };
  await assert.rejects(model.predict(new Float32Array(hiddenSize + 1)), bad);
  await assert.rejects(model.predict([]), bad);
  await assert.rejects(model.predict([[1, 2]]), { ...bad, message: /Vector 0 has 2 numbers/ });
  await assert.rejects(model.predict(new Float32Array(hiddenSize).fill(NaN)), { ...bad, message: /not finite/ });
  await assert.rejects(model.predict(new Float32Array(hiddenSize), { layer: 99 }), { ...bad, message: /Layer 99/ });
  await assert.rejects(model.states(TEXT, 99), { ...bad, message: /Layer 99/ });
  await assert.rejects(model.states(TEXT, []), bad);
  await assert.rejects(model.states({ kind: 'tokens', ids: [1e7] }), bad);
  const none = [{ kind: 'zero', block: 0, part: 'heads', heads: [99] }] as const;
  await assert.rejects(model.map({ grid: create2dGrid(2), interventions: none }), {
    ...bad,
    message: /^There is no attention head 99: the block has \d+\.$/,
  });
  const abort = new AbortController();
  abort.abort();
  await assert.rejects(model.map({ signal: abort.signal }), { code: 'cancelled' });
  assert.equal((await model.map({ grid: create2dGrid(2) })).cells.computed.length, 4);
});

test('a token’s strongest features are those of its hidden state; a direction speaks for what the lens says of it', async () => {
  const { blocks, hiddenSize } = model.describe().facts;
  const at = blocks - 1;
  const states = await model.states(TEXT, [0, at]);
  const [first, last] = states.layers.map(({ values }) => values.slice(-hiddenSize));
  assert.ok(first && last);
  // Two features: a state of the last layer, whose lens is the model's own prediction, and a state that opposes all others.
  const own = last.map((value) => value / 100);
  const opposed = own.map((value) => -value);
  const place = path.join(folder, 'sae');
  mkdirSync(place);
  const tensor = (shape: number[], numbers: readonly number[]) => ({
    ...{ dtype: 'F32', shape },
    bytes: Buffer.from(Float32Array.from(numbers).buffer),
  });
  writeSafetensors(path.join(place, 'sae_weights.safetensors'), {
    W_enc: tensor(
      [hiddenSize, 3],
      [...own].flatMap((value, i) => [opposed[i] ?? 0, value, 2 * value]),
    ),
    W_dec: tensor([3, hiddenSize], [...opposed, ...own, ...new Float32Array(hiddenSize)]),
    b_enc: tensor([3], [0, 0.5, -1]),
    b_dec: tensor([hiddenSize], [...first]),
  });
  const hook_name = `blocks.${at}.hook_resid_post`;
  writeFileSync(path.join(place, 'cfg.json'), JSON.stringify({ architecture: 'standard', metadata: { hook_name } }));
  const sum = last.reduce((all, value, i) => all + (value - (first[i] ?? 0)) * (own[i] ?? 0), 0);

  const told = await model.features(TEXT, place);
  assert.deepEqual([told.layer, told.position, told.token.text], [at, states.positions - 1, ' the']);
  assert.deepEqual(told.sae, { name: 'sae', features: 3, hook: hook_name, layer: at });
  assert.deepEqual([told.active, ...told.strongest.map(({ feature }) => feature)], [2, 2, 1]);
  for (const [i, right] of [2 * sum - 1, sum + 0.5].entries())
    assert.ok(Math.abs((told.strongest[i]?.activation ?? NaN) - right) < 1e-3, `${i}: ${right}`);
  const [nowhere, second] = told.strongest;
  assert.deepEqual(nowhere?.tokens, []);
  assert.deepEqual(second?.direction, own);
  const said = await model.predict(last, { context: { kind: 'prompt', text: TEXT }, topK: 5 });
  assert.deepEqual(
    second.tokens.map(({ id }) => id),
    [...said.ids],
  );
  const { layer: _layer, position: _position, token: _token, ...ofVector } = told;
  assert.deepEqual(await model.features(last, place), ofVector);
  assert.deepEqual((await model.features(TEXT, place, { most: 1 })).strongest, told.strongest.slice(0, 1));
  const elsewhere = { kind: 'prompt', text: TEXT, position: 0 } as const;
  const here = await strongestFeatures({ prompt: elsewhere, sae: place, layer: 0 });
  assert.deepEqual([here.layer, here.position], [0, 0]);
  assert.deepEqual(here, await model.features(elsewhere, place, { layer: 0 }));

  // The command line prints the same.
  const printed = async (...flags: string[]): Promise<string> => {
    let [out, err] = ['', ''];
    const args = ['features', '--sae', place, '--prompt', TEXT, ...flags];
    const write = (text: string) => (err += text);
    const code = await run(args, { write: (text) => (out += text) }, { write }, new AbortController().signal);
    assert.equal(code, 0, err);
    return out;
  };
  const features = told.strongest.map(({ feature, activation, tokens }) => ({ feature, activation, tokens }));
  const { layer, position, token, sae, active } = told;
  assert.deepEqual(JSON.parse(await printed('--json')), { layer, position, token, sae, active, features });
  const lines = (await printed('--most', '2', '--layer-idx', '0')).split('\n');
  assert.deepEqual(lines.slice(0, 3), [
    'Strongest features of “␣the” at layer 0',
    '1 of 3 active',
    `Trained on ${hook_name}`,
  ]);
  assert.match(lines[4] ?? '', /^ {8}1 {7}0\.500 {2}\S/);

  const bad = { name: 'Fault', code: 'bad-parameter' };
  await assert.rejects(model.features(new Float32Array(3), place), { ...bad, message: /has 3 numbers; .* have 192/ });
  await assert.rejects(model.features(TEXT, place, { most: 0 }), { ...bad, message: /at least 1 and at most 1000/ });
  await assert.rejects(model.features({ ...elsewhere, position: 99 }, place), { ...bad, message: /no position 99/ });
  await assert.rejects(model.features(TEXT, path.join(folder, 'none')), { code: 'file' });
  symlinkSync('circle', path.join(folder, 'circle'));
  await assert.rejects(model.features(TEXT, path.join(folder, 'circle')), { code: 'file', message: /circle/ });
  const abort = new AbortController();
  abort.abort();
  await assert.rejects(model.features(last, place, { signal: abort.signal }), { code: 'cancelled' });
});

test('a cancel ends a map, also one that is complete meanwhile, and the session goes on', async () => {
  for (const side of [2, 300]) {
    const abort = new AbortController();
    const map = model.map({
      layer: 0,
      grid: create2dGrid(side),
      signal: abort.signal,
      onProgress: () => abort.abort(),
    });
    await assert.rejects(map, { code: 'cancelled' });
    assert.equal((await model.tokenize(TEXT)).length > 0, true);
  }
});

test('a session that was left is closed: it says so, and closing again does nothing', async () => {
  const left = await openModel();
  await left[Symbol.asyncDispose]();
  await left.close();
  await assert.rejects(left.tokenize(TEXT), { code: 'cancelled', message: 'The model was closed.' });
  await assert.rejects(left.map(), { code: 'cancelled' });
});
