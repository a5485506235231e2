import { Fault } from '../map/fault.js';

/** One after the other is opened until what one gives can be trusted. */
const MOST_TRIES = 12;

/** What may have to be opened anew, since what it gives cannot be trusted. */
export class Renewed<S extends { release(): Promise<void> }> {
  private renewal: Promise<void> | undefined;

  constructor(
    private current: S,
    private readonly open: () => Promise<S>,
  ) {}

  /**
   * Does some work, and does it anew with another one for as long as what came out cannot be trusted.
   * @throws Fault `device` where no other one helps
   */
  async use<T>(work: (current: S) => Promise<T>, isTrusted: (done: T) => boolean): Promise<T> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      await this.renewal;
      const { current } = this;
      const done = await work(current);
      if (isTrusted(done)) return done;
      // Another's work may have renewed it meanwhile.
      if (current === this.current) this.renewal ??= this.renew().finally(() => (this.renewal = undefined));
    }
    throw new Fault({
      code: 'device',
      message: 'The GPU rounds products to TF32, which it was told not to do.',
      hint: 'Try again, or use the device "cpu".',
    });
  }

  async release(): Promise<void> {
    await this.renewal?.catch(() => undefined);
    await this.current.release();
  }

  /** The old one is kept until the new one is there: what it holds is what the new one must not find in memory. */
  private async renew(): Promise<void> {
    const old = this.current;
    this.current = await this.open();
    await old.release();
  }
}
