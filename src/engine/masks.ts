import { Fault } from '../map/fault.js';
import type { Anatomy } from '../onnx/anatomy.js';
import { cutStates } from '../onnx/cut.js';
import { cutMixing, mixingsUnder, type Mixing } from '../onnx/cut/mixing.js';
import { CUT, stateName } from '../onnx/cut/names.js';
import { reachableFrom, valueInputs } from '../onnx/dataflow.js';
import type { Graph } from '../onnx/graph.js';
import { elemTypeOf, shapeOf } from '../onnx/graph.js';
import type { MaskInput } from '../onnx/interface.js';
import { slotsOf } from '../onnx/operators/table.js';
import { type MaskForm, maskForms, type MaskForms, maskTensor } from './maskForms.js';
import type { Feeds, Results } from './session.js';
import { Tensor } from './session.js';

/**
 * What the masks of a model mean, told by their effect. Three positions enter one block; one after the other is given another
 * vector, and what changes behind the block shows who sees whom. A mask is understood in the form under which every position
 * sees itself and those before it, and under which a position that is marked as padding is seen by no other.
 */

/** What settling needs of a model. */
export interface MaskProbe {
  readonly anatomy: Anatomy;
  /** Of attention, where a configuration states them. */
  readonly heads: number | undefined;
  /** One scale rounds all positions, so that each changes all others a little. */
  readonly perTensorScale: boolean;
  /** Three ordinary token ids. */
  readonly ids: readonly number[];
  /** Opens a graph for as long as the work takes. */
  open<T>(graph: Graph, work: (run: (feeds: Feeds) => Promise<Results>) => Promise<T>): Promise<T>;
  /** Everything that a graph takes besides masks and hidden states. */
  feeds(graph: Graph, ids: readonly number[]): Feeds;
}

/** How a mask is fed, and how that was told. */
export interface SettledMask {
  readonly form: MaskForm;
  /** For people: what a value of the mask does. */
  readonly reason: string;
}

const POSITIONS = 3;
/** The position that is marked as padding: one before it and one behind it are not. */
const PADDED = 1;
/** Of what a position that is seen changes, the most that one may change that is not. */
const LEAK = 1e-3;
/** Where all positions are rounded with one scale. */
const LEAK_OF_ROUNDING = 0.2;
/** Sets of vectors that are tried, should the first happen to see little of each other. */
const DRAWS = 3;
/** Of the largest number: smaller changes are none. */
const NOTHING = 1e-7;

/** Usual forms, for a model that is known. */
export function usualForms({ interface: io, graph }: Anatomy, heads: number | undefined): MaskForms {
  return new Map(
    io.masks.flatMap((mask) =>
      formsOf(mask, graph, io.ids, heads)
        .slice(0, 1)
        .map((form) => [mask.name, form]),
    ),
  );
}

const formsOf = (mask: MaskInput, graph: Graph, ids: string | undefined, heads: number | undefined): MaskForm[] =>
  maskForms(mask, shapeOf(graph.valueInfo.get(ids ?? '')), heads);

/**
 * @returns each mask that has a form; one that changes nothing has its most usual
 * @throws Fault `model-unsupported` naming the mask whose meaning cannot be told, or the check "causality"
 */
export async function settleMasks(probe: MaskProbe): Promise<ReadonlyMap<string, SettledMask>> {
  const { anatomy, heads } = probe;
  const { interface: io, graph } = anatomy;
  const settled = new Map<string, SettledMask>();
  const forms = new Map(io.masks.map((mask) => [mask.name, formsOf(mask, graph, io.ids, heads)]));
  for (const { name, shape = [] } of io.masks) {
    if ((forms.get(name) ?? []).length > 0) continue;
    const length = shape.at(-1);
    if (reachableFrom(graph, [name]).has(io.logits) && typeof length === 'number')
      throw new Fault({
        code: 'model-unsupported',
        message: `The export fixes its sequences at ${length} positions (input "${name}"); a map needs sequences of any length.`,
        hint: 'Export the model again with dynamic axes for positions.',
      });
    if (reachableFrom(graph, [name]).has(io.logits))
      throw unclear(name, `its shape [${shape.join(', ')}] is none of a mask over sequences of any length`);
    const axes = shape.map((size) => (typeof size === 'number' ? size : 1));
    settled.set(name, { form: { axes, shown: 0, hidden: 0 }, reason: 'changes nothing' });
  }
  for (const { name } of io.masks) {
    if (settled.has(name)) continue;
    const places = mixingsUnder(anatomy, name);
    for (const place of places) {
      if (settled.has(name)) break;
      for (const [mask, one] of await settleAt(probe, place, forms, settled)) settled.set(mask, one);
    }
    const usual = forms.get(name)?.[0];
    if (settled.has(name) || !usual) continue;
    const found = places.length === 0 ? await settleAtEmbeddings(probe, name, forms) : undefined;
    settled.set(name, found ?? { form: usual, reason: 'changes nothing' });
  }
  return settled;
}

