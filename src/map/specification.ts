import * as v from 'valibot';
import { Fault } from './fault.js';
import { type Intervention, interventionsSchema } from './interventions.js';
import { LIMITS } from './limits.js';
import { type Question, questionSchema } from './questions.js';
import type { TextTable } from './textPoints.js';
import {
  finite,
  matrix,
  type Prompt,
  promptSchema,
  promptSchemas,
  sourceSchemas,
  textsSchema,
  tokenName,
  type TokenName,
  type TokenMatrix,
  type VectorSource,
  whole,
} from './vectorSource.js';

export type { Intervention } from './interventions.js';
export { LIMITS } from './limits.js';
export type { Question } from './questions.js';
export type { Prompt, TokenMatrix, TokenName, VectorSource } from './vectorSource.js';

/** The output of a decoder block, 0 ... n-1, or `embeddings`, the input of block 0. */
export type Layer = 'embeddings' | number;

/**
 * How the vector is turned into a prediction. `forward`: remaining blocks, final norm, head (the model's own prediction).
 * `lens`: final norm and head (the logit lens of nostalgebraist, 2020). `unembed`: the head's matrix and bias alone. `tuned` and
 * `jacobian`: the logit lens behind a translator of the layer (the tuned lens of Belrose et al., 2023, arXiv 2303.08112; the Jacobian
 * lens of Gurnee et al., 2026).
 */
export const READOUTS = ['forward', 'lens', 'unembed', 'tuned', 'jacobian'] as const;
export type Readout = (typeof READOUTS)[number];

/** Whether a readout goes through a translator. */
export const isTranslated = (readout: Readout): readout is 'tuned' | 'jacobian' =>
  readout === 'tuned' || readout === 'jacobian';

/** A translator's file. */
export interface TranslatorReference {
  /** A tuned lens's folder or file, a Jacobian lens's file or folder; as it was typed. */
  readonly path: string;
  /** Of what was read; a map is drawn again with the same file alone. */
  readonly sha256?: string;
  /** The model that the file names; null where it names none. */
  readonly model?: string | null;
}

/** What stands around the vector: nothing, BOS before it, or a prompt, one of whose positions it takes. */
export type Context = { readonly kind: 'none' } | { readonly kind: 'bos' } | Prompt;

/** A context as it is chosen. `center`: the one that goes with the center, see {@link contextOf}. */
export type ContextChoice = Context | { readonly kind: 'center' };

/** An axis: a hidden state is what it leads to from the centre, so that it stands at 1; all others are directions. */
export type Direction = VectorSource | { readonly kind: 'random'; readonly seed: number };

/** The two axes `u`, `v` of the plane. */
export type Axes =
  | { readonly method: 'direct'; readonly dimensions: readonly [number, number] }
  | { readonly method: 'replicated' }
  | { readonly method: 'random_projection'; readonly seed: number }
  | { readonly method: 'directions'; readonly x: Direction; readonly y: Direction }
  /** The two leading principal components of the texts' hidden states, at their last positions or at all but the first. */
  | { readonly method: 'pca_basis'; readonly texts: readonly string[]; readonly positions: 'last' | 'all' };

/** The centre `c` of the plane. `texts`: the mean of the hidden states that `pca_basis` is made from. */
export type Center = { readonly kind: 'origin' } | { readonly kind: 'texts' } | VectorSource;

/** How long the axes are: as they come, 1, or the layer's typical (median) hidden-state norm. */
export type AxisLengths = 'own' | 'unit' | 'typical';

export interface PlaneParameters {
  readonly axes: Axes;
  readonly center: Center;
  /** `v` is made orthogonal to `u`, before lengths are set. */
  readonly orthogonal: boolean;
  readonly lengths: AxisLengths;
  /** Texts that the typical norm is measured on; null: those that come with the program. */
  readonly sample: readonly string[] | null;
}

