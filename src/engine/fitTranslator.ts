import { divergence } from '../map/compare/divergence.js';
import { Fault } from '../map/fault.js';
import { ridgeInSteps } from '../map/ridge.js';
import { type Layer, LIMITS } from '../map/specification.js';
import { translated } from '../map/translate.js';
import { type CallContext, stopIfCancelled } from '../protocol/channel.js';
import { FIT_TOKENS, type FitEvent, type FitParams, type FitResult, type JudgedLayer } from '../protocol/fit.js';
import { allowRun } from './allowance.js';
import type { CellRunner } from './cellRunner.js';
import { BATCH_BYTES } from './cellSource.js';
import { refuseTooLarge } from './estimate.js';
import { ENGINE_BYTES, runBytes } from './memory.js';
import type { Model } from './model/model.js';
import { hiddenStates } from './model/running.js';
import type { Opened } from './opened.js';
import { Products } from './products.js';
import { allIds, readPrompt } from './prompts.js';

/** Positions whose products are summed at once. */
const TOGETHER = 1024;
/** Positions that a layer is judged by, at most: each costs two products with the head. */
const JUDGED = 512;
const JUDGED_BYTES = 2 ** 28;

/** What was asked for, checked on this side as well. @throws Fault `bad-parameter` */
export function checkedFit({ texts, heldOut, ridge }: FitParams): FitParams {
  const bad = (message: string, hint?: string): Fault =>
    new Fault({ code: 'bad-parameter', message, ...(hint === undefined ? {} : { hint }) });
  for (const some of [texts, heldOut]) {
    if (!Array.isArray(some) || some.some((text) => typeof text !== 'string')) throw bad('Texts must be a list.');
    if (some.length === 0)
      throw bad('A translator is fitted on some texts, and judged by others.', 'Give two texts at least.');
    let characters = 0;
    for (const text of some as readonly string[]) characters += text.length;
    if (some.length > LIMITS.texts || characters > LIMITS.textCharacters)
      throw bad(
        `There are more than ${LIMITS.texts} texts, or they are longer than ${LIMITS.textCharacters} characters.`,
      );
  }
  if (!(ridge > 0 && ridge <= 1e6)) throw bad('The ridge must be a number above 0, at most 1e6.');
  return { texts, heldOut, ridge };
}

/**
 * Fits a tuned lens in closed form, nearer to the linear shortcuts of Din et al., 2023 (arXiv 2303.09435) than to the training of the
 * tuned lens: for each layer the ridge regression of the last block's output on the layer's states, each position weighted by one over
 * the mean square of that output, which is how the final norm sees it. The texts are run once, and sums alone are kept, unless they
 * are too large for all layers at once.
 * @throws Fault `bad-parameter`, `tokenizer`, `memory`, `cancelled`
 */
export async function fitTranslator(
  { model, grounds }: Pick<Opened, 'model' | 'grounds'>,
  { texts, heldOut, ridge }: FitParams,
  { signal, emit }: Pick<CallContext<FitEvent>, 'signal' | 'emit'>,
): Promise<FitResult> {
  const started = performance.now();
  const { variant } = grounds.plain;
  const { blocks, hiddenSize: d } = model.facts;
  const sequences = await sequencesOf(model, texts);
  const judgedBy = await sequencesOf(model, heldOut);
  const positions = sequences.ids.reduce((sum, ids) => sum + readOf(ids), 0);
  const layers = Array.from({ length: blocks }, (_, i): Layer => (i === 0 ? 'embeddings' : i - 1));

  const size = sizesOf(model, [...sequences.ids, ...judgedBy.ids]);
  const atOnce = Math.min(blocks, Math.max(1, Math.floor((model.budget.bytes - size.base) / size.layer)));
  const passes = Math.ceil(blocks / atOnce);
  const bytes = size.base + atOnce * size.layer;
  emit({ kind: 'started', positions, passes, bytes });
  refuseTooLarge({ cells: 0, bytes, seconds: null }, model.budget, 'The fit takes');
  allowRun(bytes);

  const products = await Products.open();
  try {
    const judge = await Judge.open({ model, grounds }, judgedBy.ids, layers, signal);
    const read = passes * positions;
    let done = 0;
    const reading = performance.now();
    for (let from = 0; from < blocks; from += atOnce) {
      const some = layers.slice(from, from + atOnce);
      const sums = some.map(() => new Float64Array((d + 1) * (2 * d + 1)));
      const block = new Block(some.length, d, products);
      await hiddenStates(variant, sequences.ids, [...some, blocks - 1], async (states, i) => {
        stopIfCancelled(signal);
        const count = readOf(sequences.ids[i] ?? []);
        for (let at = 0; at < count;) {
          at += block.take(states, at - count, count - at);
          if (!block.full) continue;
          await block.addTo(sums, signal);
        }
        done += count;
        const secondsLeft = ((performance.now() - reading) / 1000 / done) * (read - done);
        emit({ kind: 'progress', unit: 'positions', done, total: read, secondsLeft });
      });
      await block.addTo(sums, signal);
      const solving = performance.now();
      for (const [i, layer] of some.entries()) {
        const steps = ridgeInSteps({ size: d, sums: sums[i] ?? new Float64Array(0) }, ridge);
        let step = steps.next();
        for (; !step.done; step = steps.next()) {
          await new Promise(setImmediate);
          stopIfCancelled(signal);
        }
        sums[i] = new Float64Array(0);
        const matrix = Float32Array.from(step.value.matrix);
        const bias = Float32Array.from(step.value.bias);
        const judged = await judge.layer(layer, { matrix, bias }, signal);
        emit({ kind: 'layer', fitted: { layer, matrix, bias, judged } });
        const secondsLeft = ((performance.now() - solving) / 1000 / (i + 1)) * (some.length - i - 1);
        emit({ kind: 'progress', unit: 'layers', done: from + i + 1, total: blocks, secondsLeft });
      }
    }
    return {
      blocks,
      hiddenSize: d,
      positions,
      heldOutPositions: judge.count,
      cut: sequences.cut + judgedBy.cut,
      seconds: (performance.now() - started) / 1000,
    };
  } finally {
    await products.release();
  }
}

