import type { StudyHostMessage, StudyPageMessage } from '../../src/protocol/studyPage.js';

declare function acquireVsCodeApi(): { postMessage(message: StudyPageMessage): void };

const api = acquireVsCodeApi();

/** Tells the extension host what a person pressed. */
export const tell = (type: StudyPageMessage['type']): void => api.postMessage({ type });

/** Calls back with every message of the extension host. */
export function onHostMessage(listener: (message: StudyHostMessage) => void): void {
  // Only the frame around the page can post to it: its own origin is the webview's, and nothing else is embedded.
  window.addEventListener('message', (event: MessageEvent<StudyHostMessage>) => {
    if (event.origin === window.origin) listener(event.data);
  });
}
