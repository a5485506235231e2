import { type Format, FORMATS } from '../formats/formats.js';
import { COMPARISON_FORMATS } from '../formats/comparison/formats.js';
import { DEFAULT_FORMATS, DEFAULT_OUTPUT_FOLDER } from '../host/outputDefaults.js';
import { DISPLAY_FLAGS, MAP_FLAGS } from '../map/flags.js';
import { parseTokens } from '../map/flags/tokenNames.js';
import { parseNumber } from '../map/numbers.js';
import { parseLine } from '../map/profile.js';
import { mergeAxes, parseAxis } from '../map/series/axisText.js';
import { bad, computingChoices, openingChoices } from './computing.js';
import { type HubCommand, parseHubCommand } from './hub/hubCommands.js';
import type { ServeCommand } from './serve/serve.js';
import type { SeriesCommand } from './series/series.js';
import { SERIES_FLAGS } from './series/seriesFlags.js';
import { parseStudyCommand, type StudyCommand } from './study/studyArguments.js';
import type { BoundariesCommand } from './boundaries.js';
import { BOUNDARY_FLAGS } from './boundaryFlags.js';
import { COMMAND_FLAGS, type CommandName } from './commandFlags.js';
import type { CompareCommand } from './compare.js';
import { FEATURE_MAP_FLAGS } from './featureFlags.js';
import type { FeaturesCommand } from './features.js';
import { FIT_FLAGS } from './fitFlags.js';
import type { FitCommand } from './fitTranslator.js';
import { FIGURE_FLAGS, figureSize, readingFile } from './figureFlags.js';
import { USUAL_FORMATS } from './fileFlags.js';
import { ASKING_FLAGS, RUN_FLAGS } from './flags.js';
import { LENS_FORMATS } from '../formats/lens/formats.js';
import { PROFILE_FORMATS } from '../formats/profile/formats.js';
import type { DrawCommand } from './draw.js';
import type { InspectCommand } from './inspect.js';
import type { LensCommand } from './lens.js';
import { LENS_MAP_FLAGS } from './lensFlags.js';
import { given, parseFlags, type Typed } from './parseFlags.js';
import type { ProfileCommand } from './profile.js';

/** What a person asked the command line for. Paths are as they were typed. */
export type Command =
  | Asked
  | DrawCommand
  | InspectCommand
  | BoundariesCommand
  | FeaturesCommand
  | FitCommand
  | CompareCommand
  | LensCommand
  | ProfileCommand
  | SeriesCommand
  | StudyCommand
  | ServeCommand
  | HubCommand;

/** `of`: the command whose help is asked for; left out, that of all. */
type Asked = { readonly kind: 'help'; readonly of?: CommandName } | { readonly kind: 'version' };

/** What follows the name of each command is read by; without one a map is drawn. */
const COMMANDS: Readonly<Record<CommandName, (args: readonly string[]) => Command>> = {
  inspect: parseInspect,
  compare: parseCompare,
  lens: parseLens,
  features: parseFeatures,
  boundaries: parseBoundaries,
  'fit-translator': parseFit,
  serve: parseServe,
  study: parseStudyCommand,
  download: (args) => parseHubCommand('download', args),
  cache: (args) => parseHubCommand('cache', args),
};

const isCommand = (name: string): name is CommandName => Object.hasOwn(COMMANDS, name);

/** Reads arguments as they come after the program's name. @throws Fault `bad-parameter`, naming the argument. */
export function parseCommand(args: readonly string[]): Command {
  const [first = '', ...rest] = args;
  if (!isCommand(first)) return parseDrawing(args);
  const command = COMMANDS[first](rest);
  return command.kind === 'help' ? { kind: 'help', of: first } : command;
}

/** What stands alone, if anything does. */
const alone = (values: ReadonlyMap<string, string>): Asked | undefined =>
  values.has('help') ? { kind: 'help' } : values.has('version') ? { kind: 'version' } : undefined;

/** Reads what follows `inspect`. */
function parseInspect(args: readonly string[]): Command {
  const typed = parseFlags(args, COMMAND_FLAGS.inspect);
  const { values } = typed;
  return (
    alone(values) ?? {
      kind: 'inspect',
      model: modelOf(typed),
      json: values.has('json'),
      skipChecks: values.has('skip-checks'),
      ...openingChoices(values),
    }
  );
}

