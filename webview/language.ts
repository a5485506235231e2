import { config } from '@vscode/l10n';

// The language that the host has put into the page, for all that says something by `t`: imported before it, so that it holds
// while modules are loaded. A page of its own has none, and is English.
const { words } = document.documentElement.dataset;
if (words !== undefined) config({ contents: words });
