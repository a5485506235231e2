import type { Flag } from '../../map/flags.js';

/** Flags of `embedding-grid download`. */
export const DOWNLOAD_FLAGS = [
  { name: 'dry-run', help: 'print what would be fetched, and fetch nothing' },
  { name: 'quiet', help: 'print nothing but errors and where the model is' },
] as const satisfies readonly Flag[];
