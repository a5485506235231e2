import { parseNumber } from '../numbers.js';
import { type Preset, presetParameters } from '../presets.js';
import { DEFAULT_PARAMETERS, type MapParameters } from '../specification.js';
import { bad, type Draft, type MapFlag, parts } from './mapFlag.js';

/** Names of presets as they are typed. */
export const PRESET_FLAGS: Readonly<Record<string, Preset>> = {
  original: 'original',
  prompt: 'aroundPrompt',
  prompts: 'threePrompts',
  principal: 'principalPlane',
  steering: 'steering',
};

/** Parameters to be changed. */
export const draftOf = (parameters: MapParameters): Draft => ({
  ...parameters,
  context: { ...parameters.context },
  interventions: parameters.interventions.map((one) => ({ ...one })),
  plane: { ...parameters.plane, axes: { ...parameters.plane.axes }, center: { ...parameters.plane.center } },
  grid: { ...parameters.grid },
  overlays: parameters.overlays.map((overlay) => ({ ...overlay })),
});

/** The parameters of a preset for a grid of some cells. The original's spacing does not depend on them. */
export function presetFor(preset: Preset, current: MapParameters): MapParameters {
  const parameters = presetParameters(preset, current);
  if (preset !== 'original') return parameters;
  return { ...parameters, grid: { ...parameters.grid, spacing: DEFAULT_PARAMETERS.grid.spacing } };
}

export const GRID_FLAGS: readonly MapFlag[] = [
  {
    name: 'grid-size',
    value: 'N|CxR',
    help: 'cells along each side, or columns x rows, such as 60x40',
    default: '50',
    fields: ['grid.columns', 'grid.rows'],
    read(text, { grid }) {
      const [columns, rows = columns] = parts(text, 'x', 'grid-size', '50 or 60x40', [1, 2]);
      grid.columns = columns;
      grid.rows = rows;
    },
    write: ({ grid: { columns, rows } }) => (columns === rows ? `${columns}` : `${columns}x${rows}`),
  },
  {
    name: 'preset',
    value: 'P',
    help: 'a map to start from, which the other flags change: original, prompt (around one), prompts (between three), principal (plane of texts) or steering (along a direction)',
    fields: [],
    read(text, draft) {
      const preset = Object.hasOwn(PRESET_FLAGS, text) ? PRESET_FLAGS[text] : undefined;
      if (!preset)
        throw bad(`--preset ${text}: there is no such preset.`, `Presets are ${Object.keys(PRESET_FLAGS).join(', ')}.`);
      const { columns, rows } = draft.grid;
      const parameters = presetFor(preset, {
        ...DEFAULT_PARAMETERS,
        grid: { ...DEFAULT_PARAMETERS.grid, columns: Number(columns), rows: Number(rows) },
      });
      const { topK, adaptive, plane } = draft;
      Object.assign(draft, draftOf(parameters), { topK, adaptive });
      draft.plane.sample = plane.sample;
    },
    write: () => undefined,
  },
  {
    name: 'spacing',
    value: 'S',
    help: 'distance between neighboring cells, in plane coordinates',
    default: '0.5',
    fields: ['grid.spacing'],
    read: (text, { grid }) => void (grid.spacing = parseNumber(text)),
    write: ({ grid }) => `${grid.spacing}`,
  },
  {
    name: 'center',
    value: 'X,Y',
    help: 'plane coordinates of the middle of the grid',
    default: '0,0',
    fields: ['grid.center'],
    read: (text, { grid }) => void (grid.center = parts(text, ',', 'center', '1.5,-2', [2])),
    write: ({ grid }) => grid.center.join(','),
  },
  {
    name: 'layer-idx',
    value: 'L',
    help: 'layer whose output the vectors stand in for: 0 to the last, "last", or "embeddings" (also -1)',
    default: 'last',
    fields: ['layer'],
    read(text, draft) {
      draft.layer = text === '-1' ? 'embeddings' : /^[a-z]/i.test(text) ? text : parseNumber(text);
    },
    write: ({ layer }) => `${layer}`,
  },
  {
    name: 'readout',
    value: 'R',
    help: 'forward (remaining blocks, final norm, head), lens (final norm, head), unembed (head alone), tuned or jacobian (the lens behind --translator)',
    default: 'forward',
    fields: ['readout'],
    read: (text, draft) => void (draft.readout = text),
    write: ({ readout }) => readout,
  },
  {
    name: 'translator',
    value: 'PATH',
    help: "the file of --readout tuned (a tuned lens's folder, or .safetensors) or jacobian (a Jacobian lens's .pt or .safetensors)",
    fields: ['translator'],
    read: (text, draft) => void (draft.translator = { path: text }),
    write: ({ translator }) => translator?.path,
  },
];
