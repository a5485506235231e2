/**
 * `npm run gpu`: the same answers from the CPU and from CUDA, compared and timed; fails where CUDA is near the CPU one time and not
 * the next. Needs an NVIDIA GPU, CUDA, cuDNN 9 and CUDA's part
 * of onnxruntime, found as the program finds it (EMBEDDING_GRID_CUDA_LIBRARIES names its folder); says so and ends well where there
 * is none. Models: the bundled one, exports, checkpoints and GGUF files kept in test/fixtures, or those of GPU_MODELS (paths
 * separated as in PATH).
 */
import '../../src/engine/cudaStart.js'; // before anything loads onnxruntime
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { computeMap, Engine } from '../../src/engine/client.js';
import { Session, Tensor } from '../../src/engine/session.js';
import { SAMPLE_TEXTS } from '../../src/engine/sampleTexts.js';
import { lowerIdsFirst } from '../../src/engine/ties.js';
import { bundledModel } from '../../src/host/installation.js';
import { Fault } from '../../src/map/fault.js';
import { cellsOfLens } from '../../src/map/lens/lensTable.js';
import { DEFAULT_PARAMETERS, type Intervention, type MapParameters } from '../../src/map/specification.js';
import type { Cells } from '../../src/map/tokenMap.js';
import { CUT } from '../../src/onnx/cut/names.js';
import { leaveCells } from '../../src/onnx/cut/outputs.js';
import { DataType, Graph, valueInfo } from '../../src/onnx/graph.js';
import type { Device, ModelDescription } from '../../src/protocol/engine.js';
import { engineFile } from '../engine/engine.js';

/** What the devices should agree in. */
interface Answer {
  /** Winners, where it has any; a number counts where they are the same. */
  readonly ids?: Int32Array;
  /** Log-probabilities or divergences, in nats. */
  readonly nats: Float32Array;
}

/** More of an answer, and the same again: they stand one behind the other. */
const joined = (answers: readonly Answer[]): Answer => ({
  ids: Int32Array.from(answers.flatMap(({ ids }) => [...(ids ?? [])])),
  nats: Float32Array.from(answers.flatMap(({ nats }) => [...nats])),
});

interface Answered {
  readonly answer: Answer;
  readonly ms: number;
}

type Ask = (engine: Engine, model: ModelDescription) => Promise<Answer>;

const batchSize = 100;

/** Token ids that all models have, everywhere in the vocabulary. */
const idsOf = (count: number, { facts }: ModelDescription): number[] =>
  Array.from({ length: count }, (_, i) => (i * 7919 + ((i * i) % 31)) % facts.vocabularySize);

/** Attention's scores over so many positions are not asked for at once: the prompt runs in chunks. */
const longPrompt = ({ attentionHeads = 1 }: ModelDescription): number =>
  Math.ceil(Math.sqrt(2 ** 26 / attentionHeads)) + 300;

/** Halfway through the blocks, around the hidden state of a prompt. */
function behindPrompt(model: ModelDescription, tokens = 6): MapParameters {
  const center = { kind: 'tokens', ids: idsOf(tokens, model) } as const;
  return {
    ...DEFAULT_PARAMETERS,
    layer: Math.floor((model.facts.blocks - 1) / 2),
    plane: { ...DEFAULT_PARAMETERS.plane, center },
  };
}

/** The first head of the block behind the one of {@link behindPrompt} adds nothing. */
const ablated = ({ facts }: ModelDescription): Intervention[] => [
  { kind: 'zero', block: Math.floor((facts.blocks - 1) / 2) + 1, part: 'heads', heads: [0] },
];

const winners = ({ topK, ids, probabilities }: Cells): Answer => {
  const first = Array.from({ length: ids.length / topK }, (_, cell) => cell * topK);
  return {
    ids: Int32Array.from(first, (at) => ids[at] ?? -1),
    nats: Float32Array.from(first, (at) => Math.log(probabilities[at] ?? NaN)),
  };
};

const map =
  (parametersOf: (model: ModelDescription) => MapParameters): Ask =>
  async (engine, model) =>
    winners((await computeMap(engine, { parameters: parametersOf(model), batchSize })).cells);

const everyLayer: Ask = async (engine, model) => {
  const context = { kind: 'tokens', ids: idsOf(20, model) } as const;
  const parameters: MapParameters = { ...DEFAULT_PARAMETERS, readout: 'lens', context };
  return winners(cellsOfLens(await engine.call('lens', { parameters, batchSize })));
};

const LONG = 'a long prompt';

/** Each time the model is opened anew for the prompt: where products are rounded, they are so in some sessions and not in others. */
const TIMES = 10;
const OFTEN = `every layer, ${TIMES} times`;

