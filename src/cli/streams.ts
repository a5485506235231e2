import type { Output } from './progress.js';

/** A standard stream: what goes wrong with it stops nothing, and is told when it is asked for. */
export interface StandardStream extends Output {
  /** Waits until all was written; gives why something was not. */
  settled(): Promise<Error | undefined>;
}

/** Who reads a stream may go away (`| head`), its disk may be full, its terminal closed: whatever it was, the work goes on. */
export function standardStream(stream: NodeJS.WriteStream): StandardStream {
  let problem: Error | undefined;
  let last = Promise.resolve();
  stream.on('error', (error) => {
    problem ??= error;
  });
  return {
    write(text) {
      if (problem) return;
      last = new Promise((resolve) => {
        stream.write(text, (error) => {
          if (error) problem ??= error;
          resolve();
        });
      });
    },
    get isTTY() {
      return stream.isTTY;
    },
    get columns() {
      return stream.columns;
    },
    async settled() {
      await last;
      return problem;
    },
  };
}
