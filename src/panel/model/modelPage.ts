import * as v from 'valibot';
import { Fault } from '../../map/fault.js';
import type { ModelDescription, OpenEvent } from '../../protocol/engine.js';
import {
  MODEL_ACTIONS,
  type ModelHostMessage,
  type ModelOpening,
  type ModelPageState,
} from '../../protocol/modelPage.js';
import type { ModelTensors } from '../../protocol/tensors.js';

type Action = (typeof MODEL_ACTIONS)[number];

/** What the editor of a model does for its page. */
export interface ModelPageDependencies {
  readonly name: string;
  readonly place: string;
  /** Whether the model may be read at all. */
  trusted(): Promise<boolean>;
  /** @throws Fault */
  tensors(): Promise<ModelTensors>;
  /** Opens the model, and lets go of it. @throws Fault */
  describe(signal: AbortSignal, onOpening: (event: OpenEvent) => void): Promise<ModelDescription>;
  generate(): Promise<void>;
  showFile(): Promise<void>;
  showLog(): void;
  manageTrust(): Promise<void>;
  log(level: 'warn' | 'error', line: string): void;
}

const pageMessage = v.object({ type: v.picklist(MODEL_ACTIONS) });

/** Types that no weight of a GGUF file is repacked from. */
const PLAIN: ReadonlySet<string> = new Set(['F32', 'F16', 'BF16']);

/** The host of a page that shows a model: what lies in its files first, then, as it is opened, what it can do. */
export class ModelPageController {
  private opening: ModelOpening = { status: 'opening', repacked: null };
  private restricted = false;
  private tensors: ModelTensors | null | undefined;
  private reading: AbortController | undefined;
  private post: ((message: ModelHostMessage) => void) | undefined;

  constructor(private readonly deps: ModelPageDependencies) {}

  connect(post: (message: ModelHostMessage) => void): void {
    this.post = post;
  }

  /** A message of the page, as it came. One that makes no sense is logged and left. */
  receive(data: unknown): void {
    const read = v.safeParse(pageMessage, data);
    if (!read.success) return this.deps.log('warn', 'A model’s page sent a message that is not understood.');
    this.acts[read.output.type]().catch((thrown: unknown) => this.deps.log('error', String(thrown)));
  }

  private readonly acts: Readonly<Record<Action, () => Promise<void>>> = {
    ready: async () => {
      this.send();
      if (this.tensors) this.post?.({ type: 'tensors', tensors: this.tensors });
      if (!this.reading) await this.read();
    },
    again: () => this.read(),
    open: () => this.open(),
    generate: () => this.deps.generate(),
    showFile: () => this.deps.showFile(),
    showLog: () => Promise.resolve(this.deps.showLog()),
    trust: () => this.deps.manageTrust(),
  };

  /** Reads anew: the files may be others, or trusted by now. */
  async read(): Promise<void> {
    this.reading?.abort();
    const reading = (this.reading = new AbortController());
    this.restricted = !(await this.deps.trusted());
    this.tell({ status: 'opening', repacked: null });
    if (this.restricted) return;
    const tensors = await this.deps.tensors().catch((thrown: unknown) => {
      this.deps.log('warn', Fault.from(thrown).message);
      return null;
    });
    if (this.reading !== reading || reading.signal.aborted) return;
    this.tensors = tensors;
    this.post?.({ type: 'tensors', tensors });
    const repacked = tensors?.kind === 'gguf' && tensors.tensors.some(({ type }) => !PLAIN.has(type));
    if (repacked) this.tell({ status: 'asking' });
    else await this.open();
  }

  dispose(): void {
    this.reading?.abort();
    this.post = undefined;
  }

  private async open(): Promise<void> {
    const { reading } = this;
    if (!reading || this.restricted) return;
    const { signal } = reading;
    const tell = (opening: ModelOpening): void => {
      if (!signal.aborted) this.tell(opening);
    };
    tell({ status: 'opening', repacked: null });
    try {
      const description = await this.deps.describe(signal, ({ done, total }) =>
        tell({ status: 'opening', repacked: { done, total } }),
      );
      tell({ status: 'open', description });
    } catch (thrown) {
      const fault = Fault.from(thrown);
      this.deps.log('warn', [fault.message, fault.detail].filter(Boolean).join('\n'));
      tell({ status: 'failed', fault: fault.toData() });
    }
  }

  private tell(opening: ModelOpening): void {
    this.opening = opening;
    this.send();
  }

  private send(): void {
    const { restricted, opening } = this;
    const { name, place } = this.deps;
    const state: ModelPageState = { name, place, restricted, opening };
    this.post?.({ type: 'state', state });
  }
}