const CASES: Readonly<Record<string, Ask>> = {
  embeddings: map(() => ({ ...DEFAULT_PARAMETERS, layer: 'embeddings' })),
  last: map(() => DEFAULT_PARAMETERS),
  'a prompt': map((model) => behindPrompt(model)),
  'a head ablated': map((model) => ({ ...behindPrompt(model), interventions: ablated(model) })),
  'every layer': everyLayer,
  [LONG]: map((model) => ({
    ...behindPrompt(model, longPrompt(model)),
    grid: { ...DEFAULT_PARAMETERS.grid, columns: 10, rows: 10 },
  })),
  [OFTEN]: async (engine, model) => {
    const answers: Answer[] = [];
    for (let i = 0; i < TIMES; i++) answers.push(await everyLayer(engine, model));
    return joined(answers);
  },
  compared: async (engine, model) => {
    const parameters = behindPrompt(model);
    const beside = { parameters: { ...parameters, interventions: ablated(model) } };
    const nats = new Float32Array(parameters.grid.columns * parameters.grid.rows).fill(NaN);
    await engine.call(
      'divergences',
      { parameters, beside, batchSize },
      {
        onEvent: (event) => {
          if (event.kind !== 'divergences') return;
          for (const [i, cell] of event.batch.indices.entries()) nats[cell] = event.batch.js[i] ?? NaN;
        },
      },
    );
    return { nats };
  },
  'a tuned lens': async (engine) => {
    const nats: number[] = [];
    await engine.call(
      'fitTranslator',
      { texts: SAMPLE_TEXTS.slice(1), heldOut: SAMPLE_TEXTS.slice(0, 1), ridge: 0.01 },
      {
        onEvent: (event) => {
          if (event.kind === 'layer') nats.push(event.fitted.judged.lens, event.fitted.judged.tuned);
        },
      },
    );
    return { nats: Float32Array.from(nats) };
  },
};

/** What a device answers in every case, or why it does not; timed once it is warm. */
async function answers(
  place: string,
  device: Device,
): Promise<{ readonly model: ModelDescription; readonly of: Readonly<Record<string, Answered | Fault>> }> {
  const engine = new Engine({ file: engineFile });
  try {
    const model = await engine.call('open', { path: place, device });
    const of: Record<string, Answered | Fault> = {};
    for (const [name, ask] of Object.entries(CASES)) {
      // Where a prompt is not kept, every cell would run all of a long one.
      if (name === LONG && model.prefix.way !== 'reused') continue;
      try {
        await ask(engine, model);
        const started = performance.now();
        of[name] = { answer: await ask(engine, model), ms: performance.now() - started };
      } catch (error) {
        of[name] = Fault.from(error);
      }
    }
    return { model, of };
  } finally {
    await engine.dispose();
  }
}

const sentence = ({ message, hint = '' }: Fault): string => `${message} ${hint}`;

/** Prints a table of a model's cases, and below it why a device does not answer. */
async function compare(place: string): Promise<void> {
  try {
    const [cpu, cuda] = [await answers(place, 'cpu'), await answers(place, 'cuda')];
    console.log(`\n${cpu.model.reference.name}, ${cpu.model.facts.numberType}`);
    const rows: Record<string, Record<string, string>> = {};
    const refused: string[] = [];
    for (const [name, ours] of Object.entries(cpu.of)) {
      const theirs = cuda.of[name];
      if (ours instanceof Fault) refused.push(`${name}, CPU: ${sentence(ours)}`);
      else if (theirs instanceof Fault) refused.push(`${name}, CUDA: ${sentence(theirs)}`);
      else if (theirs) {
        rows[name] = row(ours, theirs);
        const changing = name === OFTEN ? unsteady(ours, theirs) : undefined;
        if (changing === undefined) continue;
        refused.push(changing);
        process.exitCode = 1;
      }
    }
    console.table(rows);
    for (const line of refused) console.log(line);
  } catch (error) {
    console.log(`\n${path.basename(place)}: ${sentence(Fault.from(error))}`);
  }
}

interface Agreement {
  readonly same: number;
  /** Of those that are the same, in nats. */
  readonly worst: number;
}

function agreement(ours: Answer, theirs: Answer): Agreement {
  let same = 0;
  let worst = 0;
  for (const [i, value] of ours.nats.entries()) {
    if (ours.ids && ours.ids[i] !== theirs.ids?.[i]) continue;
    same++;
    const other = theirs.nats[i];
    if (!Object.is(value, other)) worst = Math.max(worst, Math.abs(value - (other ?? NaN)));
  }
  return { same, worst };
}

