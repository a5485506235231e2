import { createInterface, type Interface } from 'node:readline';
import type { Readable } from 'node:stream';
import { Fault } from '../../map/fault.js';
import { type Message, type Port, serve as answer } from '../../protocol/channel.js';
import type { StandardStream } from '../streams.js';
import { Served } from './handlers.js';
import type { ServeRequests } from './requests.js';

export interface ServeCommand {
  readonly kind: 'serve';
}

/**
 * `embedding-grid serve --stdio`: answers the requests of a program, one JSON object a line. What it sends is
 * `{"type": "request", "id": 1, "method": "open", "params": {...}}`, or `{"type": "cancel", "id": 1}`; what it hears are any
 * `event`s of that id, and in the end its `result` or its `fault`. Nothing else is written to `out`. When the input ends, what
 * was asked is answered first, unless nobody reads it any more; when the signal aborts, it is not.
 */
export async function serve(input: Readable, out: StandardStream, signal: AbortSignal): Promise<void> {
  const served = new Served();
  const lines = createInterface({ input, crlfDelay: Infinity });
  try {
    await new Promise<void>((resolve) => {
      const port = new LinePort(lines, out, resolve);
      answer<ServeRequests>(port, served.handlers);
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted) resolve();
    });
  } finally {
    lines.close();
    await served.close();
  }
}

/** Messages as lines. Calls back once when the input has ended and all that was asked is answered, or nobody reads the answers. */
class LinePort implements Port {
  private readonly open = new Set<number>();
  private ended = false;

  constructor(
    private readonly lines: Interface,
    private readonly out: StandardStream,
    private readonly done: () => void,
  ) {
    lines.once('close', () => {
      this.ended = true;
      if (this.open.size === 0) done();
    });
  }

  send(message: Message): void {
    this.out.write(`${JSON.stringify(message)}\n`);
    if (message.type !== 'event') this.open.delete(message.id);
    if (this.ended && this.open.size === 0) this.done();
    else if (this.ended) void this.out.settled().then((lost) => (lost ? this.done() : undefined));
  }

  onMessage(listener: (message: Message) => void): void {
    this.lines.on('line', (line) => {
      if (line.trim() === '') return;
      const message = messageIn(line);
      if (!message) return this.send({ type: 'fault', id: -1, fault: NO_REQUEST.toData() });
      if (message.type === 'request') this.open.add(message.id);
      listener(message);
    });
  }
}

/** A line that is no request has no id of its own. */
const NO_REQUEST = new Fault({
  code: 'bad-parameter',
  message: 'A line is no request.',
  hint: 'Write it as {"type": "request", "id": 1, "method": "hello", "params": {}}.',
});

function messageIn(line: string): Message | undefined {
  let data: unknown;
  try {
    data = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof data !== 'object' || data === null || !('type' in data) || !('id' in data)) return undefined;
  const { type, id } = data;
  if (typeof id !== 'number' || !Number.isSafeInteger(id)) return undefined;
  if (type === 'cancel') return { type, id };
  if (type !== 'request' || !('method' in data) || typeof data.method !== 'string') return undefined;
  return { type, id, method: data.method, params: 'params' in data ? data.params : {} };
}
