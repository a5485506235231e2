import path from 'node:path';
import { questionsOf } from '../map/questions.js';
import { computeMap, type Engine, withCloserLook } from '../engine/client.js';
import { type BoundaryQuestion, DEFAULT_QUESTION } from '../map/boundaries/directions.js';
import { Fault } from '../map/fault.js';
import { type Display, parseDisplay, usualDisplay } from '../map/mapDisplay.js';
import type { LensTable } from '../map/lens/lensTable.js';
import type { Plane } from '../map/plane.js';
import { type Profile, type ProfileLine, USUAL_STEPS } from '../map/profile.js';
import { mergeAxes, parseAxis } from '../map/series/axisText.js';
import {
  baseOf,
  laidOn,
  memberName,
  members,
  planeParameters,
  type PlaneSharing,
  refuseIdleAxes,
  runOrder,
  type SeriesAxis,
  type SeriesMember,
  usualSharing,
} from '../map/series/series.js';
import {
  DEFAULT_BATCH_SIZE,
  DEFAULT_PARAMETERS,
  type Grid,
  type Layer,
  type MapParameters,
  parseParameters,
  type Prompt,
  type TokenName,
  type VectorSource,
} from '../map/specification.js';
import type { Token } from '../map/token.js';
import type { TokenMap } from '../map/tokenMap.js';
import type { StateBoundaries } from '../protocol/boundaries.js';
import { type Device, type ModelDescription, VECTORS_BYTES } from '../protocol/engine.js';
import type { FeaturesResult } from '../protocol/features.js';
import { bundledModel } from './installation.js';
import { type OpenedModel, openModel } from './openModel.js';
import { several } from '../map/numbers.js';
import { tokenFeatures, type TokenFeatures } from './tokenFeatures.js';

/** How a model is opened. */
export interface SessionOptions {
  readonly device?: Device;
  /** A folder with CUDA's part of onnxruntime, or a Python environment that has it; by default it is looked for. */
  readonly cudaLibraries?: string;
  /** Bytes of memory that may be taken; by default half of what is free. Decides how weights of 16 bits are held. */
  readonly memory?: number;
  /** Ends opening, and all that the session does; its promises are then rejected with a fault `cancelled`. */
  readonly signal?: AbortSignal;
}

/** What a map is of: {@link MapParameters}, of which whatever is left out has the command line's default. */
export type ParameterOptions = Partial<Omit<MapParameters, 'plane' | 'grid'>> & {
  /** Axes, and a center other than the origin. */
  readonly plane?: Partial<MapParameters['plane']>;
  readonly grid?: Partial<Grid>;
};

/** How something is computed. */
export interface ComputeOptions {
  /** Cells, or vectors, in one run, at most. */
  readonly batchSize?: number;
  /** Ends the computation; the promise is then rejected with a fault `cancelled`. */
  readonly signal?: AbortSignal;
  /** Hears how many cells, or vectors, are done. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface MapOptions extends ParameterOptions, ComputeOptions {
  /**
   * How the map is drawn and opened; it changes no cell. What is left out is as by default; where a question is asked, color
   * tells its answers.
   */
  readonly display?: Partial<Display>;
  /** The map gets, where it is three rows, what a page of it computes closer looks from. */
  readonly closerLook?: boolean;
}

/** A map of a series. */
export interface SeriesMap {
  /** `layer=3, seed=7` */
  readonly name: string;
  readonly member: SeriesMember;
  readonly map: TokenMap;
}

/** What the model says at one point of a plane. */
export interface PointPrediction extends Predictions {
  /** |h| */
  readonly norm: number;
}

/** What the model says of `count` vectors. Where its arithmetic leaves its number range, entropy is NaN. */
export interface Predictions {
  readonly count: number;
  readonly topK: number;
  /** [count * topK] token ids, most probable first. */
  readonly ids: Int32Array;
  readonly probabilities: Float32Array;
  readonly logits: Float32Array;
  /** [count], in nats. */
  readonly entropy: Float32Array;
  /** [count * q] answers to the q questions, where any is asked. */
  readonly answers?: Float32Array;
  readonly tokens: ReadonlyMap<number, Token>;
}

/** Hidden states of a prompt: the residual stream behind some layers. */
export interface HiddenStates {
  /** Of the whole sequence, position by position. */
  readonly tokens: readonly Token[];
  readonly positions: number;
  readonly hiddenSize: number;
  /** As the layers were asked for. */
  readonly layers: readonly {
    readonly layer: Layer;
    /** [positions * hiddenSize], row by row. */
    readonly values: Float32Array;
  }[];
}

