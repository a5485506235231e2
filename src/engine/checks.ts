import { Fault } from '../map/fault.js';
import { formatBytes, several } from '../map/numbers.js';
import { layerIndex } from '../map/specification.js';
import type { NumberType } from '../map/tokenMap.js';
import { stateName } from '../onnx/cut/names.js';
import type { Check } from '../protocol/engine.js';
import { AffineMap } from './affine.js';
import { logProbabilityDifference, probabilitiesOf } from './logProbabilities.js';
import type { Manner } from './model/manner.js';
import type { Model } from './model/model.js';
import type { CellPlan } from './model/plan.js';
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
  model: Pick<Model, 'facts' | 'reference' | 'budget'>,
  device: string,
  asked: boolean | undefined,
): string | undefined {
  const { weightsBytes } = model.facts;
  const { bytes } = model.budget;
  if (asked === true) return 'left out, as was asked';
  if (asked === false)
    return weightsBytes <= bytes || isAlwaysChecked(model)
      ? undefined
      : `the weights (${formatBytes(weightsBytes)}) do not fit into the memory that may be taken (${formatBytes(bytes)}), so that running the model takes minutes; --memory ${Math.ceil(weightsBytes / 1e9)}GB runs the checks`;
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
    detail: `${several(model.facts.blocks, 'block')}${model.files.config.layers === undefined ? '; no configuration states how many' : ', as the configuration states'}`,
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
    [whole, changed] = await plain.withStates(watched, [], async (run) => [
      await run(ids),
      await run(changedLast(ids)),
    ]);
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
  const causality = causalityOf(causal, model);

  const prefix = ids.slice(0, -1);
  const last = ids.at(-1) ?? 0;
  const logitsOf = async (
    layer: number,
    manner: Manner,
    points: Float32Array,
    count: number,
  ): Promise<Float32Array> => {
    const runner = await plain.runner({
      layer: layer < 0 ? 'embeddings' : layer,
      readout: 'forward',
      prefix,
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
  const embedded = ({ [stateName(tensors[0] ?? '')]: state }: typeof whole): Float32Array =>
    lastRow(state?.data, facts.hiddenSize);
  const tried = { model, logitsOf, own, point: embedded(whole), other: embedded(changed) };
  const kept = await checkKeptPrefix(model.manner, tried);
  const batched = await checkBatches(kept.manner, tried);
  const checks: Check[] = [
    structural,
    ...masks,
    {
      name: 'identity',
      outcome: 'passed',
      detail: `own hidden state put back: ${identity.toExponential(1)} in log-probability`,
    },
    causality,
    kept.check,
    batched.check,
  ];
  return { checks, manner: batched.manner };
}

/** What the ways of running a model are tried on. */
interface Tried {
  readonly model: Model;
  /** Logits behind a prompt where points stand at its last position, behind a layer; -1: the embeddings. */
  readonly logitsOf: (layer: number, manner: Manner, points: Float32Array, count: number) => Promise<Float32Array>;
  /** The model's own logits behind the prompt. */
  readonly own: Float32Array;
  /** Embedding of the prompt's last token, [hiddenSize], and that of another one. */
  readonly point: Float32Array;
  readonly other: Float32Array;
}

/** What a check of a way of running a model found, and how the model is to be run from now on. */
interface Judged {
  readonly check: Check;
  readonly manner: Manner;
}

/** Kept keys and values give the model's own prediction; else everything is recomputed. */
async function checkKeptPrefix(manner: Manner, { model, logitsOf, own, point }: Tried): Promise<Judged> {
  const name = 'kept prefix';
  const { prefix } = manner;
  if (prefix.way !== 'reused') return { check: { name, outcome: 'skipped', detail: prefix.reason }, manner };
  const difference = await attempt(async () =>
    logProbabilityDifference(await logitsOf(-1, { ...recomputing(manner), prefix }, point, 1), own),
  );
  const kept = difference <= KEPT_TOLERANCE[model.source.arithmetic];
  const reason = `kept keys give another prediction (${difference.toExponential(1)})`;
  return {
    check: {
      name,
      outcome: kept ? 'passed' : 'failed',
      detail: `past keys and values against the whole sequence: ${difference.toExponential(1)}`,
    },
    manner: kept ? manner : { ...manner, prefix: { way: 'recomputed', reason } },
  };
}

/** A cell beside another has the prediction that it has alone; else cells are computed one by one. */
async function checkBatches(manner: Manner, { model, logitsOf, point, other }: Tried): Promise<Judged> {
  const name = 'batch independence';
  const { hiddenSize, vocabularySize } = model.facts;
  const { arithmetic } = model.source;
  const { batching } = manner;
  if (batching.way !== 'batched') return { check: { name, outcome: 'skipped', detail: batching.reason }, manner };
  const pair = new Float32Array(2 * hiddenSize);
  pair.set(other);
  pair.set(point, hiddenSize);
  const difference = await attempt(async () => {
    // First what the check before may have left open.
    const alone = await logitsOf(-1, { ...manner, batching: { way: 'one-by-one', reason: '' } }, point, 1);
    const both = await logitsOf(-1, manner, pair, 2);
    return logProbabilityDifference(both.subarray(vocabularySize), alone);
  });
  const free = difference <= (arithmetic === 'float32' ? 1e-5 * 10 : TOLERANCE[arithmetic]);
  const reason = Number.isFinite(difference)
    ? `cells see each other (${difference.toExponential(1)})`
    : 'the export refuses a batch';
  return {
    check: {
      name,
      outcome: free ? 'passed' : 'failed',
      detail: `one of two against alone: ${difference.toExponential(1)}`,
    },
    manner: free ? manner : { ...manner, batching: { way: 'one-by-one', reason } },
  };
}

/** Longest sequence whose logits are had at all positions. */
export const SHORT = 64;

/**
 * Whether the way that the cells of a map go gives the model's own prediction where the model's own state stands on it, and whether
 * later tokens leave earlier ones as they are: the checks of one run of the model.
 * @param variant without interventions; where it has a runner of the plan, no other is made
 * @throws Fault `model-unsupported` naming the check
 */
export async function checkWay(variant: Variant, plan: CellPlan): Promise<readonly Check[]> {
  const { model } = variant;
  const { hiddenSize, vocabularySize, blocks } = model.facts;
  const { logits } = model.anatomy.interface;
  const sample = sampleIds(model);
  const isShort = plan.prefix.length + plan.suffix.length < SHORT;
  const around = isShort ? plan : { prefix: sample.slice(0, -1), own: sample.at(-1) ?? 0, suffix: [] };
  const { prefix, own, suffix } = around;
  const layer = plan.readout === 'forward' ? plan.layer : blocks - 1;
  const tensor = variant.residualAt(layerIndex(layer));
  const last = variant.residualAt(blocks - 1);
  const { truth, point, causal } = await variant.withStates([...new Set([tensor, last, logits])], [], async (run) => {
    const whole = await run([...prefix, own, ...suffix], { later: suffix.length });
    const states = whole[stateName(tensor)]?.data;
    const [some, changed] = [await run(sample), await run(changedLast(sample))];
    return {
      truth: lastRow(whole[stateName(logits)]?.data, vocabularySize),
      point: lastRow(
        states instanceof Float32Array && states.subarray(0, (prefix.length + 1) * hiddenSize),
        hiddenSize,
      ),
      causal: largestEarlierChange(some, changed, [tensor, last], sample.length),
    };
  });
  const causality = causalityOf(causal, model);
  if (truth.some((z) => Number.isNaN(z) || z === Infinity)) return [causality];
  const forward = { layer, readout: 'forward', prefix, own, suffix } as const;
  const none = new Float32Array(hiddenSize);
  const alone = { xs: Float64Array.of(0), ys: Float64Array.of(0) };
  const top = {
    kind: 'top',
    k: plan.output.kind === 'top' ? plan.output.k : 1,
    masked: false,
    functional: false,
    shares: false, // as a map's own plan says it: the same graph
  } as const;
  const cells = { ...forward, output: top };
  const rows = await AffineMap.find(variant, cells, { c: point, u: none, v: none }, alone, 'own state');
  let difference: number;
  if (rows instanceof AffineMap) difference = logProbabilityDifference(rows.logitsAt(0, 0), truth);
  else {
    const { ids, probabilities } = await (await variant.runner(cells)).tops(point, 1);
    const expected = probabilitiesOf(truth, ids);
    difference = ids.reduce((most, _, i) => Math.max(most, apart(probabilities[i], expected[i])), 0);
  }
  if (!(difference <= 2 * TOLERANCE[model.source.arithmetic])) throw cannotBeCut(difference);
  const detail = `own hidden state put back at layer ${layer}: ${difference.toExponential(1)} in log-probability`;
  return [{ name: 'identity', outcome: 'passed', detail }, causality];
}

/** In log-probability; of what is next to nothing, as little. */
const apart = (a = NaN, b = NaN): number => (Math.max(a, b) < 1e-6 ? 0 : Math.abs(Math.log(a) - Math.log(b)));

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

const changedLast = (ids: readonly number[]): number[] => [...ids.slice(0, -1), (ids.at(-1) ?? 0) === 0 ? 1 : 0];

/** @throws Fault `model-unsupported` */
function causalityOf(change: number, { manner }: Model): Check {
  const name = 'causality';
  const detail = `largest change of an earlier position ${change.toExponential(1)}`;
  if (change <= 1e-3) return { name, outcome: 'passed', detail };
  if (manner.perTensorScale)
    return { name, outcome: 'skipped', detail: 'one scale for all positions: every token moves every other' };
  throw new Fault({
    code: 'model-unsupported',
    message:
      'The model is not a decoder: changing the last token moves the hidden states before it (check "causality").',
  });
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
