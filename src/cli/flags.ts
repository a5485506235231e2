import { FORMATS } from '../formats/formats.js';
import { FIGURE_FLAGS } from './figureFlags.js';
import { DEFAULT_FORMATS, DEFAULT_OUTPUT_FOLDER } from '../host/outputDefaults.js';
import { DISPLAY_FLAGS, type Flag, MAP_FLAGS } from '../map/flags.js';
import { DEFAULT_BATCH_SIZE, LIMITS } from '../map/specification.js';
import { DEVICES } from '../protocol/engine.js';
import { BOUNDARY_FLAGS } from './boundaryFlags.js';
import { COMPARE_FLAGS } from './compareFlags.js';
import { EXIT_CODES } from './exitCodes.js';
import { FEATURE_FLAGS } from './featureFlags.js';
import { FIT_FLAGS } from './fitFlags.js';
import { DOWNLOAD_FLAGS } from './hub/hubFlags.js';
import { LENS_FLAGS } from './lensFlags.js';
import { SERIES_FLAGS } from './series/seriesFlags.js';
import { STUDY_FLAGS } from './study/studyFlags.js';

const DEVICE = { name: 'device', value: 'D', help: DEVICES.join(', '), default: 'auto' } as const;
const CUDA_LIBRARIES = {
  name: 'cuda-libraries',
  value: 'DIR',
  help: "a folder with onnxruntime-gpu's CUDA libraries, or a Python environment that has them",
  default: 'looked for in active Python environments',
} as const;
const MEMORY = {
  name: 'memory',
  value: 'LIMIT',
  help: 'memory that may be taken, such as 8GB; decides whether 16-bit weights are widened once or at every use',
  default: 'half of what is free',
} as const;
/** Of every command. */
export const DEBUG = { name: 'debug', help: 'print what an error came from, and what the engine logs' } as const;

const BATCH_SIZE = {
  name: 'batch-size',
  value: 'N',
  help: `at most this many cells in one run, 1 to ${LIMITS.batch}`,
  default: `${DEFAULT_BATCH_SIZE}`,
} as const;

/** The model of any command. */
export const MODEL = {
  name: 'model',
  value: 'MODEL',
  help: 'an .onnx or .gguf file or a model folder, or ORG/NAME[@REVISION] in the Hugging Face cache',
  default: 'the bundled model',
} as const satisfies Flag;

/** Flags of whatever opens a model. */
export const OPENING_FLAGS = [DEVICE, CUDA_LIBRARIES, MEMORY, DEBUG] as const satisfies readonly Flag[];

/** Flags of whatever computes maps. */
export const COMPUTING_FLAGS = [...OPENING_FLAGS, BATCH_SIZE] as const satisfies readonly Flag[];

/** Flags that say how a map is computed and where it goes; {@link MAP_FLAGS} say what it is, {@link DISPLAY_FLAGS} how it is drawn. */
export const RUN_FLAGS = [
  MODEL,
  {
    name: 'specification',
    value: 'FILE',
    help: 'draw the map of a saved .json file again; other flags go over it',
  },
  {
    name: 'profile',
    value: 'X0,Y0:X1,Y1',
    help: "instead of a map: the winning tokens' probabilities along a line of its plane, as --formats png, svg, pdf, tex and csv",
  },
  DEVICE,
  CUDA_LIBRARIES,
  MEMORY,
  BATCH_SIZE,
  { name: 'output-dir', value: 'DIR', help: 'folder of the files', default: DEFAULT_OUTPUT_FOLDER },
  {
    name: 'formats',
    value: 'LIST',
    help: `files to write: ${FORMATS.join(', ')}; with --vary apng, a film`,
    default: DEFAULT_FORMATS.join(),
  },
  ...FIGURE_FLAGS,
  { name: 'overwrite', help: 'replace the set of files of another map that has the names; else a number is added' },
  { name: 'quiet', help: 'print nothing but errors' },
  DEBUG,
] as const satisfies readonly Flag[];

/** Flags of `embedding-grid inspect`. */
export const INSPECT_FLAGS = [
  DEVICE,
  CUDA_LIBRARIES,
  MEMORY,
  { name: 'json', help: 'print everything, as JSON' },
  { name: 'skip-checks', help: 'leave out the checks that run the model' },
  DEBUG,
] as const satisfies readonly Flag[];

/** Flags of `embedding-grid serve`. */
export const SERVE_FLAGS = [
  { name: 'stdio', help: 'read requests from standard input, and answer on standard output' },
] as const satisfies readonly Flag[];

/** Flags that stand alone. */
export const ASKING_FLAGS = [
  { name: 'version', help: 'print the version' },
  { name: 'help', help: 'print this text' },
] as const satisfies readonly Flag[];

/** A flag as it is typed: `--name VALUE`. */
export const flagUsage = ({ name, value }: Flag): string => (value === undefined ? `--${name}` : `--${name} ${value}`);

/** Everything `--help` prints. */
export function helpText(): string {
  const rows = (flags: readonly Flag[]): string =>
    flags
      .map((flag) => {
        const about = flag.default === undefined ? flag.help : `${flag.help} [${flag.default}]`;
        const usage = flagUsage(flag);
        return `  ${usage.length > 22 ? `${usage}\n${' '.repeat(24)}` : usage.padEnd(22)} ${wrapped(about, 25)}`;
      })
      .join('\n');
  return `Draws what a language model would say next, everywhere on a plane through its hidden space.

Usage:
  embedding-grid [FLAGS]                 draw a map
  embedding-grid inspect MODEL [FLAGS]   print what was found in a model
  embedding-grid download NAME [FLAGS]   fetch ORG/NAME[/FILE][@REVISION] from the Hugging Face hub
  embedding-grid cache [clear]           print what repacked GGUF weights take, or delete them
  embedding-grid compare A.json B.json   print how two saved maps differ
  embedding-grid lens [FLAGS]            print what a prompt says at every layer and position
  embedding-grid features [FLAGS]        print a token's strongest features of a sparse autoencoder
  embedding-grid boundaries [FLAGS]      print how far a state is from other predictions
  embedding-grid fit-translator [FLAGS]  fit a tuned lens to a model, on texts of yours
  embedding-grid serve --stdio           answer another program: docs/python.md
  embedding-grid study FILE [FLAGS]      compute the maps of a study: docs/studies.md
  embedding-grid study status DIR        print how far it is
  embedding-grid study join DIR          check that it is whole, and write its report

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