/** Options that are no parameters; functions that take more of them hand all on. */
const OTHER_OPTIONS: Readonly<Record<Exclude<keyof (MapOptions & SessionOptions), keyof MapParameters>, true>> &
  Readonly<Record<string, true>> = {
  batchSize: true,
  signal: true,
  onProgress: true,
  display: true,
  closerLook: true,
  device: true,
  cudaLibraries: true,
  memory: true,
  ...{ model: true, outputDir: true, formats: true, overwrite: true },
};

/** @throws Fault `bad-parameter`. */
export const parametersOf = ({ plane, grid, ...options }: ParameterOptions): MapParameters => {
  // Who writes no TypeScript learns of these only here: spread, they would be nothing.
  const strange = Object.entries({ plane, grid }).find(([, one]) => one !== undefined && typeof one !== 'object');
  if (strange) throw bad(`The ${strange[0]} must be an object.`, 'A grid is what create2dGrid gives.');
  const named = Object.keys(DEFAULT_PARAMETERS) as (keyof typeof options)[];
  const given = named.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]] as const]));
  return parseParameters({
    ...DEFAULT_PARAMETERS,
    ...Object.fromEntries(given),
    plane: { ...DEFAULT_PARAMETERS.plane, ...plane },
    grid: { ...DEFAULT_PARAMETERS.grid, ...grid },
  });
};

/** @throws Fault `bad-parameter`. */
export function readMapOptions(options: MapOptions): { readonly parameters: MapParameters; readonly display: Display } {
  const unknown = Object.keys(options).find(
    (name) => !Object.hasOwn(DEFAULT_PARAMETERS, name) && !Object.hasOwn(OTHER_OPTIONS, name),
  );
  if (unknown !== undefined) throw bad(`There is no option ${unknown}.`, 'docs/library.md and the types name them.');
  const parameters = parametersOf(options);
  return { parameters, display: parseDisplay(options.display ?? {}, usualDisplay(parameters)) };
}

const bad = (message: string, hint: string): Fault => new Fault({ code: 'bad-parameter', message, hint });

/** Of which state features are asked, and how many. */
export interface FeatureChoices extends Pick<ComputeOptions, 'signal'> {
  /** By default that of the autoencoder's hook, else the last. */
  readonly layer?: Layer | 'last';
  /** Features at most, 1 ... 1000; 20 where it is left out. */
  readonly most?: number;
}

/** Features that are listed where nothing else is asked. */
const USUAL_FEATURES = 20;

/** Bytes of vectors that are sent at once: a cancel and the progress stand between two such parts. */
const PART_BYTES = Math.min(VECTORS_BYTES, 2 ** 22);

/**
 * A model that is open: opened once, for as many maps, points, predictions and hidden states as are asked of it, one after
 * another. Ends with {@link close}, or where `await using` leaves its block. An engine that was lost (it died, or did not
 * answer a cancel) is started again by the next that is asked.
 */
export class ModelSession {
  private closed = false;

  private constructor(
    private readonly model: string,
    private readonly options: SessionOptions,
    private opened: Promise<OpenedModel>,
    private readonly description: ModelDescription,
  ) {}

  /**
   * @param model a file or folder, or `ORG/NAME[@REVISION]` in the Hugging Face cache
   * @throws Fault `model-*`, `tokenizer`, `device`, `memory`, `cancelled`.
   */
  static async open(model: string = bundledModel, options: SessionOptions = {}): Promise<ModelSession> {
    const opened = await openEngine(model, options);
    return new ModelSession(model, options, Promise.resolve(opened), opened.description);
  }

  /** What was found in the model: layers, sizes, the readouts and contexts that it supports. */
  describe(): ModelDescription {
    return this.description;
  }

  /**
   * Computes a map: for every cell its `topK` most probable tokens, their probabilities and the entropy in nats (see
   * {@link TokenMap.cells} for the layout). @throws Fault.
   */
  async map(options: MapOptions = {}): Promise<TokenMap> {
    const { batchSize = DEFAULT_BATCH_SIZE, signal, onProgress } = options;
    const { parameters, display } = readMapOptions(options);
    const engine = await this.engine();
    const map = await computeMap(
      engine,
      { parameters, batchSize },
      {
        ...(signal ? { signal } : {}),
        onEvent: (event) => {
          if (event.kind === 'cells') onProgress?.(event.done, event.total);
        },
      },
    );
    return { ...(options.closerLook ? await withCloserLook(engine, map, parameters) : map), display };
  }

