/**
 * Embedding Grid as a library. {@link openModel} opens a model for as much as is asked of it. {@link create2dGrid},
 * {@link embed2dCoordinates}, {@link predictTokensForGrid} and {@link createEmbeddingGridMap} are the original program's functions;
 * {@link inspectModel} says what a model can do.
 * Whatever goes wrong is thrown as a {@link Fault}.
 */
import { type Format, FORMATS } from './formats/formats.js';
import { type MissingFile, saveMap } from './formats/saveMap.js';
import { checkOutputFolder } from './host/checkOutputFolder.js';
import { assetsFolder } from './host/installation.js';
import { compareEither } from './host/compareSaved.js';
import {
  fitTranslator as fit,
  type FitOptions as HostFitOptions,
  type FittedTranslator,
} from './host/fitTranslator.js';
import { DEFAULT_FORMATS, DEFAULT_OUTPUT_FOLDER } from './host/outputDefaults.js';
import {
  type FeatureChoices,
  type MapOptions,
  ModelSession,
  readMapOptions,
  type SessionOptions,
} from './host/session.js';
import type { TokenFeatures } from './host/tokenFeatures.js';
import type { BoundaryQuestion } from './map/boundaries/directions.js';
import { type ComparisonSummary, type MapComparison, summaryOf } from './map/compare/comparison.js';
import { Fault } from './map/fault.js';
import { coordinates } from './map/grid.js';
import { axesOf, type OwnAxes, pointsOf } from './map/plane.js';
import {
  type Context,
  type ContextChoice,
  DEFAULT_PARAMETERS,
  type Grid,
  type Intervention,
  type Layer,
  type MapParameters,
  parseParameters,
  type Prompt,
  type Readout,
  type VectorSource,
} from './map/specification.js';
import type { TokenMap } from './map/tokenMap.js';
import type { StateBoundaries } from './protocol/boundaries.js';
import type { Device, ModelDescription } from './protocol/engine.js';

export { Fault, type FaultCode, type FaultData } from './map/fault.js';
export { type Gram, type OwnAxes, type Plane, pointAt } from './map/plane.js';
export type { ColorBy } from './map/colors.js';
export type { ColorRange, Display } from './map/mapDisplay.js';
export { envelope, type ExactRegions, type PlaneRows } from './map/polygons.js';
export {
  fitSpacing,
  type Mark,
  normAt,
  normPercentile,
  type Norms,
  normRange,
  type Survey,
  typicalNorm,
} from './map/survey.js';
export type {
  Axes,
  Direction,
  MapSpecification,
  ModelReference,
  Overlay,
  PlaneParameters,
  Question,
  VectorSource,
} from './map/specification.js';
export type { BoundaryQuestion, DirectionSet } from './map/boundaries/directions.js';
export type { DirectionFlip, NearBoundary, StateBoundaries } from './protocol/boundaries.js';
export type { PlanePoint, Profile, ProfileChange, ProfileLine } from './map/profile.js';
export type { SaeFacts, StrongFeature, StrongFeatures } from './map/strongFeatures.js';
export type { Token } from './map/token.js';
export type { FeaturesResult, ToldFeature } from './protocol/features.js';
export type { FitEvent, FittedLayer, JudgedLayer } from './protocol/fit.js';
export type { FittedTranslator, MissingFile };
export type { Approximation, Cells, ModelFacts, NumberType, Runtime } from './map/tokenMap.js';
export type {
  Context,
  ContextChoice,
  Device,
  Format,
  Grid,
  Intervention,
  Layer,
  MapParameters,
  ModelDescription,
  Prompt,
  Readout,
  TokenFeatures,
  TokenMap,
};

export type {
  ComputeOptions,
  FeatureChoices,
  HiddenStates,
  MapOptions,
  ModelSession,
  ParameterOptions,
  PointPrediction,
  Predictions,
  SeriesMap,
  SessionOptions,
} from './host/session.js';
export type { AxisValue, PlaneSharing, SeriesAxis, SeriesMember } from './map/series/series.js';
export { agreementWords, type ComparisonSummary, type MapComparison } from './map/compare/comparison.js';
export { fromJson } from './formats/fromJson.js';
export { readMap } from './formats/readMap.js';

