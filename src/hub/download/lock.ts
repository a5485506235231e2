import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, utimesSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { waited } from './request.js';

/** Who holds a lock says so as often; one that is silent for longer was left by a program that was ended. */
const BEAT_MS = 5000;
const SILENT_MS = 30_000;
const LOOK_MS = 100;

/** Does something while no other process does it: the lock is a file, made by one alone. Waits for others, or is stopped. */
export async function locked<T>(file: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(file), { recursive: true });
  const own = `${hostname()}\n${process.pid}\n${Math.random()}`;
  while (!taken(file, own)) {
    const held = contents(file);
    // Not the lock of one who took it meanwhile.
    if (isLeft(file, held) && contents(file) === held) rmSync(file, { force: true });
    else await waited(LOOK_MS, signal);
  }
  const beat = setInterval(() => {
    try {
      utimesSync(file, new Date(), new Date());
    } catch {
      // it is gone: a file that comes in twice is checked twice
    }
  }, BEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    if (contents(file) === own) rmSync(file, { force: true });
  }
}

function taken(file: string, own: string): boolean {
  let fd: number;
  try {
    fd = openSync(file, 'wx');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
  writeSync(fd, own);
  closeSync(fd);
  return true;
}

function isLeft(file: string, held: string): boolean {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat) return false; // just given back
  if (Date.now() - stat.mtimeMs > SILENT_MS) return true;
  const [host = '', pid = ''] = held.split('\n');
  return host === hostname() && /^\d+$/.test(pid) && !isAlive(Number(pid));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function contents(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