  /**
   * Maps that differ in named axes, each as soon as it is there, in the order that reuses most; every one is what it would be alone.
   * @param options the base's options; `vary` as on a command line (`layer=0-11`) or as data; `sharing`: whether all have the base's
   *   plane or each its `own`, by default the base's, but their own where an axis is one of the plane
   * @throws Fault `bad-parameter` where an axis leads nowhere, changes nothing, or is the model: a session has one.
   */
  async *series({
    vary,
    sharing: asked,
    ...options
  }: MapOptions & {
    readonly vary: readonly (string | SeriesAxis)[];
    readonly sharing?: PlaneSharing;
  }): AsyncGenerator<SeriesMap, void> {
    const axes = mergeAxes(vary.map((axis) => (typeof axis === 'string' ? parseAxis(axis) : axis)));
    const sharing = asked ?? usualSharing(axes);
    const { parameters, display } = readMapOptions(options);
    const base = baseOf(parameters, axes);
    const all = [...members({ base, vary: axes })];
    if (all.some(({ model }) => model !== undefined))
      throw new Fault({
        code: 'bad-parameter',
        message: 'A session has one model: it cannot be varied.',
        hint: 'Open a session for each.',
      });
    refuseIdleAxes({ base, vary: axes, plane: sharing });
    const { batchSize = DEFAULT_BATCH_SIZE, signal, onProgress } = options;
    const compute = (parameters: MapParameters, heard?: typeof onProgress): Promise<TokenMap> =>
      this.map({
        ...parameters,
        display,
        batchSize,
        ...(signal ? { signal } : {}),
        ...(heard ? { onProgress: heard } : {}),
      });
    let plane: Plane | undefined;
    for (const member of runOrder(all)) {
      let { parameters } = member;
      if (sharing === 'shared') {
        plane ??= (await compute(planeParameters(base))).plane;
        parameters = laidOn(parameters, plane, base);
      }
      yield { name: memberName(axes, member.values), member, map: await compute(parameters, onProgress) };
    }
  }

  /** What the model says at a point of the plane that a map with these options would have. @throws Fault. */
  async point(
    { x, y }: { readonly x: number; readonly y: number },
    options: ParameterOptions & Pick<ComputeOptions, 'signal'> = {},
  ): Promise<PointPrediction> {
    const { signal, ...given } = options;
    const parameters = parametersOf(given);
    const engine = await this.engine();
    const { answers, tokens, entropy, ...rest } = await engine.call(
      'point',
      { parameters, x, y },
      signal ? { signal } : {},
    );
    return {
      count: 1,
      topK: parameters.topK,
      ...rest,
      entropy: Float32Array.of(entropy),
      ...(answers === null ? {} : { answers }),
      tokens: byId(tokens),
    };
  }

  /**
   * What the model says of vectors, each standing where a cell of a map with these options would; plane and grid play no part.
   * @param vectors [N, d] of the model's hidden size: one row after another, or a list of rows
   * @throws Fault `bad-parameter` for vectors of another width or numbers that are not finite.
   */
  async predict(
    vectors: Float32Array | readonly ArrayLike<number>[],
    options: Omit<ParameterOptions, 'plane' | 'grid' | 'overlays' | 'adaptive'> & ComputeOptions = {},
  ): Promise<Predictions> {
    const { batchSize = DEFAULT_BATCH_SIZE, signal, onProgress, ...given } = options;
    const parameters = parametersOf(given);
    const rows = this.rowsOf(vectors);
    const width = this.description.facts.hiddenSize;
    const count = rows.length / width;
    const step = Math.max(1, Math.floor(PART_BYTES / (4 * width)));
    const k = parameters.topK;
    const found = {
      ids: new Int32Array(count * k),
      probabilities: new Float32Array(count * k),
      logits: new Float32Array(count * k),
      entropy: new Float32Array(count),
    };
    const each = questionsOf(parameters).length;
    const answers = new Float32Array(count * each);
    const tokens = new Map<number, Token>();
    for (let at = 0; at < count; at += step) {
      const part = rows.slice(at * width, (at + step) * width);
      const engine = await this.engine();
      const params = { parameters, vectors: part, batchSize };
      const said = await engine.call('predict', params, signal ? { signal } : {});
      found.ids.set(said.ids, at * k);
      found.probabilities.set(said.probabilities, at * k);
      found.logits.set(said.logits, at * k);
      found.entropy.set(said.entropy, at);
      if (said.answers) answers.set(said.answers, at * each);
      for (const token of said.tokens) tokens.set(token.id, token);
      onProgress?.(Math.min(at + step, count), count);
    }
    return { count, topK: k, ...found, ...(each > 0 ? { answers } : {}), tokens };
  }