/** Reads the flags of a map, of several, or of a profile. */
function parseDrawing(args: readonly string[]): Command {
  const flags = [...MAP_FLAGS, ...DISPLAY_FLAGS, ...SERIES_FLAGS, ...RUN_FLAGS, ...ASKING_FLAGS];
  const typed = parseFlags(args, flags);
  const { values, positionals } = typed;
  const asked = alone(values);
  if (asked) return asked;
  const [extra] = positionals;
  if (extra !== undefined)
    throw bad(`The argument "${extra}" is not understood.`, `To draw a map of a model, write --model ${extra}.`);
  const line = values.get('profile');
  const drawing: Omit<DrawCommand, 'formats' | 'reading'> = {
    kind: 'draw',
    map: given(MAP_FLAGS, typed),
    display: Object.fromEntries(
      ['question', ...DISPLAY_FLAGS.map(({ name }) => name)].map((name) => [name, values.get(name)]),
    ),
    model: values.get('model'),
    specification: values.get('specification'),
    outputDir: values.get('output-dir') ?? DEFAULT_OUTPUT_FOLDER,
    figure: figureSize(values),
    overwrite: values.has('overwrite'),
    quiet: values.has('quiet'),
    ...computingChoices(values),
  };
  if (line !== undefined) return profileOf(drawing, line, values);
  const vary = typed.several.get('vary') ?? [];
  const known = vary.length > 0 ? [...FORMATS, FILM] : FORMATS;
  const wanted = listOf(values.get('formats') ?? DEFAULT_FORMATS.join(), known);
  // A film is of all maps of a series, whose own files are others.
  const own = wanted.filter((format): format is Format => format !== FILM);
  const formats = own.length > 0 ? own : (['json'] as const);
  const film = own.length < wanted.length;
  return seriesOf({ ...drawing, formats, reading: readingFile(values, formats) }, values, vary, film);
}

const FILM = 'apng';

/** A profile in the place of a map. */
function profileOf(
  drawing: Omit<DrawCommand, 'formats' | 'reading'>,
  text: string,
  values: ReadonlyMap<string, string>,
): ProfileCommand {
  const line = parseLine(text);
  if (!line)
    throw bad(
      `--profile ${text}: a line has two ends, each a point of the plane.`,
      'Write it as --profile 0,0:1,0, from (0, 0) to (1, 0).',
    );
  const other = ['vary', 'overwrite', ...FIGURE_FLAGS.map(({ name }) => name)].find((name) => values.has(name));
  if (other !== undefined) throw bad(`--${other} does not go with --profile.`, 'It is of maps.');
  const names = PROFILE_FORMATS.map(({ name }) => name);
  const formats = listOf(values.get('formats') ?? names.join(), names);
  return { ...drawing, kind: 'profile', line, formats };
}

/** A map, or a series of them where something varies. */
function seriesOf(
  drawing: DrawCommand,
  values: ReadonlyMap<string, string>,
  vary: readonly string[],
  film: boolean,
): DrawCommand | SeriesCommand {
  if (vary.length === 0) {
    const other = SERIES_FLAGS.find(({ name }) => values.has(name));
    if (other) throw bad(`--${other.name} goes with --vary.`, 'Say what varies, such as --vary layer=0-11.');
    return drawing;
  }
  if (drawing.overwrite)
    throw bad(
      '--overwrite does not go with --vary.',
      'The same series goes on in its folder, another one gets its own.',
    );
  const plane = values.get('plane');
  if (plane !== undefined && plane !== 'shared' && plane !== 'own')
    throw bad(`--plane ${plane}: must be shared or own.`);
  const follow = parseTokens(values.get('follow') ?? '').filter((token) => token !== '');
  if (!follow.every((token) => typeof token === 'string'))
    throw bad(`--follow ${values.get('follow') ?? ''}: tokens are followed by their texts.`);
  return {
    ...drawing,
    kind: 'series',
    vary: mergeAxes(vary.map(parseAxis)),
    plane,
    follow,
    divergences: values.has('divergences'),
    film,
  };
}

/** Reads what follows `compare`. */
function parseCompare(args: readonly string[]): CompareCommand | { readonly kind: 'help' } {
  const { values, positionals } = parseFlags(args, COMMAND_FLAGS.compare);
  if (values.has('help')) return { kind: 'help' };
  const [a, b, extra] = positionals;
  if (a === undefined || b === undefined || extra !== undefined)
    throw bad('A comparison is of two saved maps.', 'Write it as embedding-grid compare A.json B.json.');
  const saved = printedAndSaved(values, COMPARISON_FORMATS);
  return {
    kind: 'compare',
    a,
    b,
    ...saved,
    figure: figureSize(values),
    reading: readingFile(values, saved.formats),
    ...computingChoices(values),
  };
}

