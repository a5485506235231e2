import path from 'node:path';
import { questionsOf } from '../../src/map/questions.js';
import type { Engine } from '../../src/engine/client.js';
import type { EngineLease } from '../../src/host/engineLease.js';
import { Fault } from '../../src/map/fault.js';
import { refinement } from '../../src/map/refinement.js';
import type { Profile } from '../../src/map/profile.js';
import { pointAt } from '../../src/map/plane.js';
import { contextOf, type MapParameters, type MapSpecification, type Question } from '../../src/map/specification.js';
import { ownSurvey, type Survey } from '../../src/map/survey.js';
import type { Token } from '../../src/map/token.js';
import type { Approximation, CellBatch, Cells, TokenMap } from '../../src/map/tokenMap.js';
import { type CallOptions, cancelled } from '../../src/protocol/channel.js';
import type {
  DivergenceEvent,
  DivergenceParams,
  DivergenceResult,
  EngineRequests,
  MapEvent,
  MapParams,
  MapResult,
  ModelDescription,
  PointParams,
  Reading,
  StatesResult,
} from '../../src/protocol/engine.js';
import type { BoundaryParams, StateBoundaries } from '../../src/protocol/boundaries.js';
import type { FeaturesEvent, FeaturesParams, FeaturesResult } from '../../src/protocol/features.js';
import type { ProfileParams } from '../../src/protocol/profile.js';
import type { LensParams } from '../../src/protocol/lens.js';
import { syntheticLens } from '../map/syntheticLens.js';
import { syntheticProfile } from '../map/syntheticProfile.js';
import { syntheticMap } from '../map/syntheticMap.js';
import { syntheticSurvey } from '../map/syntheticSurvey.js';

export interface FakeEngineOptions {
  readonly description?: Partial<ModelDescription>;
  /** Answer of `estimate`, in seconds; one after the other, of which the last stays. */
  readonly seconds?: number | null | readonly number[];
  /** Computes no more cells than this until {@link FakeEngine.stopAt} allows more. */
  readonly stopAt?: number;
  /** What a map is made of, by its parameters. */
  readonly map?: (parameters: MapParameters) => TokenMap;
  /** What a survey says of the center, and of the texts that are shown, once it may measure. */
  readonly told?: (survey: Survey) => Survey;
  /** Boundaries around any center. */
  readonly boundaries?: StateBoundaries;
  /** What every map ends with. */
  readonly mapFault?: Fault;
  /** What a survey that is asked for ends with. */
  readonly surveyFault?: string;
  /** The first map shows its first pass, and waits for what {@link FakeEngine.judge} says of the model. */
  readonly unverified?: boolean;
  /** Where an autoencoder says that it was trained. */
  readonly saeHook?: string;
  /** A continuation goes on until it is cancelled. */
  readonly endlessText?: boolean;
}

/** What directions speak for. */
const FEATURE_TOKENS = [' sea', '</td><img src=x onerror=alert(1)>', '\u202Etxet\u0000', '\n\t', ' '.repeat(3)];

/** What the synthetic model is. */
export const DESCRIPTION: ModelDescription = {
  reference: { name: 'SmolLM2-135M-Instruct', file: 'onnx/model.onnx', sha256: 'ab'.repeat(32) },
  path: '/models/smollm2/onnx/model.onnx',
  facts: { blocks: 30, hiddenSize: 576, vocabularySize: 49152, weightsBytes: 538_060_800, numberType: 'float32' },
  modelType: 'llama',
  opset: 18,
  nodes: 1234,
  attentionHeads: 9,
  residual: [],
  finalNorm: 'norm',
  head: { operator: 'MatMul', weight: 'lm_head', bias: false, after: [] },
  readouts: {
    forward: { ok: true },
    lens: { ok: true },
    unembed: { ok: true },
    tuned: { ok: true },
    jacobian: { ok: true },
  },
  contexts: { none: { ok: true }, bos: { ok: true }, prompt: { ok: true } },
  prefix: { way: 'reused', reason: '' },
  batching: { way: 'batched', reason: '' },
  tokenizer: { file: 'tokenizer.json', size: 49152, bos: 1 },
  device: { asked: 'auto', used: 'cpu' },
  checks: [],
  openedMilliseconds: 12,
};

/**
 * An engine without a model: its maps are the upper envelope of random affine functions, which is what an affine readout
 * gives. A test may stop it after so many cells, and let it die.
 */
