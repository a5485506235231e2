import { Fault } from '../map/fault.js';

/** One after the other is opened until what one gives can be trusted. */
const MOST_TRIES = 12;

/** What may have to be opened anew, since what it gives cannot be trusted. */
export class Renewed<S extends { release(): Promise<void> }> {
  private renewal: Promise<void> | undefined;

  constructor(
    /** Undefined where it could not be opened anew. */
    private current: S | undefined,
    private readonly open: () => Promise<S>,
  ) {}

  /**
   * Does some work, and does it anew with another one for as long as what came out cannot be trusted.
   * @throws Fault `device` where no other one helps; what opening throws
   */
  async use<T>(work: (current: S) => Promise<T>, isTrusted: (done: T) => boolean): Promise<T> {
    for (let tries = 1; ; tries++) {
      await this.renewal;
      const { current } = this;
      if (current) {
        const done = await work(current);
        if (isTrusted(done)) return done;
      }
      if (tries === MOST_TRIES)
        throw new Fault({
          code: 'device',
          message: 'The GPU rounds products to TF32, which it was told not to do.',
          hint: 'Try again, or use the device "cpu".',
        });
      // Another's work may have renewed it meanwhile.
      if (current === this.current) this.renewal ??= this.renew().finally(() => (this.renewal = undefined));
    }
  }

  async release(): Promise<void> {
    await this.renewal?.catch(() => undefined);
    await this.current?.release();
  }

  private async renew(): Promise<void> {
    await new Promise(setImmediate); // what others began with it before is done
    const old = this.current;
    this.current = undefined;
    await old?.release(); // opened beside it, the next were often no better
    this.current = await this.open();
  }
}
