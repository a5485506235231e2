import * as v from 'valibot';
import { Fault } from './fault.js';

/** The output of a decoder block, 0 ... n-1, or `embeddings`, the input of block 0. */
export type Layer = 'embeddings' | number;

/**
 * How the vector is turned into a prediction. `forward`: remaining blocks, final norm, head (the model's own prediction).
 * `lens`: final norm and head (the logit lens of nostalgebraist, 2020). `unembed`: the head's matrix and bias alone.
 */
export type Readout = 'forward' | 'lens' | 'unembed';

/** What stands before the vector: nothing, BOS, or all tokens of a prompt but the last, whose place the vector takes. */
export type Context =
  | { readonly kind: 'none' }
  | { readonly kind: 'bos' }
  | { readonly kind: 'prompt'; readonly text: string }
  /** A prompt as token ids, for models without a tokenizer and for exact repetition. */
  | { readonly kind: 'tokens'; readonly ids: readonly number[] };

/** The two axes `u`, `v` of the plane. */
export type Axes =
  | { readonly method: 'direct'; readonly dimensions: readonly [number, number] }
  | { readonly method: 'replicated' }
  | { readonly method: 'random_projection'; readonly seed: number }
  /** Any two vectors, [hiddenSize] each, as base64 of little-endian float32. */
  | { readonly method: 'vectors'; readonly u: string; readonly v: string };

/** The centre `c` of the plane. */
export type Center = { readonly kind: 'origin' } | { readonly kind: 'vector'; readonly vector: string };

export type Method = Axes['method'];

export interface Grid {
  /** Cells in x and y, 1 ... 2000 each. */
  readonly columns: number;
  readonly rows: number;
  /** Distance between neighbouring cells' centres, in plane coordinates, > 0. */
  readonly spacing: number;
  /** Plane coordinates of the grid's middle. */
  readonly center: readonly [number, number];
}

/** What a person chooses: everything of a map but the model. Controls edit it, flags parse into it, files carry it. */
export interface MapParameters {
  /** `last` stands for n-1 of whichever model is opened. */
  readonly layer: Layer | 'last';
  readonly readout: Readout;
  readonly context: Context;
  readonly plane: { readonly axes: Axes; readonly center: Center };
  readonly grid: Grid;
  /** Tokens recorded per cell, 2 ... 100 (two at least: the margin needs a second). */
  readonly topK: number;
}

/** Which model, independent of the machine: equal references mean equal structure, sizes and (sampled) weights. */
export interface ModelReference {
  /** Name of the model's folder, as shown to people. */
  readonly name: string;
  /** The .onnx file, relative to that folder, with forward slashes. */
  readonly file: string;
  /** Hex SHA-256 over the graph's structure, the weights' places and sizes, and samples of the weights. */
  readonly sha256: string;
}

/** A token map, described completely: two equal specifications give equal maps, whichever door they came through. */
export interface MapSpecification extends MapParameters {
  readonly model: ModelReference;
  readonly layer: Layer;
}

/** The original script's defaults. */
export const DEFAULT_PARAMETERS: MapParameters = {
  layer: 'last',
  readout: 'forward',
  context: { kind: 'none' },
  plane: { axes: { method: 'random_projection', seed: 42 }, center: { kind: 'origin' } },
  grid: { columns: 50, rows: 50, spacing: 0.5, center: [0, 0] },
  topK: 10,
};

export const DEFAULT_BATCH_SIZE = 100;
export const LIMITS = {
  side: 2000,
  topK: [2, 100],
  seed: 2 ** 32 - 1,
  promptCharacters: 100_000,
  promptTokens: 8192,
  batch: 10_000,
} as const;

const whole = (name: string, low: number, high: number) =>
  v.pipe(
    v.number(`${name} must be a number`),
    v.integer(`${name} must be a whole number`),
    v.minValue(low, `${name} must be at least ${low}`),
    v.maxValue(high, `${name} must be at most ${high}`),
  );
const finite = (name: string) => v.pipe(v.number(`${name} must be a number`), v.finite(`${name} must be finite`));

const layerMessage = 'layer must be "embeddings", "last" or a whole number from 0';
/** 2^20 float32 numbers at most; what they hold is checked against the model's hidden size when the plane is made. */
const base64 = v.pipe(
  v.string('a vector must be base64 text'),
  v.maxLength(5_600_000, 'a vector is too long'),
  v.regex(/^[A-Za-z0-9+/]*={0,2}$/, 'a vector must be base64 text'),
);

const layerSchema = v.union(
  [
    v.literal('embeddings'),
    v.pipe(
      v.number(),
      v.integer(layerMessage),
      v.minValue(0, layerMessage),
      v.maxValue(100_000, 'layer must be at most 100000'),
    ),
  ],
  'layer must be "embeddings" or a whole number from 0',
);

