/**
 * `npm run gpu`: the same answers from the CPU and from CUDA, compared and timed. Needs an NVIDIA GPU, CUDA, cuDNN 9 and CUDA's part
 * of onnxruntime, found as the program finds it (EMBEDDING_GRID_CUDA_LIBRARIES names its folder); says so and ends well where there
 * is none. Models: the bundled one, exports, checkpoints and GGUF files kept in test/fixtures, or those of GPU_MODELS (paths
 * separated as in PATH).
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { computeMap, Engine } from '../../src/engine/client.js';
import { SAMPLE_TEXTS } from '../../src/engine/sampleTexts.js';
import { bundledModel } from '../../src/host/installation.js';
import { Fault } from '../../src/map/fault.js';
import { cellsOfLens } from '../../src/map/lens/lensTable.js';
import { DEFAULT_PARAMETERS, type Intervention, type MapParameters } from '../../src/map/specification.js';
import type { Cells } from '../../src/map/tokenMap.js';
import type { Device, ModelDescription } from '../../src/protocol/engine.js';
import { engineFile } from '../engine/engine.js';

/** What the devices should agree in. */
interface Answer {
  /** Winners, where it has any; a number counts where they are the same. */
  readonly ids?: Int32Array;
  /** Log-probabilities or divergences, in nats. */
  readonly nats: Float32Array;
}

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
  // On 2026-11-27 some cells of it were off behind a long prompt, and alone they were not.
  'every layer again': everyLayer,
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
      else if (theirs) rows[name] = agreement(ours, theirs);
    }
    console.table(rows);
    for (const line of refused) console.log(line);
  } catch (error) {
    console.log(`\n${path.basename(place)}: ${sentence(Fault.from(error))}`);
  }
}

function agreement(cpu: Answered, cuda: Answered): Record<string, string> {
  const [ours, theirs] = [cpu.answer, cuda.answer];
  const { ids } = ours;
  let same = 0;
  let worst = 0;
  for (const [i, value] of ours.nats.entries()) {
    if (ids && ids[i] !== theirs.ids?.[i]) continue;
    same++;
    const other = theirs.nats[i];
    if (!Object.is(value, other)) worst = Math.max(worst, Math.abs(value - (other ?? NaN)));
  }
  return {
    'same token': ids ? `${same} of ${ids.length}` : '',
    'worst, nats': worst.toExponential(1),
    'cpu ms': cpu.ms.toFixed(0),
    'cuda ms': cuda.ms.toFixed(0),
  };
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
    for (const place of asked.length > 0 ? asked : [bundledModel, ...kept]) await compare(place);
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
}
