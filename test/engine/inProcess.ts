import { dirname } from 'node:path';
import { engineFile } from './engine.js';

// The engine's modules are bundled and look for their processes beside themselves: a test that imports them says where that is.
Object.assign(globalThis, { __dirname: dirname(engineFile) });