  /**
   * The hidden states [positions, hiddenSize] of a prompt: `embeddings`, the output of a block, or `last`.
   * @param prompt a text, or token ids and chat templates as {@link Prompt} says. @throws Fault.
   */
  async states(
    prompt: string | Prompt,
    layers: Layer | 'last' | readonly (Layer | 'last')[] = 'last',
    { signal }: Pick<ComputeOptions, 'signal'> = {},
  ): Promise<HiddenStates> {
    const engine = await this.engine();
    const params = {
      prompt: typeof prompt === 'string' ? ({ kind: 'prompt', text: prompt } as const) : prompt,
      layers: typeof layers === 'object' ? layers : [layers],
    };
    const { tokens, states } = await engine.call('states', params, signal ? { signal } : {});
    return { tokens, positions: tokens.length, hiddenSize: this.description.facts.hiddenSize, layers: states };
  }

  /**
   * The strongest features that a sparse autoencoder has of a hidden state, strongest first: their numbers, activations, directions
   * (rows of the decoder, [hiddenSize]) and what the logit lens says of these. Of a prompt it is the state at its `position`, by
   * default the last token's, behind `layer`, by default that of the autoencoder's hook, else the last.
   *
   * Activations are those of SAELens: `z = (h - b_dec) W_enc + b_enc`, where `apply_b_dec_to_input` is not false (else without
   * `b_dec`), times the norms of the decoder's rows where `rescale_acts_by_decoder_norm` is true; then `relu(z)` (`standard`), `z`
   * where it is above the feature's threshold (`jumprelu`, `batchtopk`), or the `k` largest above 0 (`topk`). Those of sparsify are its
   * own (`topk`), those of Gemma Scope a `jumprelu` without `b_dec`.
   * @param state a text, a {@link Prompt}, or a vector [hiddenSize]
   * @param sae a folder of SAELens, sparsify (`cfg.json`, `sae.safetensors`) or Gemma Scope (`params.npz`), or a file of such matrices
   * @param options `most`: 1 ... 1000, by default 20
   * @throws Fault `file` where the autoencoder cannot be read or its features are others (gated; normalized vectors),
   *   `bad-parameter` where it takes vectors of another size, `cancelled`.
   */
  async features(state: string | Prompt, sae: string, options?: FeatureChoices): Promise<TokenFeatures>;
  async features(state: Float32Array, sae: string, options?: Omit<FeatureChoices, 'layer'>): Promise<FeaturesResult>;
  async features(
    state: string | Prompt | Float32Array,
    sae: string,
    { layer, most = USUAL_FEATURES, signal }: FeatureChoices = {},
  ): Promise<FeaturesResult> {
    const engine = await this.engine();
    if (state instanceof Float32Array)
      return engine.call('features', { sae: path.resolve(sae), state, most }, signal ? { signal } : {});
    const prompt = typeof state === 'string' ? ({ kind: 'prompt', text: state } as const) : state;
    return tokenFeatures(engine, prompt, sae, { layer, most }, signal);
  }

  /**
   * How far a state is from the boundaries of what the model says there: the nearest in all dimensions, exact where the readout is
   * affine up to one scale, and where the winner flips along directions. @throws Fault.
   */
  async boundaries(
    state: VectorSource,
    options: Pick<ParameterOptions, 'layer' | 'readout' | 'translator' | 'context' | 'masked'> &
      Pick<ComputeOptions, 'batchSize' | 'signal'> & {
        /** By default the five nearest, and no directions. */
        readonly question?: Partial<BoundaryQuestion>;
      } = {},
  ): Promise<StateBoundaries> {
    const { question, batchSize = DEFAULT_BATCH_SIZE, signal, layer, readout, translator, context, masked } = options;
    const parameters = parametersOf({
      ...(layer === undefined ? {} : { layer }),
      ...(readout === undefined ? {} : { readout }),
      ...(translator === undefined ? {} : { translator }),
      ...(context === undefined ? {} : { context }),
      ...(masked === undefined ? {} : { masked }),
      plane: { center: state },
    });
    const engine = await this.engine();
    const params = { ...DEFAULT_QUESTION, ...question, parameters, batchSize };
    return engine.call('boundaries', params, signal ? { signal } : {});
  }

