import { existsSync, statSync } from 'node:fs';

/** How files were found, by path; a file that was not there has an empty state. */
export type FileStates = ReadonlyMap<string, string>;

/** How a file stands, links followed: another text when it was written again, replaced, moved or deleted. Links in a circle are none. */
function stateOf(file: string): string {
  const stat = existsSync(file) ? statSync(file, { throwIfNoEntry: false }) : undefined;
  return stat ? `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeMs}` : '';
}

export const statesOf = (files: Iterable<string>): FileStates =>
  new Map([...files].map((file) => [file, stateOf(file)]));

/** The first file that is another by now, and whether it is there. */
export function changedFile(before: FileStates): { readonly file: string; readonly missing: boolean } | undefined {
  for (const [file, state] of before) {
    const now = stateOf(file);
    if (now !== state) return { file, missing: now === '' };
  }
  return undefined;
}
