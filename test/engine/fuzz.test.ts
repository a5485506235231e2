import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { computeMap, Engine } from '../../src/engine/client.js';
import { placeWeights } from '../../src/engine/weights.js';
import { Fault } from '../../src/map/fault.js';
import { DEFAULT_PARAMETERS } from '../../src/map/specification.js';
import { findAnatomy } from '../../src/onnx/anatomy.js';
import { cutCells, cutStates } from '../../src/onnx/cut.js';
import { DataType, decodeModel } from '../../src/onnx/graph.js';
import { normalize } from '../../src/onnx/normalize.js';
import { type ByteSource, ModelError } from '../../src/onnx/source.js';
import { readStructure } from '../../src/onnx/structure.js';
import { widenHalf } from '../../src/onnx/widen.js';
import { engineFile } from './engine.js';
import { llama, seededWeights, TINY } from './llama.js';
import { mutated } from './mutations.js';
import { assertSentence } from './sentences.js';
import { temporaryFolder } from './temporary.js';

/**
 * Models with random faults. Reading, finding and cutting may only end in a model or in a sentence; what gets through goes on
 * to a real engine, which may die of native code, but then says so and is gone. `FUZZ_CASES=100000 FUZZ_FROM=1` runs longer.
 */
const CASES = Number(process.env.FUZZ_CASES ?? 400);
const FROM = Number(process.env.FUZZ_FROM ?? 1);
/** Every so many of those that got through meet the engine. */
const SAMPLE = Number(process.env.FUZZ_SAMPLE ?? 12);

const folder = temporaryFolder();
const tiny = join(folder, 'tiny.onnx');
writeFileSync(tiny, llama(TINY, seededWeights()).toBytes());
const fixtures = join(import.meta.dirname, '..', 'fixtures');
const odd = ['functions', 'merged', 'chosen-table', 'past', 'bfloat16', 'chosen-experts'].map(
  (name) => `odd/${name}/model.onnx`,
);
const kept = [
  'genai-int4-qwen2/model.onnx',
  'extmany-dynamo-qwen2/model.onnx',
  'optimum-past-llama_tied/onnx/model.onnx',
];
/** Models whose weights are all inside meet the engine as well. */
const whole = [tiny, ...odd.map((name) => join(fixtures, name))];
const split = kept.map((name) => join(fixtures, 'models', name));
const originals = [...whole, ...split]
  .filter((file) => existsSync(file))
  .map((file) => ({ file, bytes: new Uint8Array(readFileSync(file)) }));

const sourceOf = (bytes: Uint8Array): ByteSource => ({
  size: bytes.length,
  read: (offset, length) => {
    assert.ok(offset >= 0 && offset + length <= bytes.length, 'read outside the file');
    return bytes.subarray(offset, offset + length);
  },
});

/** Everything that happens to a model before onnxruntime sees it. */
function analyse(bytes: Uint8Array, file: string): void {
  const graph = normalize(decodeModel(readStructure(sourceOf(bytes))));
  const anatomy = findAnatomy(widenHalf(placeWeights(graph, file).graph, [DataType.BFLOAT16]));
  const last = anatomy.residual.length - 2;
  for (const layer of new Set([-1, last >> 1, last, 'head' as const]))
    for (const here of [false, true])
      cutCells(anatomy, {
        layer,
        around: { prefix: here, suffix: here },
        output: { kind: 'top', k: 5, masked: here, functional: here },
      }).toBytes();
  const presents = anatomy.interface.caches.flatMap((slot) => slot.present ?? []);
  cutStates(anatomy, [...anatomy.residual, anatomy.interface.logits], presents).toBytes();
}

test(`${CASES} damaged models are read or refused`, { timeout: 120_000 + CASES * 500 }, async () => {
  const through: { seed: number; bytes: Uint8Array }[] = [];
  const reasons = new Map<string, number>();
  let slowest = 0;
  for (let seed = FROM; seed < FROM + CASES; seed++) {
    const original = originals[seed % originals.length];
    assert.ok(original);
    const bytes = mutated(original.bytes, seed);
    const started = performance.now();
    if (process.env.FUZZ_TRACE) writeFileSync(process.env.FUZZ_TRACE, String(seed));
    try {
      analyse(bytes, original.file);
      if (whole.includes(original.file)) through.push({ seed, bytes });
    } catch (error) {
      assert.ok(
        error instanceof ModelError || error instanceof Fault,
        `seed ${seed}: ${String((error as Error).stack)}`,
      );
      const fault = error instanceof Fault ? error : new Fault({ code: 'model-broken', message: error.message });
      assertSentence(fault);
      const kind = fault.message
        .replace(/"[^"]*"/g, '…')
        .replace(/\d+/g, 'n')
        .slice(0, 60);
      reasons.set(kind, (reasons.get(kind) ?? 0) + 1);
    }
    slowest = Math.max(slowest, performance.now() - started);
  }
  console.log(`${through.length} got through to the engine; slowest ${slowest.toFixed(0)} ms`);
  for (const [kind, count] of [...reasons].sort((a, b) => b[1] - a[1]).slice(0, 60))
    console.log(`${String(count).padStart(6)} ${kind}`);
  assert.ok(reasons.size > 5 && through.length > 0);
  assert.ok(process.resourceUsage().maxRSS < 2 ** 20, `${process.resourceUsage().maxRSS} kB of memory`);
  await meetEngine(through.filter((_, i) => i % SAMPLE === 0));
});

async function meetEngine(cases: readonly { seed: number; bytes: Uint8Array }[]): Promise<void> {
  const path = join(folder, 'through.onnx');
  const outcomes = new Map<string, number>();
  let engine: Engine | undefined;
  try {
    for (const { seed, bytes } of cases) {
      engine ??= new Engine({ file: engineFile });
      writeFileSync(path, bytes);
      let outcome = 'map';
      try {
        await engine.call('open', { path, device: 'cpu' });
        const grid = { columns: 3, rows: 3, spacing: 1, center: [0, 0] } as const;
        const parameters = { ...DEFAULT_PARAMETERS, grid, layer: 'embeddings', topK: 2 } as const;
        const map = await computeMap(engine, { parameters, batchSize: 100 });
        assert.ok(
          map.cells.probabilities.every((p) => p >= 0 && p <= 1.0001),
          `seed ${seed}`,
        );
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        outcome = error.code;
        if (error.code === 'engine-died') {
          assert.match(error.message, /\(signal SIG[A-Z]+\)\.$/, `seed ${seed}`);
          await engine.ended;
          console.log(`seed ${seed}: ${error.message}`);
        } else {
          assertSentence(error, `seed ${seed}`);
        }
      }
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      if (outcome === 'map' || !engine.alive) {
        await engine.dispose();
        assert.throws(() => process.kill(engine?.pid ?? 0, 0), 'the process is gone');
        engine = undefined;
      }
    }
  } finally {
    await engine?.dispose();
  }
  console.log([...outcomes].map(([code, count]) => `${code} ${count}`).join(', '));
}
