import { DEFAULT_PARAMETERS, type MapParameters, type Prompt } from './specification.js';

/** Points to start from. Each works at once on the bundled model, which knows nine old books and nothing else. */
export const PRESETS = ['original', 'aroundPrompt', 'threePrompts', 'principalPlane', 'steering'] as const;
export type Preset = (typeof PRESETS)[number];

export const PRESET_NAMES: Readonly<Record<Preset, string>> = {
  original: 'As the original',
  aroundPrompt: 'Around a prompt',
  threePrompts: 'Between three prompts',
  principalPlane: 'Principal plane of my texts',
  steering: 'Along a steering vector',
};

const prompt = (text: string): Prompt => ({ kind: 'prompt', text });

/** Prompts that differ in what comes next, from books as different as the bundled model knows. */
export const SAMPLE_PROMPTS = {
  A: 'The captain of the ship',
  B: 'She was very much in love with her',
  C: 'And the LORD spake unto',
} as const;

/** Texts of three kinds: the sea, the drawing room, the Bible. */
export const SAMPLE_TEXTS: readonly string[] = [
  'The whale rose from the sea and the boats',
  'The captain stood upon the deck of the ship',
  'The harpoon was darted; the stricken whale flew',
  'There she blows! cried the man at the mast',
  'The sailors pulled hard at their oars',
  'The wind howled round the cabin of the Pequod',
  'Elizabeth was very much surprised by his manner',
  'Mr. Knightley had been sitting with her father',
  'She could not help smiling at his easy manner',
  'Lady Catherine was extremely angry with her nephew',
  'Her sister was to be married to Mr. Bingley',
  'They walked together to the house and drank tea',
  'And the LORD said unto Moses',
  'And it came to pass in those days',
  'Blessed is the man that walketh not in the counsel',
  'The children of Israel went up out of the land',
  'And the king sent messengers unto Jerusalem',
  'For he shall be great in the sight of the Lord',
];

/**
 * The parameters that a preset stands for. Number of cells, tokens per cell and the sample of the typical norm stay as they are;
 * questions, masks and overlays go, since they belong to what was looked at before.
 */
export function presetParameters(preset: Preset, current: MapParameters): MapParameters {
  const { columns, rows } = current.grid;
  const { sample } = current.plane;
  const spread = (width: number): number => Number((width / Math.min(columns, rows)).toPrecision(2));
  const base: MapParameters = {
    ...DEFAULT_PARAMETERS,
    grid: { columns, rows, spacing: spread(25), center: [0, 0] },
    plane: { ...DEFAULT_PARAMETERS.plane, sample },
    topK: current.topK,
  };
  const around: MapParameters = { ...base, grid: { ...base.grid, spacing: spread(4) } };
  const first = prompt(SAMPLE_PROMPTS.A);
  switch (preset) {
    case 'original':
      return base;
    case 'aroundPrompt':
      return {
        ...around,
        context: first,
        plane: { ...base.plane, center: first, lengths: 'typical' },
      };
    case 'threePrompts':
      return {
        ...around,
        context: first,
        plane: {
          ...base.plane,
          center: first,
          axes: { method: 'directions', x: prompt(SAMPLE_PROMPTS.B), y: prompt(SAMPLE_PROMPTS.C) },
        },
      };
    case 'principalPlane':
      return {
        ...around,
        context: { kind: 'bos' },
        plane: {
          ...base.plane,
          center: { kind: 'texts' },
          axes: { method: 'pca_basis', texts: SAMPLE_TEXTS, positions: 'last' },
          lengths: 'typical',
        },
      };
    case 'steering':
      return {
        ...around,
        context: first,
        plane: {
          ...base.plane,
          center: first,
          axes: {
            method: 'directions',
            x: { kind: 'row', matrix: 'unembedding', token: ' sea' },
            y: { kind: 'random', seed: 42 },
          },
          orthogonal: true,
          lengths: 'typical',
        },
      };
  }
}

/** The preset that gives exactly these parameters, if any does. */
export const presetOf = (parameters: MapParameters): Preset | undefined =>
  PRESETS.find((preset) => JSON.stringify(presetParameters(preset, parameters)) === JSON.stringify(parameters));