/** Reads what follows `serve`: where it listens is always said, so that another way can be added. */
function parseServe(args: readonly string[]): ServeCommand | { readonly kind: 'help' } {
  const { values, positionals } = parseFlags(args, COMMAND_FLAGS.serve);
  if (values.has('help')) return { kind: 'help' };
  if (!values.has('stdio') || positionals.length > 0)
    throw bad('A server is asked through its standard input.', 'Write it as embedding-grid serve --stdio.');
  return { kind: 'serve' };
}

/** Reads what follows `boundaries`. */
function parseBoundaries(args: readonly string[]): BoundariesCommand | { readonly kind: 'help' } {
  const typed = parseFlags(args, COMMAND_FLAGS.boundaries);
  const { values } = typed;
  if (values.has('help')) return { kind: 'help' };
  return {
    kind: 'boundaries',
    model: modelOf(typed),
    map: given(MAP_FLAGS, typed),
    question: given(BOUNDARY_FLAGS, typed),
    ...computingChoices(values),
  };
}

/** Reads what follows `features`. */
function parseFeatures(args: readonly string[]): FeaturesCommand | { readonly kind: 'help' } {
  const typed = parseFlags(args, COMMAND_FLAGS.features);
  const { values } = typed;
  if (values.has('help')) return { kind: 'help' };
  const model = modelOf(typed);
  const sae = values.get('sae');
  if (sae === undefined) throw bad('Features are of a sparse autoencoder.', 'Name its folder: --sae PATH.');
  const most = parseNumber(values.get('most') ?? '20');
  if (!Number.isInteger(most) || most < 1 || most > 1000)
    throw bad(`--most ${values.get('most') ?? ''}: must be a whole number from 1 to 1000.`);
  return {
    kind: 'features',
    model,
    map: given(FEATURE_MAP_FLAGS, typed),
    sae,
    most,
    json: values.has('json'),
    ...openingChoices(values),
  };
}

/** Reads what follows `fit-translator`. */
function parseFit(args: readonly string[]): FitCommand | { readonly kind: 'help' } {
  const typed = parseFlags(args, COMMAND_FLAGS['fit-translator']);
  const { values } = typed;
  if (values.has('help')) return { kind: 'help' };
  return {
    kind: 'fit-translator',
    model: modelOf(typed),
    given: given(FIT_FLAGS, typed),
    ...openingChoices(values),
  };
}

/** Reads what follows `lens`. */
function parseLens(args: readonly string[]): LensCommand | { readonly kind: 'help' } {
  const typed = parseFlags(args, COMMAND_FLAGS.lens);
  const { values } = typed;
  if (values.has('help')) return { kind: 'help' };
  return {
    kind: 'lens',
    model: modelOf(typed),
    map: given(LENS_MAP_FLAGS, typed),
    token: values.get('token'),
    ...printedAndSaved(values, LENS_FORMATS),
    ...computingChoices(values),
  };
}

/** The one model that a command takes, with or without `--model`. */
function modelOf({ positionals: [first, extra], values }: Typed): string | undefined {
  if (extra !== undefined) throw bad(`The argument "${extra}" is not understood.`, 'Give one model.');
  if (first === '') throw bad('The name of the model is empty.', 'Give a file, a folder, or ORG/NAME.');
  return first ?? values.get('model');
}

/** Of a command that prints what it found and, where a folder is named, writes files. */
function printedAndSaved<F extends string>(
  values: ReadonlyMap<string, string>,
  known: readonly { readonly name: F }[],
): { as: 'text' | 'json' | 'csv'; outputDir: string | undefined; formats: readonly F[] } {
  if (values.has('json') && values.has('csv')) throw bad('--json and --csv exclude each other.', 'Give one of them.');
  const outputDir = values.get('output-dir');
  const formats = values.get('formats');
  if (outputDir === undefined && formats !== undefined)
    throw bad('--formats says which files are written, but not where.', 'Add --output-dir DIR.');
  return {
    as: values.has('json') ? 'json' : values.has('csv') ? 'csv' : 'text',
    outputDir,
    formats: listOf(
      formats ?? USUAL_FORMATS,
      known.map(({ name }) => name),
    ),
  };
}

/** The values of `--formats`, in the order in which they are named. */
function listOf<F extends string>(text: string, known: readonly F[]): F[] {
  const wanted = text.split(',').map((part) => part.trim().toLowerCase());
  const unknown = wanted.find((part) => !known.some((format) => format === part));
  if (unknown !== undefined)
    throw bad(`--formats ${text}: there is no format "${unknown}".`, `Formats are ${known.join(', ')}.`);
  return known.filter((format) => wanted.includes(format));
}
