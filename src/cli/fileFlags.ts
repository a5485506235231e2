import type { Flag } from '../map/flags.js';

/** Formats of what is made of several maps or positions, where none are named. */
export const USUAL_FORMATS = 'png,svg,json';

/** Flags of a command that writes files where it is asked to. @param formats all that there are, and what each holds */
export const fileFlags = (formats: string): readonly Flag[] => [
  { name: 'output-dir', value: 'DIR', help: 'folder of the files' },
  { name: 'formats', value: 'LIST', help: `of --output-dir: ${formats}`, default: USUAL_FORMATS },
];
