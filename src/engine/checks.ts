import { Fault } from '../map/fault.js';
import { type Layer, layerIndex } from '../map/specification.js';
import type { NumberType } from '../map/tokenMap.js';
import { stateName } from '../onnx/cut/names.js';
import type { Check } from '../protocol/engine.js';
import { AffineMap } from './affine.js';
import { logProbabilityDifference } from './logProbabilities.js';
import type { Manner } from './model/manner.js';
import type { Model } from './model/model.js';
import type { Variant } from './model/variant.js';

/** Models with more weights are checked as far as their maps are worth it (proof.ts), and when somebody asks (`inspect`). */
const CHECKED_BYTES = 256 * 2 ** 20;

/** Whether all checks always run, whatever is asked of the model first. */
export const isAlwaysChecked = ({ facts }: Pick<Model, 'facts'>): boolean => facts.weightsBytes <= CHECKED_BYTES;

/**
 * Models, by their hash, that our own tests check: the bundled one. It need not prove itself again at every start, on the device
 * that it was proven on.
 */
const PROVEN: Readonly<Record<string, string>> = {
  '4b54f5d4a1ea093c7f1510b341ffc13271e727695d5ea343f14d234ce9878f73': 'cpu',
};

/** Whether a model is known, on this device. */
export const isProven = ({ reference }: Pick<Model, 'reference'>, device: string): boolean =>
  PROVEN[reference.sha256] === device;

/** Why a model is opened without its checks, or undefined where they are to run. `asked`: what the opener said. */
export function reasonToSkip(
  model: Pick<Model, 'facts' | 'reference'>,
  device: string,
  asked: boolean | undefined,
): string | undefined {
  if (asked !== undefined) return asked ? 'left out, as was asked' : undefined;
  if (isProven(model, device)) return 'a known model, checked before; "inspect" runs the checks again';
  return isAlwaysChecked(model)
    ? undefined
    : 'the model is large: the checks run with the first map that they are a small part of; "inspect" runs them at once';
}

/** How far log-probabilities may differ where the arithmetic is merely rearranged. */
const TOLERANCE: Readonly<Record<NumberType, number>> = {
  float32: 1e-4,
  float16: 0.02,
  bfloat16: 0.02,
  float8: 0.1,
  float4: 0.1,
  int8: 0.1,
  int4: 0.1,
  int2: 0.1,
};
/** Kept keys must do better than that where they are only an optimisation. */
const KEPT_TOLERANCE: Readonly<Record<NumberType, number>> = {
  ...TOLERANCE,
  float8: 0.01,
  float4: 0.01,
  int8: 0.01,
  int4: 0.01,
  int2: 0.01,
};

export interface ChecksOutcome {
  readonly checks: readonly Check[];
  readonly manner: Manner;
}

/**
 * What is proven of a model before it is trusted: putting its own hidden state back gives its own prediction (the cut is
 * right), later tokens do not move earlier ones (it is a decoder), kept keys and batches change nothing (else they are not
 * used). A failed identity or causality refuses the model.
 * @param pause is awaited between two checks, and may end them
 * @throws Fault `model-unsupported` naming the check.
 */
