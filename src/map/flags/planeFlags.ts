import { parseNumber } from '../numbers.js';
import type { Center, Direction, MapParameters, Prompt } from '../specification.js';
import { alone, bad, type Draft, type Given, type Loose, type MapFlag, parts, textsOf, vectorOf } from './mapFlag.js';
import { parseTokens, writeToken } from './tokenNames.js';

const RANDOM = { kind: 'random', seed: 42 } as const;
const CENTERS = ['center-at', 'center-prompt', 'center-token', 'center-prompts-file', 'center-vector'];
const directionNames = (axis: 'x' | 'y'): string[] =>
  ['prompt', 'token', 'vector', 'random'].map((kind) => `${axis}-${kind}`);

const isPca = ({ axes }: Draft['plane']): boolean => axes.method === 'pca_basis';
const isPrompt = (source: Loose | Center | Direction): boolean => source.kind === 'prompt' || source.kind === 'tokens';

/** Other axes. A center that only the former axes have is left. */
function setAxes(plane: Draft['plane'], axes: Loose): void {
  plane.axes = axes;
  // Principal components are of a cloud around its middle.
  if (isPca(plane) && plane.center.kind === 'origin') plane.center = { kind: 'texts' };
  if (!isPca(plane) && plane.center.kind === 'texts') plane.center = { kind: 'origin' };
}

const methodOf = ({ values }: Given): string | undefined => values['embedding-method']?.toString().replaceAll('-', '_');

const row = (name: string, text: string): Loose => {
  const [token, ...more] = parseTokens(text);
  if (more.length > 0) throw bad(`--${name} ${text}: these are ${more.length + 1} tokens.`, 'Write a comma as \\,.');
  return { kind: 'row', matrix: 'unembedding', token };
};

/**
 * Whether axes lead toward tokens and to nothing else that has a length of its own. Rows of tokens are as long as training left them,
 * whatever hidden states are: toward them a step is a typical norm, if nothing else is said.
 */
const leadsToTokens = ({ method, x, y }: Loose): boolean => {
  const kinds = [x, y].map((axis) => (typeof axis === 'object' && axis && 'kind' in axis ? axis.kind : undefined));
  return method === 'directions' && kinds.includes('row') && kinds.every((kind) => kind === 'row' || kind === 'random');
};

/** Sets the lengths of axes that were given without them. */
export function settleLengths({ plane }: Draft, { values }: Pick<Given, 'values'>): void {
  const given = (...names: readonly string[]): boolean => names.some((name) => values[name] !== undefined);
  if (given('x-token', 'y-token') && !given('units', 'normalize') && leadsToTokens(plane.axes))
    plane.lengths = 'typical';
}

/** A flag that puts the center somewhere. */
const centerFlag = (
  flag: Pick<MapFlag, 'name' | 'value' | 'help' | 'file' | 'write'>,
  read: (text: string, given: Given) => Loose,
): MapFlag => ({
  ...flag,
  fields: ['plane.center'],
  read(text, { plane }, given) {
    alone(flag.name, given, CENTERS);
    plane.center = read(text, given);
  },
});

