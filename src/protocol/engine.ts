import type { FaultData } from '../map/fault.js';
import type { LensTable } from '../map/lens/lensTable.js';
import type { Plane } from '../map/plane.js';
import type { ExactRegions } from '../map/polygons.js';
import type { Layer, MapParameters, MapSpecification, ModelReference, Prompt, Readout } from '../map/specification.js';
import type { Sampling } from '../map/sampling.js';
import type { Profile } from '../map/profile.js';
import type { CloserLook } from '../map/rows/windowRows.js';
import type { Survey } from '../map/survey.js';
import type { Token } from '../map/token.js';
import type { CellBatch, HalfWeights, ModelFacts, Runtime } from '../map/tokenMap.js';
import type { BoundaryParams, StateBoundaries } from './boundaries.js';
import type { Requests } from './channel.js';
import type { FeaturesEvent, FeaturesParams, FeaturesResult } from './features.js';
import type { FitEvent, FitParams, FitResult } from './fit.js';
import type { LineParams, LineResult } from './line.js';
import type { LensParams, LensProgress } from './lens.js';
import type { ModelTensors } from './tensors.js';
import type { ProfileParams, ProfileProgress } from './profile.js';

/** Devices a person may ask for; which of them exist depends on the platform's onnxruntime-node. */
export const DEVICES = ['auto', 'cpu', 'cuda', 'dml', 'webgpu', 'coreml'] as const;
export type Device = (typeof DEVICES)[number];

/** Whether something can be done with a model, and if not, why, in a sentence. */
export type Support = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** A check that ran when the model was opened. */
export interface Check {
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly detail: string;
}

/** What was found in a model: everything that controls are filled from and `inspect` prints. */
export interface ModelDescription {
  readonly reference: ModelReference;
  /** Absolute path of the .onnx file. Never saved. */
  readonly path: string;
  readonly facts: ModelFacts;
  /** Model type of config.json or genai_config.json, e.g. `llama`. */
  readonly modelType: string | null;
  readonly opset: number;
  readonly nodes: number;
  /** Attention heads of a block, where the configuration says so. */
  readonly attentionHeads?: number;
  /** The residual stream's tensors: `embeddings`, then the output of each block. */
  readonly residual: readonly { readonly layer: Layer; readonly tensor: string }[];
  readonly finalNorm: string;
  readonly head: {
    readonly operator: string;
    readonly weight: string;
    readonly bias: boolean;
    readonly after: readonly string[];
  };
  readonly readouts: Readonly<Record<Readout, Support>>;
  readonly contexts: {
    readonly none: Support;
    readonly bos: Support;
    readonly prompt: Support;
    /** Whether the tokenizer has a chat template; left out by engines that do not say. */
    readonly chat?: Support;
  };
  /** `reused`: the prompt's earlier positions are computed once (past key/values); `recomputed`: whole sequence for every cell. */
  readonly prefix: { readonly way: 'reused' | 'recomputed'; readonly reason: string };
  /** `batched`: cells run side by side; `one-by-one`: the export mixes or refuses batches. */
  readonly batching: { readonly way: 'batched' | 'one-by-one'; readonly reason: string };
  readonly tokenizer: {
    readonly file: string | null;
    readonly size: number;
    readonly bos: number | null;
    readonly reason?: string;
    /** Where its files do not agree; a sentence. */
    readonly note?: string;
  };
  readonly device: DeviceReport;
  readonly checks: readonly Check[];
  readonly openedMilliseconds: number;
}

/** Which device was asked for and which one runs; `warning` says why they differ. */
export interface DeviceReport {
  readonly asked: Device;
  readonly used: string;
  readonly warning?: string;
}

export interface OpenParams {
  /** A .onnx file or a model folder; absolute. */
  readonly path: string;
  readonly device: Device;
  /** Whether the load-time checks that run the model are skipped; by default on large models and on the bundled one. */
  readonly skipChecks?: boolean;
  /**
   * Checks may run behind the first cells of an `early` map: whoever asks so shows them as not yet verified, and takes them back
   * where the model does not hold, and with them what a survey told that measured nothing. Everything else waits for the checks.
   */
  readonly checksBehind?: boolean;
  /** Bytes of memory that the engine may take; by default half of what is free. */
  readonly memory?: number;
}

/** Sent while a model opens whose weights are repacked first: bytes that are written, of all. */
export interface OpenEvent {
  readonly kind: 'repacking';
  readonly done: number;
  readonly total: number;
}

