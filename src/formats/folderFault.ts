import { Fault } from '../map/fault.js';

/** Why a folder cannot be written, by the system's error code; VS Code's codes are words. */
const REASONS: readonly [codes: RegExp, reason: (name: string) => string, hint: string][] = [
  [/^(EEXIST|ENOTDIR|FileNotADirectory)/, (name) => `${name} is not a folder`, 'Choose another folder.'],
  [/^(EACCES|EPERM|NoPermissions)/, (name) => `${name} may not be written`, 'Choose a folder that is yours to write.'],
  [/^EROFS/, (name) => `${name} is on a read-only disk`, 'Choose another folder.'],
  [/^(ENOSPC|EDQUOT)/, (name) => `The disk of ${name} is full`, 'Free some space, or choose a folder on another disk.'],
  [
    /^EISDIR/,
    (name) => `In ${name} a folder has the name of a file to be written`,
    'Move it, or choose another folder.',
  ],
  [/^ELOOP/, (name) => `The links of ${name} lead in a circle`, 'Choose another folder.'],
  [/^ENAMETOOLONG/, (name) => `The path ${name.slice(0, 40)}… is too long`, 'Choose another folder.'],
];

/** What went wrong with writing into a folder, in words, with what that means behind it. */
export function folderFault(folder: string, error: unknown, outcome = ''): Fault {
  if (error instanceof Fault) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const known = REASONS.find(([codes]) => codes.test(code));
  return new Fault({
    code: 'output',
    message: `${known ? known[1](folder) : `The files cannot be written to ${folder}`}${outcome}.`,
    hint: known?.[2] ?? 'Choose another folder.',
    detail: error instanceof Error ? error.message : String(error),
  });
}
