import { config } from '@vscode/l10n';
import { env, l10n } from 'vscode';
import type { Language } from '../panel/html.js';

// VS Code's language, for all that says something by `t`: imported before it, so that it holds while modules are loaded.
if (l10n.bundle) config({ contents: l10n.bundle });

/** What a page is told of it; undefined where all is English. */
export const language = (): Language | undefined => l10n.bundle && { name: env.language, words: l10n.bundle };
