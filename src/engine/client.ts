import { type ChildProcess, fork } from 'node:child_process';
import { Fault } from '../map/fault.js';
import { type MapParameters, parseParameters } from '../map/specification.js';
import type { Token } from '../map/token.js';
import { addBatch, type Cells, emptyCellsOf, type TokenMap } from '../map/tokenMap.js';
import { type CallOptions, cancelled, Client, type Message } from '../protocol/channel.js';
import type { EngineRequests, MapEvent, MapParams, MapResult } from '../protocol/engine.js';

export interface EngineOptions {
  /** The built engine, `dist/engine.cjs`. */
  readonly file: string;
  /** The Node executable that runs it; by default the one that runs us. */
  readonly node?: string;
  /** Where CUDA's part of onnxruntime lies: a folder, or a Python environment; by default it is looked for. */
  readonly cudaLibraries?: string;
  /** Gets every line that the engine, or a native library in it, writes to its standard streams. */
  readonly onLog?: (line: string) => void;
}

/** What V8 and C++ say when memory has run out; V8 says much behind it. */
const OUT_OF_MEMORY = /^(FATAL ERROR: .*(heap out of memory|Allocation failed)|.*std::bad_alloc)/;

/** Whether an engine died for want of memory, by what it said last. */
export const ranOutOfMemory = ({ code, detail = '' }: Fault): boolean =>
  code === 'engine-died' && detail.split('\n').some((line) => OUT_OF_MEMORY.test(line));

/** What the thread that watches the engine says before it ends it (leash.ts). */
const ENDLESS = 'ENDLESS: ';

/** How long the last words of an engine that has ended are waited for, if another process holds its streams. */
const LAST_WORDS_MS = 200;

/** How long an engine may go on after a cancel before it is ended, and where others wait for its answers, which they would lose. */
const CANCEL_GRACE_MS = 1000;
const SHARED_GRACE_MS = 10_000;

/**
 * Acts when a time is over and all was heard that had come by then: who stood still himself has not waited for others.
 * @returns calls it off
 */
function afterHearing(milliseconds: number, act: () => void): () => void {
  let off = false;
  const timer = setTimeout(() => setImmediate(() => off || act()), milliseconds);
  return () => {
    off = true;
    clearTimeout(timer);
  };
}

/**
 * An engine process: holds one model on one device. Native code runs there and only there, so that a crash, a long
 * computation or spent memory never takes the asking process with it.
 */
export class Engine {
  private readonly child: ChildProcess;
  private readonly client: Client<EngineRequests>;
  private lastErrors: string[] = [];
  private outOfMemory: string | undefined;
  private ending = false;
  /** Calls that it has not answered; whether the answer is still wanted, and whether it is not even waited for. */
  private readonly calls = new Set<{ wanted: boolean; left: boolean }>();
  /** Settles when the process has ended: undefined after {@link dispose}, else what happened. */
  readonly ended: Promise<Fault | undefined>;

