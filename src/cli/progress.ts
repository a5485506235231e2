import { safeText } from '../map/display.js';
import { formatBytes, formatCount, formatDuration } from '../map/numbers.js';
import type { OpenEvent } from '../protocol/engine.js';

/** A stream that text goes to, `process.stdout` or a test's. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** What writes the engine's log lines to a stream. */
export const engineLog =
  (out: Output): ((line: string) => void) =>
  (line) =>
    void out.write(`[engine] ${safeText(line, 2000)}\n`);

/** How far a computation is. */
export interface Progress {
  update(done: number, total: number, secondsLeft: number | null): void;
  /** Takes the bar away, so that other lines can follow. */
  clear(): void;
}

/** Least time between two bars, or two lines, in ms. */
const BAR_PAUSE = 100;
const LINE_PAUSE = 1000;

export interface Counting {
  /** What is counted. */
  readonly unit?: string;
  /** Milliseconds, from anywhere. */
  readonly now?: () => number;
}

/**
 * Says how far the repacking of a model is, which its first opening waits for: over itself on a terminal, else once that it
 * is under way. `end` takes the line away.
 */
export function openingProgress(err: Output): {
  readonly onOpening: (event: OpenEvent) => void;
  readonly end: () => void;
} {
  let said = false;
  return {
    onOpening({ done, total }) {
      if (said && err.isTTY !== true) return;
      said = true;
      const text = `Weights are repacked for once, ${formatBytes(total)}`;
      err.write(err.isTTY ? `\r${text}: ${percent(done, total)}\u001B[K` : `${text}.\n`);
    },
    end() {
      if (said && err.isTTY) err.write('\r\u001B[K');
    },
  };
}

/** No progress at all. */
export const silentProgress: Progress = { update: () => undefined, clear: () => undefined };

/** A bar that is drawn over itself, for a terminal. */
export function progressBar(out: Output, { unit = 'cells', now = () => performance.now() }: Counting = {}): Progress {
  let next = 0;
  return {
    update(done, total, secondsLeft) {
      if (done < total && now() < next) return;
      next = now() + BAR_PAUSE;
      const text = ` ${percent(done, total)} · ${countsAndTime(done, total, unit, secondsLeft)}`;
      const columns = Math.max(20, out.columns ?? 80); // a terminal that does not know its width says 0
      const width = Math.min(40, Math.max(0, columns - text.length - 2));
      const full = Math.round((width * done) / total);
      out.write(`\r${'━'.repeat(full)}${'─'.repeat(width - full)}${text}\u001B[K`);
    },
    clear: () => void out.write('\r\u001B[K'),
  };
}

/** A line for every tenth, but none sooner than a second after another; for logs and pipes. */
export function progressLines(out: Output, { unit = 'cells', now = () => performance.now() }: Counting = {}): Progress {
  let next = now() + LINE_PAUSE;
  let tenths = 0;
  return {
    update(done, total, secondsLeft) {
      const reached = Math.floor((10 * done) / total);
      if (reached <= tenths || now() < next) return;
      tenths = reached;
      next = now() + LINE_PAUSE;
      out.write(`${percent(done, total)} · ${countsAndTime(done, total, unit, secondsLeft)}\n`);
    },
    clear: () => undefined,
  };
}

const percent = (done: number, total: number): string => `${Math.floor((100 * done) / total)}%`;

function countsAndTime(done: number, total: number, unit: string, secondsLeft: number | null): string {
  const time = (seconds: number): string =>
    seconds < 60 ? `${Math.max(1, Math.round(seconds))} s` : formatDuration(seconds);
  const left = secondsLeft === null || done === total ? '' : ` · about ${time(secondsLeft)} left`;
  return `${formatCount(done)} of ${formatCount(total)} ${unit}${left}`;
}
