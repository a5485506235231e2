import { setFlagsFromString } from 'node:v8';
import { Fault } from '../map/fault.js';
import { holdLeash } from './pictureLeash.js';
import type { PictureAnswer, PictureRequest } from './pictures.js';
import { prepareRenderer, renderPng } from './png.js';

// The rasterizer runs once and for a tenth of a second: compiling it well takes three times as long as it then runs.
setFlagsFromString('--liftoff-only');

/** What writes PDFs is only loaded for them. */
const draw = async (request: PictureRequest): Promise<Uint8Array> =>
  request.kind === 'png'
    ? renderPng(request.svg, request.options)
    : (await import('./pdf/toPdf.js')).toPdf(request.svg, request.fonts);

const answer = (message: PictureAnswer): void => void process.send?.(message);

const [, , assets] = process.argv;
holdLeash(() => {
  // Before it is asked; whether it fails is told by the picture.
  if (assets !== undefined) prepareRenderer(assets).catch(() => undefined);
});

process.once('message', (request: PictureRequest) => {
  draw(request).then(
    (bytes) => answer({ bytes }),
    (error: unknown) => answer({ fault: Fault.from(error).toData() }),
  );
});
