/** A model of the Hugging Face hub as a person writes it: `ORG/NAME[/FILE][@REVISION]`. */
export interface HubName {
  /** `ORG/NAME`, or `NAME` alone as the hub's oldest repositories have it. */
  readonly repository: string;
  /** Branch, tag or commit; undefined where none was named. */
  readonly revision: string | undefined;
  /** A file of the repository with forward slashes; undefined: the repository's own choice. */
  readonly file: string | undefined;
}

/** Letters, digits, `_`, `-` and `.`, with a letter, digit or `_` at both ends. */
const PART = /^\w(?:[\w.-]*\w)?$/;
const LONGEST = 96;

/** What a text names on the hub; undefined where it is no such name, as every path that leads up or begins at a root. */
export function parseHubName(text: string): HubName | undefined {
  const at = text.indexOf('@');
  const [repository = '', revision] = at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
  if (revision !== undefined && !isRevision(revision)) return undefined;
  const parts = repository.split('/');
  const own = parts.slice(0, 2);
  const file = parts.slice(2);
  if (!own.every((part) => PART.test(part) && !/--|\.\./.test(part) && part.length <= LONGEST)) return undefined;
  if (!file.every(isFileName)) return undefined;
  return { repository: own.join('/'), revision, file: file.length === 0 ? undefined : file.join('/') };
}

/** What git takes as the name of a branch or tag; no part of it leads up. */
function isRevision(text: string): boolean {
  // oxlint-disable-next-line no-control-regex
  if (text.length > 255 || /[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|^\/|[/.]$/.test(text)) return false;
  return text !== '' && text.split('/').every((part) => !part.startsWith('.'));
}

/** One part of a path in a repository. */
// oxlint-disable-next-line no-control-regex
const isFileName = (part: string): boolean => part !== '' && !/^\.\.?$|[\u0000-\u001f\\:]/.test(part);

/** A repository's folder in the cache: `models--ORG--NAME`. */
export const folderOf = (repository: string): string => `models--${repository.replace('/', '--')}`;

/** The repository whose folder in the cache has this name; undefined for any other folder. */
export function repositoryOf(folder: string): string | undefined {
  if (!folder.startsWith('models--')) return undefined;
  const name = folder.slice('models--'.length).replace('--', '/');
  const parsed = parseHubName(name);
  return parsed?.repository === name && parsed.revision === undefined ? name : undefined;
}