/** Real things that are shown at their places on the plane; they change no cell. */
export type Overlay =
  | { readonly kind: 'state'; readonly prompt: Prompt }
  /** A prompt's way through the layers, at its position. */
  | { readonly kind: 'layers'; readonly prompt: Prompt }
  /** A prompt's way through its positions, at the map's layer. */
  | { readonly kind: 'positions'; readonly prompt: Prompt }
  /** Many texts' hidden states at their last positions, by what is known of each; null: the texts that the plane is made from. */
  | ({ readonly kind: 'texts'; readonly texts: readonly string[] | null } & Omit<TextTable, 'texts'>)
  /** The tokens whose rows are nearest to the plane, of those that fall into the grid's window. */
  | { readonly kind: 'rows'; readonly matrix: TokenMatrix; readonly count: number };

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
  /** The file that a readout goes through, `tuned` or `jacobian`; null where it goes through none. */
  readonly translator: TranslatorReference | null;
  readonly context: ContextChoice;
  /** Changes of the model's computation, in the order in which they act. */
  readonly interventions: readonly Intervention[];
  readonly plane: PlaneParameters;
  readonly grid: Grid;
  /** Tokens recorded per cell, 2 ... 100 (two at least: the margin needs a second). */
  readonly topK: number;
  readonly question: Question | null;
  /** What is asked besides in the same run. */
  readonly alsoAsked: readonly Question[];
  /** Tokens left out of the race: their probability is 0, the others' sum is 1. */
  readonly masked: readonly TokenName[];
  /** Approximate where each cell goes through the model: cells whose surroundings agree are filled in from them. */
  readonly adaptive: boolean;
  readonly overlays: readonly Overlay[];
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
  readonly context: Context;
}

/** The original script's defaults: at the origin, `center` is no context. */
export const DEFAULT_PARAMETERS: MapParameters = {
  layer: 'last',
  readout: 'forward',
  translator: null,
  context: { kind: 'center' },
  interventions: [],
  plane: {
    axes: { method: 'random_projection', seed: 42 },
    center: { kind: 'origin' },
    orthogonal: false,
    lengths: 'own',
    sample: null,
  },
  grid: { columns: 50, rows: 50, spacing: 0.5, center: [0, 0] },
  topK: 10,
  question: null,
  alsoAsked: [],
  masked: [],
  adaptive: false,
  overlays: [],
};

export const DEFAULT_BATCH_SIZE = 100;
const layerMessage = 'layer must be "embeddings", "last" or a whole number from 0';
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

const directionSchema = v.variant(
  'kind',
  [...sourceSchemas, v.object({ kind: v.literal('random'), seed: whole('seed', 0, LIMITS.seed) })],
  'a direction must be a prompt, tokens, a mean, a row, a vector or random',
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
    v.object({ method: v.literal('directions'), x: directionSchema, y: directionSchema }),
    v.object({
      method: v.literal('pca_basis'),
      texts: v.pipe(textsSchema, v.minLength(2, 'principal components need two texts at least')),
      positions: v.picklist(['last', 'all'], 'positions must be last or all'),
    }),
  ],
  'method must be direct, replicated, random_projection, directions or pca_basis',
);