/** The flags of an axis, one for each kind of direction. */
function directionFlags(axis: 'x' | 'y'): MapFlag[] {
  const flag = (
    kind: string,
    value: string,
    help: string,
    read: (text: string, given: Given) => Loose,
    write: (direction: Direction) => string | undefined,
    file?: MapFlag['file'],
  ): MapFlag => ({
    name: `${axis}-${kind}`,
    value,
    help,
    ...(file === undefined ? {} : { file }),
    fields: [`plane.axes.${axis}`],
    read(text, { plane }, given) {
      alone(`${axis}-${kind}`, given, directionNames(axis));
      const method = methodOf(given);
      if (method !== undefined && method !== 'directions')
        throw bad(`--${axis}-${kind} and --embedding-method ${method} exclude each other.`, 'Leave one of them out.');
      if (plane.axes.method !== 'directions') setAxes(plane, { method: 'directions', x: RANDOM, y: RANDOM });
      plane.axes[axis] = read(text, given);
    },
    write: ({ plane: { axes } }) => (axes.method === 'directions' ? write(axes[axis]) : undefined),
  });
  return [
    flag(
      'prompt',
      'TEXT',
      `the ${axis} axis leads from the center to the hidden state of this prompt, which stands at ${axis} = 1`,
      (text) => ({ kind: 'prompt', text }),
      (direction) => (direction.kind === 'prompt' ? direction.text : undefined),
    ),
    flag(
      'token',
      'TOKEN',
      `the ${axis} axis is a token's row, of --token-matrix`,
      (text) => row(`${axis}-token`, text),
      (direction) => (direction.kind === 'row' ? writeToken(direction.token) : undefined),
    ),
    flag(
      'vector',
      'FILE',
      `the ${axis} axis is a vector of a .npy, .npz, safetensors or JSON file: FILE, FILE:KEY, FILE#ROW, FILE:KEY#ROW or FILE:KEY#,COLUMN; or of a sparse autoencoder, FOLDER#17 or FILE#17: what feature 17 writes`,
      (text, given) => vectorOf(given, text),
      () => undefined,
      'vectors',
    ),
    flag(
      'random',
      'SEED',
      `the ${axis} axis is the random one of this seed (42 where only the other axis is given)`,
      (text) => ({ kind: 'random', seed: parseNumber(text) }),
      (direction) => (direction.kind === 'random' ? `${direction.seed}` : undefined),
    ),
  ];
}

/** A flag for the position in a prompt. */
export const positionFlag = (
  name: string,
  of: string,
  field: string,
  find: (draft: Draft) => Loose,
  found: (parameters: MapParameters) => { readonly kind: string; readonly position?: number } | undefined,
): MapFlag => ({
  name,
  value: 'P',
  help: `position in ${of}, from 0, or from the end: -1 is the last`,
  default: '-1',
  fields: [`${field}.position`],
  read(text, draft) {
    const source = find(draft);
    if (isPrompt(source)) source.position = parseNumber(text);
    else if (text !== '-1') throw bad(`--${name} needs ${of}.`, `Add ${of} TEXT.`);
  },
  write: (parameters) => `${found(parameters)?.position ?? -1}`,
});

/** All prompts of parameters, wherever they stand. */
export function promptsOf({ context, plane: { axes, center }, overlays }: MapParameters): Prompt[] {
  const sources = [context, center, ...(axes.method === 'directions' ? [axes.x, axes.y] : [])];
  return [
    ...sources.flatMap((source) =>
      source.kind === 'mean' ? source.prompts : source.kind === 'prompt' || source.kind === 'tokens' ? [source] : [],
    ),
    ...overlays.flatMap((overlay) => ('prompt' in overlay ? [overlay.prompt] : [])),
  ];
}

const directionsOf = ({ plane: { axes } }: MapParameters): Direction[] =>
  axes.method === 'directions' ? [axes.x, axes.y] : [];
const sourceIn = (axes: Loose, axis: 'x' | 'y'): Loose => {
  const direction = axes[axis];
  if (typeof direction !== 'object' || direction === null) return {};
  return (axes[axis] = { ...direction });
};

