import { t } from '@vscode/l10n';
import { isRealState } from './dependence.js';
import { SAMPLE_VECTOR } from './sampleVector.js';
import {
  type Axes,
  DEFAULT_PARAMETERS,
  type Direction,
  linked,
  type MapParameters,
  type Prompt,
} from './specification.js';
import { encodeVector } from './vector.js';
import { aroundUnits, withAxes } from './withAxes.js';

/** Points to start from. Each works at once on the bundled model, which knows nine old books and nothing else, and on others. */
export const PRESETS = ['original', 'aroundPrompt', 'threePrompts', 'principalPlane', 'steering'] as const;
export type Preset = (typeof PRESETS)[number];

export const PRESET_NAMES: Readonly<Record<Preset, string>> = {
  original: t('As the original'),
  aroundPrompt: t('Around a prompt'),
  threePrompts: t('Between three prompts'),
  principalPlane: t('Principal plane of my texts'),
  steering: t('Along a steering vector'),
};

const prompt = (text: string): Prompt => ({ kind: 'prompt', text });

/** Three prompts to lay a plane through. */
type Prompts = Readonly<Record<'A' | 'B' | 'C', string>>;

/** Prompts whose next token the bundled model knows: a whale, Sir Walter, Moses. Three books, three worlds. */
export const SAMPLE_PROMPTS = {
  A: 'We saw the great sperm',
  B: 'She was the daughter of Sir',
  C: 'And the LORD spake unto',
} as const satisfies Prompts;
/** Prompts that nearly every model of English knows how to go on with, in three directions: a city, a color, an opposite. */
const NEUTRAL_PROMPTS = {
  A: 'The capital of France is',
  B: 'My favorite color is',
  C: 'The opposite of hot is',
} as const satisfies Prompts;
/** The bundled model has read nine old books and knows no capitals. */
export const samplePrompts = (bundled: boolean): Prompts => (bundled ? SAMPLE_PROMPTS : NEUTRAL_PROMPTS);

/** One that could go on to several lands, and one to several places. */
const OPEN_PROMPT = 'They went to the king of';
const STEERED_PROMPT = 'They went to the';

/** Beginnings of sentences about the sea, society and the Bible. */
export const SAMPLE_TEXTS: readonly string[] = [
  SAMPLE_PROMPTS.A,
  'He was a Sperm',
  'They were hunting the sperm',
  'the captain of the Pe',
  'The ship sailed over the',
  'The harpooneer of the',
  SAMPLE_PROMPTS.B,
  'Sir Thomas and Lady',
  'She danced with Colonel',
  'She was in love with Captain',
  'Mrs. Weston and Miss',
  'Elizabeth and Mr.',
  SAMPLE_PROMPTS.C,
  'And the LORD said unto',
  'the house of Israel, and the children of',
  'Jesus Christ, the Son of',
  'He reigned with the king of',
  'In the beginning God created the heaven and the',
];

/** Numbers of the bundled model's hidden states: {@link SAMPLE_VECTOR} is one of them. */
const SAMPLE_WIDTH = 192;

/** What a preset has to know of the model. */
export interface PresetModel {
  /** It is the one that came with the program. */
  readonly bundled: boolean;
  /** Where it is known: a model that the sample vector does not fit is steered along a token. */
  readonly hiddenSize?: number | undefined;
}
const BUNDLED: PresetModel = { bundled: true, hiddenSize: SAMPLE_WIDTH };

/** The layer whose hidden states the sample vector is of. */
const SAMPLE_LAYER = 4;

/**
 * The plane of a preset, the window on it and the context that goes with it. What is asked, masked, changed and shown stays as it is, and
 * so does the layer, but for the sample vector's own, which comes and goes with it.
 */