/** A grid with the coordinates of all its cells. */
export interface Grid2d extends Grid {
  /** [rows * columns] x of each cell's middle, row by row, in plane coordinates. */
  readonly x: Float64Array;
  /** [rows * columns] y of each cell's middle; row 0 has the smallest. */
  readonly y: Float64Array;
}

/**
 * A grid of `size` x `size` cells, or columns x rows, around `center`. Neighbors are `spacing` apart, in plane coordinates.
 * (`create_2d_grid` of the original.)
 */
export function create2dGrid(
  size: number | readonly [columns: number, rows: number] = 50,
  spacing = 0.5,
  center: readonly [number, number] = [0, 0],
): Grid2d {
  const [columns, rows] = typeof size === 'number' ? [size, size] : size;
  const { grid } = parseParameters({ ...DEFAULT_PARAMETERS, grid: { columns, rows, spacing, center: [...center] } });
  const { xs, ys } = coordinates(grid);
  const cells = { length: columns * rows };
  return {
    ...grid,
    x: Float64Array.from(cells, (_, cell) => xs[cell % columns] ?? 0),
    y: Float64Array.from(cells, (_, cell) => ys[Math.floor(cell / columns)] ?? 0),
  };
}

/**
 * The hidden vectors of a grid's cells, `c + x u + y v` in float32: [rows * columns * hiddenSize], row by row.
 * (`embed_2d_coordinates` of the original.)
 */
export function embed2dCoordinates(
  grid: Grid,
  hiddenSize: number,
  axes: OwnAxes = { method: 'random_projection', seed: 42 },
): Float32Array {
  const cells = Int32Array.from({ length: grid.columns * grid.rows }, (_, cell) => cell);
  const plane = { c: new Float32Array(hiddenSize), ...axesOf(axes, hiddenSize) };
  return pointsOf(plane, coordinates(grid), cells, new Float32Array(cells.length * hiddenSize));
}

/** What a map is of, and how it is computed. Everything has the command line's default. */
export interface PredictOptions extends SessionOptions, MapOptions {
  /** A model's file or folder, or `ORG/NAME[@REVISION]` in the Hugging Face cache; the bundled model where it is left out. */
  readonly model?: string;
  /** Ends everything; the promise is then rejected with a fault `cancelled`. */
  readonly signal?: AbortSignal;
}

/**
 * Opens a model, and keeps it open until the session is closed: maps, points, predictions for vectors of your own, hidden states.
 * @param model a file or folder, or `ORG/NAME[@REVISION]` in the Hugging Face cache; the bundled model where it is left out
 */
export const openModel = (model?: string, options: SessionOptions = {}): Promise<ModelSession> =>
  ModelSession.open(model, options);

/**
 * Computes one map: opens the model, see {@link ModelSession.map}, and closes it. (`predict_tokens_for_grid` of the original.)
 */
export async function predictTokensForGrid(options: PredictOptions = {}): Promise<TokenMap> {
  readMapOptions(options); // what is wrong with them is said before a model is opened
  const session = await openModel(options.model, options);
  try {
    return await session.map(options);
  } finally {
    await session.close();
  }
}

/** Two maps beside each other. */
export interface Compared {
  readonly comparison: MapComparison;
  /** The comparison in numbers. */
  readonly summary: ComparisonSummary;
  /** Why there are no divergences; undefined where there are. */
  readonly withoutDivergences: string | undefined;
}

/**
 * Compares two maps cell by cell: those that are here, or saved ones by their paths, whose models are opened for the divergences
 * (KL both ways, Jensen-Shannon) over the whole vocabulary.
 * @throws Fault `bad-parameter` where their grids differ, `file`, `cancelled`.
 */
export async function compare(
  a: TokenMap | string,
  b: TokenMap | string,
  { device = 'auto', ...options }: SessionOptions & Pick<MapOptions, 'batchSize'> = {},
): Promise<Compared> {
  const { comparison, withoutDivergences } = await compareEither(a, b, { device, ...options });
  return { comparison, summary: summaryOf(comparison), withoutDivergences };
}

