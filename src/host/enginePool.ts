import { existsSync } from 'node:fs';
import path from 'node:path';
import { Engine } from '../engine/client.js';
import { Fault } from '../map/fault.js';
import { cancelled, unlessAborted } from '../protocol/channel.js';
import type { Device, ModelDescription, OpenEvent } from '../protocol/engine.js';
import type { ModelTensors } from '../protocol/tensors.js';
import type { EngineLease } from './engineLease.js';

export interface EnginePoolOptions {
  /** The built engine, `dist/engine.cjs`. */
  readonly file: string;
  /** The Node executable for a model's engine, or after one was ended by its allocator; undefined: the one that runs us. */
  node(modelPath: string, trapped: boolean): string | undefined;
  /** Where CUDA's part of onnxruntime lies; undefined: it is looked for. */
  cudaLibraries?(): string | undefined;
  /** Bytes that an engine may take; undefined: half of what is free. */
  memory?(): number | undefined;
  /** How long an engine without users is kept. */
  graceMilliseconds(): number;
  log(line: string): void;
}

interface Entry {
  readonly key: string;
  readonly modelPath: string;
  /** The executable that runs it; undefined: the one that runs us. */
  readonly node: string | undefined;
  readonly engine: Engine;
  readonly opening: Promise<ModelDescription>;
  /** What users see of the engine. */
  readonly shared: EngineLease['engine'];
  /** Who waits for the model, and hears what takes its time. */
  readonly waiting: Set<(event: OpenEvent) => void>;
  opened: boolean;
  users: number;
  /** Requests that it has not answered yet. */
  asked: number;
  /** The model's files were written again since: who comes anew gets another engine. */
  outdated: boolean;
  grace: NodeJS.Timeout | undefined;
}

/**
 * The engine processes: one per model and device, shared by its users, ended after a grace without any. One whose model was
 * written again since it was opened answers what it was asked, and ends with its last user.
 */
export class EnginePool {
  /** Those that are given out, by key. */
  private readonly entries = new Map<string, Entry>();
  private readonly outdated = new Set<Entry>();
  /** The allocator of the Node that runs us has ended an engine: the next ones run on another, where there is one. */
  private trapped = false;
  private readonly endings = new Set<Promise<void>>();

  constructor(private readonly options: EnginePoolOptions) {}

  /** Process ids of the engines that run. */
  get pids(): readonly number[] {
    return [...this.entries.values(), ...this.outdated].flatMap(({ engine }) => engine.pid ?? []);
  }

  /**
   * Starts an engine for this model and device, or shares the one that runs, and opens the model.
   * @param onOpening hears what takes its time before the model is open
   * @throws Fault of `open`; `cancelled` when the signal fires first; `file` when the Node executable does not exist.
   */
  async acquire(
    modelPath: string,
    device: Device,
    { signal, onOpening }: { signal: AbortSignal; onOpening?: ((event: OpenEvent) => void) | undefined },
  ): Promise<EngineLease> {
    if (signal.aborted) throw cancelled();
    const key = keyOf(modelPath, device);
    const entry = this.entries.get(key) ?? this.start(key, modelPath, device);
    const before = entry.opened;
    clearTimeout(entry.grace);
    entry.users++;
    if (onOpening && !entry.opened) entry.waiting.add(onOpening);
    let held = true;
    const release = (): void => {
      if (!held) return;
      held = false;
      entry.users--;
      if (entry.users === 0) this.rest(entry);
    };
    try {
      const description = await unlessAborted(entry.opening, signal);
      if (before && !(await unlessAborted(this.isCurrent(entry), signal))) {
        this.retire(entry);
        release();
        return await this.acquire(modelPath, device, { signal, onOpening });
      }
      const current = (): Promise<boolean> => this.isCurrent(entry);
      return {
        engine: entry.shared,
        pid: entry.engine.pid,
        description,
        ended: entry.engine.ended.then((fault) => this.explained(entry, fault)),
        current,
        release,
      };
    } catch (error) {
      release();
      throw error instanceof Fault ? this.explained(entry, error) : error;
    } finally {
      if (onOpening) entry.waiting.delete(onOpening);
    }
  }

  /** Ends the engine of this model and device, if one runs; the next {@link acquire} starts a new one. */
  async restart(modelPath: string, device: Device): Promise<void> {
    const entry = this.entries.get(keyOf(modelPath, device));
    if (entry) await this.end(entry);
  }

  /** Ends all engines and waits until no process is left. */
  async dispose(): Promise<void> {
    for (const entry of [...this.entries.values(), ...this.outdated]) void this.end(entry);
    await Promise.all(this.endings);
  }

  /**
   * What lies in a model's files, by their headers: read by a process of its own, which ends with it. It need not be a model that can be
   * opened. @throws Fault of `tensors`; `file` as {@link EnginePool.acquire}.
   */
  async tensors(modelPath: string): Promise<ModelTensors> {
    const { engine } = this.process(modelPath);
    try {
      return await engine.call('tensors', { path: modelPath });
    } finally {
      const ending = engine.dispose();
      this.endings.add(ending);
      void ending.finally(() => this.endings.delete(ending));
    }
  }

