import type { HostMessage, KeptPanel, PageMessage } from '../src/protocol/page.js';
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

/** Tells the extension host what a person did. */
export const send = (message: PageMessage): void => api.postMessage(message);
export const keep = (state: KeptState): void => api.setState(state);
export const kept = (): unknown => api.getState();

/** Calls back with every message of the extension host. */
export function onHostMessage(listener: (message: HostMessage) => void): void {
  // Only the frame around the page can post to it: its own origin is the webview's, and nothing else is embedded.
  window.addEventListener('message', (event: MessageEvent<HostMessage>) => {
    if (event.origin === window.origin) listener(event.data);
  });
}
