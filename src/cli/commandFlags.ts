import { MAP_FLAGS } from '../map/flags.js';
import type { Flag } from '../map/flags.js';
import { BOUNDARY_FLAGS } from './boundaryFlags.js';
import { COMPARE_FLAGS } from './compareFlags.js';
import { FEATURE_FLAGS, FEATURE_MAP_FLAGS } from './featureFlags.js';
import { FIT_FLAGS } from './fitFlags.js';
import { ASKING_FLAGS, COMPUTING_FLAGS, DEBUG, INSPECT_FLAGS, MODEL, OPENING_FLAGS, SERVE_FLAGS } from './flags.js';
import { DOWNLOAD_FLAGS } from './hub/hubFlags.js';
import { LENS_FLAGS, LENS_MAP_FLAGS } from './lensFlags.js';
import { STUDY_FLAGS } from './study/studyFlags.js';

export type CommandName =
  | 'inspect'
  | 'download'
  | 'cache'
  | 'compare'
  | 'lens'
  | 'features'
  | 'boundaries'
  | 'fit-translator'
  | 'serve'
  | 'study';

/** The flags that each command takes, as they are read and as its help lists them. */
export const COMMAND_FLAGS: Readonly<Record<CommandName, readonly Flag[]>> = {
  inspect: [...INSPECT_FLAGS, ...ASKING_FLAGS],
  download: [...DOWNLOAD_FLAGS, DEBUG],
  cache: [DEBUG],
  compare: [...COMPARE_FLAGS, ...COMPUTING_FLAGS],
  lens: [...LENS_MAP_FLAGS, ...LENS_FLAGS, MODEL, ...COMPUTING_FLAGS],
  features: [...FEATURE_MAP_FLAGS, ...FEATURE_FLAGS, MODEL, ...OPENING_FLAGS],
  boundaries: [...BOUNDARY_FLAGS, MODEL, ...COMPUTING_FLAGS, ...MAP_FLAGS],
  'fit-translator': [...FIT_FLAGS, MODEL, ...OPENING_FLAGS],
  serve: SERVE_FLAGS,
  study: [...STUDY_FLAGS, ...COMPUTING_FLAGS],
};