export interface MapParams {
  readonly parameters: MapParameters;
  /** Upper bound of cells in one run. */
  readonly batchSize: number;
  /** Cell indices that are wanted, when not all (resume after a cancel). */
  readonly only?: Int32Array;
  /** `each-cell` forgoes the shortcut of affine readouts, to measure it against. */
  readonly way?: 'each-cell';
  /** A first picture is wanted as soon as it can be had, though its cells are computed once more. */
  readonly early?: true;
}

/** What a running map sends before its result. */
export type MapEvent =
  | { readonly kind: 'started'; readonly specification: MapSpecification; readonly estimate: Estimate }
  | {
      readonly kind: 'cells';
      readonly batch: CellBatch;
      /** Cells that are only to be seen: they come once more, and count then. They differ in rounding. */
      readonly passing?: true;
      /** The model has still to prove itself: `verified` follows, `anew`, or a fault. Such cells are always `passing`. */
      readonly unverified?: true;
      /** Tokens that were not sent before in this map. */
      readonly tokens: readonly Token[];
      readonly done: number;
      readonly total: number;
      /** 16, 4 or 1: the refinement pass these cells belong to. */
      readonly stride: number;
      /** null until enough is known. */
      readonly secondsLeft: number | null;
    }
  /** The model's checks have ended, and it holds. */
  | { readonly kind: 'verified' }
  /** The model is to be run otherwise than it was: what came is false, and the map begins anew. */
  | { readonly kind: 'anew' }
  | { readonly kind: 'notice'; readonly message: string };

/** Maps that are expected to take less have one picture: coarser ones before it would take the processor from it. */
export const QUICK_SECONDS = 0.2;

export interface Estimate {
  readonly cells: number;
  /** Peak memory of the engine for this map, weights included. */
  readonly bytes: number;
  /** How weights of 16 bits stand in it. */
  readonly halfWeights?: HalfWeights;
  /** null when nothing was measured yet. */
  readonly seconds: number | null;
}

export interface MapResult {
  readonly specification: MapSpecification;
  readonly facts: ModelFacts;
  readonly plane: Plane;
  readonly runtime: Runtime;
  /** Over the grid's window, where the readout is affine up to one scale and nothing is added outside of it. */
  readonly regions?: ExactRegions;
  readonly survey: Survey;
  /** Tokens of the regions that win in no cell and were not sent before. */
  readonly tokens: readonly Token[];
}

/** A map that is compared with one of the open model. */
export interface BesideParams {
  readonly parameters: MapParameters;
  /** Its model, where that is another one: opened beside the first, in the same process. */
  readonly model?: OpenParams;
}

/** Two maps with equally many columns and rows. */
export interface DivergenceParams {
  readonly parameters: MapParameters;
  readonly beside: BesideParams;
  /** Upper bound of cells in one run. */
  readonly batchSize: number;
  /** Cell indices that are wanted, when not all. */
  readonly only?: Int32Array;
}

/** Of `n` cells, in nats over the whole vocabulary; A is the map of the open model, B the one beside it. */
export interface DivergenceBatch {
  /** [n] row-major cell indices. */
  readonly indices: Int32Array;
  /** [n] KL(A || B), 0 or more. */
  readonly ab: Float32Array;
  /** [n] KL(B || A). */
  readonly ba: Float32Array;
  /** [n] Jensen-Shannon divergence, 0 ... ln 2. */
  readonly js: Float32Array;
}

export type DivergenceEvent =
  | { readonly kind: 'started'; readonly estimate: Estimate }
  | {
      readonly kind: 'divergences';
      readonly batch: DivergenceBatch;
      readonly done: number;
      readonly total: number;
      readonly secondsLeft: number;
    }
  | { readonly kind: 'notice'; readonly message: string };

export interface DivergenceResult {
  /** Cells that have divergences. */
  readonly cells: number;
  /** Cells where one of the two models' arithmetic leaves its number range. */
  readonly undefinedCells: number;
  readonly seconds: number;
}

/** A point of a map's plane. */
export interface PointParams {
  readonly parameters: MapParameters;
  readonly x: number;
  readonly y: number;
}

/** What the model says at one point, as a cell there would, and the logits besides. */
export interface Reading {
  /** [topK], most probable first. */
  readonly ids: Int32Array;
  readonly probabilities: Float32Array;
  readonly logits: Float32Array;
  /** Nats. */
  readonly entropy: number;
  /** To the specification's questions; null where it asks nothing. */
  readonly answers: Float32Array | null;
  /** |h|. */
  readonly norm: number;
  readonly tokens: readonly Token[];
}

