import { ListsReceived } from '../src/protocol/longLists.js';
import { hasLists, type HostMessage, type KeptPanel, type PageMessage } from '../src/protocol/page.js';
import { PendingEdits } from './pendingEdits.js';
import type { UiState } from './uiState.js';

/** What survives a hidden page and a reload of the window: the serializer of the extension host gets it back. */
export interface KeptState {
  readonly keep: KeptPanel | null;
  readonly ui: UiState;
}

interface VsCodeApi {
  postMessage(message: PageMessage): void;
  getState(): unknown;
  setState(state: KeptState): void;
}
declare function acquireVsCodeApi(): VsCodeApi;

const api = acquireVsCodeApi();

const edits = new PendingEdits();
const lists = new ListsReceived();
let seeAtOnce: (message: HostMessage) => void = () => undefined;

/** Tells the extension host what a person did. What was set is seen when this returns. */
export function send(message: PageMessage): void {
  api.postMessage(edits.sent(message));
  const { now } = edits;
  if (now && (message.type === 'edit' || message.type === 'interventions')) seeAtOnce(now);
}
export const keep = (state: KeptState): void => api.setState(state);
export const kept = (): unknown => api.getState();

/**
 * Calls back with every message of the extension host. `draw` draws what is new: what a person does next, be it within the same
 * frame, is done to what they have set.
 */
export function onHostMessage(listener: (message: HostMessage) => void, draw: () => void): void {
  seeAtOnce = (message) => {
    listener(message);
    draw();
  };
  // Only the frame around the page can post to it: its own origin is the webview's, and nothing else is embedded.
  window.addEventListener('message', (event: MessageEvent<HostMessage>) => {
    if (event.origin !== window.origin) return;
    const data = hasLists(event.data) ? lists.whole(event.data) : event.data;
    if (data) listener(data.type === 'state' ? edits.over(data) : data);
  });
}