export const PLANE_FLAGS: readonly MapFlag[] = [
  {
    name: 'embedding-method',
    value: 'M',
    help: `axes of the plane: random_projection, direct (two dimensions), replicated (even and odd dimensions), directions (--x-..., --y-...) or pca_basis (of --texts)`,
    default: 'random_projection',
    fields: ['plane.axes.method'],
    read(text, { plane }, given) {
      const method = text.replaceAll('-', '_');
      if (method === plane.axes.method) return;
      if (method === 'directions' || method === 'pca_basis') {
        // The flags that it needs come later and set it.
        const needed = method === 'directions' ? [...directionNames('x'), ...directionNames('y')] : ['texts'];
        if (!needed.some((name) => given.values[name] !== undefined))
          throw bad(
            `--embedding-method ${text} needs ${method === 'directions' ? 'its axes' : 'texts'}.`,
            method === 'directions'
              ? 'Give --x-prompt, --x-token, --x-vector or --x-random, and the same for y.'
              : 'Add --texts FILE.',
          );
        return;
      }
      setAxes(plane, {
        method,
        ...(method === 'random_projection' ? { seed: 42 } : {}),
        ...(method === 'direct' ? { dimensions: [0, 1] } : {}),
      });
    },
    write: ({ plane }) => (['directions', 'pca_basis'].includes(plane.axes.method) ? undefined : plane.axes.method),
  },
  {
    name: 'seed',
    value: 'N',
    help: 'seed of the random projection, the same plane as PyTorch draws on a CPU; not used by other methods',
    default: '42',
    fields: ['plane.axes.seed'],
    read: (text, { plane: { axes } }) => void (axes.seed = parseNumber(text)),
    write: ({ plane: { axes } }) => (axes.method === 'random_projection' ? `${axes.seed}` : undefined),
  },
  {
    name: 'dimensions',
    value: 'I,J',
    help: 'the two dimensions of --embedding-method direct',
    default: '0,1',
    fields: ['plane.axes.dimensions'],
    read(text, { plane: { axes } }) {
      if (axes.method !== 'direct')
        throw bad('--dimensions belongs to --embedding-method direct.', 'Give both, or leave --dimensions out.');
      axes.dimensions = parts(text, ',', 'dimensions', '0,1', [2]);
    },
    write: ({ plane: { axes } }) => (axes.method === 'direct' ? axes.dimensions.join(',') : undefined),
  },
  ...directionFlags('x'),
  positionFlag(
    'x-position',
    '--x-prompt',
    'plane.axes.x',
    ({ plane }) => sourceIn(plane.axes, 'x'),
    (parameters) => promptIn(directionsOf(parameters)[0]),
  ),
  ...directionFlags('y'),
  positionFlag(
    'y-position',
    '--y-prompt',
    'plane.axes.y',
    ({ plane }) => sourceIn(plane.axes, 'y'),
    (parameters) => promptIn(directionsOf(parameters)[1]),
  ),
  {
    name: 'texts',
    value: 'FILE',
    file: 'texts',
    help: 'the axes are the two principal components of the hidden states of these texts, one a line or the column text of a .csv, and the center is their mean',
    fields: ['plane.axes.texts'],
    read(text, { plane }, given) {
      const method = methodOf(given);
      if (method !== undefined && method !== 'pca_basis')
        throw bad(`--texts and --embedding-method ${method} exclude each other.`, 'Leave one of them out.');
      alone('texts', given, [...directionNames('x'), ...directionNames('y')]);
      const positions = isPca(plane) ? plane.axes.positions : 'last';
      setAxes(plane, { method: 'pca_basis', texts: textsOf(given, text), positions });
    },
    write: () => undefined,
  },
  {
    name: 'texts-positions',
    value: 'P',
    help: 'which hidden states of --texts: those at the last positions, or all but the first: last or all',
    default: 'last',
    fields: ['plane.axes.positions'],
    read(text, { plane }) {
      if (isPca(plane)) plane.axes.positions = text;
      else if (text !== 'last') throw bad('--texts-positions needs --texts.', 'Add --texts FILE.');
    },
    write: ({ plane: { axes } }) => (axes.method === 'pca_basis' ? axes.positions : undefined),
  },
  centerFlag(
    {
      name: 'center-at',
      value: 'C',
      help: 'center of the plane where none of the next flags names it: origin, or texts (the mean of --texts, and usual with them)',
      write: ({ plane: { center } }) => (center.kind === 'origin' || center.kind === 'texts' ? center.kind : undefined),
    },
    (text) => {
      if (text !== 'origin' && text !== 'texts') throw bad(`--center-at ${text}: write origin or texts.`);
      return { kind: text };
    },
  ),
  centerFlag(
    {
      name: 'center-prompt',
      value: 'TEXT',
      help: 'the center is the hidden state of this prompt, at the layer of the map',
      write: ({ plane: { center } }) => (center.kind === 'prompt' ? center.text : undefined),
    },
    (text) => ({ kind: 'prompt', text }),
  ),
  positionFlag(
    'center-position',
    '--center-prompt',
    'plane.center',
    ({ plane }) => plane.center,
    ({ plane }) => promptIn(plane.center),
  ),
  centerFlag(
    {
      name: 'center-prompts-file',
      value: 'FILE',
      file: 'texts',
      help: 'the center is the mean of the hidden states of these prompts, one a line',
      write: () => undefined,
    },
    (text, given) => ({ kind: 'mean', prompts: textsOf(given, text).map((one) => ({ kind: 'prompt', text: one })) }),
  ),
  centerFlag(
    {
      name: 'center-token',
      value: 'TOKEN',
      help: 'the center is a token\'s row, of --token-matrix: " Paris", with its space, or #7 for token 7',
      write: ({ plane: { center } }) => (center.kind === 'row' ? writeToken(center.token) : undefined),
    },
    (text) => row('center-token', text),
  ),
  centerFlag(
    {
      name: 'center-vector',
      value: 'FILE',
      file: 'vectors',
      help: 'the center is a vector of a file, named as for --x-vector',
      write: () => undefined,
    },
    (text, given) => vectorOf(given, text),
  ),
  {
    name: 'token-matrix',
    value: 'M',
    help: "matrix that tokens' rows are of: embedding or unembedding (the head's)",
    default: 'unembedding',
    fields: ['plane.center.matrix', 'plane.axes.x.matrix', 'plane.axes.y.matrix'],
    read(text, { plane }) {
      if (text !== 'embedding' && text !== 'unembedding')
        throw bad(`--token-matrix ${text}: the matrix must be embedding or unembedding.`);
      for (const source of [plane.center, sourceIn(plane.axes, 'x'), sourceIn(plane.axes, 'y')])
        if (source.kind === 'row') source.matrix = text;
    },
    write(parameters) {
      const found = [parameters.plane.center, ...directionsOf(parameters)].find(({ kind }) => kind === 'row');
      return found?.kind === 'row' ? found.matrix : undefined;
    },
  },
  {
    name: 'orthogonal',
    help: 'the y axis loses its part along the x axis',
    fields: [],
    read: (_, { plane }) => void (plane.orthogonal = true),
    write: ({ plane }) => (plane.orthogonal ? '' : undefined),
  },
  {
    name: 'normalize',
    help: 'the axes get the length 1',
    fields: [],
    read(_, { plane }, given) {
      alone('normalize', given, ['units']);
      plane.lengths = 'unit';
    },
    write: ({ plane }) => (plane.lengths === 'unit' ? '' : undefined),
  },
  {
    name: 'units',
    value: 'U',
    help: 'plane coordinates count raw (the axes as they come) or norm (each axis as long as the typical hidden state of the layer, and usual for --x-token and --y-token)',
    default: 'raw',
    fields: ['plane.lengths'],
    read(text, { plane }) {
      if (text !== 'raw' && text !== 'norm') throw bad(`--units ${text}: write raw or norm.`);
      plane.lengths = text === 'raw' ? 'own' : 'typical';
    },
    write: ({ plane: { lengths } }) => (lengths === 'unit' ? undefined : lengths === 'own' ? 'raw' : 'norm'),
    usual: ({ plane }) => (leadsToTokens({ ...plane.axes }) ? 'norm' : 'raw'),
  },
  {
    name: 'sample',
    value: 'FILE',
    file: 'texts',
    help: 'texts that the typical norm is measured on, one a line; left out: texts that come with the program',
    fields: ['plane.sample'],
    read: (text, { plane }, given) => void (plane.sample = textsOf(given, text)),
    write: () => undefined,
  },
];

const promptIn = (source: Center | Direction | undefined): Prompt | undefined =>
  source?.kind === 'prompt' || source?.kind === 'tokens' ? source : undefined;