/** Positions of a sequence that are read: the first is an outlier of most models. */
const readOf = (ids: readonly number[]): number => Math.max(1, ids.length - 1);

async function sequencesOf(
  model: Model,
  texts: readonly string[],
): Promise<{ readonly ids: readonly (readonly number[])[]; readonly cut: number }> {
  const all = await Promise.all(texts.map(async (text) => allIds(await readPrompt(model, { kind: 'prompt', text }))));
  const cut = all.filter(({ length }) => length > FIT_TOKENS).length;
  return { ids: all.map((ids) => ids.slice(0, FIT_TOKENS)), cut };
}

/** Bytes that a fit takes: whatever is done, and for each layer whose sums are kept at once. */
function sizesOf(model: Model, sequences: readonly (readonly number[])[]): { base: number; layer: number } {
  const { blocks, hiddenSize: d, vocabularySize, weightsBytes } = model.facts;
  const longest = Math.max(...sequences.map(({ length }) => length));
  const sums = 8 * (d + 1) * (2 * d + 1);
  const judged = judgedCount(vocabularySize) * 4;
  return {
    base:
      ENGINE_BYTES +
      2 * weightsBytes +
      runBytes(model, longest) +
      TOGETHER * (8 * (3 * d + 2) + 4 * d) +
      2 * sums +
      judged * (2 * vocabularySize + (blocks + 1) * d) +
      BATCH_BYTES,
    layer: sums + TOGETHER * 4 * d,
  };
}

const judgedCount = (vocabulary: number): number =>
  Math.max(1, Math.min(JUDGED, Math.floor(JUDGED_BYTES / (4 * vocabulary))));

/** States of some positions at some layers and at the last, until their products are summed. */
class Block {
  private readonly states: readonly Float32Array[];
  private count = 0;

  constructor(
    layers: number,
    private readonly d: number,
    private readonly products: Products,
  ) {
    this.states = Array.from({ length: layers + 1 }, () => new Float32Array(TOGETHER * d));
  }

  get full(): boolean {
    return this.count === TOGETHER;
  }

  /** Takes as many positions as there is room for. @param from the first of them, counted from the end @returns how many */
  take(states: readonly Float32Array[], from: number, most: number): number {
    const { d } = this;
    const some = Math.min(most, TOGETHER - this.count);
    states.forEach((values, i) => {
      const start = values.length + from * d;
      this.states[i]?.set(values.subarray(start, start + some * d), this.count * d);
    });
    this.count += some;
    return some;
  }

