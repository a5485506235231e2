import { bad } from './mapFlag.js';

/** Where a command line is most likely pasted: a shell of Unix, or one of Windows (PowerShell, cmd). */
export type ShellFamily = 'posix' | 'windows';

/** What no terminal takes as text: keys, half characters, line separators. */
const KEYS = /[\p{Cc}\p{Cs}\u2028\u2029]/u;
/** cmd reads no more than 8,191 characters. */
const LONGEST = 8000;

const BARE = /^(--[a-z][a-z-]*|[\w/][\w./:+-]*)$/;
/** Between double quotes these mean something in one shell or another; the last are PowerShell's own double quotes. */
const MEANT_IN_DOUBLE = /["$`!\u201C-\u201F]|\\(?![\w .-])/;
/** PowerShell takes all of them for a single quote. */
const SINGLE = /['\u2018-\u201B]/;
/** With these a text that gets out of its quotes does something, in PowerShell and in cmd. */
const ACTS = { posix: /[;|&<>()]/, windows: /[&|<>^%"]|\\(['\\]|$)/ };

/**
 * A command that can be pasted into a terminal. It says these arguments to the shells of the family (bash, zsh, dash, fish;
 * PowerShell), and in none of them, nor in one of the other family, nor in cmd, does a text in it run anything.
 * @throws Fault `bad-parameter` where a text cannot be written so.
 */
export function commandLine(args: readonly string[], family: ShellFamily = 'posix'): string {
  const all = args.join(' ');
  if (KEYS.test(all)) throw cannot('A text of this map holds line breaks or other control characters');
  // cmd puts the value of a variable between two of them, wherever they stand.
  const percents = family === 'windows' && all.split('%').length > 2;
  const line = args.map((text) => quoted(text, family, percents)).join(' ');
  if (line.length > LONGEST) throw cannot('A text of this map is too long to be pasted, or the command for it');
  return line;
}

/** A flag with its value, as arguments that are read as these two whatever the value begins with. */
export const flagWithValue = (name: string, value: string): readonly string[] =>
  value.startsWith('-') ? [`--${name}=${value}`] : [`--${name}`, value];

function quoted(text: string, family: ShellFamily, percents: boolean): string {
  if (BARE.test(text)) return text;
  if (!MEANT_IN_DOUBLE.test(text) && !(percents && text.includes('%'))) return `"${text}"`;
  const simple = !SINGLE.test(text) && !text.includes('\\');
  if (family === 'posix' ? !simple && ACTS.posix.test(text) : ACTS.windows.test(text))
    throw cannot('A text of this map has quotes and signs that not every terminal takes as text');
  if (family === 'windows') return `'${text.replace(new RegExp(SINGLE, 'g'), '$&$&')}'`;
  // fish reads a backslash between quotes, so that it has to stand outside of them, as a quote does.
  return text.replace(/(['\\])|[^'\\]+/g, (piece, special) => (special === undefined ? `'${piece}'` : `\\${piece}`));
}

const cannot = (why: string) => bad(`${why}.`, 'Save the map and draw it with --specification FILE.');