export function presetParameters(
  preset: Preset,
  current: MapParameters,
  { bundled, hiddenSize = bundled ? SAMPLE_WIDTH : undefined }: PresetModel = BUNDLED,
): MapParameters {
  const { columns, rows } = current.grid;
  const { sample } = current.plane;
  /** A grid whose shorter side is so long. */
  const gridOf = (length: number): MapParameters['grid'] => {
    const spacing = Number((length / Math.min(columns, rows)).toPrecision(4));
    return { columns, rows, spacing, center: [0, 0] };
  };
  const { context } = DEFAULT_PARAMETERS;
  const base: MapParameters = {
    ...current,
    layer: current.layer === SAMPLE_LAYER && isAlongSample(current) ? 'last' : current.layer,
    context,
    grid: gridOf(25),
    plane: { ...DEFAULT_PARAMETERS.plane, sample },
    overlays: preset === 'principalPlane' ? current.overlays : withoutPlanesTexts(current.overlays),
  };
  switch (preset) {
    case 'original':
      return base;
    case 'aroundPrompt': {
      const center = prompt(OPEN_PROMPT);
      return { ...base, plane: { ...base.plane, center, lengths: 'typical' }, grid: gridOf(3) };
    }
    case 'threePrompts': {
      const { A, B, C } = samplePrompts(bundled);
      const center = prompt(A);
      const axes: Axes = { method: 'directions', x: prompt(B), y: prompt(C) };
      const grid = gridOf(2.5);
      // Around the triangle, with (0, 0) and, for 50 cells, (1, 0) and (0, 1) on cells.
      const middle = (count: number): number =>
        Number((((count - 1) / 2 - Math.round(0.34 * count)) * grid.spacing).toPrecision(6));
      return {
        ...base,
        plane: { ...base.plane, axes, center },
        grid: { ...grid, center: [middle(columns), middle(rows)] },
      };
    }
    case 'principalPlane':
      return {
        ...base,
        context: { kind: 'bos' },
        plane: {
          ...base.plane,
          axes: { method: 'pca_basis', texts: SAMPLE_TEXTS, positions: 'last' },
          center: { kind: 'texts' },
          lengths: 'typical',
        },
        grid: gridOf(3),
      };
    case 'steering': {
      const center = prompt(STEERED_PROMPT);
      const fits = hiddenSize === SAMPLE_WIDTH;
      const axes: Axes = {
        method: 'directions',
        x: fits
          ? { kind: 'vector', vector: SAMPLE_VECTOR, name: 'sea − drawing room' }
          : { kind: 'row', matrix: 'unembedding', token: ' sea' },
        y: { kind: 'random', seed: 42 },
      };
      return {
        ...base,
        ...(fits ? { layer: SAMPLE_LAYER } : {}),
        plane: { ...base.plane, axes, center, orthogonal: true, lengths: 'typical' },
        grid: gridOf(2.5),
      };
    }
  }
}

/** Whether a plane leads along the sample vector, which is of a layer. */
export const isAlongSample = ({ plane: { axes } }: MapParameters): boolean =>
  axes.method === 'directions' && axes.x.kind === 'vector' && axes.x.vector === SAMPLE_VECTOR;

/** Of another plane there are none. */
const withoutPlanesTexts = (overlays: MapParameters['overlays']): MapParameters['overlays'] =>
  overlays.filter((one) => one.kind !== 'texts' || one.texts !== null);

/** The preset that gives exactly these parameters, if any does. */
export const presetOf = (parameters: MapParameters, model: PresetModel = BUNDLED): Preset | undefined =>
  PRESETS.find(
    (preset) => JSON.stringify(presetParameters(preset, parameters, model)) === JSON.stringify(linked(parameters)),
  );

/** How an axis to a boundary is called. */
const BOUNDARY = 'boundary with ';

/** The parameters with a real state for their center: the one that they have, or a sample prompt's. */
export function centerToSearchFrom(current: MapParameters): MapParameters {
  if (isRealState(current.plane.center)) return current;
  const { overlays: _, ...rest } = current;
  return { ...rest, overlays: [], plane: { ...current.plane, center: prompt(OPEN_PROMPT) } };
}

/**
 * The plane through a center and two points on boundaries around it, which stand at (1, 0) and (0, 1); with all three in sight.
 * @param x what wins behind the first, and the step from the center to it; `y` the same of the other
 */
export function betweenBoundaries(current: MapParameters, [x, y]: readonly [Step, Step]): MapParameters {
  const axis = ({ token, step }: Step): Direction => ({
    kind: 'vector',
    vector: encodeVector(step),
    name: `${BOUNDARY}${token}`.slice(0, 200),
  });
  return { ...withAxes(current, axis(x), axis(y)), grid: aroundUnits(current.grid) };
}

interface Step {
  readonly token: string;
  readonly step: Float32Array;
}

/** Whether a plane was laid by {@link betweenBoundaries}. */
export const isBetweenBoundaries = ({ plane: { axes } }: MapParameters): boolean =>
  axes.method === 'directions' &&
  [axes.x, axes.y].every((one) => one.kind === 'vector' && one.name?.startsWith(BOUNDARY) === true);
