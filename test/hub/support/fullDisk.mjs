// Loaded before a program (NODE_OPTIONS=--import): its files take FULL_AFTER bytes together, and then the disk is full.
import fs from 'node:fs';
import { open } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

let left = Number(process.env.FULL_AFTER);
const take = (bytes) => {
  if (bytes > left) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  left -= bytes;
};
const { writeSync } = fs;
fs.writeSync = (file, data, ...rest) => {
  if (file > 2) take(data.length);
  return writeSync(file, data, ...rest);
};
syncBuiltinESMExports();
const some = await open(import.meta.filename ?? new URL(import.meta.url));
const handles = Object.getPrototypeOf(some);
await some.close();
const { write } = handles;
handles.write = async function (data, offset, length, ...rest) {
  take(length ?? data.length);
  return write.call(this, data, offset, length, ...rest);
};