  /** A new process, and the executable that runs it. */
  private process(modelPath: string): Pick<Entry, 'engine' | 'node'> {
    const node = this.options.node(modelPath, this.trapped);
    if (node !== undefined && !existsSync(node)) {
      throw new Fault({
        code: 'file',
        message: `The Node executable "${node}" does not exist.`,
        hint: 'Change the setting "Node Executable" of Embedding Grid, or leave it empty.',
      });
    }
    const cudaLibraries = this.options.cudaLibraries?.();
    const engine = new Engine({
      file: this.options.file,
      ...(cudaLibraries === undefined ? {} : { cudaLibraries }),
      onLog: (line) => this.options.log(`engine ${engine.pid ?? ''}: ${line}`),
      ...(node === undefined ? {} : { node }),
    });
    return { engine, node };
  }

  private start(key: string, modelPath: string, device: Device): Entry {
    const { engine, node } = this.process(modelPath);
    const memory = this.options.memory?.();
    this.options.log(`Engine ${engine.pid ?? ''} started for ${modelPath} on ${device}.`);
    const waiting: Entry['waiting'] = new Set();
    const opening = engine.call(
      'open',
      { path: modelPath, device, checksBehind: true, ...(memory === undefined ? {} : { memory }) },
      { onEvent: (event) => waiting.forEach((hear) => hear(event)) },
    );
    const entry: Entry = {
      key,
      modelPath,
      node,
      engine,
      opening,
      shared: {
        call: async (method, params, callOptions) => {
          entry.asked++;
          try {
            return await engine.call(method, params, callOptions);
          } finally {
            entry.asked--;
            this.endOutdated(entry);
          }
        },
      },
      waiting,
      opened: false,
      users: 0,
      asked: 0,
      outdated: false,
      grace: undefined,
    };
    this.entries.set(key, entry);
    opening.then(
      () => (entry.opened = true),
      () => this.end(entry),
    );
    void engine.ended.then((fault) => {
      this.options.log(`Engine ${engine.pid ?? ''} ended${fault ? `: ${fault.message}` : ''}.`);
      this.forget(entry);
    });
    return entry;
  }

  /** Whether the model's files are those that the engine opened. An engine that does not say tells its users otherwise. */
  private async isCurrent(entry: Entry): Promise<boolean> {
    return !entry.outdated && entry.engine.call('current', {}).catch(() => true);
  }

  private retire(entry: Entry): void {
    if (this.entries.get(entry.key) !== entry) return;
    this.options.log(`The files of ${entry.key} were written again: engine ${entry.engine.pid ?? ''} makes way.`);
    this.forget(entry);
    entry.outdated = true;
    this.outdated.add(entry);
    this.endOutdated(entry);
  }

  private endOutdated(entry: Entry): void {
    if (entry.outdated && entry.users === 0 && entry.asked === 0) void this.end(entry);
  }

  /** An engine that its allocator has ended: what runs the next one, or what to set. */
  private explained<F extends Fault | undefined>({ node, modelPath }: Entry, fault: F): F | Fault {
    if (fault?.code !== 'engine-died' || !ALLOCATOR.test(fault.message)) return fault;
    this.trapped = true;
    const next = this.options.node(modelPath, true);
    return new Fault({
      ...fault.toData(),
      hint:
        next !== undefined && next !== node
          ? `Arrays of this size are too large for VS Code's own Node. Generate computes with the one at ${next}.`
          : 'Arrays of this size are too large for VS Code\'s own Node. Set "Node Executable" of Embedding Grid to a Node.js 20.19 or newer, or use a shorter prompt.',
    });
  }

  /** No users: the engine is kept for the grace, or ended at once while it is still opening its model. */
  private rest(entry: Entry): void {
    if (entry.outdated) return this.endOutdated(entry);
    if (!entry.opened) {
      void this.end(entry);
      return;
    }
    entry.grace = setTimeout(() => void this.end(entry), this.options.graceMilliseconds());
    entry.grace.unref();
  }

  private async end(entry: Entry): Promise<void> {
    this.forget(entry);
    const ending = entry.engine.dispose();
    this.endings.add(ending);
    await ending.finally(() => this.endings.delete(ending));
  }

  private forget(entry: Entry): void {
    clearTimeout(entry.grace);
    this.outdated.delete(entry);
    if (this.entries.get(entry.key) === entry) this.entries.delete(entry.key);
  }
}

const keyOf = (modelPath: string, device: Device): string => `${device} ${path.resolve(modelPath)}`;

/** How a process ends whose allocator refuses a size: Electron's traps, others abort. */
const ALLOCATOR = /signal SIG(TRAP|ILL|ABRT)/;
