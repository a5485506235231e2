import type { PageMessage } from '../../src/protocol/page.js';
import type * as host from '../host.js';

/** Stands in for `../host.ts` in a page of its own: what asks the host asks the page itself. */

let receive: (message: PageMessage) => void = () => undefined;

export const send: typeof host.send = (message) => receive(message);

/** Whoever does what the page asks. */
export const serve = (listener: (message: PageMessage) => void): void => {
  receive = listener;
};
