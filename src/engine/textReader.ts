import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { TokenizerChanges } from './tokenizerJson.js';

/** What differs between the models that a template is written for: `bos_token` and its like, by name; and the message. */
export interface TemplateVariables {
  readonly specialTokens: Readonly<Record<string, string>>;
  readonly text: string;
}

/** What the process that reads texts (textProcess.ts) is asked. */
export type TextRequest =
  /** Reads a tokenizer, which `encode` then uses: `text`, or else what stands in `file`. */
  | ({ readonly kind: 'open'; readonly changes: TokenizerChanges | undefined } & TokenizerText)
  /** `whole`: with what the tokenizer puts around every text. */
  | { readonly kind: 'encode'; readonly text: string; readonly whole: boolean }
  | { readonly kind: 'render'; readonly template: string; readonly variables: TemplateVariables };

export interface TextTask {
  readonly request: TextRequest;
  /** What the whole process may take: processor time, time, memory. */
  readonly limits: { readonly processorMs: number; readonly milliseconds: number; readonly bytes: number };
}

/**
 * Why there is no answer: time or memory were spent, the library's native part broke off or is not to be had, the library or
 * the template's language found a mistake (`refused`), or the template itself refuses (`stated`).
 */
export type TextFailure =
  | { readonly failed: 'time' | 'memory' | 'broken' }
  | { readonly failed: 'refused' | 'stated' | 'missing'; readonly detail: string };
export type TextAnswer = { readonly ids: readonly number[] } | { readonly text: string } | TextFailure;

/**
 * A text is read in milliseconds, a tokenizer of 34 MB in two seconds. It is the processor's time that counts: on a machine
 * with other work to do, all takes longer.
 */
const READ_MS = 2000;
const OPEN_MS = 10_000;
const BUSY = 10;
/** The process itself takes 70 MB; a tokenizer, while it is opened, up to 20 times its file. */
const PROCESS_BYTES = 384 * 2 ** 20;
const BYTES_PER_BYTE = 28;
const MOST_BYTES = 1.25 * 2 ** 30;
/** Memory of a larger tokenizer would count as the next one's. */
const KEPT_BYTES = 2 ** 20;
/** How much longer than its limit a process that does not even answer is waited for. */
const GRACE_MS = 3000;
/** An idle process is ended: it holds a tokenizer in memory. */
const IDLE_MS = 60_000;

/** A tokenizer.json on disk, or one that was made. */
export type TokenizerText = { readonly file: string } | { readonly text: string };

/** A tokenizer as it lies on disk, or as it was made. */
export type TokenizerSource = TokenizerText & {
  readonly changes: TokenizerChanges | undefined;
  /** Of its text. */
  readonly bytes: number;
};

/**
 * Reads texts by a model's tokenizer and chat template, in a process that is started when it is first needed, takes bounded
 * time and memory, and can break off without harm.
 */
export class TextReader {
  private readonly process: TextProcess;
  /** Why the tokenizer cannot be opened: what failed once would fail again. */
  private failure: TextFailure | undefined;

  /** @param folder where `textProcess.cjs` is: beside the built engine */
  constructor(
    private readonly tokenizer: TokenizerSource,
    folder = __dirname,
  ) {
    this.process = TextProcess.in(folder);
  }

  /** The ids of a text. */
  encode(text: string, whole: boolean): Promise<TextAnswer> {
    return this.process.inTurn(async () => {
      if (this.failure) return this.failure;
      const opened = await this.process.open(this.tokenizer);
      if ('failed' in opened) return (this.failure = opened);
      return this.process.ask({ kind: 'encode', text, whole }, READ_MS, this.tokenizer.bytes);
    });
  }

  /** The text that a chat template makes. */
  render(template: string, variables: TemplateVariables): Promise<TextAnswer> {
    return this.process.inTurn(() => this.process.ask({ kind: 'render', template, variables }, READ_MS));
  }
}

/** The one process of its kind: whoever reads has it for a time, with one tokenizer. */
class TextProcess {
  private static readonly all = new Map<string, TextProcess>();
  private child: ChildProcess | undefined;
  private held: TokenizerSource | undefined;
  private last: Promise<unknown> = Promise.resolve();
  private idle: NodeJS.Timeout | undefined;

  static in(folder: string): TextProcess {
    const found = TextProcess.all.get(folder) ?? new TextProcess(join(folder, 'textProcess.cjs'));
    TextProcess.all.set(folder, found);
    return found;
  }

  private constructor(private readonly program: string) {}

  /** One text at a time: limits are then one text's. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.last.then(() => {
      clearTimeout(this.idle);
      return work();
    });
    this.last = result
      .catch(() => undefined)
      .then(() => {
        this.idle = setTimeout(() => this.end(), IDLE_MS).unref();
      });
    return result;
  }

  /** Has a tokenizer read, where it is not the one that was read last. */
  async open(tokenizer: TokenizerSource): Promise<TextAnswer> {
    if (this.held === tokenizer) return { ids: [] };
    if (this.held && this.held.bytes > KEPT_BYTES) this.end();
    this.held = undefined;
    const { changes, bytes } = tokenizer;
    const text = 'text' in tokenizer ? { text: tokenizer.text } : { file: tokenizer.file };
    const answer = await this.ask({ kind: 'open', ...text, changes }, OPEN_MS, bytes);
    if (!('failed' in answer)) this.held = tokenizer;
    return answer;
  }

  /** @param bytes size of the tokenizer's file: memory is allowed by it */
  ask(request: TextRequest, processorMs: number, bytes = this.held?.bytes ?? 0): Promise<TextAnswer> {
    const milliseconds = BUSY * processorMs;
    const allowed = Math.min(MOST_BYTES, PROCESS_BYTES + BYTES_PER_BYTE * bytes);
    const limits = { processorMs, milliseconds, bytes: allowed };
    const task: TextTask = { request, limits };
    const child = (this.child ??= this.start());
    child.ref();
    child.channel?.ref();
    return new Promise<TextAnswer>((resolve) => {
      const timer = setTimeout(() => end({ failed: 'time' }), milliseconds + GRACE_MS);
      const end = (answer: TextAnswer): void => {
        clearTimeout(timer);
        child.off('message', end).off('exit', broken).off('error', broken);
        child.unref();
        child.channel?.unref();
        if ('failed' in answer && !('detail' in answer)) this.end();
        resolve(answer);
      };
      const broken = (): void => end({ failed: 'broken' });
      child.on('message', end).once('exit', broken).once('error', broken);
      child.send(task, (error) => error && broken());
    });
  }

  private start(): ChildProcess {
    const child = fork(this.program, [], {
      serialization: 'advanced',
      execArgv: ['--max-old-space-size=1024'],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      // In VS Code the program that runs us is Electron.
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
    });
    child.once('exit', () => this.child === child && this.end()).on('error', () => undefined);
    return child;
  }

  private end(): void {
    clearTimeout(this.idle);
    this.child?.kill('SIGKILL');
    this.child = undefined;
    this.held = undefined;
  }
}
