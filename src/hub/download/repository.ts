import type { IncomingMessage } from 'node:http';
import { Fault } from '../../map/fault.js';
import { isRecord } from '../../map/json.js';
import { ask, type Asked, jsonOf, Passing, patiently, type Patience, refusal, retryAfter } from './request.js';
import type { HubSettings } from './settings.js';

/**
 * What the hub says of a repository. Two kinds of request are all that is asked of it, so they are made here: the hub's own
 * library for JavaScript neither resumes nor checks what it downloads, and brings 3 MB.
 */

/** A file of a repository at a commit. */
export interface HubFile {
  readonly path: string;
  /** Undefined where the list does not say it. */
  readonly size: number | undefined;
  /** SHA-256 of a large file, or git's SHA-1 of a small one: the name of its blob, too. */
  readonly hash: string | undefined;
}

export interface HubRepository {
  readonly name: string;
  /** What the revision was resolved to, once. */
  readonly commit: string;
  readonly files: readonly HubFile[];
  /** As its card says it. */
  readonly licence: string | undefined;
  readonly gated: boolean;
}

const COMMIT = /^[0-9a-f]{40,64}$/;
const HASH = /^([0-9a-f]{40}|[0-9a-f]{64})$/;
const MOST_FILES = 100_000;

/** Resolves a revision to its commit and lists the files there. @throws Fault `model-not-found`, `network`, `cancelled` */
export async function openRepository(
  settings: HubSettings,
  name: string,
  revision: string,
  options: { readonly signal: AbortSignal; readonly patience: Patience },
): Promise<HubRepository> {
  const path = `${pathOf(name)}/revision/${encodeURIComponent(revision)}`;
  const data = await patiently(
    async () => {
      const asked: Asked = { ...options, leave: false };
      const answer = await ask(settings, `${settings.endpoint}/api/models/${path}?blobs=true`, asked);
      await refuseStatus(answer, settings, name, revision);
      return jsonOf(answer);
    },
    options.patience,
    options.signal,
  );
  const strange = (): Fault =>
    refusal('What answers is no Hugging Face hub: it does not say what the repository holds.');
  if (!isRecord(data) || typeof data.sha !== 'string' || !COMMIT.test(data.sha)) throw strange();
  const listed: unknown = data.siblings ?? (await treeOf(settings, name, data.sha, options));
  if (!Array.isArray(listed) || listed.length > MOST_FILES) throw strange();
  const files = (listed as unknown[]).flatMap((one): HubFile[] => {
    if (!isRecord(one)) throw strange();
    const own = one.rfilename ?? one.path;
    if (typeof own !== 'string') throw strange();
    // A name that leads elsewhere is no file of the repository; a folder is none.
    if (!isPath(own) || one.type === 'directory') return [];
    const lfs = isRecord(one.lfs) ? one.lfs : undefined;
    const hash = lfs ? (lfs.sha256 ?? lfs.oid) : (one.blobId ?? one.oid);
    const size = lfs?.size ?? one.size;
    return [
      {
        path: own,
        size: isSize(size) ? size : undefined,
        hash: typeof hash === 'string' && HASH.test(hash) ? hash : undefined,
      },
    ];
  });
  const card = isRecord(data.cardData) ? data.cardData : {};
  return {
    name,
    commit: data.sha,
    files,
    licence: typeof card.license === 'string' ? card.license.slice(0, 60) : undefined,
    gated: data.gated !== undefined && data.gated !== false,
  };
}

const MOST_PAGES = 1000;

/** The files of a commit, where the revision's answer does not list them: page by page. */
async function treeOf(
  settings: HubSettings,
  name: string,
  commit: string,
  options: { readonly signal: AbortSignal; readonly patience: Patience },
): Promise<unknown[]> {
  const all: unknown[] = [];
  let address: string | undefined = `${settings.endpoint}/api/models/${pathOf(name)}/tree/${commit}?recursive=true`;
  for (let pages = 0; address !== undefined && pages < MOST_PAGES && all.length <= MOST_FILES; pages++) {
    const page: string = address;
    const { data, next } = await patiently(
      async () => {
        const answer = await ask(settings, page, { ...options, leave: false });
        await refuseStatus(answer, settings, name, commit);
        const link = /<([^>]+)>;\s*rel="next"/.exec([answer.headers.link].flat().join())?.[1];
        return { data: await jsonOf(answer), next: link };
      },
      options.patience,
      options.signal,
    );
    if (!Array.isArray(data)) break;
    all.push(...(data as unknown[]));
    address = next !== undefined && URL.canParse(next, page) ? new URL(next, page).href : undefined;
  }
  return all;
}

