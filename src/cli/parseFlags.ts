import { parseArgs } from 'node:util';
import type { Flag, FlagValues } from '../map/flags.js';
import { bad } from './computing.js';

/** Arguments of a command, read. */
export interface Typed {
  /** The last value of each flag by its name, a switch's being empty. */
  readonly values: ReadonlyMap<string, string>;
  /** All values of flags that can be given several times. */
  readonly several: ReadonlyMap<string, readonly string[]>;
  readonly positionals: readonly string[];
  /** Another program's flags, as `--name=value`. */
  readonly others: readonly string[];
}

/** Values that are places: an empty one would be the folder that one stands in, which nobody has named. */
const PLACE = /^(DIR|FILE|FILE\.md|MODEL|PATH)$/;

/** Every command has it. */
const HELP: Flag = { name: 'help', help: 'print this text' };

/**
 * Reads arguments.
 * @param foreign flags that there are not are refused, or collected for another program: a value that follows is the flag's then
 * @throws Fault `bad-parameter`, naming the argument.
 */
export function parseFlags(
  args: readonly string[],
  flags: readonly Flag[],
  foreign: 'refused' | 'collected' = 'refused',
): Typed {
  const known = new Map([HELP, ...flags].map((flag) => [flag.name, flag]));
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
  const others: string[] = [];
  let taken = -1;
  for (const token of tokens) {
    if (token.kind === 'positional' && token.index !== taken) positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const { name, rawName, value } = token;
    const flag = known.get(name);
    if (!flag) {
      if (foreign === 'refused') throw bad(`There is no flag ${rawName}.`, suggestion(name, flags));
      const next = tokens.find(({ index }) => index === token.index + 1);
      const follows = value === undefined && next?.kind === 'positional' ? next : undefined;
      if (follows) taken = follows.index;
      const given = value ?? follows?.value;
      others.push(given === undefined ? rawName : `${rawName}=${given}`);
    } else if (flag.value === undefined) {
      if (value !== undefined) throw bad(`--${name} takes no value.`);
      values.set(name, '');
    } else if (
      value === undefined ||
      (value === '' && PLACE.test(flag.value)) ||
      (!token.inlineValue && value.startsWith('--'))
    )
      throw bad(`--${name} needs a value.`, `Write it as --${name} ${flag.value}.`);
    else {
      values.set(name, value);
      if (flag.many) several.set(name, [...(several.get(name) ?? []), value]);
    }
  }
  return { values, several, positionals, others };
}

/** The values of some of the flags. */
export const given = (flags: readonly Flag[], { values, several }: Typed): FlagValues =>
  Object.fromEntries(flags.map(({ name, many }) => [name, many ? several.get(name) : values.get(name)]));

/** What a person may have meant by a flag that does not exist. */
function suggestion(typed: string, flags: readonly Flag[]): string {
  const letters = (name: string): string => name.toLowerCase().replace(/[^a-z]/g, '');
  const near = flags.find(
    ({ name }) => letters(name) === letters(typed) || name.startsWith(typed) || typed.startsWith(name),
  );
  return near ? `Did you mean --${near.name}?` : 'embedding-grid --help lists the flags.';
}