/** What is known of each text of a list; nothing of those that it is too short for. */
const column = v.pipe(
  v.array(
    v.pipe(v.string(), v.maxLength(1000, 'a label is too long')),
    'labels, colors and shapes must be lists of texts',
  ),
  v.maxLength(LIMITS.texts, `there can be at most ${LIMITS.texts} texts`),
);
const contexts = [
  v.object({ kind: v.literal('none') }),
  v.object({ kind: v.literal('bos') }),
  ...promptSchemas,
] as const;
const contextMessage = 'context must be center, none, bos, a prompt or tokens';
const parameterEntries = {
  layer: v.union([layerSchema, v.literal('last')], layerMessage),
  readout: v.picklist(READOUTS, `readout must be ${READOUTS.slice(0, -1).join(', ')} or ${READOUTS.at(-1) ?? ''}`),
  translator: v.optional(
    v.nullable(
      v.object({
        path: v.pipe(
          v.string('the translator must be a path'),
          v.minLength(1, 'the translator is empty'),
          v.maxLength(4000, 'the translator is too long'),
        ),
        sha256: v.exactOptional(v.pipe(v.string(), v.maxLength(64, 'sha256 is too long'))),
        model: v.exactOptional(v.nullable(v.pipe(v.string(), v.maxLength(1000)))),
      }),
    ),
    DEFAULT_PARAMETERS.translator,
  ),
  context: v.variant('kind', [v.object({ kind: v.literal('center') }), ...contexts], contextMessage),
  interventions: v.optional(interventionsSchema, () => [...DEFAULT_PARAMETERS.interventions]),
  plane: v.object({
    axes: axesSchema,
    center: v.optional(
      v.variant(
        'kind',
        [v.object({ kind: v.literal('origin') }), v.object({ kind: v.literal('texts') }), ...sourceSchemas],
        'center must be origin, texts, a prompt, tokens, a mean, a row or a vector',
      ),
      DEFAULT_PARAMETERS.plane.center,
    ),
    orthogonal: v.optional(v.boolean('orthogonal must be true or false'), DEFAULT_PARAMETERS.plane.orthogonal),
    lengths: v.optional(
      v.picklist(['own', 'unit', 'typical'], 'lengths must be own, unit or typical'),
      DEFAULT_PARAMETERS.plane.lengths,
    ),
    sample: v.optional(
      v.nullable(v.pipe(textsSchema, v.minLength(1, 'the sample has no texts'))),
      DEFAULT_PARAMETERS.plane.sample,
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
        finite('middle x'),
        v.check((n) => Math.abs(n) <= 1e12, 'middle x must be within 1e12 of 0'),
      ),
      v.pipe(
        finite('middle y'),
        v.check((n) => Math.abs(n) <= 1e12, 'middle y must be within 1e12 of 0'),
      ),
    ]),
  }),
  topK: whole('top-k', LIMITS.topK[0], LIMITS.topK[1]),
  question: v.optional(v.nullable(questionSchema), DEFAULT_PARAMETERS.question),
  alsoAsked: v.optional(
    v.pipe(
      v.array(questionSchema, 'the other questions must be a list'),
      v.maxLength(LIMITS.questions - 1, `at most ${LIMITS.questions} questions can be asked`),
    ),
    () => [...DEFAULT_PARAMETERS.alsoAsked],
  ),
  masked: v.optional(
    v.pipe(
      v.array(tokenName, 'the masked tokens must be a list'),
      v.maxLength(LIMITS.masked, `at most ${LIMITS.masked} tokens can be masked`),
    ),
    () => [...DEFAULT_PARAMETERS.masked],
  ),
  adaptive: v.optional(v.boolean('adaptive must be true or false'), DEFAULT_PARAMETERS.adaptive),
  overlays: v.optional(
    v.pipe(
      v.array(
        v.variant(
          'kind',
          [
            v.object({ kind: v.literal('state'), prompt: promptSchema }),
            v.object({ kind: v.literal('layers'), prompt: promptSchema }),
            v.object({ kind: v.literal('positions'), prompt: promptSchema }),
            v.object({
              kind: v.literal('texts'),
              texts: v.nullable(v.pipe(textsSchema, v.minLength(1, 'there are no texts'))),
              labels: v.exactOptional(column),
              colors: v.exactOptional(column),
              shapes: v.exactOptional(column),
            }),
            v.object({ kind: v.literal('rows'), matrix, count: whole('count', 1, LIMITS.nearRows) }),
          ],
          'an overlay must be state, layers, positions, texts or rows',
        ),
        'the overlays must be a list',
      ),
      v.maxLength(LIMITS.prompts, `there can be at most ${LIMITS.prompts} overlays`),
    ),
    () => [...DEFAULT_PARAMETERS.overlays],
  ),
};
/** What {@link parseParameters} checks by; a test walks through its fields. */
export const parametersSchema = v.object(parameterEntries);
const specificationSchema = v.object({
  ...parameterEntries,
  layer: layerSchema,
  context: v.variant('kind', [...contexts], 'context must be none, bos, a prompt or tokens'),
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

/** The parameters of a specification, without the model, its context linked with its center where they agree. */
export const parametersOf = ({ model: _, ...parameters }: MapSpecification): MapParameters => linked(parameters);

/**
 * What stands around the vector. The context that goes with a center is the prompt whose hidden state that is, so that the
 * model says there what it says of the prompt itself; nothing, where it is of no prompt.
 */
export function contextOf({ context, plane: { center } }: Pick<MapParameters, 'context' | 'plane'>): Context {
  if (context.kind !== 'center') return context;
  return center.kind === 'prompt' || center.kind === 'tokens' ? center : { kind: 'none' };
}

/** The same map, its context following the center from now on where it is the one that goes with it. */
export function linked(parameters: MapParameters): MapParameters {
  const following: MapParameters = { ...parameters, context: { kind: 'center' } };
  return sameContext(contextOf(parameters), contextOf(following)) ? following : parameters;
}

/** Whether two contexts are the same tokens, with the vector at the same position. */
export const sameContext = (a: Context, b: Context): boolean =>
  JSON.stringify(wholeContext(a)) === JSON.stringify(wholeContext(b));

function wholeContext(context: Context): unknown[] {
  if (context.kind === 'none' || context.kind === 'bos') return [context.kind];
  const { position = -1 } = context;
  return context.kind === 'prompt' ? [context.text, context.chat === true, position] : [context.ids, position];
}

/** The original's layer numbers: `embeddings` is -1. */
export const layerIndex = (layer: Layer): number => (layer === 'embeddings' ? -1 : layer);