const pathOf = (name: string): string => name.split('/').map(encodeURIComponent).join('/');

/** Address of a file's bytes. */
export const addressOf = ({ endpoint }: HubSettings, name: string, commit: string, path: string): string =>
  `${endpoint}/${pathOf(name)}/resolve/${commit}/${pathOf(path)}`;

/** What the hub itself says of a file: the headers of its answer, before it sends anyone elsewhere. */
export async function describeFile(
  settings: HubSettings,
  repository: HubRepository,
  file: HubFile,
  options: { readonly signal: AbortSignal; readonly patience: Patience },
): Promise<{ readonly size: number; readonly etag: string }> {
  if (file.size !== undefined && file.hash !== undefined) return { size: file.size, etag: file.hash };
  return patiently(
    async () => {
      const address = addressOf(settings, repository.name, repository.commit, file.path);
      const answer = await ask(settings, address, { ...options, method: 'HEAD', leave: false });
      await refuseStatus(answer, settings, repository.name, repository.commit, file.path);
      answer.destroy();
      const { headers } = answer;
      const header = (key: string): string | undefined => [headers[key]].flat()[0];
      const etag = plainTag(header('x-linked-etag') ?? header('etag'));
      const isRedirect = (answer.statusCode ?? 0) >= 300;
      const size = Number(header('x-linked-size') ?? (isRedirect ? undefined : header('content-length')) ?? file.size);
      if (etag === undefined || !isSize(size))
        throw refusal(`The hub does not say what "${file.path}" is: its size or its hash is missing.`);
      return { size, etag };
    },
    options.patience,
    options.signal,
  );
}

/** An ETag without its quotes; undefined where it cannot be a blob's name. */
function plainTag(text: string | undefined): string | undefined {
  const tag = text?.replace(/^W\//, '').replace(/^"|"$/g, '');
  return tag !== undefined && /^[\w-]{1,128}$/.test(tag) ? tag : undefined;
}

/** @throws Fault, Passing for an answer that is not what was asked for */
export async function refuseStatus(
  answer: IncomingMessage,
  { token, endpoint }: HubSettings,
  name: string,
  revision: string,
  path?: string,
): Promise<void> {
  const status = answer.statusCode ?? 0;
  if (status >= 200 && status < 400) return;
  const said = String(answer.headers['x-error-code'] ?? '');
  answer.destroy();
  await Promise.resolve();
  const missing = (message: string, hint?: string): Fault =>
    new Fault({ code: 'model-not-found', message, ...(hint === undefined ? {} : { hint }) });
  const gated = said === 'GatedRepo' || status === 403;
  switch (status) {
    case 401:
    case 403:
      if (gated)
        throw missing(
          `Access to "${name}" has to be asked for, and is not granted to you.`,
          token === undefined
            ? 'Accept its terms on its page, then log in: hf auth login, or set HF_TOKEN.'
            : `Accept its terms at ${endpoint}/${name}; the token may also lack the right to read it.`,
        );
      throw missing(
        `The Hugging Face hub has no "${name}" that is open to ${token === undefined ? 'everyone' : 'you'}.`,
        token === undefined
          ? 'Is it spelled right? Of a private model log in: hf auth login, or set HF_TOKEN.'
          : 'Is it spelled right, and is the token valid?',
      );
    case 404:
      if (path !== undefined) throw missing(`"${name}" has no file "${path}" at ${revision.slice(0, 12)}.`);
      if (said === 'RevisionNotFound') throw missing(`"${name}" has no revision "${revision}".`);
      throw missing(
        `The Hugging Face hub has no "${name}"${revision === 'main' ? '' : ` with the revision "${revision}"`}.`,
        'Is it spelled right? Write ORG/NAME as on its page.',
      );
    case 429:
      throw new Passing('429', retryAfter(answer) ?? 5000);
    default:
      if (status >= 500 || status === 408) throw new Passing(String(status), retryAfter(answer));
      throw refusal(`The Hugging Face hub refuses the request (${status}).`);
  }
}

const isSize = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

/** Whether a name stays in a folder on every system. */
const isPath = (path: string): boolean =>
  path.length < 1000 &&
  // oxlint-disable-next-line no-control-regex
  path.split('/').every((part) => part !== '' && !/^\.\.?$|[\u0000-\u001f\\:*?"<>|]/.test(part));