/** Changes behind a block, by the position whose vector was changed and the one that is looked at. */
type Influence = (changed: number, seen: number) => number;

interface Trial {
  readonly assignment: MaskForms;
  /** Behind the block, [positions * width]. */
  readonly states: Float32Array;
  readonly influence: Influence;
}

async function settleAt(
  probe: MaskProbe,
  place: Mixing,
  forms: ReadonlyMap<string, readonly MaskForm[]>,
  before: ReadonlyMap<string, SettledMask>,
): Promise<ReadonlyMap<string, SettledMask>> {
  const { anatomy, ids } = probe;
  const graph = cutMixing(anatomy, place);
  const target = stateName(place.end);
  const taken = anatomy.interface.masks.filter(({ name }) => graph.isInput(name));
  const open = taken.filter(({ name }) => !before.has(name));
  const counted = await settleCounts(probe, graph, open, target, forms);
  if (counted.size === open.length) return counted;

  const choices = taken.map(({ name }): readonly MaskForm[] => {
    const known = before.get(name) ?? counted.get(name);
    return known ? [known.form] : (forms.get(name) ?? []);
  });
  return probe.open(graph, async (run) => {
    const others = probe.feeds(graph, ids);
    const statesUnder =
      (draw: number): StatesUnder =>
      async (assignment, changed, padded) => {
        const feeds: Record<string, Tensor> = { ...others, [CUT.cells]: vectors(anatomy.hiddenSize, changed, draw) };
        for (const { name, elemType } of taken) {
          const form = assignment.get(name);
          const type = elemTypeOf(graph.inputs.find((input) => input.name === name)) ?? elemType;
          const shape = { batch: 1, past: 0, length: POSITIONS, ...(name === padded ? { padded: PADDED } : {}) };
          if (form) feeds[name] = maskTensor(name, type, form, shape);
        }
        return numbersOf(await run(feeds), target, anatomy.hiddenSize);
      };
    const names = open.flatMap(({ name }) => (counted.has(name) ? [] : [name]));
    const assignments = [...product(taken, choices)];
    const leak = probe.perTensorScale ? LEAK_OF_ROUNDING : LEAK;
    for (let draw = 0; ; draw++) {
      const outcome = await choose(names, assignments, statesUnder(draw), leak);
      if (!(outcome instanceof Fault)) return new Map([...counted, ...outcome]);
      if (draw === DRAWS - 1) throw outcome;
    }
  });
}

/** The forms under which masks do what they are for; those that are left out change nothing. A fault where none are. */
async function choose(
  names: readonly string[],
  assignments: readonly MaskForms[],
  statesUnder: StatesUnder,
  leak: number,
): Promise<[string, SettledMask][] | Fault> {
  const trials: Trial[] = [];
  let refusal: unknown;
  let hidden = false;
  for (const assignment of assignments) {
    try {
      const trial = await tryAll(assignment, statesUnder);
      if (!trial) continue;
      trials.push(trial);
      const verdicts: Verdict[] = [];
      for (const name of names) verdicts.push(await hides(name, trial, statesUnder, leak));
      if (verdicts.includes('otherwise') || !verdicts.includes('hides')) continue;
      hidden = true;
      // What changes nothing here may do so in a block of another kind.
      if (isCausal(trial, leak)) return names.flatMap((name, i) => (verdicts[i] === 'hides' ? told(name, trial) : []));
    } catch (error) {
      refusal ??= error;
    }
  }
  const [first] = trials;
  // Nothing runs, or to nothing but NaN: not the masks are to blame, and the checks say what is.
  if (!first && refusal !== undefined) return notRunning(refusal);
  if (!first || trials.every((trial) => change(first.states, trial.states) <= NOTHING)) return [];
  const causal = trials.filter((trial) => isCausal(trial, leak));
  const [only] = causal;
  if (only && causal.length === 1) return names.flatMap((name) => told(name, only));
  return hidden
    ? new Fault({
        code: 'model-unsupported',
        message:
          'The model is not a decoder: changing the last token moves the hidden states before it (check "causality").',
      })
    : unclear(
        names.join('" and "'),
        'under none of its usual forms a position that is padding is hidden while every other is seen by those behind it',
      );
}

