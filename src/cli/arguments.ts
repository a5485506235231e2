import { parseArgs } from 'node:util';
import { type Format, FORMATS } from '../formats/names.js';
import { DEFAULT_FORMATS, DEFAULT_OUTPUT_FOLDER } from '../host/outputDefaults.js';
import { Fault } from '../map/fault.js';
import { DISPLAY_FLAGS, type Flag, type FlagValues, MAP_FLAGS } from '../map/flags.js';
import { bytesOf } from '../map/numbers.js';
import { DEFAULT_BATCH_SIZE, LIMITS } from '../map/specification.js';
import { type Device, DEVICES } from '../protocol/engine.js';
import { ASKING_FLAGS, INSPECT_FLAGS, RUN_FLAGS } from './flags.js';

/** What a person asked the command line for. Paths are as they were typed. */
export type Command = { readonly kind: 'help' } | { readonly kind: 'version' } | DrawCommand | InspectCommand;

export interface DrawCommand {
  readonly kind: 'draw';
  /** The flags of {@link MAP_FLAGS} that were given. */
  readonly map: FlagValues;
  /** Those of {@link DISPLAY_FLAGS}, and what they depend on. */
  readonly display: FlagValues;
  readonly model: string | undefined;
  readonly specification: string | undefined;
  readonly device: Device;
  readonly cudaLibraries: string | undefined;
  /** Bytes. */
  readonly memory: number | undefined;
  readonly batchSize: number;
  readonly outputDir: string;
  readonly formats: readonly Format[];
  readonly overwrite: boolean;
  readonly quiet: boolean;
  readonly debug: boolean;
}

export interface InspectCommand {
  readonly kind: 'inspect';
  /** Undefined: the bundled model. */
  readonly model: string | undefined;
  readonly device: Device;
  readonly cudaLibraries: string | undefined;
  /** Bytes. */
  readonly memory: number | undefined;
  readonly json: boolean;
  readonly skipChecks: boolean;
  readonly debug: boolean;
}

/** Reads arguments as they come after the program's name. @throws Fault `bad-parameter`, naming the argument. */
export function parseCommand(args: readonly string[]): Command {
  const inspect = args[0] === 'inspect';
  const { values, several, positionals } = parseFlags(inspect ? args.slice(1) : args, [
    ...(inspect ? INSPECT_FLAGS : [...MAP_FLAGS, ...DISPLAY_FLAGS, ...RUN_FLAGS]),
    ...ASKING_FLAGS,
  ]);
  if (values.has('help')) return { kind: 'help' };
  if (values.has('version')) return { kind: 'version' };
  const extra = positionals[inspect ? 1 : 0];
  if (extra !== undefined)
    throw bad(
      `The argument "${extra}" is not understood.`,
      inspect ? 'Give one model.' : `To draw a map of a model, write --model ${extra}.`,
    );
  const shared = {
    device: device(values.get('device')),
    cudaLibraries: values.get('cuda-libraries'),
    memory: memory(values.get('memory')),
    debug: values.has('debug'),
  };
  if (inspect)
    return {
      kind: 'inspect',
      model: positionals[0],
      json: values.has('json'),
      skipChecks: values.has('skip-checks'),
      ...shared,
    };
  return {
    kind: 'draw',
    map: Object.fromEntries(MAP_FLAGS.map(({ name, many }) => [name, many ? several.get(name) : values.get(name)])),
    display: Object.fromEntries(
      ['question', ...DISPLAY_FLAGS.map(({ name }) => name)].map((name) => [name, values.get(name)]),
    ),
    model: values.get('model'),
    specification: values.get('specification'),
    batchSize: batchSize(values.get('batch-size')),
    outputDir: values.get('output-dir') ?? DEFAULT_OUTPUT_FOLDER,
    formats: formats(values.get('formats')),
    overwrite: values.has('overwrite'),
    quiet: values.has('quiet'),
    ...shared,
  };
}

/** The flags' values by name, a switch's being empty: the last of each, and of flags that can be given several times all. */
function parseFlags(
  args: readonly string[],
  flags: readonly Flag[],
): { values: Map<string, string>; several: Map<string, string[]>; positionals: string[] } {
  const { tokens } = parseArgs({
    args: [...args],
    options: {
      ...Object.fromEntries(
        flags.map(({ name, value }) => [name, { type: value === undefined ? 'boolean' : 'string' }]),
      ),
      help: { type: 'boolean', short: 'h' },
    },
    strict: false, // the faults are said in our words, and "--center -1,2" is fine
    tokens: true,
  });
  const values = new Map<string, string>();
  const several = new Map<string, string[]>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const flag = flags.find(({ name }) => name === token.name);
    if (!flag) throw bad(`There is no flag ${token.rawName}.`, suggestion(token.name, flags));
    if (flag.value === undefined) {
      if (token.value !== undefined) throw bad(`--${flag.name} takes no value.`);
      values.set(flag.name, '');
      continue;
    }
    if (token.value === undefined || (!token.inlineValue && token.value.startsWith('--')))
      throw bad(`--${flag.name} needs a value.`, `Write it as --${flag.name} ${flag.value}.`);
    values.set(flag.name, token.value);
    if (flag.many) several.set(flag.name, [...(several.get(flag.name) ?? []), token.value]);
  }
  return { values, several, positionals };
}

/** What a person may have meant by a flag that does not exist. */
function suggestion(typed: string, flags: readonly Flag[]): string {
  const letters = (name: string): string => name.toLowerCase().replace(/[^a-z]/g, '');
  const near = flags.find(
    ({ name }) => letters(name) === letters(typed) || name.startsWith(typed) || typed.startsWith(name),
  );
  return near ? `Did you mean --${near.name}?` : 'embedding-grid --help lists the flags.';
}

function device(text = 'auto'): Device {
  const found = DEVICES.find((one) => one === text);
  if (found) return found;
  throw bad(`--device ${text}: there is no such device.`, `Devices are ${DEVICES.join(', ')}.`);
}

function memory(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const bytes = bytesOf(text);
  if (bytes !== undefined) return bytes;
  throw bad(`--memory ${text}: a memory limit is a number with a unit, at least 100MB.`, 'Write it as --memory 8GB.');
}

function batchSize(text = `${DEFAULT_BATCH_SIZE}`): number {
  const size = /^\d+$/.test(text) ? Number(text) : NaN;
  if (size >= 1 && size <= LIMITS.batch) return size;
  throw bad(`--batch-size ${text}: batch size must be a whole number from 1 to ${LIMITS.batch}.`);
}

function formats(text = DEFAULT_FORMATS.join()): Format[] {
  const wanted = text.split(',').map((part) => part.trim().toLowerCase());
  const unknown = wanted.find((part) => !FORMATS.some((format) => format === part));
  if (unknown !== undefined)
    throw bad(`--formats ${text}: there is no format "${unknown}".`, `Formats are ${FORMATS.join(', ')}.`);
  return FORMATS.filter((format) => wanted.includes(format));
}

const bad = (message: string, hint?: string): Fault =>
  new Fault({ code: 'bad-parameter', message, ...(hint === undefined ? {} : { hint }) });