const axesSchema = v.variant(
  'method',
  [
    v.object({
      method: v.literal('direct'),
      dimensions: v.tuple([whole('dimension', 0, 2 ** 24), whole('dimension', 0, 2 ** 24)]),
    }),
    v.object({ method: v.literal('replicated') }),
    v.object({ method: v.literal('random_projection'), seed: whole('seed', 0, LIMITS.seed) }),
    v.object({ method: v.literal('vectors'), u: base64, v: base64 }),
  ],
  'method must be direct, replicated, random_projection or vectors',
);

const parameterEntries = {
  layer: v.union([layerSchema, v.literal('last')], layerMessage),
  readout: v.picklist(['forward', 'lens', 'unembed'], 'readout must be forward, lens or unembed'),
  context: v.variant(
    'kind',
    [
      v.object({ kind: v.literal('none') }),
      v.object({ kind: v.literal('bos') }),
      v.object({
        kind: v.literal('prompt'),
        text: v.pipe(
          v.string('the prompt must be text'),
          v.minLength(1, 'the prompt is empty'),
          v.maxLength(LIMITS.promptCharacters, `the prompt must be at most ${LIMITS.promptCharacters} characters`),
        ),
      }),
      v.object({
        kind: v.literal('tokens'),
        ids: v.pipe(
          v.array(whole('token id', 0, 2 ** 31 - 1), 'the prompt must be a list of token ids'),
          v.minLength(1, 'the prompt is empty'),
          v.maxLength(LIMITS.promptCharacters, `the prompt must be at most ${LIMITS.promptCharacters} tokens`),
        ),
      }),
    ],
    'context must be none, bos, a prompt or tokens',
  ),
  plane: v.object({
    axes: axesSchema,
    center: v.optional(
      v.variant(
        'kind',
        [v.object({ kind: v.literal('origin') }), v.object({ kind: v.literal('vector'), vector: base64 })],
        'center must be origin or a vector',
      ),
      { kind: 'origin' },
    ),
  }),
  grid: v.object({
    columns: whole('grid columns', 1, LIMITS.side),
    rows: whole('grid rows', 1, LIMITS.side),
    spacing: v.pipe(
      finite('spacing'),
      v.check((s) => s > 0, 'spacing must be greater than 0'),
      v.maxValue(1e12, 'spacing must be at most 1e12'),
    ),
    center: v.tuple([
      v.pipe(
        finite('center x'),
        v.check((n) => Math.abs(n) <= 1e12, 'center x must be within 1e12 of 0'),
      ),
      v.pipe(
        finite('center y'),
        v.check((n) => Math.abs(n) <= 1e12, 'center y must be within 1e12 of 0'),
      ),
    ]),
  }),
  topK: whole('top-k', LIMITS.topK[0], LIMITS.topK[1]),
};
const parametersSchema = v.object(parameterEntries);
const specificationSchema = v.object({
  ...parameterEntries,
  layer: layerSchema,
  model: v.object({ name: v.string(), file: v.string(), sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)) }),
});

/** A fault of one field: `path` names it as in the specification, e.g. `grid.spacing`. */
export interface FieldFault {
  readonly path: string;
  readonly message: string;
}

const fieldFaults = (issues: readonly v.BaseIssue<unknown>[]): FieldFault[] =>
  issues.map((issue) => ({ path: v.getDotPath(issue) ?? '', message: issue.message }));

/** Checks unknown data as parameters, field by field, for a form: the parameters, or what is wrong with each field. */
export function checkParameters(data: unknown): { parameters: MapParameters } | { faults: readonly FieldFault[] } {
  const result = v.safeParse(parametersSchema, data);
  return result.success ? { parameters: result.output } : { faults: fieldFaults(result.issues) };
}

/** Parses unknown data into parameters. @throws Fault `bad-parameter` naming the first field that is wrong. */
export function parseParameters(data: unknown): MapParameters {
  const checked = checkParameters(data);
  if ('parameters' in checked) return checked.parameters;
  throw badField(checked.faults);
}

/** Parses unknown data (a saved file, a message) into a specification. @throws Fault `bad-parameter`. */
export function parseSpecification(data: unknown): MapSpecification {
  const result = v.safeParse(specificationSchema, data);
  if (result.success) return result.output;
  throw badField(fieldFaults(result.issues));
}

function badField(faults: readonly FieldFault[]): Fault {
  const first = faults[0] ?? { path: '', message: 'not a specification' };
  const message = first.message.startsWith('Invalid') ? `${first.path}: ${first.message}` : first.message;
  return new Fault({ code: 'bad-parameter', message: `${message.charAt(0).toUpperCase()}${message.slice(1)}.` });
}

/** The original's layer numbers: `embeddings` is -1. */
export const layerIndex = (layer: Layer): number => (layer === 'embeddings' ? -1 : layer);