function told(name: string, { assignment }: Trial): [string, SettledMask][] {
  const form = assignment.get(name);
  return form ? [[name, { form, reason: `${shortly(form.hidden)} hides a position` }]] : [];
}

const shortly = (value: number): string => (Math.abs(value) > 1e6 ? value.toExponential(0) : `${value}`);

/** Every choice of one form for each mask, the most usual first. */
function* product(
  masks: readonly MaskInput[],
  choices: readonly (readonly MaskForm[])[],
): Generator<MaskForms, void, undefined> {
  const [mask, ...rest] = masks;
  const [own = [], ...others] = choices;
  if (!mask) {
    yield new Map();
    return;
  }
  for (const form of own) for (const more of product(rest, others)) yield new Map([[mask.name, form], ...more]);
}

type StatesUnder = (
  assignment: MaskForms,
  changed: number | undefined,
  padded: string | undefined,
) => Promise<Float32Array>;

/** What sees what with nothing marked as padding; undefined where the block gives something else than states, or no numbers. */
async function tryAll(assignment: MaskForms, statesUnder: StatesUnder): Promise<Trial | undefined> {
  const states = await statesUnder(assignment, undefined, undefined);
  if (states.length === 0 || states.some((x) => !Number.isFinite(x))) return undefined;
  const changed: Float32Array[] = [];
  for (let i = 0; i < POSITIONS; i++) changed.push(await statesUnder(assignment, i, undefined));
  return { assignment, states, influence: (i, seen) => changeAt(states, changed[i], seen) };
}

/** Every position is changed by some before it, and by none behind. */
function isCausal({ influence }: Trial, leak: number): boolean {
  const later = Math.min(influence(0, 1), Math.max(influence(0, 2), influence(1, 2)));
  const earlier = Math.max(influence(1, 0), influence(2, 0), influence(2, 1));
  return later > NOTHING && earlier <= leak * later;
}

type Verdict = 'hides' | 'nothing' | 'otherwise';

/** Whether a mask that marks one position as padding hides this one and no other. */
async function hides(
  name: string,
  { assignment, states }: Trial,
  statesUnder: StatesUnder,
  leak: number,
): Promise<Verdict> {
  const last = POSITIONS - 1;
  const whole = await statesUnder(assignment, undefined, name);
  if (whole.length !== states.length) return 'otherwise';
  if ([0, last].every((position) => changeAt(states, whole, position) <= NOTHING)) return 'nothing';
  const ofFirst = changeAt(whole, await statesUnder(assignment, 0, name), last);
  const ofPadded = changeAt(whole, await statesUnder(assignment, PADDED, name), last);
  return ofFirst > NOTHING && ofPadded <= leak * ofFirst ? 'hides' : 'otherwise';
}

/** Largest change of a position's numbers, of the largest of them; NaN where any is. */
function changeAt(a: Float32Array, b: Float32Array | undefined, position: number): number {
  const width = a.length / POSITIONS;
  const part = (states: Float32Array | undefined): Float32Array =>
    (states ?? new Float32Array(0)).subarray(position * width, (position + 1) * width);
  return change(part(a), part(b));
}

function change(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return NaN;
  let largest = 0;
  let difference = 0;
  for (let i = 0; i < a.length; i++) {
    const [x = NaN, y = NaN] = [a[i], b[i]];
    largest = Math.max(largest, Math.abs(x));
    difference = Math.max(difference, Math.abs(x - y));
  }
  return difference / Math.max(largest, 1e-30);
}

/** Three vectors of a draw, [1, positions, width]; one of them, if named, another one. */
function vectors(width: number, changed: number | undefined, draw: number): Tensor {
  const data = Float32Array.from({ length: POSITIONS * width }, (_, i) => {
    const other = Math.floor(i / width) === changed ? 1 : 0;
    return Math.sin(1.7 * (i + (2 * draw + other) * POSITIONS * width) ** 2);
  });
  return new Tensor('float32', data, [1, POSITIONS, width]);
}

/** [positions * width]; empty where a mask made something else of it. */
function numbersOf(results: Results, target: string, width: number): Float32Array {
  const data: unknown = results[target]?.data;
  return data instanceof Float32Array && data.length === POSITIONS * width ? data : new Float32Array(0);
}