/** Vectors that a person has, in the place of a map's cells. */
export interface PredictParams {
  /** What stands around a vector, and what is asked; plane and grid are not looked at. */
  readonly parameters: MapParameters;
  /** [n * hiddenSize] */
  readonly vectors: Float32Array;
  /** Upper bound of vectors in one run. */
  readonly batchSize: number;
}

/** What the model says of `n` vectors; NaN where its arithmetic leaves its number range. */
export interface PredictResult {
  /** [n * topK], most probable first. */
  readonly ids: Int32Array;
  readonly probabilities: Float32Array;
  readonly logits: Float32Array;
  /** [n], nats. */
  readonly entropy: Float32Array;
  /** [n * q], of the parameters' q questions. */
  readonly answers?: Float32Array;
  readonly tokens: readonly Token[];
}

/** Most bytes of vectors, or of hidden states, that cross at once. */
export const VECTORS_BYTES = 2 ** 28;

export interface StatesParams {
  readonly prompt: Prompt;
  readonly layers: readonly (Layer | 'last')[];
}

export interface StatesResult {
  /** Of the whole sequence. */
  readonly tokens: readonly Token[];
  /** As they were asked for, in that order. */
  readonly states: readonly {
    readonly layer: Layer;
    /** [positions * hiddenSize], position by position. */
    readonly values: Float32Array;
  }[];
}

/** Tokens that a continuation may have. */
export const CONTINUATION_LIMIT = 200;

/** Host to engine. One engine process holds one model on one device, and beside it one that it is compared with. */
export type EngineRequests = Requests<{
  open: { params: OpenParams; event: OpenEvent; result: ModelDescription };
  /** Whether the model's files are still those that were opened. */
  current: { params: Record<string, never>; event: never; result: boolean };
  /** With `beside`: of the divergences between the two, both models' weights counted. */
  estimate: {
    params: { parameters: MapParameters; batchSize: number; beside?: BesideParams };
    event: never;
    result: Estimate;
  };
  map: { params: MapParams; event: MapEvent; result: MapResult };
  /**
   * What is known of a plane without any cell: norms of real hidden states, where real things stand. `measure`, true by default:
   * norms that are not known yet are measured, by running the model on a sample of texts.
   */
  survey: { params: { parameters: MapParameters; measure?: boolean }; event: never; result: Survey };
  divergences: { params: DivergenceParams; event: DivergenceEvent; result: DivergenceResult };
  point: { params: PointParams; event: never; result: Reading };
  /** What a page needs to compute windows of a map; null where the map is not three rows. */
  closer: { params: { parameters: MapParameters }; event: never; result: CloserLook | null };
  /** How far a state, the center of the plane, is from the boundaries of what the model says there. */
  boundaries: { params: BoundaryParams; event: { readonly probes: number }; result: StateBoundaries };
  /** How the outputs change along the line from the plane's center to (1, 0). */
  line: { params: LineParams; event: never; result: LineResult };
  /** What the model says along any line of a plane. */
  profile: { params: ProfileParams; event: ProfileProgress; result: Profile };
  /** A tuned lens of the model, fitted in closed form; its layers come as events, one after another. */
  fitTranslator: { params: FitParams; event: FitEvent; result: FitResult };
  /** The strongest features that a sparse autoencoder has of a hidden state. */
  features: { params: FeaturesParams; event: FeaturesEvent; result: FeaturesResult };
  /** What a readout says at every layer and position of a prompt. */
  lens: { params: LensParams; event: LensProgress; result: LensTable };
  /**
   * The text that the model writes when the vector stands at its position, greedily or as `sampling` says; later positions are computed
   * from the tokens.
   * Ends at `tokens`, or with a token that ends the sequence.
   */
  continue: {
    params: PointParams & { readonly tokens: number; readonly sampling?: Sampling };
    event: { readonly token: Token };
    result: { readonly tokens: readonly Token[]; readonly text: string; readonly ended: boolean };
  };
  predict: { params: PredictParams; event: never; result: PredictResult };
  /** Hidden states of all positions of a prompt. */
  states: { params: StatesParams; event: never; result: StatesResult };
  /** What lies in a model's files, by their headers: nothing need be open, and nothing is opened. */
  tensors: { params: { readonly path: string }; event: never; result: ModelTensors };
  tokenize: { params: { text: string; chat?: boolean }; event: never; result: { tokens: readonly Token[] } };
}>;

export type { FaultData };
