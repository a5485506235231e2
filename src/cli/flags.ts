import { FORMATS } from '../formats/formats.js';
import { FIGURE_FLAGS } from './figureFlags.js';
import { DEFAULT_FORMATS, DEFAULT_OUTPUT_FOLDER } from '../host/outputDefaults.js';
import type { Flag } from '../map/flags.js';
import { DEFAULT_BATCH_SIZE, LIMITS } from '../map/specification.js';
import { DEVICES } from '../protocol/engine.js';

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