export class FakeEngine implements EngineLease {
  readonly description: ModelDescription;
  readonly ended: Promise<Fault | undefined>;
  /** A map waits for this before anything is known of it. */
  beforeMap: Promise<void> = Promise.resolve();
  /** Requests for maps so far. */
  readonly asked: MapParams[] = [];
  released = 0;
  /** Computes no more cells than this until it is raised. */
  private limit: number;
  private wake: () => void = () => undefined;
  private end: (fault: Fault | undefined) => void = () => undefined;
  private death: Fault | undefined;

  constructor(private readonly options: FakeEngineOptions = {}) {
    this.description = { ...DESCRIPTION, ...options.description };
    this.limit = options.stopAt ?? Infinity;
    this.unverified = options.unverified ?? false;
    this.ended = new Promise((resolve) => (this.end = resolve));
  }

  /** What was asked of boundaries. */
  readonly questions: BoundaryParams[] = [];

  readonly engine: Pick<Engine, 'call'> = {
    call: async <M extends keyof EngineRequests>(
      method: M,
      params: EngineRequests[M]['params'],
      options?: CallOptions<EngineRequests[M]['event']>,
    ): Promise<EngineRequests[M]['result']> => {
      const onEvent: ((event: MapEvent) => void) | undefined = options?.onEvent;
      const answer = await this.answer(method, params, onEvent, options?.signal);
      return answer as EngineRequests[M]['result'];
    },
  };

  current(): Promise<boolean> {
    return Promise.resolve(true);
  }

  release(): void {
    this.released++;
  }

  /** Stops after so many cells of the running map; `Infinity` lets it go on. */
  stopAt(cells: number): void {
    this.limit = cells;
    this.wake();
  }

  private estimated = 0;

  private seconds(same = false): number | null {
    const { seconds = null } = this.options;
    if (seconds === null || typeof seconds === 'number') return seconds;
    if (!same) this.estimated++;
    return seconds[Math.min(Math.max(this.estimated, 1), seconds.length) - 1] ?? null;
  }

  /** What the checks of a model that is not yet verified found. */
  judge: (verdict: 'verified' | 'anew' | Fault) => void = () => undefined;
  private readonly verdict = new Promise<'verified' | 'anew' | Fault>((resolve) => (this.judge = resolve));
  private unverified: boolean;

  /** Ends as a killed process does. */
  die(): void {
    this.death = new Fault({
      code: 'engine-died',
      message: 'The engine ended unexpectedly (signal SIGKILL).',
      hint: 'What had been computed is kept. Generate starts a new engine.',
    });
    this.end(this.death);
    this.wake();
  }

  private async answer(
    method: string,
    params: unknown,
    onEvent: ((event: MapEvent) => void) | undefined,
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    if (this.death) throw this.death;
    if (method === 'tokenize') {
      // Words with the space before them, as of a tokenizer that reads whole words; a chat's turn stands around them.
      const { text, chat } = params as EngineRequests['tokenize']['params'];
      const words = text.match(/ ?[^ ]+| /g) ?? [];
      const all = chat ? ['<|user|>', ...words, '<|assistant|>'] : words;
      return {
        tokens: all.map((word, i) => ({ id: 100 + i, kind: word.startsWith('<|') ? 'special' : 'text', text: word })),
      };
    }
    if (method === 'states') return this.states(params as EngineRequests['states']['params']);
    if (method === 'features')
      return this.features(params as FeaturesParams, onEvent as unknown as (event: FeaturesEvent) => void);
    const { parameters } = params as MapParams;
    const cells = parameters.grid.columns * parameters.grid.rows;
    if (method === 'estimate') return { cells, bytes: 1e9, seconds: this.seconds() };
    if (method === 'survey') return this.survey(params as EngineRequests['survey']['params']);
    if (method === 'boundaries') {
      this.questions.push(params as BoundaryParams);
      return this.options.boundaries;
    }
    if (method === 'point') return this.point(params as PointParams);
    if (method === 'profile') return this.profile(params as ProfileParams);
    if (method === 'lens') return syntheticLens(params as LensParams, this.description);
    if (method === 'divergences') return this.divergences(params as DivergenceParams, onEvent, signal);
    if (method === 'continue') this.continued.push(params as EngineRequests['continue']['params']);
    if (method === 'continue') return this.continue(onEvent as unknown as (event: { token: Token }) => void, signal);
    return this.map(params as MapParams, onEvent, signal);
  }

