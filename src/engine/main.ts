/** The engine's process: answers its parent, and ends with it. */
import { holdLeash } from './holdLeash.js';

holdLeash(() => void import('./serveEngine.js')); // loading it takes a while
