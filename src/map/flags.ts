import { canonical } from './dependence.js';
import { Fault } from './fault.js';
import { flagWithValue } from './flags/commandLine.js';
import { ASKING_FLAGS, CONTEXT_FLAGS } from './flags/contextFlags.js';
import { draftOf, GRID_FLAGS, PRESET_FLAGS, presetFor } from './flags/gridFlags.js';
import { bad, type FlagFiles, type FlagValues, type MapFlag } from './flags/mapFlag.js';
import { INTERVENTION_FLAGS } from './flags/interventionFlags.js';
import { PLANE_FLAGS, settleLengths } from './flags/planeFlags.js';
import { questionsOf } from './questions.js';
import { checkParameters, DEFAULT_PARAMETERS, type MapParameters, parseParameters } from './specification.js';

export { commandLine, flagWithValue, type ShellFamily } from './flags/commandLine.js';
export { DISPLAY_FLAGS, displayFromFlags, displayToFlags } from './flags/displayFlags.js';
export type { Flag, FlagFiles, FlagValues, MeantFiles } from './flags/mapFlag.js';

/** All flags that say what a map is. The command line's help, the parser and "Copy as Command Line" come from here. */
export const MAP_FLAGS: readonly MapFlag[] = [
  ...GRID_FLAGS,
  ...PLANE_FLAGS,
  ...CONTEXT_FLAGS,
  ...INTERVENTION_FLAGS,
  ...ASKING_FLAGS,
];

const NO_FILES: FlagFiles = { texts: new Map(), vectors: new Map() };

/**
 * The parameters that flags describe, over those that hold where a flag is missing. Other flags are passed over.
 * `files`: what is in the files that flags with a `file` name.
 * @throws Fault `bad-parameter` that names the flag and what it was given.
 */
export function parametersFromFlags(
  given: FlagValues,
  base: MapParameters = DEFAULT_PARAMETERS,
  files: FlagFiles = NO_FILES,
): MapParameters {
  const draft = draftOf(base);
  if (given.overlay !== undefined) draft.overlays = [];
  if (given.question !== undefined) [draft.question, draft.alsoAsked] = [null, []];
  if (given.intervene !== undefined) draft.interventions = [];
  for (const flag of MAP_FLAGS)
    for (const text of valuesOf(given, flag.name)) flag.read(text, draft, { values: given, files });
  settleLengths(draft, { values: given });
  const checked = checkParameters(draft);
  if ('parameters' in checked) return checked.parameters;
  const [{ path, message } = { path: '', message: 'the parameters are wrong' }] = checked.faults;
  // Of a prompt's text and its position the more exact field names the flag.
  const reach = ({ name, fields }: MapFlag): number =>
    given[name] === undefined ? 0 : Math.max(0, ...fields.filter((f) => path.startsWith(f)).map((f) => f.length));
  const flag = MAP_FLAGS.filter((one) => reach(one) > 0).sort((one, other) => reach(other) - reach(one))[0];
  if (!flag) throw bad(`${message}.`);
  const typed = valuesOf(given, flag.name);
  // The first question has a field of its own, before the list of the others.
  const [, list, at] = /^(\w+)\.(\d+)/.exec(path) ?? [];
  const wrong = flag.many ? typed[Number(at ?? 0) + (list === 'alsoAsked' ? 1 : 0)] : typed.at(-1);
  throw bad(`--${flag.name} ${wrong ?? ''}: ${message}.`);
}

const valuesOf = (given: FlagValues, name: string): readonly string[] => {
  const value = given[name];
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
};

/**
 * The flags, value by value, that give exactly these parameters; what is the default is left out.
 * @throws Fault `bad-parameter` that says what of them no flags can say: vectors, lists of texts.
 */
export function parametersToFlags(parameters: MapParameters): string[] {
  const wanted = plain(parameters);
  // Texts and vectors that come with a preset need no file.
  for (const preset of [undefined, ...Object.keys(PRESET_FLAGS)]) {
    const given = differences(parameters, preset);
    if (givesBack(given, wanted)) return typedFlags(given);
  }
  throw bad(
    hasVectors(parameters)
      ? 'Vectors are too long for a command line.'
      : 'Flags cannot say all of these prompts, positions and texts.',
    'Save the map and draw it with --specification FILE.',
  );
}

/** The flags in which parameters differ from the defaults, or from a preset. */
function differences(parameters: MapParameters, preset: string | undefined): FlagValues {
  const { columns, rows } = parameters.grid;
  const from = preset === undefined ? undefined : PRESET_FLAGS[preset];
  const start = from
    ? presetFor(from, { ...DEFAULT_PARAMETERS, grid: { ...DEFAULT_PARAMETERS.grid, columns, rows } })
    : DEFAULT_PARAMETERS;
  const given: Record<string, string | readonly string[]> = preset === undefined ? {} : { preset };
  for (const flag of MAP_FLAGS) {
    const value = flag.write(parameters);
    const usual =
      (from ? undefined : flag.usual?.(parameters)) ??
      flag.write(flag.name === 'grid-size' ? DEFAULT_PARAMETERS : start);
    if (value !== undefined && String(value) !== String(usual)) given[flag.name] = value;
  }
  return given;
}

function givesBack(given: FlagValues, wanted: string): boolean {
  try {
    return plain(parametersFromFlags(given)) === wanted;
  } catch (error) {
    if (error instanceof Fault) return false;
    throw error;
  }
}

/** Parameters as a text that is the same for the same map. */
const plain = (parameters: MapParameters): string => canonical(parseParameters(parameters));

/** In the order of the table. */
function typedFlags(given: FlagValues): string[] {
  return MAP_FLAGS.flatMap(({ name, value: takes }) =>
    valuesOf(given, name).flatMap((value) => (takes === undefined ? [`--${name}`] : flagWithValue(name, value))),
  );
}

/** Whether the plane goes through or along numbers, or an intervention has some, that no command line has room for. */
function hasVectors({ plane: { axes, center }, interventions, ...asked }: MapParameters): boolean {
  const given = interventions.flatMap((one) =>
    one.kind === 'add' ? [one.vector] : one.kind === 'project' ? [one.direction] : [],
  );
  const sources = [center, ...(axes.method === 'directions' ? [axes.x, axes.y] : []), ...given];
  return sources.some(({ kind }) => kind === 'vector') || questionsOf(asked).some(({ kind }) => kind === 'feature');
}
