import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import * as v from 'valibot';
import { Engine } from '../../src/engine/client.js';
import type { ModelDescription } from '../../src/protocol/engine.js';

/** The bundled model is the one whose answers were computed in PyTorch, and gives them. */

const ROOT = join(import.meta.dirname, '..', '..');
const MODEL = join(ROOT, 'media', 'novella-3m');
const BLOCKS = 6;
const HEADS = 6;
const HEAD_SIZE = 32;
const VOCABULARY = 4096;

const ids = v.array(v.pipe(v.number(), v.integer()));
const greedy = v.parse(
  v.object({
    modelSha256: v.string(),
    newTokens: v.number(),
    cases: v.array(v.object({ prompt: v.string(), promptTokenIds: ids, continuationTokenIds: ids })),
  }),
  JSON.parse(readFileSync(join(ROOT, 'test', 'fixtures', 'bundled-model', 'greedy.json'), 'utf8')),
);

describe('bundled model', () => {
  test('is the model of the fixed answers, at most 8 MB', () => {
    const bytes = readFileSync(join(MODEL, 'onnx', 'model.onnx'));
    assert.equal(createHash('sha256').update(bytes).digest('hex'), greedy.modelSha256);
    const files = readdirSync(MODEL, { recursive: true, encoding: 'utf8' }).filter((f) => !f.startsWith('training'));
    const total = files.reduce((sum, file) => sum + statSync(join(MODEL, file)).size, 0);
    assert.ok(total <= 8e6, `${total} bytes`);
  });

  test('passes the checks that it is not put to at every start, and is opened as they find it', async () => {
    const open = async (skipChecks?: boolean): Promise<ModelDescription> => {
      const engine = new Engine({ file: join(ROOT, 'dist', 'engine.cjs') });
      try {
        return await engine.call('open', {
          path: MODEL,
          device: 'cpu',
          ...(skipChecks === undefined ? {} : { skipChecks }),
        });
      } finally {
        await engine.dispose();
      }
    };
    const [unchecked, checked] = await Promise.all([open(), open(false)]);
    assert.deepEqual(
      unchecked.checks.map(({ outcome }) => outcome),
      ['skipped'],
    );
    assert.ok(checked.checks.length >= 5);
    for (const { name, outcome } of checked.checks) assert.equal(outcome, 'passed', name);
    const changing = { checks: null, openedMilliseconds: 0 };
    assert.deepEqual({ ...unchecked, ...changing }, { ...checked, ...changing });
  });

  test("greedy generation with past keys gives PyTorch's tokens", async () => {
    assert.equal(greedy.cases.length, 5);
    const session = await InferenceSession.create(join(MODEL, 'onnx', 'model.onnx'));
    for (const { prompt, promptTokenIds, continuationTokenIds } of greedy.cases) {
      assert.deepEqual(await generate(session, promptTokenIds, greedy.newTokens), continuationTokenIds, prompt);
    }
    await session.release();
  });
});

async function generate(session: InferenceSession, prompt: readonly number[], count: number): Promise<number[]> {
  const tensor = (values: readonly number[]): Tensor =>
    new Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]);
  let past: Record<string, Tensor> = {};
  for (let block = 0; block < BLOCKS; block++)
    for (const part of ['key', 'value'])
      past[`past_key_values.${block}.${part}`] = new Tensor('float32', new Float32Array(0), [1, HEADS, 0, HEAD_SIZE]);
  const made: number[] = [];
  let next = [...prompt];
  let length = 0;
  while (made.length < count) {
    const positions = next.map((_, i) => length + i);
    length += next.length;
    const results = await session.run({
      ...past,
      input_ids: tensor(next),
      attention_mask: tensor(Array.from({ length }, () => 1)),
      ...(session.inputNames.includes('position_ids') ? { position_ids: tensor(positions) } : {}),
    });
    const logits = results.logits?.data;
    assert.ok(logits instanceof Float32Array);
    const last = logits.subarray(logits.length - VOCABULARY);
    const best = last.indexOf(last.reduce((a, b) => Math.max(a, b), -Infinity));
    made.push(best);
    next = [best];
    past = Object.fromEntries(
      Object.entries(results)
        .filter(([name]) => name.startsWith('present'))
        .map(([name, value]) => [name.replace('present', 'past_key_values'), value]),
    );
  }
  return made;
}
