import { Fault } from './fault.js';
import { checkParameters, DEFAULT_PARAMETERS, type MapParameters } from './specification.js';

/** A flag of the command line, `--name VALUE`; a switch where `value` is left out. */
export interface Flag {
  readonly name: string;
  /** What stands for the value in the help text. */
  readonly value?: string;
  readonly help: string;
  readonly default?: string;
}

/** Values of flags as they were typed, by name. */
export type FlagValues = Readonly<Record<string, string | undefined>>;

/** Parameters on their way from flags: nothing in them has been checked. */
interface Draft {
  layer: unknown;
  readout: unknown;
  context: { kind: unknown; text?: unknown; ids?: unknown };
  plane: { axes: { method: unknown; dimensions?: unknown; seed?: unknown } };
  grid: { columns: unknown; rows: unknown; spacing: unknown; center: unknown };
  topK: unknown;
}

/** A flag that sets a part of the parameters. Flags are read in the order of the table, whatever order they came in. */
interface MapFlag extends Flag {
  readonly value: string;
  /** Beginnings of the paths in the parameters that a fault of this flag can have. */
  readonly fields: readonly string[];
  read(text: string, draft: Draft, given: FlagValues): void;
  /** The flag's value in these parameters; undefined where it says nothing about them. */
  write(parameters: MapParameters): string | undefined;
}

/** All flags that say what a map is. The command line's help, the parser and "Copy as Command Line" come from here. */
export const MAP_FLAGS: readonly MapFlag[] = [
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
    name: 'spacing',
    value: 'S',
    help: 'distance between neighboring cells, in plane coordinates',
    default: '0.5',
    fields: ['grid.spacing'],
    read: (text, { grid }) => void (grid.spacing = number(text)),
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
      draft.layer = text === '-1' ? 'embeddings' : /^[a-z]/i.test(text) ? text : number(text);
    },
    write: ({ layer }) => `${layer}`,
  },
  {
    name: 'readout',
    value: 'R',
    help: 'forward (remaining blocks, final norm, head), lens (final norm, head) or unembed (head alone)',
    default: 'forward',
    fields: ['readout'],
    read: (text, draft) => void (draft.readout = text),
    write: ({ readout }) => readout,
  },
  {
    name: 'embedding-method',
    value: 'M',
    help: 'axes of the plane: random_projection, direct (two dimensions) or replicated (even and odd dimensions)',
    default: 'random_projection',
    fields: ['plane.axes.method'],
    read(text, { plane }) {
      const method = text.replaceAll('-', '_');
      if (method === plane.axes.method) return;
      if (method === 'directions' || method === 'pca_basis')
        throw bad(`--embedding-method ${method}: it comes with a saved map.`, 'Use --specification FILE.');
      plane.axes = {
        method,
        ...(method === 'random_projection' ? { seed: 42 } : {}),
        ...(method === 'direct' ? { dimensions: [0, 1] } : {}),
      };
    },
    write: ({ plane }) => plane.axes.method,
  },
  {
    name: 'seed',
    value: 'N',
    help: 'seed of the random projection, the same plane as PyTorch draws on a CPU; not used by other methods',
    default: '42',
    fields: ['plane.axes.seed'],
    read: (text, { plane: { axes } }) => void (axes.seed = number(text)),
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
  {
    name: 'context',
    value: 'C',
    help: 'what stands before the vector: none, bos, or prompt (with --prompt)',
    default: 'none',
    fields: ['context.kind'],
    read(text, draft, given) {
      if (text !== 'prompt') draft.context = { kind: text };
      else if ((given.prompt ?? given['prompt-ids'] ?? draft.context.text ?? draft.context.ids) === undefined)
        throw bad('--context prompt needs the prompt itself.', 'Add --prompt TEXT.');
    },
    write: ({ context }) => (context.kind === 'none' || context.kind === 'bos' ? context.kind : undefined),
  },
  {
    name: 'prompt',
    value: 'TEXT',
    help: 'text before the vector, which takes the place of its last token',
    fields: ['context.text'],
    read(text, draft, { context = 'prompt' }) {
      if (context !== 'prompt')
        throw bad(`--prompt and --context ${context} exclude each other.`, 'Leave one of them out.');
      draft.context = { kind: 'prompt', text };
    },
    write: ({ context }) => (context.kind === 'prompt' ? context.text : undefined),
  },
  {
    name: 'prompt-ids',
    value: 'I,J,...',
    help: 'the same as token ids, for a model without a tokenizer or an exact repetition',
    fields: ['context.ids'],
    read(text, draft, { prompt, context = 'prompt' }) {
      if (context !== 'prompt')
        throw bad(`--prompt-ids and --context ${context} exclude each other.`, 'Leave one of them out.');
      if (prompt !== undefined) throw bad('--prompt and --prompt-ids exclude each other.', 'Leave one of them out.');
      draft.context = { kind: 'tokens', ids: text.split(',').map(number) };
    },
    write: ({ context }) => (context.kind === 'tokens' ? context.ids.join(',') : undefined),
  },
  {
    name: 'top-k',
    value: 'K',
    help: 'tokens recorded per cell, 2 to 100',
    default: '10',
    fields: ['topK'],
    read: (text, draft) => void (draft.topK = number(text)),
    write: ({ topK }) => `${topK}`,
  },
];

