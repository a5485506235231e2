import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { svgPng } from '../formats/pictures.js';
import { assetsFolder } from '../host/installation.js';
import { Fault } from '../map/fault.js';
import type { FlagValues } from '../map/flags.js';
import { bad } from './computing.js';

/** Where a picture of curves goes: an .svg or .png that is not there yet. @throws Fault `bad-parameter`, `output` */
export function figureAsked({ figure }: FlagValues): string | undefined {
  if (typeof figure !== 'string') return undefined;
  if (!/\.(svg|png)$/.test(figure)) throw bad(`--figure ${figure}: a picture is an .svg or a .png.`);
  checkFree(figure);
  return figure;
}

/** Writes an SVG document as it is, or as PNG. @throws Fault `output` */
export async function writeFigure(file: string, svg: string): Promise<void> {
  checkFree(file);
  const content = file.endsWith('.png') ? await svgPng(svg, { assets: assetsFolder }) : svg;
  try {
    await writeFile(file, content, { flag: 'wx' });
  } catch (error) {
    throw new Fault({
      code: 'output',
      message: `The picture cannot be written to ${file}.`,
      hint: 'Name another file: --figure FILE.',
      detail: String(error),
    });
  }
}

function checkFree(file: string): void {
  if (!existsSync(file)) return;
  throw new Fault({
    code: 'output',
    message: `There is something at ${file} already, and it is not replaced.`,
    hint: 'Name another file: --figure FILE.',
  });
}
