import { COLOR_BY, TOKEN_SLOTS } from '../colors.js';
import { Fault } from '../fault.js';
import { parseNumber } from '../numbers.js';
import { type ColorRange, type Display, parseDisplay, readColorRange, usualDisplay } from '../mapDisplay.js';
import { questionsOf } from '../questions.js';
import type { MapParameters } from '../specification.js';
import { flagWithValue } from './commandLine.js';
import { bad, type Flag, type FlagValues, type Loose } from './mapFlag.js';
import { parseTokens, writeToken } from './tokenNames.js';

/** A flag that sets a choice of the display. */
interface DisplayFlag extends Flag {
  /** Its choice as unchecked data. */
  read(text: string): Loose;
  write(display: Display): string;
}

type Switch = 'labels' | 'borders' | 'marks' | 'ring';

const onOrOff = (name: Switch, help: string): DisplayFlag => ({
  name,
  value: 'on|off',
  help,
  default: 'on',
  read(text) {
    if (text !== 'on' && text !== 'off') throw bad(`--${name} ${text}: write on or off.`);
    return { [name]: text === 'on' };
  },
  write: (display) => (display[name] ? 'on' : 'off'),
});

const rangeText = (range: ColorRange): string => (typeof range === 'string' ? range : range.join(','));

/** All flags that say how a map is drawn; none of them changes the map. */
export const DISPLAY_FLAGS: readonly DisplayFlag[] = [
  {
    name: 'color-by',
    value: 'C',
    help: `what color tells: ${COLOR_BY.slice(0, -1).join(', ')} or ${COLOR_BY.at(-1) ?? ''} (the answers of --question; question:2 those of the second)`,
    default: 'probability, with --question question',
    read(text) {
      const [, number] = /^question:(\d+)$/.exec(text) ?? [];
      return number === undefined ? { colorBy: text } : { colorBy: 'question', asked: Number(number) - 1 };
    },
    write: ({ colorBy, asked = 0 }) => (colorBy === 'question' && asked > 0 ? `question:${asked + 1}` : colorBy),
  },
  {
    name: 'color-range',
    value: 'R',
    help: 'ends of the color scale: 0-1 (all that there can be), auto (from the smallest to the largest of the map), usual (0-1, but auto where nothing exceeds 20%) or A,B (probabilities and margins from 0 to 1, entropies and divergences in bits, differences of logits)',
    default: 'usual',
    read: (text) => ({ colorRange: readColorRange(text) }),
    write: ({ colorRange }) => rangeText(colorRange),
  },
  onOrOff('labels', 'tokens in their cells or regions'),
  onOrOff('borders', 'lines between regions; --color-by token has them in any case'),
  onOrOff('marks', 'what the plane was laid through, and overlays'),
  onOrOff('ring', 'the ring of the typical norm, where that is known: with --units norm'),
  {
    name: 'token-colors',
    value: 'T=N,...',
    help: `colors of tokens for --color-by token, each a number from 0 to ${TOKEN_SLOTS - 1}; spaces count, a comma in a token is \\,`,
    default: 'chosen so that neighbors differ',
    read: (text) => ({ tokenColors: Object.fromEntries(parseTokens(text).map((part) => colorOf(String(part), text))) }),
    write: ({ tokenColors }) =>
      Object.entries(tokenColors)
        .map(([token, slot]) => `${writeToken(token)}=${slot}`)
        .join(','),
  },
];

function colorOf(part: string, text: string): [token: string, slot: number] {
  const at = part.lastIndexOf('=');
  if (at < 0) throw bad(`--token-colors ${text}: write it as " whale=3, the=5".`);
  return [part.slice(0, at), parseNumber(part.slice(at + 1))];
}

const withFirst = ({ asked: _, ...display }: Display): Display => display;

/**
 * The display that flags ask for, over that of a saved map or, without one, the usual one of these parameters. A question that is
 * asked now is what color tells, unless a flag says otherwise.
 * @throws Fault `bad-parameter` that names the flag and what it was given.
 */
export function displayFromFlags(given: FlagValues, parameters: MapParameters, saved?: Display): Display {
  let display = saved ?? usualDisplay(parameters);
  if (given.question !== undefined) display = { ...withFirst(display), colorBy: 'question' };
  for (const flag of DISPLAY_FLAGS) {
    const text = given[flag.name];
    if (typeof text !== 'string') continue;
    const read = flag.read(text);
    try {
      display = parseDisplay(read, flag.name === 'color-by' ? withFirst(display) : display);
    } catch (thrown) {
      const { message } = Fault.from(thrown);
      throw bad(`--${flag.name} ${text}: ${message.charAt(0).toLowerCase()}${message.slice(1)}`);
    }
  }
  const asked = questionsOf(parameters).length;
  const by = given['color-by'];
  if (typeof by === 'string' && display.colorBy === 'question' && (display.asked ?? 0) >= asked)
    throw bad(
      asked === 0
        ? `--color-by ${by}: no question is asked.`
        : `--color-by ${by}: ${asked} ${asked === 1 ? 'is' : 'are'} asked.`,
      'Add --question, or color by something else.',
    );
  return display;
}

/** The flags, value by value, that give this display to a new map of these parameters. */
export function displayToFlags(display: Display, parameters: MapParameters): string[] {
  const usual = usualDisplay(parameters);
  return DISPLAY_FLAGS.flatMap((flag) => {
    const value = flag.write(display);
    return value === flag.write(usual) ? [] : flagWithValue(flag.name, value);
  });
}
