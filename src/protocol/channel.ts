import { Fault, type FaultData } from '../map/fault.js';

/** A table of requests: what each takes, which events it may send while it runs, what it answers. */
export type Requests<T extends Record<string, { params: unknown; event: unknown; result: unknown }>> = T;
type Table = Record<string, { params: unknown; event: unknown; result: unknown }>;

/** What crosses a boundary. One small mechanism serves host-engine and host-page: request, stream of events, end, cancel. */
export type Message =
  | { readonly type: 'request'; readonly id: number; readonly method: string; readonly params: unknown }
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'event'; readonly id: number; readonly event: unknown }
  | { readonly type: 'result'; readonly id: number; readonly result: unknown }
  | { readonly type: 'fault'; readonly id: number; readonly fault: FaultData };

/** The two ends of a transport: `process.send`, `webview.postMessage`, a pair in a test. */
export interface Port {
  send(message: Message): void;
  /** Calls back with every message, in order. */
  onMessage(listener: (message: Message) => void): void;
}

export interface CallOptions<Event> {
  readonly onEvent?: (event: Event) => void;
  readonly signal?: AbortSignal;
}

/**
 * The asking end. Every call ends: with its result, with a {@link Fault}, or, whoever is quicker, with `cancelled` where its signal
 * has fired, once the other side has answered. {@link Client.close} ends all that are open.
 */
export class Client<T extends Table> {
  private readonly open = new Map<
    number,
    { resolve(result: unknown): void; reject(fault: Fault): void; onEvent: ((event: never) => void) | undefined }
  >();
  private next = 1;
  private closed: Fault | undefined;

  constructor(private readonly port: Port) {
    port.onMessage((message) => this.receive(message));
  }

  /** Sends a request. @throws Fault as the other side answered, or `engine-died` etc. after {@link close}. */
  call<M extends keyof T & string>(
    method: M,
    params: T[M]['params'],
    options: CallOptions<T[M]['event']> = {},
  ): Promise<T[M]['result']> {
    return new Promise((resolve, reject) => {
      if (this.closed) return reject(this.closed);
      if (options.signal?.aborted) return reject(cancelled());
      const id = this.next++;
      const onAbort = (): void => this.port.send({ type: 'cancel', id });
      options.signal?.addEventListener('abort', onAbort, { once: true });
      const forget = (): void => {
        this.open.delete(id);
        options.signal?.removeEventListener('abort', onAbort);
      };
      this.open.set(id, {
        resolve: (result) => (forget(), options.signal?.aborted ? reject(cancelled()) : resolve(result)),
        reject: (fault) => (forget(), reject(fault)),
        onEvent: options.onEvent,
      });
      this.port.send({ type: 'request', id, method, params });
    });
  }

  /** Ends every open call, and every later one, with this fault. */
  close(fault: Fault): void {
    this.closed = fault;
    for (const call of [...this.open.values()]) call.reject(fault);
  }

  private receive(message: Message): void {
    if (message.type === 'request' || message.type === 'cancel') return;
    const call = this.open.get(message.id);
    if (!call) return;
    if (message.type === 'event') call.onEvent?.(message.event as never);
    else if (message.type === 'result') call.resolve(message.result);
    else call.reject(new Fault(message.fault));
  }
}

export interface CallContext<Event> {
  emit(event: Event): void;
  readonly signal: AbortSignal;
}

export type Handlers<T extends Table> = {
  readonly [M in keyof T & string]: (
    params: T[M]['params'],
    context: CallContext<T[M]['event']>,
  ) => Promise<T[M]['result']> | T[M]['result'];
};

export const cancelled = (): Fault => new Fault({ code: 'cancelled', message: 'Cancelled.' });

/** @throws Fault `cancelled` where the asking side has cancelled. */
export function stopIfCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw cancelled();
}

/** What is waited for, or `cancelled` as soon as the signal fires: the work itself may go on, unheard. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(cancelled());
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** The answering end: runs a handler per request and always answers. */
export function serve<T extends Table>(port: Port, handlers: Handlers<T>): void {
  const running = new Map<number, AbortController>();
  port.onMessage((message) => {
    if (message.type === 'cancel') running.get(message.id)?.abort();
    if (message.type !== 'request') return;
    const { id, method, params } = message;
    const abort = new AbortController();
    running.set(id, abort);
    const handler = Object.hasOwn(handlers, method) ? handlers[method] : undefined;
    const answer = async (): Promise<unknown> => {
      if (!handler) throw new Fault({ code: 'internal', message: `Unknown request "${method}".` });
      return handler(params, { emit: (event) => port.send({ type: 'event', id, event }), signal: abort.signal });
    };
    answer()
      .then(
        (result) => port.send({ type: 'result', id, result }),
        (thrown: unknown) => port.send({ type: 'fault', id, fault: Fault.from(thrown).toData() }),
      )
      .finally(() => running.delete(id));
  });
}