  /** Adds `w [x, 1]^T [x, 1, y]` of each layer's x and the last one's y to its sums, and empties the block. */
  async addTo(sums: readonly Float64Array[], signal: AbortSignal): Promise<void> {
    const { d, count: n } = this;
    const last = this.states.at(-1);
    if (n === 0 || !last) return;
    const width = 2 * d + 1;
    const left = new Float64Array(n * (d + 1));
    const right = new Float64Array(n * width);
    const weights = Float64Array.from({ length: n }, (_, p) => {
      let squares = 0;
      for (let i = 0; i < d; i++) squares += (last[p * d + i] ?? 0) ** 2;
      return squares > 0 ? d / squares : 0;
    });
    for (const [layer, sum] of sums.entries()) {
      const states = this.states[layer] ?? last;
      for (let p = 0; p < n; p++) {
        const weight = weights[p] ?? 0;
        for (let i = 0; i < d; i++) {
          const x = states[p * d + i] ?? 0;
          left[p * (d + 1) + i] = weight * x;
          right[p * width + i] = x;
          right[p * width + d + 1 + i] = last[p * d + i] ?? 0;
        }
        left[p * (d + 1) + d] = weight;
        right[p * width + d] = 1;
      }
      const product = await this.products.transposed(left, right, n);
      for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (product[i] ?? 0);
      stopIfCancelled(signal);
    }
    this.count = 0;
  }
}

/** Holds what lenses say of held-out positions beside the model's final prediction. */
class Judge {
  private constructor(
    private readonly runner: CellRunner,
    private readonly states: ReadonlyMap<Layer, Float32Array>,
    /** [count * vocabulary] */
    private readonly final: Float32Array,
    readonly count: number,
  ) {}

  static async open(
    { model, grounds }: Pick<Opened, 'model' | 'grounds'>,
    sequences: readonly (readonly number[])[],
    layers: readonly Layer[],
    signal: AbortSignal,
  ): Promise<Judge> {
    const { variant } = grounds.plain;
    const { blocks, hiddenSize: d, vocabularySize } = model.facts;
    const all = sequences.reduce((sum, ids) => sum + readOf(ids), 0);
    const count = Math.min(all, judgedCount(vocabularySize));
    const wanted = [...layers, blocks - 1];
    const states = new Map(wanted.map((layer) => [layer, new Float32Array(count * d)]));
    let [seen, taken] = [0, 0];
    await hiddenStates(variant, sequences, wanted, (found, i) => {
      stopIfCancelled(signal);
      const read = readOf(sequences[i] ?? []);
      // Evenly over all positions: the k-th that is taken is the (k all / count)-th.
      for (let p = 0; p < read; p++, seen++) {
        if (taken >= count || seen < Math.floor((taken * all) / count)) continue;
        wanted.forEach((layer, l) => {
          const values = found[l] ?? new Float32Array(0);
          const start = values.length - (read - p) * d;
          states.get(layer)?.set(values.subarray(start, start + d), taken * d);
        });
        taken++;
      }
    });
    const runner = await variant.runner({
      layer: blocks - 1,
      readout: 'lens',
      prefix: [],
      own: 0,
      suffix: [],
      output: { kind: 'logits' },
      often: true,
    });
    const judge = new Judge(runner, states, new Float32Array(count * vocabularySize), count);
    await judge.logits(states.get(blocks - 1) ?? new Float32Array(0), signal, (row, p) =>
      judge.final.set(row, p * vocabularySize),
    );
    return judge;
  }

  async layer(
    layer: Layer,
    { matrix, bias }: { readonly matrix: Float32Array; readonly bias: Float32Array },
    signal: AbortSignal,
  ): Promise<JudgedLayer> {
    const plain = this.states.get(layer) ?? new Float32Array(0);
    const d = plain.length / this.count;
    const through = new Float32Array(plain.length);
    for (let at = 0; at < plain.length; at += d)
      through.set(translated(plain.subarray(at, at + d), { matrix, identity: true, bias }, true), at);
    return { layer, lens: await this.distance(plain, signal), tuned: await this.distance(through, signal) };
  }

  private async distance(states: Float32Array, signal: AbortSignal): Promise<number> {
    let sum = 0;
    await this.logits(states, signal, (row, p) => {
      sum += divergence(this.final.subarray(p * row.length, (p + 1) * row.length), row).ab;
    });
    return sum / this.count;
  }

  private async logits(
    states: Float32Array,
    signal: AbortSignal,
    visit: (row: Float32Array, position: number) => void,
  ): Promise<void> {
    const d = states.length / this.count;
    const step = Math.max(1, Math.floor(BATCH_BYTES / this.runner.bytesPerCell));
    for (let at = 0; at < this.count; at += step) {
      const some = Math.min(step, this.count - at);
      const rows = await this.runner.logits(states.slice(at * d, (at + some) * d), some);
      const V = rows.length / some;
      for (let p = 0; p < some; p++) visit(rows.subarray(p * V, (p + 1) * V), at + p);
      await new Promise(setImmediate);
      stopIfCancelled(signal);
    }
  }
}