/** A map's computation, and where its files go. */
export interface CreateOptions extends PredictOptions {
  /** Folder of the files, made where it is missing; `embedding_grid_results` where it is left out. */
  readonly outputDir?: string;
  readonly formats?: readonly Format[];
  /** Replace the set of files that has the names, as a whole; else a number is added to the names. */
  readonly overwrite?: boolean;
}

/**
 * Computes a map and writes its files. `missing` tells of pictures that could not be drawn, though the map was saved.
 * (`create_embedding_grid_map` of the original.)
 */
export async function createEmbeddingGridMap(options: CreateOptions = {}): Promise<{
  readonly map: TokenMap;
  readonly files: readonly string[];
  readonly missing: readonly MissingFile[];
}> {
  const directory = options.outputDir ?? DEFAULT_OUTPUT_FOLDER;
  await checkOutputFolder(directory);
  const { formats = DEFAULT_FORMATS } = options;
  const unknown = formats.find((format) => !FORMATS.includes(format));
  if (unknown !== undefined)
    throw new Fault({
      code: 'bad-parameter',
      message: `There is no format "${unknown}".`,
      hint: `Formats are ${FORMATS.join(', ')}.`,
    });
  const map = await predictTokensForGrid({ closerLook: formats.includes('html'), ...options });
  const { files, missing } = await saveMap(map, {
    formats,
    directory,
    overwrite: options.overwrite ?? false,
    assets: assetsFolder,
    ...(options.signal ? { signal: options.signal } : {}),
  });
  return { map, files, missing };
}

/** What was found in a model: layers, sizes, readouts and contexts that it supports. */
export async function inspectModel(model?: string, options: SessionOptions = {}): Promise<ModelDescription> {
  const session = await openModel(model, options);
  await session.close();
  return session.describe();
}

/** A state, the center of the plane, and what is asked of the boundaries around it. */
export interface BoundaryOptions extends Pick<
  PredictOptions,
  'model' | 'layer' | 'readout' | 'context' | 'masked' | 'device' | 'cudaLibraries' | 'memory' | 'batchSize' | 'signal'
> {
  /** The state; its layer is the one that is asked. */
  readonly state: VectorSource;
  /** By default the five nearest, and no directions. */
  readonly question?: Partial<BoundaryQuestion>;
}

/**
 * How far a state is from the boundaries of what the model says there: the nearest in all dimensions, exact where the readout is
 * affine up to one scale, and where the winner flips along directions.
 */
export async function stateBoundaries(options: BoundaryOptions): Promise<StateBoundaries> {
  const session = await openModel(options.model, options);
  try {
    return await session.boundaries(options.state, options);
  } finally {
    await session.close();
  }
}

/** A token of a prompt, and a sparse autoencoder of its hidden state. */
export interface FeatureOptions extends SessionOptions, FeatureChoices {
  readonly model?: string;
  /** A text, or token ids and chat templates; its `position` is the token's, by default the last. */
  readonly prompt: string | Prompt;
  /** A folder of SAELens, sparsify or Gemma Scope, or a file of such matrices. */
  readonly sae: string;
}

/** A token's strongest features: opens the model, see {@link ModelSession.features}, and closes it. */
export async function strongestFeatures({ model, prompt, sae, ...options }: FeatureOptions): Promise<TokenFeatures> {
  const session = await openModel(model, options);
  try {
    return await session.features(prompt, sae, options);
  } finally {
    await session.close();
  }
}

/** Texts and a folder, see {@link fitTranslator}. */
export type FitOptions = SessionOptions & Omit<HostFitOptions, 'device' | 'skipChecks' | 'log'>;

/**
 * Fits a tuned lens to a model's hidden states by closed-form ridge regression, and writes it into a folder that is made:
 * `config.json` and `params.pt`, as the package `tuned-lens` has them, and `tuned.safetensors`. Tells for each layer how far it is
 * from the model's final prediction on texts that it was not fitted on, beside the logit lens.
 */
export const fitTranslator = ({ device = 'auto', ...options }: FitOptions): Promise<FittedTranslator> =>
  fit({ device, ...options });
