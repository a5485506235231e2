import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import os from 'node:os';
import type { Readable, Writable } from 'node:stream';
import * as v from 'valibot';

/** How PyTorch is asked to put a vector in: see hooks.py. */
export interface Hooked {
  readonly ids: readonly number[];
  /** The block that the vector enters: our layer and one. */
  readonly block: number;
  readonly way: 'hook' | 'kept' | 'least';
  readonly batch: number;
}

const answerSchema = v.union([v.object({ ms: v.number() }), v.object({ torch: v.string() })]);

/** A Python process that runs hooks.py, asked turn by turn. */
export class Torch {
  private constructor(
    private readonly child: ChildProcessByStdio<Writable, Readable, null>,
    private readonly lines: AsyncIterator<string>,
    readonly version: string,
  ) {}

  /**
   * @param python BENCH_PYTHON, a Python with torch and transformers
   * @param folder BENCH_HF, the model as transformers reads it
   * @returns why not, where it cannot be
   */
  static async start(python: string | undefined, folder: string | undefined): Promise<Torch | string> {
    if (python === undefined || folder === undefined)
      return 'BENCH_PYTHON (with torch and transformers) and BENCH_HF (the same model for it) are not given';
    const child = spawn(python, [join(import.meta.dirname, 'hooks.py'), folder, String(os.availableParallelism())], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const first = await Promise.race([
      next(lines),
      new Promise<undefined>((end) => child.once('error', () => end(undefined))),
    ]);
    if (!first || !('torch' in first)) return `${python} did not start hooks.py`;
    return new Torch(child, lines, first.torch);
  }

  /** Milliseconds a vector. */
  async run(hooked: Hooked): Promise<number> {
    this.child.stdin.write(`${JSON.stringify(hooked)}\n`);
    const answer = await next(this.lines);
    if (!answer || !('ms' in answer)) throw new Error('hooks.py ended');
    return answer.ms;
  }

  end(): void {
    this.child.stdin.end();
  }
}

async function next(lines: AsyncIterator<string>): Promise<v.InferOutput<typeof answerSchema> | undefined> {
  const line = await lines.next();
  return line.done === true ? undefined : v.parse(answerSchema, JSON.parse(line.value));
}