export async function runChecks(plain: Variant, pause: () => Promise<void>): Promise<ChecksOutcome> {
  const { model } = plain;
  const structural: Check = {
    name: 'blocks',
    outcome: 'passed',
    detail: `${model.facts.blocks} blocks${model.files.config.layers === undefined ? '; no configuration states how many' : ', as the configuration states'}`,
  };
  const masks = [...(await model.masks())].map(([name, { reason }]): Check => ({
    name: 'mask',
    outcome: 'passed',
    detail: `"${name}": ${reason}`,
  }));
  const ids = sampleIds(model);
  const { anatomy, facts } = model;
  const { arithmetic } = model.source;
  const tolerance = TOLERANCE[arithmetic];
  let whole: Awaited<ReturnType<Variant['states']>>;
  let changed: typeof whole;
  const layers = [-1, Math.floor((facts.blocks - 1) / 2), facts.blocks - 1].filter((l, i, all) => all.indexOf(l) === i);
  const tensors = layers.map((l) => anatomy.residual[l + 1] ?? '');
  const watched = [...new Set([...tensors, anatomy.interface.logits])];
  try {
    whole = await plain.states(ids, watched, []);
    changed = await plain.states([...ids.slice(0, -1), (ids.at(-1) ?? 0) === 0 ? 1 : 0], watched, []);
  } catch (error) {
    const fault = Fault.from(error);
    throw new Fault({ ...fault.toData(), message: `The model does not run: ${fault.message}` });
  }
  const own = lastRow(whole[stateName(anatomy.interface.logits)]?.data, facts.vocabularySize);
  if (own.some((z) => Number.isNaN(z) || z === Infinity))
    // There is nothing to compare; a map leaves out every cell where this happens.
    return {
      checks: [
        structural,
        ...masks,
        {
          name: 'run',
          outcome: 'failed',
          detail: 'the model’s own prediction is not a number: damaged weights, or an overflow',
        },
      ],
      manner: model.manner,
    };

  await pause();
  const causal = largestEarlierChange(whole, changed, tensors, ids.length);
  const causality: Check = {
    name: 'causality',
    outcome: causal <= 1e-3 ? 'passed' : 'failed',
    detail: `largest change of an earlier position ${causal.toExponential(1)}`,
  };
  if (causality.outcome === 'failed' && !model.manner.perTensorScale)
    throw new Fault({
      code: 'model-unsupported',
      message:
        'The model is not a decoder: changing the last token moves the hidden states before it (check "causality").',
    });

  const prefix = ids.slice(0, -1);
  const last = ids.at(-1) ?? 0;
  const logitsOf = async (
    layer: number,
    manner: Manner,
    points: Float32Array,
    count: number,
    context = prefix,
  ): Promise<Float32Array> => {
    const runner = await plain.runner({
      layer: layer < 0 ? 'embeddings' : layer,
      readout: 'forward',
      prefix: context,
      own: last,
      suffix: [],
      output: { kind: 'logits' },
      manner,
    });
    return runner.logits(points, count);
  };
  const recomputed = recomputing(model.manner);
  let identity = 0;
  for (const [i, layer] of layers.entries()) {
    await pause();
    const point = lastRow(whole[stateName(tensors[i] ?? '')]?.data, facts.hiddenSize);
    identity = Math.max(identity, logProbabilityDifference(await logitsOf(layer, recomputed, point, 1), own));
  }
  if (!(identity <= tolerance)) throw cannotBeCut(identity);

  await pause();
  const first = lastRow(whole[stateName(tensors[0] ?? '')]?.data, facts.hiddenSize);
  let manner = model.manner;
  const checks: Check[] = [
    structural,
    ...masks,
    {
      name: 'identity',
      outcome: 'passed',
      detail: `own hidden state put back: ${identity.toExponential(1)} in log-probability`,
    },
    causality.outcome === 'failed'
      ? { ...causality, outcome: 'skipped', detail: 'one scale for all positions: every token moves every other' }
      : causality,
  ];

  if (manner.prefix.way === 'reused') {
    const difference = await attempt(async () =>
      logProbabilityDifference(await logitsOf(-1, { ...recomputed, prefix: manner.prefix }, first, 1), own),
    );
    const kept = difference <= KEPT_TOLERANCE[arithmetic];
    if (!kept)
      manner = {
        ...manner,
        prefix: { way: 'recomputed', reason: `kept keys give another prediction (${difference.toExponential(1)})` },
      };
    checks.push({
      name: 'kept prefix',
      outcome: kept ? 'passed' : 'failed',
      detail: `past keys and values against the whole sequence: ${difference.toExponential(1)}`,
    });
  } else {
    checks.push({ name: 'kept prefix', outcome: 'skipped', detail: manner.prefix.reason });
  }

  if (manner.batching.way === 'batched') {
    const pair = new Float32Array(2 * facts.hiddenSize);
    pair.set(lastRow(changed[stateName(tensors[0] ?? '')]?.data, facts.hiddenSize));
    pair.set(first, facts.hiddenSize);
    const difference = await attempt(async () => {
      const both = await logitsOf(-1, manner, pair, 2);
      const alone = await logitsOf(-1, { ...manner, batching: { way: 'one-by-one', reason: '' } }, first, 1);
      return logProbabilityDifference(both.subarray(facts.vocabularySize), alone);
    });
    const free = difference <= (arithmetic === 'float32' ? 1e-5 * 10 : tolerance);
    if (!free)
      manner = {
        ...manner,
        batching: {
          way: 'one-by-one',
          reason: Number.isFinite(difference)
            ? `cells see each other (${difference.toExponential(1)})`
            : 'the export refuses a batch',
        },
      };
    checks.push({
      name: 'batch independence',
      outcome: free ? 'passed' : 'failed',
      detail: `one of two against alone: ${difference.toExponential(1)}`,
    });
  } else {
    checks.push({ name: 'batch independence', outcome: 'skipped', detail: manner.batching.reason });
  }
  return { checks, manner };
}