  constructor(options: EngineOptions) {
    this.child = fork(options.file, [], {
      serialization: 'advanced',
      // Weights and numbers lie outside V8's heap: it is kept small, and emptied where the model wants memory (model.ts).
      execArgv: ['--max-semi-space-size=4', '--expose-gc'],
      // Nothing is ever written to its standard input: that it closes tells the engine that we are gone (leash.ts).
      stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
      // Ctrl-C in a terminal goes to a whole process group: the parent alone decides what it means.
      detached: process.platform !== 'win32',
      ...(options.node === undefined ? {} : { execPath: options.node }),
      ...(options.cudaLibraries === undefined
        ? {}
        : { env: { ...process.env, EMBEDDING_GRID_CUDA_LIBRARIES: options.cudaLibraries } }),
    });
    this.child.stdin?.on('error', () => undefined);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      let rest = '';
      stream?.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = (lines.pop() ?? '').slice(-4096);
        for (const line of lines) {
          if (OUT_OF_MEMORY.test(line)) this.outOfMemory = line;
          this.lastErrors = [...this.lastErrors.slice(-19), line];
          options.onLog?.(line);
        }
      });
    }
    const child = this.child;
    this.client = new Client<EngineRequests>({
      send: (message) => {
        if (child.connected) child.send(message, () => undefined); // a failed send is followed by 'exit', which ends the call
      },
      onMessage: (listener) => void child.on('message', (message) => listener(message as Message)),
    });
    this.ended = new Promise((resolve) => {
      const end = (what: string): void => {
        const said = [...(this.outOfMemory === undefined ? [] : [this.outOfMemory]), ...this.lastErrors];
        const endless = said.some((line) => line.startsWith(ENDLESS));
        const fault = endless
          ? computesForEver()
          : new Fault({
              code: this.ending ? 'cancelled' : 'engine-died',
              message: this.ending ? 'The engine was stopped.' : `The engine ended unexpectedly (${what}).`,
              hint: 'What had been computed is kept. Generate starts a new engine.',
              ...(said.length ? { detail: said.join('\n') } : {}),
            });
        this.client.close(fault);
        resolve(this.ending ? undefined : fault);
      };
      child.once('error', (error) => end(error.message));
      child.once('exit', (code, signal) => {
        const told = (): void => {
          end(signal ? `signal ${signal}` : `exit code ${code}`);
          // Whoever else holds their other ends, as another process or Wine may: they must not hold us.
          for (const stream of [child.stdout, child.stderr]) stream?.destroy();
          if (child.connected) child.disconnect();
        };
        // What it said last may still be on its way.
        const callOff = afterHearing(LAST_WORDS_MS, told);
        child.once('close', () => (callOff(), told()));
      });
    });
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  get alive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null && !this.ending;
  }

  /**
   * Asks the engine. A cancelled call ends within about a second: an engine that does not answer is ended, unless others wait for
   * its answers; then the call ends alone, and the engine some seconds later.
   * @throws Fault as {@link Client.call}.
   */
  async call<M extends keyof EngineRequests>(
    method: M,
    params: EngineRequests[M]['params'],
    options: CallOptions<EngineRequests[M]['event']> = {},
  ): Promise<EngineRequests[M]['result']> {
    const { signal, onEvent } = options;
    const call = { wanted: true, left: false };
    let leave = (): void => undefined;
    const left = new Promise<never>((_, reject) => {
      leave = () => {
        call.left = true;
        reject(cancelled());
      };
    });
    const graces: (() => void)[] = [];
    const onAbort = (): void => {
      call.wanted = false;
      const others = (): boolean => [...this.calls].some(({ wanted }) => wanted);
      graces.push(
        afterHearing(CANCEL_GRACE_MS, () => (others() ? leave() : void this.dispose())),
        afterHearing(SHARED_GRACE_MS, () => void this.dispose()),
      );
    };
    this.calls.add(call);
    signal?.addEventListener('abort', onAbort, { once: true });
    const answer = this.client
      .call(method, params, { ...options, onEvent: (event) => (call.left ? undefined : onEvent?.(event)) })
      .finally(() => {
        this.calls.delete(call);
        for (const callOff of graces) callOff();
        signal?.removeEventListener('abort', onAbort);
      });
    return Promise.race([answer, left]);
  }

  /** Ends the process, at once if need be, and waits until it is gone. */
  async dispose(): Promise<void> {
    this.ending = true;
    // A JavaScript handler cannot run during a native call and none is installed, so SIGKILL loses nothing.
    this.child.kill('SIGKILL');
    await this.ended;
  }
}

const computesForEver = (): Fault =>
  new Fault({
    code: 'model-unsupported',
    message: 'The model computes without an end: a few positions of it took longer than any model of its size.',
    hint: 'Its graph may hold a loop that does not stop; look at where the file comes from.',
  });

/** A map as it grows: what a picture is drawn from while cells arrive. */
export interface GrowingMap {
  readonly cells: Cells;
  readonly tokens: Map<number, Token>;
}

/**
 * Computes a whole map and gathers its cells. `onEvent` sees every event after it was gathered into `growing`.
 * @throws Fault; what had arrived until then stays in `growing`, if one was handed in.
 */
export async function computeMap(
  engine: Pick<Engine, 'call'>,
  params: MapParams,
  options: { onEvent?: (event: MapEvent) => void; signal?: AbortSignal; growing?: GrowingMap } = {},
): Promise<TokenMap> {
  const growing = options.growing ?? { cells: emptyCellsOf(parseParameters(params.parameters)), tokens: new Map() };
  const result: MapResult = await engine.call('map', params, {
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    onEvent: (event) => {
      if (event.kind === 'cells') {
        addBatch(growing.cells, event.batch);
        for (const token of event.tokens) growing.tokens.set(token.id, token);
      } else if (event.kind === 'anew') growing.cells.computed.fill(0);
      options.onEvent?.(event);
    },
  });
  const { tokens, ...rest } = result;
  for (const token of tokens) growing.tokens.set(token.id, token);
  return { ...rest, cells: growing.cells, tokens: growing.tokens };
}

/** A map with what a page computes closer looks from, where the map is three rows. @throws Fault */
export async function withCloserLook(
  engine: Pick<Engine, 'call'>,
  map: TokenMap,
  parameters: MapParameters,
): Promise<TokenMap> {
  const closer = await engine.call('closer', { parameters });
  return closer ? { ...map, closer } : map;
}
