import { createHash, type Hash } from 'node:crypto';
import { createReadStream, rmSync, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { Fault } from '../../map/fault.js';
import { addressOf, refuseStatus } from './repository.js';
import { ask, cancelled, Passing, patiently, type Patience, refusal } from './request.js';
import type { HubSettings } from './settings.js';

/** What is fetched, and what it must be in the end. */
export interface Wanted {
  readonly repository: string;
  readonly commit: string;
  readonly path: string;
  readonly size: number;
  /** Name of the blob: SHA-256, or git's SHA-1. */
  readonly etag: string;
}

export interface FetchOptions {
  readonly signal: AbortSignal;
  readonly patience: Patience;
  /** Bytes of the file that are there. */
  readonly onBytes: (done: number) => void;
}

/** From this size on a file whose hash is not stated is refused: nothing could tell whether it is right. */
const HASHED_BYTES = 10_000_000;
/** How often bytes are made sure to be on the disk does not matter: a file is checked as a whole before it takes its name. */

/**
 * Fetches a file into `part`, going on behind what is there, until it is whole and its hash is right.
 * @throws Fault: `part` is then gone where its bytes were wrong, else kept to go on from
 */
export async function fetchBlob(
  settings: HubSettings,
  wanted: Wanted,
  part: string,
  options: FetchOptions,
): Promise<void> {
  const { signal, patience } = options;
  if (hashFor(wanted) === undefined && wanted.size >= HASHED_BYTES)
    throw refusal(`The hub does not state the hash of "${wanted.path}", so that it could not be checked.`);
  let wrong = 0;
  for (;;) {
    await patiently((progressed) => append(settings, wanted, part, options, progressed), patience, signal);
    if (await isRight(wanted, part, signal)) return;
    rmSync(part, { force: true });
    options.onBytes(0);
    // What came may have been put behind the rest of another file: once more from its beginning.
    if (++wrong > 1)
      throw refusal(
        `What the hub sends as "${wanted.path}" is not the file: its hash is another. Nothing was kept of it.`,
        'Try again later; if it stays so, the hub or something on the way changes the file.',
      );
  }
}

/** Fetches what is missing of a file, in one answer. @throws Passing where it breaks off */
async function append(
  settings: HubSettings,
  wanted: Wanted,
  part: string,
  { signal, patience, onBytes }: FetchOptions,
  progressed: () => void,
): Promise<void> {
  const { repository, commit, path, size } = wanted;
  let have = statSync(part, { throwIfNoEntry: false })?.size ?? 0;
  if (have > size) {
    rmSync(part);
    have = 0;
  }
  onBytes(have);
  if (have === size && have > 0) return;
  const asked = { range: have, signal, patience, leave: true };
  const answer = await ask(settings, addressOf(settings, repository, commit, path), asked);
  try {
    if (answer.statusCode === 416) {
      rmSync(part, { force: true });
      throw new Passing('the rest cannot be had');
    }
    await refuseStatus(answer, settings, repository, commit, path);
    const from = startOf(answer, size, path);
    if (from > have) throw new Passing('it goes on at another place');
    // Nothing here waits for the disk in the thread that runs us: in VS Code other extensions live in it.
    const file = await open(part, from === 0 ? 'w' : 'r+');
    try {
      await file.truncate(from);
      await write(answer, file, from, wanted, { signal, onBytes, progressed });
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw asFault(error, signal);
  } finally {
    answer.destroy();
  }
}

/** Where the bytes of an answer belong. @throws Fault where the file would have another size */
function startOf(answer: IncomingMessage, size: number, path: string): number {
  const other = (): Fault =>
    refusal(`The hub says two things of "${path}": that it has ${size} bytes, and that it has others.`);
  if (answer.statusCode !== 206) {
    const length = answer.headers['content-length'];
    if (length !== undefined && Number(length) !== size) throw other();
    return 0;
  }
  const [, from, , whole] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(answer.headers['content-range'] ?? '') ?? [];
  if (from === undefined) throw new Passing('it does not say what it goes on with');
  if (whole !== '*' && Number(whole) !== size) throw other();
  return Number(from);
}

async function write(
  answer: IncomingMessage,
  file: FileHandle,
  from: number,
  { size, path }: Wanted,
  on: { readonly signal: AbortSignal; readonly onBytes: (done: number) => void; readonly progressed: () => void },
): Promise<void> {
  let at = from;
  for await (const some of answer) {
    const bytes = some as Uint8Array;
    if (at + bytes.length > size)
      throw refusal(`The hub sends more of "${path}" than its ${size} bytes. Nothing was kept of it.`);
    let done = 0;
    while (done < bytes.length) done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
    at += bytes.length;
    on.progressed();
    on.onBytes(at);
    if (on.signal.aborted) throw cancelled();
  }
  if (at < size) throw new Passing(`it breaks off at byte ${at} of ${size}`);
}

function asFault(error: unknown, signal: AbortSignal): Error {
  if (signal.aborted) return cancelled();
  if (error instanceof Fault || error instanceof Passing) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const detail = error instanceof Error ? error.message : String(error);
  if (/^(ENOSPC|EDQUOT|EFBIG)$/.test(code))
    return new Fault({
      code: 'output',
      message: 'The disk is full: the download cannot go on.',
      hint: 'Free some space and give the same command again: it goes on from there.',
      detail,
    });
  if (/^(EACCES|EPERM|EROFS|EISDIR|ENOTDIR|ENOENT|EIO|EMFILE)$/.test(code))
    return new Fault({ code: 'output', message: 'The Hugging Face cache cannot be written.', detail });
  return new Passing(detail); // the connection broke
}

interface Hashing {
  readonly hash: Hash;
  readonly wanted: string;
}

function hashFor({ etag, size }: Pick<Wanted, 'etag' | 'size'>): Hashing | undefined {
  if (/^[0-9a-f]{64}$/.test(etag)) return { hash: createHash('sha256'), wanted: etag };
  if (/^[0-9a-f]{40}$/.test(etag)) return { hash: createHash('sha1').update(`blob ${size}\0`), wanted: etag };
  return undefined;
}

/** Whether a file is what its name would say: of its size, and of its hash. */
export async function isRight(
  wanted: Pick<Wanted, 'etag' | 'size'>,
  file: string,
  signal: AbortSignal,
): Promise<boolean> {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? -1) !== wanted.size) return false;
  const hashing = hashFor(wanted);
  if (!hashing) return true;
  try {
    for await (const some of createReadStream(file, { highWaterMark: 2 ** 20, signal }))
      hashing.hash.update(some as Uint8Array);
  } catch (error) {
    throw asFault(error, signal);
  }
  return hashing.hash.digest('hex') === hashing.wanted;
}