  /** What was asked of autoencoders. */
  readonly featured: FeaturesParams[] = [];
  /** What reading an autoencoder ends with. */
  saeFault: Fault | undefined;

  /** Features whose numbers are of their places, and what they speak for as hostile as tokens come. */
  private async features(params: FeaturesParams, onEvent: (event: FeaturesEvent) => void): Promise<FeaturesResult> {
    this.featured.push(params);
    const { saeHook: hook = 'blocks.29.hook_resid_post' } = this.options;
    if (this.saeFault) throw this.saeFault;
    const layer = Number(/\d+/.exec(hook)?.[0]);
    const sae = { name: path.basename(params.sae), features: 24_576, hook, layer };
    const strongest = Array.from({ length: Math.min(params.most, 12) }, (_, i) => ({
      feature: 24_575 - 1000 * i,
      activation: 12.5 - i,
      direction: i === 11 ? null : new Float32Array(this.description.facts.hiddenSize).fill(i + 1),
    }));
    const found = { sae, active: 37, strongest };
    onEvent(found);
    await new Promise((resolve) => setImmediate(resolve));
    const tokens = FEATURE_TOKENS.map((text, id): Token => ({ id, kind: 'text', text }));
    return { ...found, strongest: strongest.map((one) => ({ ...one, tokens: one.direction ? tokens : [] })) };
  }

  /** Each position's state is made of its number. */
  private states({ prompt, layers }: EngineRequests['states']['params']): StatesResult {
    const words = prompt.kind === 'prompt' ? (prompt.text.match(/ ?[^ ]+| /g) ?? []) : prompt.ids.map(String);
    const { hiddenSize } = this.description.facts;
    const values = Float32Array.from({ length: words.length * hiddenSize }, (_, i) => Math.floor(i / hiddenSize));
    return {
      tokens: words.map((text, id) => ({ id, kind: 'text', text })),
      states: layers.map((layer) => ({ layer: layer === 'last' ? 29 : layer, values })),
    };
  }

  private profile(params: ProfileParams): Profile {
    this.profiled.push(params);
    return syntheticProfile(params, (this.options.map ?? defaultMap)(params.parameters));
  }

  /** Requests for texts so far. */
  readonly continued: EngineRequests['continue']['params'][] = [];
  /** Requests for profiles so far. */
  readonly profiled: ProfileParams[] = [];
  /** Requests for surveys so far. */
  readonly surveyed: MapParameters[] = [];

  private survey({ parameters, measure = true }: EngineRequests['survey']['params']): Survey {
    this.surveyed.push(parameters);
    const { surveyFault } = this.options;
    if (surveyFault !== undefined) throw new Fault({ code: 'bad-parameter', message: surveyFault });
    const survey = syntheticSurvey((this.options.map ?? defaultMap)(parameters).plane, parameters);
    const { told } = this.options;
    if (!measure) return { ...survey, norms: null, ...(told ? { untold: true } : {}) };
    return told ? told(survey) : survey;
  }

  /** The cell that the point lies in. */
  private point({ parameters, x, y }: PointParams): Reading {
    const map = (this.options.map ?? defaultMap)(parameters);
    const { columns, rows, spacing, center } = parameters.grid;
    const at = (value: number, middle: number, count: number): number =>
      Math.min(count - 1, Math.max(0, Math.round((value - middle) / spacing + (count - 1) / 2)));
    const cell = at(y, center[1], rows) * columns + at(x, center[0], columns);
    const { topK } = parameters;
    const each = questionsOf(parameters).length;
    const ids = map.cells.ids.slice(cell * topK, (cell + 1) * topK);
    const probabilities = map.cells.probabilities.slice(cell * topK, (cell + 1) * topK);
    return {
      ids,
      probabilities,
      logits: probabilities.map((p) => Math.log(p) + 12),
      entropy: map.cells.entropy[cell] ?? 0,
      answers: map.cells.answers?.slice(cell * each, (cell + 1) * each) ?? null,
      norm: Math.hypot(...pointAt(map.plane, x, y)),
      tokens: [...ids].map((id) => map.tokens.get(id) ?? { id, kind: 'unknown', text: `#${id}` }),
    };
  }