function row(cpu: Answered, cuda: Answered): Record<string, string> {
  const { same, worst } = agreement(cpu.answer, cuda.answer);
  const { ids } = cpu.answer;
  return {
    'same token': ids ? `${same} of ${ids.length}` : '',
    'worst, nats': worst.toExponential(1),
    'cpu ms': cpu.ms.toFixed(0),
    'cuda ms': cuda.ms.toFixed(0),
  };
}

/** Further off than float32 rounds, and so much further than another time, is another arithmetic. */
const [NEAR, TIMES_FURTHER] = [1e-4, 10];

/** What a device answered again and again, and the CPU did. @returns a sentence where it was near one time and not another */
function unsteady({ answer: ours }: Answered, { answer: theirs }: Answered): string | undefined {
  const size = ours.nats.length / TIMES;
  const part = ({ ids, nats }: Answer, i: number): Answer => ({
    ...(ids ? { ids: ids.subarray(i * size, (i + 1) * size) } : {}),
    nats: nats.subarray(i * size, (i + 1) * size),
  });
  const worst = Array.from({ length: TIMES }, (_, i) => agreement(part(ours, i), part(theirs, i)).worst);
  const [least, most] = [Math.min(...worst), Math.max(...worst)];
  if (most < NEAR || most < TIMES_FURTHER * least) return undefined;
  return `NOT THE SAME EVERY TIME: ${worst.map((w) => w.toExponential(1)).join(', ')} nats off.`;
}

/** Whether of equal logits the lower id comes first, in cells whose logits take few values. */
async function ties(vocabulary: number, k: number): Promise<string> {
  const cells = 64;
  const logits = Float32Array.from({ length: cells * vocabulary }, (_, i) => (i * 7919 + (i >> 5)) % 37);
  const nothing = { node: [], initializer: [], output: [], valueInfo: [] };
  const input = [valueInfo('z', DataType.FLOAT, ['cells', vocabulary])];
  const graph = Graph.of({ ...nothing, input }, new Map([['', 17]]), 8n);
  const exit = leaveCells(graph, 'z', 2, { kind: 'top', k, masked: false, functional: false, tiesOf: vocabulary });
  const cut = graph.with({ nodes: exit.nodes, initializers: exit.initializers, outputs: exit.outputs });
  const session = await Session.create(cut, { folder: '' }, { provider: 'cuda', prepack: false });
  const found = await session.run({ z: new Tensor('float32', logits, [cells, vocabulary]) });
  await session.release();
  const [ids, top, notBelow] = [CUT.ids, CUT.top, CUT.notBelow].map((name): unknown => found[name]?.data);
  if (!(ids instanceof Int32Array && top instanceof Float32Array && notBelow instanceof Float32Array)) return 'nothing';
  const ordered = lowerIdsFirst({ ids, logits: top, notBelow }, k, vocabulary);
  let [given, settled] = [0, 0];
  for (let cell = 0; cell < cells; cell++) {
    const row = logits.subarray(cell * vocabulary, (cell + 1) * vocabulary);
    const truth = [...row.keys()].sort((a, b) => (row[b] ?? 0) - (row[a] ?? 0) || a - b).slice(0, k);
    if (truth.every((id, i) => ids[cell * k + i] === id)) given++;
    if (truth.every((id, i) => ordered[cell * k + i] === id)) settled++;
  }
  if (settled < cells) process.exitCode = 1;
  return `equal logits of ${vocabulary}, ${k} asked for: the lower id first in ${settled} of ${cells} cells; CUDA itself ${given}`;
}

const fixtures = path.join(import.meta.dirname, '..', 'fixtures');
const kept = ['models', 'checkpoints', 'gguf'].flatMap((kind) =>
  readdirSync(path.join(fixtures, kind), { withFileTypes: true })
    .filter((entry) => (kind === 'gguf' ? entry.name.endsWith('.gguf') : entry.isDirectory()))
    .map(({ name }) => path.join(fixtures, kind, name)),
);
const asked = (process.env.GPU_MODELS ?? '').split(path.delimiter).filter((place) => place !== '');

console.log(new Date().toISOString());
if (!existsSync('/dev/nvidia0')) {
  console.log('No NVIDIA GPU here: the CUDA check is left out.');
} else {
  const cache = mkdtempSync(path.join(os.tmpdir(), 'embedding-grid-gpu-'));
  process.env.EMBEDDING_GRID_CACHE = cache;
  try {
    for (const [vocabulary, k] of [
      [160, 10],
      [1000, 1],
      [1000, 10],
      [5000, 10],
      [49_152, 10],
      [49_152, 50],
    ] as const)
      console.log(await ties(vocabulary, k));
    for (const place of asked.length > 0 ? asked : [bundledModel, ...kept]) await compare(place);
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
}
