/** What a search along directions asks the model for: the winner at `t` times a direction from the state. */
export interface Probe {
  readonly direction: number;
  readonly t: number;
}

/** How a search steps. */
export interface Stepping {
  /** Equal steps from 0 to `reach`. */
  readonly steps: number;
  /** In the units of t. */
  readonly reach: number;
  /** How exactly a flip is found, in parts of its t. */
  readonly precision: number;
}

/** Points that a bracket is divided at in one round. */
const SECTIONS = 7;

/**
 * Finds the first flip along each of several directions, in rounds that a caller runs as batches: equal steps until the winner is
 * another, then the step is divided until it is as narrow as wanted. A flip and back within one step is not seen.
 */
export class SteppedFlips {
  private readonly ways: Way[];

  /** @param winner at the state itself */
  constructor(
    count: number,
    private readonly winner: number,
    private readonly stepping: Stepping,
  ) {
    this.ways = Array.from({ length: count }, () => ({ step: 0, low: 0, high: undefined, token: -1, done: false }));
  }

  /** What to ask next, about `most` probes at a time; empty at the end. */
  wanted(most: number): Probe[] {
    const open = [...this.ways.entries()].filter(([, way]) => !way.done);
    const each = Math.max(1, Math.floor(most / Math.max(1, open.length)));
    const probes: Probe[] = [];
    for (const [direction, way] of open) {
      if (probes.length > 0 && probes.length + 1 > most) break;
      for (const t of this.next(way, each)) probes.push({ direction, t });
    }
    return probes;
  }

  private next({ step, low, high }: Way, each: number): number[] {
    const { steps, reach } = this.stepping;
    if (high === undefined)
      return Array.from({ length: Math.min(each, steps - step) }, (_, i) => (reach * (step + 1 + i)) / steps);
    return Array.from({ length: SECTIONS }, (_, i) => low + ((high - low) * (i + 1)) / (SECTIONS + 1));
  }

  /** What the model says at the probes that were asked last. */
  tell(probes: readonly Probe[], winners: ArrayLike<number>): void {
    const met = new Map<Way, Met[]>();
    probes.forEach(({ direction, t }, i) => {
      const way = this.ways[direction];
      if (!way) return;
      const list = met.get(way) ?? [];
      list.push({ t, winner: winners[i] ?? -1 });
      met.set(way, list);
    });
    for (const [way, list] of met) this.take(way, list);
  }

  private take(way: Way, list: readonly Met[]): void {
    const { steps, reach, precision } = this.stepping;
    const flipped = list.findIndex(({ winner }) => winner !== this.winner);
    const stays = list[flipped < 0 ? list.length - 1 : flipped - 1];
    const flips = list[flipped];
    const before = { low: way.low, high: way.high };
    if (way.high === undefined) way.step += list.length;
    if (stays) way.low = stays.t;
    if (flips) {
      way.high = flips.t;
      way.token = flips.winner;
    }
    if (way.high === undefined) way.done = way.step >= steps || way.low >= reach;
    else way.done = way.high - way.low <= precision * way.high || (before.high === way.high && before.low === way.low); // float's grain
  }

  /** By direction; undefined where nothing flips up to the reach. */
  flips(): readonly ({ readonly t: number; readonly token: number } | undefined)[] {
    return this.ways.map(({ high, token }) => (high === undefined ? undefined : { t: high, token }));
  }
}

interface Met {
  readonly t: number;
  readonly winner: number;
}

/** A direction's search: the winner is the state's own at `low`, another at `high`. */
interface Way {
  step: number;
  low: number;
  high: number | undefined;
  token: number;
  done: boolean;
}
