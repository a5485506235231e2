import type { Engine } from '../engine/client.js';
import type { Fault } from '../map/fault.js';
import type { ModelDescription } from '../protocol/engine.js';

/** A hold on an engine process. Its holders on one (model, device) may share the process. */
export interface EngineLease {
  readonly engine: Pick<Engine, 'call'>;
  /** The process; left out where there is none. */
  readonly pid?: number | undefined;
  /** The answer to `open`. */
  readonly description: ModelDescription;
  /** Settles when the process has ended: with what happened, or undefined where it was ended on purpose. */
  readonly ended: Promise<Fault | undefined>;
  /** Whether the model's files are still those that were opened; where not, the next to ask for the model gets them. */
  current(): Promise<boolean>;
  /** Gives the hold back; the pool ends the process after its grace without holders. Safe to call twice. */
  release(): void;
}
