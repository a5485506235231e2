// Stands in for dist/engine.cjs: speaks the protocol of src/protocol, with no model behind it. What it does is written in the
// "model" file, one word a line: `slow` (a cell every 20 ms), `hang` (never ends a map), `die` (exits in mid-map), `warn`,
// `heap` (V8's memory runs out), `heir` (what it has started lives on and holds its streams), `notice`, `hostile` (tokens that would do things to a terminal), `memory` (fails with that fault).
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

let opened;
const running = new Set();

const fault = (code, message, hint) => Object.assign(new Error(message), { fault: { code, message, hint } });

function open({ path: place, device }) {
  if (!existsSync(place)) throw fault('model-not-found', `There is no model at ${place}.`, 'Check the path.');
  const file = statSync(place).isDirectory() ? path.join(place, 'model.onnx') : place;
  const text = readFileSync(file, 'utf8');
  if (text === '') throw fault('model-broken', `${file} is\nempty.`);
  const ok = { ok: true };
  opened = {
    words: text.split('\n'),
    facts: { blocks: 2, hiddenSize: 8, vocabularySize: 100, weightsBytes: 12_345_678, numberType: 'float32' },
    reference: {
      name: path.basename(path.dirname(file)),
      file: path.basename(file),
      sha256: createHash('sha256').update(text).digest('hex'),
    },
  };
  const warning = 'CUDA is not to be had: libcuda.so is missing.';
  return {
    reference: opened.reference,
    path: file,
    facts: opened.facts,
    modelType: 'llama',
    opset: 18,
    nodes: 1234,
    residual: ['embeddings', 0, 1].map((layer) => ({ layer, tensor: `/stream\u001B[2J/${layer}` })),
    finalNorm: '/norm/Mul',
    head: { operator: 'MatMul', weight: 'head.weight', bias: false, after: ['Cast'] },
    readouts: { forward: ok, lens: ok, unembed: { ok: false, reason: 'the head is quantised' } },
    contexts: { none: ok, bos: { ok: false, reason: 'the tokenizer has no BOS' }, prompt: ok },
    prefix: { way: 'reused', reason: 'the model takes past keys and values' },
    batching: { way: 'batched', reason: 'cells do not mix' },
    tokenizer: { file: 'tokenizer.json', size: 100, bos: null },
    device: { asked: device, used: 'CPU', ...(opened.words.includes('warn') ? { warning } : {}) },
    checks: [{ name: 'identity', outcome: 'passed', detail: 'largest difference 1e-6' }],
    openedMilliseconds: 12,
  };
}

async function map(id, { parameters }) {
  const { words, facts, reference } = opened;
  const { columns, rows } = parameters.grid;
  const k = parameters.topK;
  const total = columns * rows;
  const layer = parameters.layer === 'last' ? facts.blocks - 1 : parameters.layer;
  if (typeof layer === 'number' && layer >= facts.blocks)
    throw fault('bad-parameter', `The model has no layer ${layer}.`, `Its layers are 0 to ${facts.blocks - 1}.`);
  if (words.includes('memory')) throw fault('memory', 'Memory ran out.', 'Choose a smaller grid.');
  const specification = { ...parameters, layer, context: { kind: 'none' }, model: reference };
  const emit = (event) => process.send({ type: 'event', id, event });
  emit({ kind: 'started', specification, estimate: { cells: total, bytes: 5e9, seconds: null } });
  if (words.includes('heir')) {
    const heir = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 200000)'], { stdio: 'inherit', detached: true });
    heir.unref();
    console.log(`heir in process ${heir.pid}`);
  }
  if (words.includes('notice')) emit({ kind: 'notice', message: 'The batch was halved.' });
  const names = words.includes('hostile') ? ['\u001B[2J\u0007', '\u202Eevil\n', '<img onerror>'] : [' the', ' of', 'é'];
  const batch = words.includes('slow') ? 1 : 100;
  for (let start = 0; start < total; start += batch) {
    if (!running.has(id)) throw fault('cancelled', 'Cancelled.');
    const indices = Int32Array.from({ length: Math.min(batch, total - start) }, (_, i) => start + i);
    emit({
      kind: 'cells',
      batch: {
        indices,
        ids: Int32Array.from({ length: indices.length * k }, (_, i) => (start + Math.floor(i / k) + (i % k)) % 3),
        probabilities: Float32Array.from({ length: indices.length * k }, (_, i) => 0.5 ** (1 + (i % k))),
        entropy: new Float32Array(indices.length).fill(1.25),
      },
      tokens: start === 0 ? names.map((text, token) => ({ id: token, kind: 'text', text })) : [],
      done: start + indices.length,
      total,
      stride: 1,
      secondsLeft: 3,
    });
    if (start === 0) console.log(`computing in process ${process.pid}`);
    if (words.includes('die')) process.exit(9);
    if (words.includes('heap')) {
      console.error('FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory');
      console.error('----- Native stack trace -----\n'.repeat(40));
      process.abort();
    }
    while (words.includes('hang')) for (let i = 0; i < 1e9; i++); // like a long native call: no message is read
    await new Promise((resolve) => setTimeout(resolve, words.includes('slow') ? 20 : 0));
  }
  const axis = (i) => Float32Array.from({ length: facts.hiddenSize }, (_, j) => Number(i === j));
  const runtime = {
    version: '0.0.0',
    device: 'CPU',
    batchSize: batch,
    seconds: 0.01,
    finished: '2020-01-01T00:00:00.000Z',
    way: 'each-cell',
    notices: [],
  };
  return { specification, facts, plane: { c: axis(-1), u: axis(0), v: axis(1) }, runtime, tokens: [] };
}

process.on('disconnect', () => process.exit());
process.on('message', async (message) => {
  const { type, id, method, params } = message;
  if (type === 'cancel') running.delete(id);
  if (type !== 'request') return;
  running.add(id);
  try {
    process.send({ type: 'result', id, result: await (method === 'open' ? open(params) : map(id, params)) });
  } catch (error) {
    process.send({ type: 'fault', id, fault: error.fault ?? { code: 'internal', message: String(error) } });
  }
});
console.log('fake engine \u001B[31mready');