  /** Sums that a test can make as well, of the first tokens' probabilities. */
  private async divergences(
    params: DivergenceParams,
    onEvent: unknown,
    signal: AbortSignal | undefined,
  ): Promise<DivergenceResult> {
    this.compared.push(params);
    const emit = onEvent as ((event: DivergenceEvent) => void) | undefined;
    const { parameters, beside } = params;
    const [a, b] = [parameters, beside.parameters].map((one) => (this.options.map ?? defaultMap)(one).cells);
    const cells = parameters.grid.columns * parameters.grid.rows;
    for (let at = 0; at < cells; at += 1000) {
      await new Promise((resolve) => setImmediate(resolve));
      if (signal?.aborted) throw cancelled();
      const indices = Int32Array.from({ length: Math.min(1000, cells - at) }, (_, i) => at + i);
      const apart = indices.length === 0 || !a || !b ? [] : [...indices].map((cell) => fakeDivergence(a, b, cell));
      const batch = {
        indices,
        ab: Float32Array.from(apart),
        ba: Float32Array.from(apart, (one) => 2 * one),
        js: Float32Array.from(apart, (one) => one / 2),
      };
      emit?.({ kind: 'divergences', batch, done: at + indices.length, total: cells, secondsLeft: 1 });
    }
    return { cells, undefinedCells: 0, seconds: 0.1 };
  }

  /** Requests for divergences so far. */
  readonly compared: DivergenceParams[] = [];

  /** Writes until it is stopped, if it is to wait; else a few words. */
  private async continue(onEvent: ((event: { token: Token }) => void) | undefined, signal: AbortSignal | undefined) {
    const tokens = [' and', ' so', ' on'].map((text, id): Token => ({ id, kind: 'text', text }));
    for (const token of tokens) {
      await new Promise((resolve) => setImmediate(resolve));
      onEvent?.({ token });
    }
    if (this.options.endlessText === true)
      await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }));
    if (signal?.aborted) throw cancelled();
    return { tokens, text: ' and so on', ended: true };
  }

  private async map(
    params: MapParams,
    onEvent: ((event: MapEvent) => void) | undefined,
    signal: AbortSignal | undefined,
  ): Promise<MapResult> {
    const { parameters, batchSize, only } = params;
    this.asked.push(params);
    await this.beforeMap;
    if (this.options.mapFault) throw this.options.mapFault;
    const whole = (this.options.map ?? defaultMap)(parameters);
    const { columns, rows } = parameters.grid;
    const specification = specificationOf(parameters, this.description);
    const estimate = { cells: columns * rows, bytes: 1e9, seconds: this.seconds(true) };
    onEvent?.({ kind: 'started', specification, estimate });
    const { cells: order, passes } = refinement(columns, rows, only);
    const told = new Set<number>();
    let done = 0;
    if (this.unverified) {
      const nothing = { done, total: order.length, stride: 16, secondsLeft: null };
      const first = batchOf(whole, order.slice(0, passes[0]?.end), told);
      onEvent?.({ kind: 'cells', ...first, passing: true, unverified: true, ...nothing });
      const cancel = new Promise<Fault>((resolve) => signal?.addEventListener('abort', () => resolve(cancelled())));
      const verdict = await Promise.race([this.verdict, cancel]);
      if (verdict instanceof Fault) throw verdict;
      this.unverified = false;
      onEvent?.({ kind: verdict });
    }
    for (const { stride, start, end } of passes) {
      for (let at = start; at < end; at += batchSize) {
        while (done >= this.limit && !signal?.aborted && !this.death) {
          await new Promise<void>((resolve) => {
            this.wake = resolve;
            signal?.addEventListener('abort', () => resolve(), { once: true });
          });
        }
        await new Promise((resolve) => setImmediate(resolve));
        if (this.death) throw this.death;
        if (signal?.aborted) throw cancelled();
        const indices = order.slice(at, Math.min(at + batchSize, end));
        const { batch: plain, tokens } = batchOf(whole, indices, told);
        const batch = parameters.adaptive && stride === 1 ? ({ ...plain, filled: true } as const) : plain;
        done += indices.length;
        onEvent?.({ kind: 'cells', batch, tokens, done, total: order.length, stride, secondsLeft: 25 });
      }
    }
    return {
      specification,
      facts: this.description.facts,
      plane: whole.plane,
      survey: ownSurvey(syntheticSurvey(whole.plane, parameters), parameters),
      runtime: {
        ...whole.runtime,
        way: whole.regions ? 'three-rows' : 'each-cell',
        ...(parameters.adaptive ? { approximation: approximationOf(order.length - (passes.at(-1)?.start ?? 0)) } : {}),
      },
      ...(whole.regions ? { regions: whole.regions } : {}),
      tokens: (whole.regions?.polygons ?? []).flatMap(({ token }) => whole.tokens.get(token) ?? []),
    };
  }
}

