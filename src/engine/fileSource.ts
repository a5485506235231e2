import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { Fault } from '../map/fault.js';
import type { ByteSource } from '../onnx/source.js';

/** A file opened for random access. The caller closes it. @throws Fault `model-not-found`. */
export function openSource(file: string): ByteSource & { close(): void } {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch (error) {
    throw new Fault({
      code: 'model-not-found',
      message: `The model file "${file}" cannot be read.`,
      detail: error instanceof Error ? error.message : String(error),
    });
  }
  const size = fstatSync(fd).size;
  let buffer = new Uint8Array(1 << 16);
  return {
    size,
    read(offset, length) {
      if (buffer.length < length) buffer = new Uint8Array(length);
      let done = 0;
      while (done < length) {
        const count = readSync(fd, buffer, done, length - done, offset + done);
        if (count === 0)
          throw new Fault({ code: 'model-broken', message: `The file "${file}" became shorter while it was read.` });
        done += count;
      }
      return buffer.subarray(0, length);
    },
    close: () => closeSync(fd),
  };
}