/**
 * Puts the model's own state back at one layer, the way that a map's cells go there: by three rows where it is affine.
 * @throws Fault `model-unsupported` naming the check
 */
export async function checkOwnState(plain: Variant, layer: Layer): Promise<Check> {
  const { model } = plain;
  const { hiddenSize, vocabularySize } = model.facts;
  const ids = sampleIds(model);
  const tensor = plain.residualAt(layerIndex(layer));
  const { logits } = model.anatomy.interface;
  const states = await plain.states(ids, [tensor, logits], []);
  const own = lastRow(states[stateName(logits)]?.data, vocabularySize);
  const point = lastRow(states[stateName(tensor)]?.data, hiddenSize);
  const plan = {
    layer,
    readout: 'forward',
    prefix: ids.slice(0, -1),
    own: ids.at(-1) ?? 0,
    suffix: [],
    output: { kind: 'logits' },
    manner: recomputing(model.manner),
  } as const;
  const none = new Float32Array(hiddenSize);
  const alone = { xs: Float64Array.of(0), ys: Float64Array.of(0) };
  const rows = await AffineMap.find(plain, plan, { c: point, u: none, v: none }, alone, 'own state');
  const put = rows instanceof AffineMap ? rows.logitsAt(0, 0) : await (await plain.runner(plan)).logits(point, 1);
  const difference = own.some((z) => !Number.isFinite(z)) ? 0 : logProbabilityDifference(put, own);
  if (!(difference <= 2 * TOLERANCE[model.source.arithmetic])) throw cannotBeCut(difference);
  return {
    name: 'identity',
    outcome: 'passed',
    detail: `own hidden state put back at layer ${layer}: ${difference.toExponential(1)} in log-probability`,
  };
}

const cannotBeCut = (difference: number): Fault =>
  new Fault({
    code: 'model-unsupported',
    message: `The model cannot be cut: its own hidden state put back gives another prediction (check "identity", ${difference.toExponential(1)} in log-probability).`,
  });

/** The plainest way: the whole sequence for every cell, one by one. */
const recomputing = (manner: Manner): Manner => ({
  ...manner,
  prefix: { way: 'recomputed', reason: '' },
  batching: { way: 'one-by-one', reason: '' },
});

/** The outcome of a run that may be refused: then infinitely far. */
async function attempt(run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch {
    return Infinity;
  }
}

/** Five ordinary ids, spread over the vocabulary. */
function sampleIds(model: Model): number[] {
  const size = model.facts.vocabularySize;
  return [0.11, 0.37, 0.05, 0.71, 0.23].map((share) => Math.floor(share * size));
}

function lastRow(data: unknown, width: number): Float32Array {
  if (!(data instanceof Float32Array) || data.length < width)
    throw new Fault({
      code: 'model-unsupported',
      message: `The model gave no vector of ${width} numbers where one was expected.`,
    });
  return data.slice(data.length - width);
}

function largestEarlierChange(
  a: Readonly<Record<string, { readonly data: unknown }>>,
  b: typeof a,
  tensors: readonly string[],
  positions: number,
): number {
  let largest = 0;
  for (const tensor of tensors) {
    const [x, y] = [a[stateName(tensor)]?.data, b[stateName(tensor)]?.data];
    if (!(x instanceof Float32Array && y instanceof Float32Array)) continue;
    const earlier = (x.length / positions) * (positions - 1);
    let scale = 1e-6;
    let difference = 0;
    for (let i = 0; i < earlier; i++) {
      scale = Math.max(scale, Math.abs(x[i] ?? 0));
      difference = Math.max(difference, Math.abs((x[i] ?? 0) - (y[i] ?? 0)));
    }
    largest = Math.max(largest, difference / scale);
  }
  return largest;
}
