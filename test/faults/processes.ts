import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '..', '..');
/** The built command line. */
export const CLI = path.join(root, 'dist', 'cli.js');

/** A program that was started, with all that it starts: they carry a mark in their environment. Linux only. */
export interface Tree {
  readonly child: ChildProcess;
  /** Settles with what standard output and error held, when the program has ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>;
  /** Process numbers of those that live, with the names of their programs. */
  living(): { readonly pid: number; readonly program: string }[];
}

const MARK = 'EMBEDDING_GRID_FAULTS';

export function startTree(args: readonly string[], env: Readonly<Record<string, string>> = {}): Tree {
  const mark = randomUUID();
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...env, [MARK]: mark },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, out, err }));
  });
  return { child, ended, living: () => marked(`${MARK}=${mark}`) };
}

function marked(mark: string): { pid: number; program: string }[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      if (!readFileSync(`/proc/${name}/environ`, 'latin1').split('\0').includes(mark)) return [];
      const program = readFileSync(`/proc/${name}/cmdline`, 'latin1').split('\0');
      return [{ pid: Number(name), program: path.basename(program.find((part) => /\.[cm]?js$/.test(part)) ?? '') }];
    } catch {
      return []; // ended meanwhile; a dead process that is not buried has no environment
    }
  });
}

/** Kills a process; false where it had ended already. */
export function killed(pid: number, signal: NodeJS.Signals = 'SIGKILL'): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** Runs tasks, some at a time. */
export async function inBatches<T>(tasks: readonly (() => Promise<T>)[], atOnce: number): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < tasks.length; i = next++) {
      const task = tasks[i];
      if (task) results[i] = await task();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}