  /**
   * What the logit lens says at every layer and position of a prompt: the most probable tokens and the entropy, and of a `token` its
   * probability and its rank. With `readout` and `translator` a tuned or Jacobian lens, at the layers that it has.
   * @param prompt a text, or token ids and chat templates as {@link Prompt} says. @throws Fault.
   */
  async lens(
    prompt: string | Prompt,
    options: Pick<ParameterOptions, 'readout' | 'translator' | 'interventions' | 'masked' | 'topK'> &
      ComputeOptions & { readonly token?: TokenName } = {},
  ): Promise<LensTable> {
    const { batchSize = DEFAULT_BATCH_SIZE, signal, onProgress, token, ...given } = options;
    const parameters = parametersOf({
      readout: 'lens',
      ...given,
      context: typeof prompt === 'string' ? { kind: 'prompt', text: prompt } : prompt,
      ...(token === undefined ? {} : { question: { kind: 'probability', token } }),
    });
    const engine = await this.engine();
    return engine.call(
      'lens',
      { parameters, batchSize },
      {
        ...(signal ? { signal } : {}),
        onEvent: ({ done, total }) => onProgress?.(done, total),
      },
    );
  }

  /**
   * What the model says along a straight line of the plane that a map with these options would have: a curve for each token that wins
   * somewhere, and where the winner changes. @param steps 1 ... 10,000, by default 400. @throws Fault.
   */
  async profile(
    { from, to }: ProfileLine,
    options: ParameterOptions & ComputeOptions & { readonly steps?: number } = {},
  ): Promise<Profile> {
    const { batchSize = DEFAULT_BATCH_SIZE, steps = USUAL_STEPS, signal, onProgress, ...given } = options;
    const parameters = parametersOf(given);
    const engine = await this.engine();
    return engine.call(
      'profile',
      { parameters, from, to, steps, batchSize },
      {
        ...(signal ? { signal } : {}),
        onEvent: ({ done, total }) => onProgress?.(done, total),
      },
    );
  }

  /** A text as the model's tokens. @throws Fault `tokenizer` where it has none. */
  async tokenize(text: string): Promise<readonly Token[]> {
    return (await (await this.engine()).call('tokenize', { text })).tokens;
  }

  /** Ends the engine. What is still being computed is rejected with a fault `cancelled`. Safe to call twice. */
  async close(): Promise<void> {
    this.closed = true;
    const opened = await this.opened.catch(() => undefined);
    await opened?.engine.dispose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private async engine(): Promise<Engine> {
    for (;;) {
      if (this.closed)
        throw new Fault({ code: 'cancelled', message: 'The model was closed.', hint: 'Open it again to ask it more.' });
      const asked = this.opened;
      const found = await asked.catch(() => undefined);
      if (found?.engine.alive) return found.engine;
      if (this.opened !== asked) continue; // somebody else has opened it meanwhile
      this.opened = openEngine(this.model, this.options);
      await this.opened;
    }
  }

  /** [N * hiddenSize] */
  private rowsOf(vectors: Float32Array | readonly ArrayLike<number>[]): Float32Array {
    const { hiddenSize } = this.description.facts;
    const refused = (message: string): Fault => new Fault({ code: 'bad-parameter', message });
    if (vectors.length === 0) throw refused('No vectors were given.');
    if (vectors instanceof Float32Array) {
      if (vectors.length % hiddenSize === 0) return vectors;
      throw refused(`${vectors.length} numbers are no vectors of this model: each has ${hiddenSize}.`);
    }
    const wrong = vectors.findIndex(({ length }) => length !== hiddenSize);
    if (wrong >= 0)
      throw refused(
        `Vector ${wrong} has ${several(vectors[wrong]?.length ?? 0, 'number')}; the hidden states of this model have ${hiddenSize}.`,
      );
    const rows = new Float32Array(vectors.length * hiddenSize);
    vectors.forEach((row, i) => rows.set(row, i * hiddenSize));
    return rows;
  }
}

const openEngine = (model: string, { device = 'auto', ...options }: SessionOptions): Promise<OpenedModel> =>
  openModel(model, { device, ...options });

const byId = (tokens: readonly Token[]): ReadonlyMap<number, Token> =>
  new Map(tokens.map((token) => [token.id, token]));