/** Masks of which nothing but a count is read, by fused attentions: the right form counts every position. */
async function settleCounts(
  probe: MaskProbe,
  graph: Graph,
  masks: readonly MaskInput[],
  target: string,
  forms: ReadonlyMap<string, readonly MaskForm[]>,
): Promise<Map<string, SettledMask>> {
  const settled = new Map<string, SettledMask>();
  for (const { name, elemType } of masks) {
    const reached = new Set([name]);
    const counts = new Map<string, number>();
    for (const n of graph.nodes) {
      const count = slotsOf(n)?.count;
      const counting = count ? [count.input, count.input + 1].map((i) => n.input[i] ?? '') : [];
      const lengths = n.input[count?.input ?? -1] ?? '';
      if (count && reached.has(lengths)) counts.set(lengths, POSITIONS - count.less);
      if (valueInputs(n).some((input) => reached.has(input) && !counting.includes(input)))
        for (const output of n.output) reached.add(output);
    }
    if (reached.has(target) || counts.size === 0) continue;
    const [[tensor, wanted] = ['', 0]] = counts;
    const part = cutStates(probe.anatomy, [tensor], []);
    const form = await probe.open(part, async (run) => {
      const others = probe.feeds(part, probe.ids);
      for (const candidate of forms.get(name) ?? []) {
        const mask = maskTensor(name, elemType, candidate, { batch: 1, past: 0, length: POSITIONS });
        const counted = await run({ ...others, [name]: mask }).then(
          (results): unknown => results[stateName(tensor)]?.data,
          () => undefined,
        );
        if (counted instanceof Float32Array && counted.length === 1 && counted[0] === wanted) return candidate;
      }
      return undefined;
    });
    if (!form) throw unclear(name, 'none of its usual forms counts every position');
    settled.set(name, { form, reason: `${shortly(form.shown)} counts a position` });
  }
  return settled;
}

/** A mask that only the embeddings read, for positions: under the right form each of them is another, and depends on its token. */
async function settleAtEmbeddings(
  probe: MaskProbe,
  name: string,
  forms: ReadonlyMap<string, readonly MaskForm[]>,
): Promise<SettledMask | undefined> {
  const { anatomy, ids } = probe;
  const tensor = anatomy.residual[0] ?? '';
  const mask = anatomy.interface.masks.find((m) => m.name === name);
  if (!mask || !reachableFrom(anatomy.graph, [name]).has(tensor)) return undefined;
  const graph = cutStates(anatomy, [tensor], []);
  return probe.open(graph, async (run) => {
    const trials: { form: MaskForm; states: Float32Array; told: boolean }[] = [];
    for (const form of forms.get(name) ?? []) {
      const fed = maskTensor(name, mask.elemType, form, { batch: 1, past: 0, length: POSITIONS });
      const states = async (some: readonly number[]): Promise<Float32Array> =>
        numbersOf(await run({ ...probe.feeds(graph, some), [name]: fed }), stateName(tensor), anatomy.hiddenSize);
      try {
        const [same, other] = [await states(ids.map(() => ids[0] ?? 0)), await states(ids)];
        if (same.length === 0 || same.some((x) => !Number.isFinite(x))) continue;
        const rows = ids.map((_, i) =>
          same.subarray((i * same.length) / POSITIONS, ((i + 1) * same.length) / POSITIONS),
        );
        const [a = same, b = same, c = same] = rows;
        const apart = Math.min(change(a, b), change(a, c), change(b, c));
        trials.push({ form, states: same, told: apart > NOTHING && changeAt(same, other, 1) > NOTHING });
      } catch {
        // another form may run
      }
    }
    const [first] = trials;
    if (!first || trials.every((trial) => change(first.states, trial.states) <= NOTHING)) return undefined;
    const told = trials.filter((trial) => trial.told);
    const [only] = told;
    if (only && told.length === 1) return { form: only.form, reason: `${shortly(only.form.shown)} counts a position` };
    throw unclear(name, 'only positions are had from it, and not one of its usual forms alone tells them apart');
  });
}

const unclear = (name: string, why: string): Fault =>
  new Fault({
    code: 'model-unsupported',
    message: `What the input "${name}" means cannot be told: ${why}.`,
    hint: 'Export the decoder with an attention_mask [batch, length] of 1 for every position that may be seen, or without a mask.',
  });

function notRunning(error: unknown): Fault {
  const fault = Fault.from(error);
  return new Fault({ ...fault.toData(), message: `The model does not run: ${fault.message}` });
}
