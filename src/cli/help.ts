import { DISPLAY_FLAGS, type Flag, MAP_FLAGS } from '../map/flags.js';
import { BOUNDARY_FLAGS } from './boundaryFlags.js';
import { COMMAND_FLAGS, type CommandName } from './commandFlags.js';
import { COMPARE_FLAGS } from './compareFlags.js';
import { EXIT_CODES } from './exitCodes.js';
import { FEATURE_FLAGS } from './featureFlags.js';
import { FIT_FLAGS } from './fitFlags.js';
import { ASKING_FLAGS, flagUsage, INSPECT_FLAGS, RUN_FLAGS } from './flags.js';
import { DOWNLOAD_FLAGS } from './hub/hubFlags.js';
import { LENS_FLAGS } from './lensFlags.js';
import { SERIES_FLAGS } from './series/seriesFlags.js';
import { STUDY_FLAGS } from './study/studyFlags.js';

/** What is typed after the program's name, and what that does. */
const USAGE: readonly (readonly [form: string, what: string])[] = [
  ['[FLAGS]', 'draw a map'],
  ['inspect MODEL [FLAGS]', 'print what was found in a model'],
  ['download NAME [FLAGS]', 'fetch ORG/NAME[/FILE][@REVISION] from the Hugging Face hub'],
  ['cache [clear]', 'print what repacked GGUF weights take, or delete them'],
  ['compare A.json B.json', 'print how two saved maps differ'],
  ['lens [FLAGS]', 'print what a prompt says at every layer and position'],
  ['features [FLAGS]', "print a token's strongest features of a sparse autoencoder"],
  ['boundaries [FLAGS]', 'print how far a state is from other predictions'],
  ['fit-translator [FLAGS]', 'fit a tuned lens to a model, on texts of yours'],
  ['serve --stdio', 'answer another program: docs/python.md'],
  ['study FILE [FLAGS]', 'compute the maps of a study: docs/studies.md'],
  ['study status DIR', 'print how far it is'],
  ['study join DIR', 'check that it is whole, and write its report'],
];

const usageOf = (of: (form: string) => boolean): string =>
  USAGE.filter(([form]) => of(form))
    .map(([form, what]) => `  embedding-grid ${form.padEnd(23)} ${what}`)
    .join('\n');

const rows = (flags: readonly Flag[]): string =>
  flags
    .map((flag) => {
      const about = flag.default === undefined ? flag.help : `${flag.help} [${flag.default}]`;
      const usage = flagUsage(flag);
      return `  ${usage.length > 22 ? `${usage}\n${' '.repeat(24)}` : usage.padEnd(22)} ${wrapped(about, 25)}`;
    })
    .join('\n');

/** What `embedding-grid COMMAND --help` prints: its flags, all of them and no other. */
export const commandHelp = (command: CommandName): string => `Usage:
${usageOf((form) => form.split(' ')[0] === command)}

Flags:
${rows(COMMAND_FLAGS[command])}

embedding-grid --help says more, of all commands, and what exit codes mean.
`;

/** Everything `--help` prints. */
export function helpText(): string {
  return `Draws what a language model would say next, everywhere on a plane through its hidden space.

Usage:
${usageOf(() => true)}

The map:
${rows(MAP_FLAGS)}

How it is drawn:
${rows(DISPLAY_FLAGS)}

Several maps:
${rows(SERIES_FLAGS)}

Model, device and files:
${rows([...RUN_FLAGS, ...ASKING_FLAGS])}

Flags of inspect:
${rows(INSPECT_FLAGS)}

Flags of download:
${rows(DOWNLOAD_FLAGS)}

Flags of compare:
${rows(COMPARE_FLAGS)}

Flags of lens, beside --prompt, --readout and others of the map:
${rows(LENS_FLAGS)}

Flags of features, beside --prompt, --position and --layer-idx (usually the autoencoder's own):
${rows(FEATURE_FLAGS)}

Flags of boundaries, beside those of the map:
${rows(BOUNDARY_FLAGS)}

Flags of fit-translator:
${rows(FIT_FLAGS)}

Flags of study:
${rows(STUDY_FLAGS)}

Exit codes:
${Object.entries(EXIT_CODES)
  .map(([code, meaning]) => `  ${code.padEnd(5)}${meaning}`)
  .join('\n')}
`;
}

/** Text in lines of at most 100 characters, all but the first indented. */
function wrapped(text: string, indent: number): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && indent + line.length + word.length >= 100) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.join(`\n${' '.repeat(indent)}`);
}
