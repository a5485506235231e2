import { t } from '@vscode/l10n';
import type { EngineLease } from '../host/engineLease.js';
import { Fault } from '../map/fault.js';
import type { Device, ModelDescription, OpenEvent } from '../protocol/engine.js';
import type { ModelState, ModelSummary } from '../protocol/page.js';
import type { PanelDependencies } from './dependencies.js';

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
   * @param onRewritten the model's files were written again since they were opened, and were opened anew.
   */
  constructor(
    private readonly deps: Pick<PanelDependencies, 'acquireEngine' | 'rememberModel' | 'log'>,
    private readonly onChange: () => void,
    private readonly onDeath: (fault: Fault) => void,
    private readonly onRewritten: () => void,
  ) {}

  get state(): ModelState {
    return this.shown;
  }

  /** Its files were written again, and have not been opened anew yet. */
  private rewritten = false;

  /** Fingerprint of the model at a path, where that is the one that is open. */
  fingerprintAt(path: string): string | undefined {
    const { shown } = this;
    return shown.status === 'ready' && this.path === path ? shown.summary.reference.sha256 : undefined;
  }

  /** Of the model that {@link state} is about. */
  private path: string | undefined;

  /**
   * The engine that holds the model as its files are now; it is started, or started again, if need be.
   * @throws Fault as {@link PanelDependencies.acquireEngine}; `cancelled` when another model was chosen meanwhile.
   */
  async acquire(choice: ModelChoice, name: string): Promise<EngineLease> {
    const held = this.held(choice);
    if (held) {
      const lease = await held.lease;
      if (await lease.current()) return lease;
      // Of several that ask, the first opens it anew; the others come back for what that gives.
      if (this.hold !== held) return this.acquire(choice, name);
      this.rewritten = true;
    }
    const another = this.path !== choice.path;
    if (another) this.rewritten = false;
    this.path = choice.path;
    this.letGo();
    const abort = new AbortController();
    const onOpening = ({ done, total }: OpenEvent): void => {
      if (this.hold === hold && this.shown.status === 'loading')
        this.show({ status: 'loading', name, repacked: { done, total } });
    };
    const hold: Hold = {
      ...choice,
      abort,
      lease: this.deps.acquireEngine(choice.path, choice.device, { signal: abort.signal, onOpening }),
    };
    this.hold = hold;
    // The same model in an engine that is started again: what is known of it stays on screen.
    if (another || this.shown.status !== 'ready') this.show({ status: 'loading', name });
    try {
      const lease = await hold.lease;
      if (this.hold !== hold) throw new Fault({ code: 'cancelled', message: t('Another model was chosen.') });
      if (this.rewritten) this.onRewritten();
      this.rewritten = false;
      this.show({ status: 'ready', name: lease.description.reference.name, summary: summaryOf(lease.description) });
      this.deps.rememberModel(choice.path, lease.description);
      void lease.ended.then((fault) => this.ended(hold, lease, fault));
      return lease;
    } catch (error) {
      const fault = Fault.from(error);
      if (this.hold !== hold)
        throw fault.code === 'cancelled'
          ? fault
          : new Fault({ code: 'cancelled', message: t('Another model was chosen.') });
      this.hold = undefined;
      this.show({ status: 'failed', name, fault: fault.toData() });
      throw fault;
    }
  }

  private held({ path, device }: ModelChoice): Hold | undefined {
    return this.hold?.path === path && this.hold.device === device ? this.hold : undefined;
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
  const { attentionHeads } = description;
  return {
    ...{ reference, facts, modelType, readouts, contexts, tokenizer, device, checks, batching, prefix },
    ...(attentionHeads === undefined ? {} : { attentionHeads }),
  };
}
