import type { EngineLease } from '../host/engineLease.js';
import { speedKey } from '../map/dependence.js';
import { Fault, type FaultData } from '../map/fault.js';
import type { Estimate } from '../protocol/engine.js';
import { LIVE_SECONDS } from '../protocol/page.js';
import { type Asked, askedKey } from './mapRecord.js';

/** What the settings would cost, or why there can be no map with them though each field is right. */
export class Costs {
  /** null: not known (yet). */
  estimate: Estimate | null = null;
  obstacle: FaultData | null = null;
  /**
   * Whether a change is followed by the whole map where nobody has chosen that: once it is, it stays so until maps take clearly longer,
   * also while an estimate is asked for.
   */
  quick = false;
  /** What the last estimate says of every grid on its plane. */
  private rate: { readonly key: string; readonly secondsPerCell: number } | undefined;

  constructor(private readonly lease: (asked: Asked) => Promise<EngineLease>) {}

  /** The settings are others. What was measured holds for all of the same speed. */
  forget(): void {
    this.estimate = null;
    this.obstacle = null;
  }

  /** What was measured is of another model. */
  forgetMeasured(): void {
    this.rate = undefined;
    this.quick = false;
  }

  /**
   * Asks the engine.
   * @param isWanted whether the answer is to what is still asked
   * @returns whether it was told
   * @throws what opening the model does
   */
  async learn(asked: Asked, batchSize: number, isWanted: () => boolean): Promise<boolean> {
    const { engine } = await this.lease(asked);
    try {
      const estimate = await engine.call('estimate', { parameters: asked.parameters, batchSize });
      if (!isWanted()) return false;
      this.estimate = estimate;
      this.rate = { key: askedKey(asked, speedKey), secondsPerCell: (estimate.seconds ?? Infinity) / estimate.cells };
      this.judge(estimate.seconds ?? Infinity);
      this.obstacle = null;
    } catch (error) {
      const fault = Fault.from(error);
      if (!isWanted() || fault.code === 'cancelled' || fault.code === 'engine-died') return false;
      this.obstacle = fault.toData();
    }
    return true;
  }

  /** Whether a map is quick by what the last estimate says of it; false where that was of another plane or model. */
  isKnownQuick(asked: Asked): boolean {
    if (this.rate?.key !== askedKey(asked, speedKey)) return false;
    const { columns, rows } = asked.parameters.grid;
    return this.judge(this.rate.secondsPerCell * columns * rows);
  }

  private judge(seconds: number): boolean {
    this.quick = seconds < (this.quick ? AT_MOST : 1) * LIVE_SECONDS;
    return this.quick;
  }
}

/** What was quick is so up to so many times the limit. */
const AT_MOST = 2;
