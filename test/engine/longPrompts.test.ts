import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Engine } from '../../src/engine/client.js';
import { DEFAULT_PARAMETERS } from '../../src/map/specification.js';
import { withEngine } from './engine.js';
import { withEngineHere } from './engineHere.js';
import { assertSentence, faultOf } from './sentences.js';

/**
 * A prompt so long that attention's scores over all of it at once are not asked for runs in chunks. Earlier positions do not see
 * later ones: its first positions have the states that they have in a shorter prompt, which runs at once.
 */

const fixtures = join(import.meta.dirname, '..', 'fixtures');
/** By how many attention heads each has: scores of all positions would be 310 MB, and several such stand at once. */
const MODELS = {
  'checkpoints/llama-fp32': 4400,
  'checkpoints/gemma3-bf16-sharded': 4400,
  'models/optimum-past-llama_tied': 6200,
} as const;
const SHORT = 1000;
/** Bytes that an engine takes at most: 0.5 to 0.77 GB were measured, and 1 to 1.2 where all ran at once. */
const MOST = 0.95e9;

const idsOf = (count: number, size: number): number[] =>
  Array.from({ length: count }, (_, i) => (i * 7919 + ((i * i) % 31)) % size);

async function statesOf(
  engine: Engine,
  ids: readonly number[],
  layers: readonly number[],
): Promise<readonly Float32Array[]> {
  const { states } = await engine.call('states', { prompt: { kind: 'tokens', ids }, layers });
  return states.map(({ values }) => values);
}

for (const [name, length] of Object.entries(MODELS))
  test(`${name}: a prompt in chunks is the prompt at once`, async () => {
    await withEngine(async (engine) => {
      const { facts } = await engine.call('open', { path: join(fixtures, name), device: 'cpu', skipChecks: true });
      const { hiddenSize, vocabularySize, blocks } = facts;
      const ids = idsOf(length, vocabularySize);
      const layers = [0, blocks - 1];
      const long = await statesOf(engine, ids, layers);
      const short = await statesOf(engine, ids.slice(0, SHORT), layers);
      for (const [i, states] of short.entries()) {
        const size = states.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
        const worst = states.reduce((most, x, at) => Math.max(most, Math.abs(x - (long[i]?.[at] ?? NaN))), 0);
        assert.ok(worst <= 1e-5 * size, `layer ${layers[i]}: ${worst} of ${size}`);
      }
      // Keys and values that are kept before the vector: the prompt's own state put back gives what the last layer says.
      const [first, last] = long.map((states) => states.slice(-hiddenSize));
      const said = async (layer: number, vectors = new Float32Array(0)) => {
        const parameters = { ...DEFAULT_PARAMETERS, layer, context: { kind: 'tokens', ids } as const, topK: 5 };
        return engine.call('predict', { parameters, vectors, batchSize: 10 });
      };
      const [put, own] = [await said(0, first), await said(blocks - 1, last)];
      assert.deepEqual(put.ids, own.ids);
      if (process.platform === 'linux') {
        const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${engine.pid}/status`, 'utf8'))?.[1];
        const peak = 1024 * Number(kilobytes);
        assert.ok(peak < MOST, `${peak} bytes`);
        const context = { kind: 'tokens', ids } as const;
        const parameters = { ...DEFAULT_PARAMETERS, layer: 0, context };
        const { bytes } = await engine.call('estimate', { parameters, batchSize: 10 });
        assert.ok(bytes > peak && bytes < 3 * peak, `${bytes} were expected and ${peak} taken`);
      }
      put.probabilities.forEach((p, i) => assert.ok(Math.abs(p - (own.probabilities[i] ?? NaN)) < 1e-5, `${p}`));
    });
  });

test('what computes a long prompt anew for every vector says that it is too long', async () => {
  await withEngineHere(async (engine) => {
    const path = join(fixtures, 'checkpoints', 'llama_dynamic2-bf16');
    await engine.call('open', { path, device: 'cpu', skipChecks: true });
    const context = { kind: 'tokens', ids: idsOf(6000, 160) } as const;
    const parameters = { ...DEFAULT_PARAMETERS, layer: 0, context };
    // Its positions are scaled by how long the sequence is: no key can be kept.
    for (const fault of [
      await faultOf(engine.call('map', { parameters, batchSize: 100 })),
      await faultOf(engine.call('continue', { parameters, x: 0, y: 0, tokens: 3 })),
    ]) {
      assert.equal(fault.code, 'memory');
      assert.match(fault.message, /whole prompt of 6,000 tokens/);
      assertSentence(fault);
    }
  });
});

test('a prompt that is longer than the model has positions is said to be', async () => {
  await withEngineHere(async (engine) => {
    await engine.call('open', { path: join(fixtures, 'checkpoints', 'gpt2-fp16'), device: 'cpu', skipChecks: true });
    const said = (count: number) => {
      const context = { kind: 'tokens', ids: idsOf(count, 160) } as const;
      return engine.call('predict', {
        parameters: { ...DEFAULT_PARAMETERS, layer: 0, context },
        vectors: new Float32Array(32),
        batchSize: 1,
      });
    };
    assert.equal((await said(64)).entropy.length, 1);
    const fault = await faultOf(said(65));
    assert.equal(fault.code, 'bad-parameter');
    assert.match(fault.message, /prompt may be longer.*place 64 is looked up/);
    assertSentence(fault);
  });
});
