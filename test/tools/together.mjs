// Runs test files in this process: node --import tsx test/tools/together.mjs FILES
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

for (const file of process.argv.slice(2)) await import(pathToFileURL(path.resolve(file)).href);
