import { Fault } from '../../map/fault.js';
import { type Layer, layerIndex } from '../../map/specification.js';
import { cutStates } from '../../onnx/cut.js';
import type { CellCut } from '../../onnx/cut/cellCut.js';
import { refuseLongPrompt } from '../memory.js';
import { translated } from './model.js';
import type { Surroundings } from './plan.js';
import { numbersOf, type Variant } from './variant.js';

/**
 * What the model predicts, step by step, when a vector stands at a layer and each predicted token follows: [V] logits for the
 * last position. The whole sequence is computed for every step; earlier and later positions keep their own hidden states up
 * to the layer. `next` is given the logits and gives the next token, or undefined to end.
 */
export async function follow(
  variant: Variant,
  layer: Layer,
  around: Surroundings,
  point: Float32Array,
  next: (logits: Float32Array) => number | undefined,
): Promise<void> {
  const cutLayer = layerIndex(layer);
  const tensor = variant.residualAt(cutLayer);
  const { prefix, own } = around;
  const suffix = [...around.suffix];
  if (cutLayer < variant.model.facts.blocks - 1) refuseLongPrompt(variant.model, prefix.length + 1 + suffix.length, 2);
  await variant.withStates([tensor], [], async (run) => {
    const last = cutLayer === variant.model.facts.blocks - 1;
    for (;;) {
      // Behind the last block no position sees another: only the vector's own prediction depends on it.
      const alone = last && suffix.length === 0;
      const cut: CellCut = {
        layer: cutLayer,
        around: { prefix: !alone && prefix.length > 0, suffix: suffix.length > 0 },
        output: { kind: 'logits' },
      };
      const here = { prefix: alone ? [] : prefix, own, suffix };
      const whole = numbersOf(await run([...here.prefix, own, ...suffix], { later: suffix.length }), tensor);
      const runner = variant.runnerOf(await variant.cutSession(cut, false), here, variant.model.manner, {
        whole,
        prefix: cut.around.prefix,
        pasts: new Map(),
      });
      const token = next(await runner.logits(point, 1));
      if (token === undefined) break;
      suffix.push(token);
    }
  });
  await variant.releaseUnusedSessions();
}

/**
 * Hidden states of sequences at layers.
 * @returns for each sequence and layer [positions * hiddenSize]; `visit` gets them one sequence after another
 */
export async function hiddenStates(
  variant: Variant,
  sequences: readonly (readonly number[])[],
  layers: readonly Layer[],
  visit: (states: readonly Float32Array[], sequence: number) => void | Promise<void>,
): Promise<void> {
  const tensors = layers.map((layer) => variant.residualAt(layerIndex(layer)));
  const [only = '', ...more] = new Set(tensors);
  await variant.withStates([only, ...more], [], async (run) => {
    for (const [i, ids] of sequences.entries()) {
      const states = await run(ids);
      if (more.length === 0) variant.remember(ids, only, numbersOf(states, only));
      await visit(
        tensors.map((tensor) => numbersOf(states, tensor)),
        i,
      );
    }
  });
}

/** The model's own logits behind token ids, [vocabulary]. @param later how many of them lie behind the one that matters */
export async function ownLogits(variant: Variant, ids: readonly number[], later = 0): Promise<Float32Array> {
  const { logits } = variant.anatomy.interface;
  const all = await variant.withStates([logits], [], async (run) =>
    numbersOf(await run(ids, { later, last: true }), logits),
  );
  return all.slice(all.length - variant.model.facts.vocabularySize);
}

/** The head's product with one vector, [vocabulary], its bias included. */
export async function unembedded(variant: Variant, point: Float32Array): Promise<Float32Array> {
  const plan = { layer: variant.model.facts.blocks - 1, readout: 'unembed', prefix: [], own: 0, suffix: [] } as const;
  const runner = await variant.runner({ ...plan, output: { kind: 'head' } });
  return runner.logits(point, 1);
}

/** What enters the first block for tokens that stand first: [count * hiddenSize], `count` tokens at a time. */
export async function embeddings(
  variant: Variant,
  ids: readonly number[],
  count: number,
  visit: (rows: Float32Array, from: number) => void,
): Promise<void> {
  const io = variant.anatomy.interface;
  const tensor = variant.residualAt(-1);
  const graph = translated(() => cutStates(variant.anatomy, [tensor], []), variant.model.files.relativeFile);
  if (io.ids === undefined || !graph.isInput(io.ids))
    throw new Fault({ code: 'bad-parameter', message: 'This export takes embeddings: it holds no table of them.' });
  const session = await variant.model.session(graph, false);
  const step = variant.model.manner.batching.way === 'batched' ? count : 1;
  try {
    for (let from = 0; from < ids.length; from += step) {
      const some = ids.slice(from, from + step);
      const feeds = { ...variant.model.plainFeeds(graph, { batch: some.length, past: 0, ids: [0] }) };
      const given = feeds[io.ids];
      const data: unknown = given?.data;
      if (data instanceof BigInt64Array) some.forEach((id, i) => (data[i] = BigInt(id)));
      else if (data instanceof Int32Array) data.set(some);
      visit(numbersOf(await session.run(feeds), tensor), from);
    }
  } finally {
    await session.release();
  }
}