const approximationOf = (filled: number): Approximation => ({
  filled,
  checked: 256,
  differing: 1,
  largestDifference: 0.02,
});

const specificationOf = (parameters: MapParameters, { reference, facts }: ModelDescription): MapSpecification => ({
  ...parameters,
  model: reference,
  context: contextOf(parameters),
  layer: parameters.layer === 'last' ? facts.blocks - 1 : parameters.layer,
});

/** In nats: how far the two first probabilities lie apart. */
export const fakeDivergence = (a: Cells, b: Cells, cell: number): number =>
  Math.abs((a.probabilities[cell * a.topK] ?? 0) - (b.probabilities[cell * b.topK] ?? 0));

const known = new Map<string, TokenMap>();
/** Of the default grid. */
const REACH = 12.5;

/** Another map for every layer, readout and plane; the same functions for every grid. Regions are known where a model's are. */
export function defaultMap(parameters: MapParameters): TokenMap {
  const { grid, topK, layer, readout, plane } = parameters;
  const questions = questionsOf(parameters);
  let seed = 7;
  for (const letter of JSON.stringify([layer, readout, plane])) seed = (seed * 31 + letter.charCodeAt(0)) % 9973;
  const exact = readout !== 'forward' || layer === 'last' || layer === DESCRIPTION.facts.blocks - 1;
  const options = { ...grid, topK, seed, vocabulary: 46, steepness: 9, reach: REACH, exact };
  const key = JSON.stringify([grid, topK, seed, questions]);
  const map = known.get(key) ?? asked(syntheticMap(options), questions);
  known.set(key, map);
  return map;
}

const RANGES = {
  probability: [0, 1],
  set: [0, 1],
  pattern: [0, 1],
  difference: [-10, 10],
  divergence: [0, 6],
  feature: [0, 8],
} as const;

/** Answers that rise along x, as each question has them; those of every second question along y. */
function asked(map: TokenMap, questions: readonly Question[]): TokenMap {
  if (questions.length === 0) return map;
  const { columns, rows } = map.cells;
  const answers = new Float32Array(columns * rows * questions.length);
  for (let cell = 0; cell < columns * rows; cell++)
    questions.forEach(({ kind }, q) => {
      const [low, high] = RANGES[kind];
      const part =
        q % 2 === 0 ? (cell % columns) / Math.max(1, columns - 1) : Math.floor(cell / columns) / Math.max(1, rows - 1);
      answers[cell * questions.length + q] = low + (high - low) * part;
    });
  return { ...map, cells: { ...map.cells, answers } };
}

const answersAt = (answers: Float32Array, each: number, indices: Int32Array): Float32Array =>
  Float32Array.from([...indices].flatMap((cell) => [...answers.subarray(cell * each, (cell + 1) * each)]));

function batchOf(map: TokenMap, indices: Int32Array, told: Set<number>): { batch: CellBatch; tokens: Token[] } {
  const { topK, ids, probabilities, entropy, answers } = map.cells;
  const batch = {
    indices,
    ids: new Int32Array(indices.length * topK),
    probabilities: new Float32Array(indices.length * topK),
    entropy: new Float32Array(indices.length),
    ...(answers ? { answers: answersAt(answers, answers.length / map.cells.computed.length, indices) } : {}),
  };
  const tokens: Token[] = [];
  indices.forEach((cell, i) => {
    batch.ids.set(ids.subarray(cell * topK, (cell + 1) * topK), i * topK);
    batch.probabilities.set(probabilities.subarray(cell * topK, (cell + 1) * topK), i * topK);
    batch.entropy[i] = entropy[cell] ?? 0;
    for (const id of ids.subarray(cell * topK, (cell + 1) * topK)) {
      if (told.has(id)) continue;
      told.add(id);
      tokens.push(map.tokens.get(id) ?? { id, kind: 'unknown', text: `#${id}` });
    }
  });
  return { batch, tokens };
}
