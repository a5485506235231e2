import type * as vscode from 'vscode';
import type { PanelDependencies } from '../panel/dependencies.js';

const KEY = 'tokenColors';
/** Enough for every token that anybody looks at, and small enough for a workspace's state. */
const MOST = 5000;

/** Color slots of tokens, kept with the workspace, so that a token's color stays from map to map. */
export function tokenColors(state: vscode.Memento): PanelDependencies['tokenColors'] {
  const read = (): Readonly<Record<string, number>> => state.get<Record<string, number>>(KEY, {});
  return {
    read,
    remember: (slots) => {
      const all = Object.entries({ ...read(), ...slots });
      void state.update(KEY, Object.fromEntries(all.slice(-MOST)));
    },
  };
}
