import { Fault } from '../../map/fault.js';
import type { Device, ModelDescription } from '../../protocol/engine.js';
import type { ModelState, ModelSummary } from '../../protocol/page.js';
import type { EngineLease, PanelDependencies } from './dependencies.js';

/** A model and where it runs. */
export interface ModelChoice {
  readonly path: string;
  readonly device: Device;
}

interface Hold extends ModelChoice {
  readonly abort: AbortController;
  readonly lease: Promise<EngineLease>;
}

/** A panel's hold on an engine: opens the model that is chosen, lets go of the one before, notices when the engine dies. */
export class ModelHold {
  private hold: Hold | undefined;
  private shown: ModelState = { status: 'none' };

  /**
   * @param onChange the state is another one.
   * @param onDeath the engine ended by itself; the next {@link acquire} starts another.
   */
  constructor(
    private readonly deps: Pick<PanelDependencies, 'acquireEngine' | 'rememberModel' | 'log'>,
    private readonly onChange: () => void,
    private readonly onDeath: (fault: Fault) => void,
  ) {}

  get state(): ModelState {
    return this.shown;
  }

  /** Of the model that {@link state} is about. */
  private path: string | undefined;

  /**
   * The engine that holds the model; it is started, or started again, if need be.
   * @throws Fault as {@link PanelDependencies.acquireEngine}; `cancelled` when another model was chosen meanwhile.
   */
  async acquire(choice: ModelChoice, name: string): Promise<EngineLease> {
    if (this.hold?.path === choice.path && this.hold.device === choice.device) return this.hold.lease;
    const another = this.path !== choice.path;
    this.path = choice.path;
    this.letGo();
    const abort = new AbortController();
    const hold: Hold = {
      ...choice,
      abort,
      lease: this.deps.acquireEngine(choice.path, choice.device, { signal: abort.signal }),
    };
    this.hold = hold;
    // The same model in an engine that is started again: what is known of it stays on screen.
    if (another || this.shown.status !== 'ready') this.show({ status: 'loading', name });
    try {
      const lease = await hold.lease;
      if (this.hold !== hold) throw new Fault({ code: 'cancelled', message: 'Another model was chosen.' });
      this.show({ status: 'ready', name: lease.description.reference.name, summary: summaryOf(lease.description) });
      this.deps.rememberModel(choice.path, lease.description);
      void lease.ended.then((fault) => this.ended(hold, lease, fault));
      return lease;
    } catch (error) {
      const fault = Fault.from(error);
      if (this.hold !== hold)
        throw fault.code === 'cancelled'
          ? fault
          : new Fault({ code: 'cancelled', message: 'Another model was chosen.' });
      this.hold = undefined;
      this.show({ status: 'failed', name, fault: fault.toData() });
      throw fault;
    }
  }

  /** Lets go of the engine, which was ended; what is known of the model stays. */
  forgetEngine(): void {
    this.letGo();
  }

  /** Gives the engine back and forgets the model. */
  release(): void {
    this.letGo();
    this.path = undefined;
    this.shown = { status: 'none' };
  }

  private letGo(): void {
    const { hold } = this;
    this.hold = undefined;
    hold?.abort.abort();
    hold?.lease.then(
      (lease) => lease.release(),
      () => undefined, // it never came; who asked for it has heard why
    );
  }

  private ended(hold: Hold, lease: EngineLease, fault: Fault | undefined): void {
    lease.release();
    if (this.hold !== hold) return;
    this.hold = undefined;
    if (fault) this.onDeath(fault);
  }

  private show(state: ModelState): void {
    this.shown = state;
    this.onChange();
  }
}

function summaryOf(description: ModelDescription): ModelSummary {
  const { reference, facts, modelType, readouts, contexts, tokenizer, device, checks, batching, prefix } = description;
  return { reference, facts, modelType, readouts, contexts, tokenizer, device, checks, batching, prefix };
}
