import { MAP_FORMATS } from './formats.js';
import { OWNER } from './owner.js';

/** Under which names a save keeps its files before they have their own, and what it marks them with. */
export const temporaryNames = {
  /** A file on its way to its name. */
  part: (file: string, owner: string): string => `.${file}.${owner}.part`,
  /** A file that is about to be replaced. */
  old: (file: string, owner: string): string => `.${file}.${owner}.old`,
  /** Held by the save that is at a set of files, which its JSON's name stands for. It holds the owner. */
  lock: (json: string): string => `.${json}.lock`,
  /** A folder on its way to its name. */
  folder: (owner: string): string => `.embedding_grid_folder.${owner}.part`,
};

const NAME = `embedding_grid_[\\w-]+\\.(?:${MAP_FORMATS.map(({ extension }) => extension).join('|')})`;
export const TEMPORARY = new RegExp(`^\\.(${NAME}(?:\\.lock)?)\\.(${OWNER})\\.(part|old)$`);
export const LOCK = new RegExp(`^\\.${NAME}\\.lock$`);
/** As version 0.1.0 named them. */
export const OWNERLESS = new RegExp(`^\\.${NAME}\\.[0-9a-z]{1,8}\\.part$`);
export const FOLDER = new RegExp(`^\\.embedding_grid_folder\\.(${OWNER})\\.part$`);
