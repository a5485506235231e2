import './inProcess.js';
import { EngineService } from '../../src/engine/service.js';
import { Client, type Message, type Port, serve } from '../../src/protocol/channel.js';
import type { EngineRequests } from '../../src/protocol/engine.js';

/** What answers requests as an engine process does. */
export type EngineHere = Client<EngineRequests>;

/** Runs something with an engine in this process: for tests of many models, where starting a process for each costs most. */
export function withEngineHere<T>(work: (engine: EngineHere) => Promise<T>): Promise<T> {
  const [ours, its] = portPair();
  serve(its, new EngineService().handlers);
  return work(new Client<EngineRequests>(ours));
}

/** Two ends, whose messages are copied as between processes. */
function portPair(): [Port, Port] {
  const listeners: [(message: Message) => void, (message: Message) => void] = [() => undefined, () => undefined];
  const port = (at: 0 | 1): Port => ({
    send: (message) => {
      const copy = structuredClone(message);
      queueMicrotask(() => listeners[at === 0 ? 1 : 0](copy));
    },
    onMessage: (listener) => (listeners[at] = listener),
  });
  return [port(0), port(1)];
}