/**
 * The parameters that flags describe, over those that hold where a flag is missing. Other flags are passed over.
 * @throws Fault `bad-parameter` that names the flag and what it was given.
 */
export function parametersFromFlags(given: FlagValues, base: MapParameters = DEFAULT_PARAMETERS): MapParameters {
  const draft: Draft = {
    ...base,
    context: { ...base.context },
    plane: { ...base.plane, axes: { ...base.plane.axes } },
    grid: { ...base.grid },
  };
  for (const flag of MAP_FLAGS) {
    const text = given[flag.name];
    if (text !== undefined) flag.read(text, draft, given);
  }
  const checked = checkParameters(draft);
  if ('parameters' in checked) return checked.parameters;
  const [first] = checked.faults;
  const flag = MAP_FLAGS.find(
    ({ fields, name }) => given[name] !== undefined && fields.some((field) => first?.path.startsWith(field)),
  );
  const message = first?.message ?? 'the parameters are wrong';
  throw bad(flag ? `--${flag.name} ${given[flag.name] ?? ''}: ${message}.` : `${message}.`);
}

/**
 * The flags, value by value, that give these parameters; what is the default is left out.
 * @throws Fault `bad-parameter` for a plane through given vectors, which only a file can hold.
 */
export function parametersToFlags(parameters: MapParameters): string[] {
  const { axes, center } = parameters.plane;
  if (axes.method === 'directions' || axes.method === 'pca_basis' || center.kind !== 'origin')
    throw bad('Such a plane is too long for a command line.', 'Save the map and draw it with --specification FILE.');
  return MAP_FLAGS.flatMap((flag) => {
    const value = flag.write(parameters);
    if (value === undefined || value === flag.write(DEFAULT_PARAMETERS)) return [];
    return value.startsWith('-') ? [`--${flag.name}=${value}`] : [`--${flag.name}`, value];
  });
}

/** A command that can be pasted into a terminal, each argument quoted where it must be. */
export function commandLine(parts: readonly string[], shell: 'posix' | 'powershell' = 'posix'): string {
  const quote = (text: string): string => {
    if (/^[\w@%+=:./-][\w@%+=:,./-]*$/.test(text)) return text;
    return shell === 'posix' ? `'${text.replaceAll("'", `'\\''`)}'` : `'${text.replaceAll("'", "''")}'`;
  };
  return parts.map(quote).join(' ');
}

/** A number as typed; NaN, which no parameter takes, where it is none. */
function number(text: string): number {
  if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN;
}

/** Numbers between separators, as many as one of `counts`. */
function parts(text: string, separator: string, name: string, example: string, counts: readonly number[]): number[] {
  const numbers = text.split(separator).map((part) => number(part.trim()));
  if (counts.includes(numbers.length)) return numbers;
  throw bad(`--${name} ${text}: write it as ${example}.`);
}

const bad = (message: string, hint?: string): Fault =>
  new Fault({ code: 'bad-parameter', message, ...(hint === undefined ? {} : { hint }) });
