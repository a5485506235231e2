import { existsSync } from 'node:fs';
import path from 'node:path';
import { folderFault } from '../formats/folderFault.js';
import { diskFolder } from '../formats/outputFolder.js';
import { newOwner } from '../formats/owner.js';
import { svgPdf, svgPng, svgWithFonts } from '../formats/pictures.js';
import { temporaryNames } from '../formats/temporaryNames.js';
import { assetsFolder } from '../host/installation.js';
import { Fault } from '../map/fault.js';
import type { FlagValues } from '../map/flags.js';
import { bad } from './computing.js';

/** Where a picture of curves goes: an .svg, .png or .pdf that is not there yet. @throws Fault `bad-parameter`, `output` */
export function figureAsked({ figure }: FlagValues): string | undefined {
  if (typeof figure !== 'string') return undefined;
  if (!/\.(svg|png|pdf)$/.test(figure)) throw bad(`--figure ${figure}: a picture is an .svg, a .png or a .pdf.`);
  if (existsSync(figure)) throw taken(figure);
  return figure;
}

/** An SVG of ours as a file of this name is. @throws Fault. */
async function contentOf(file: string, svg: string): Promise<Uint8Array> {
  const options = { assets: assetsFolder };
  if (file.endsWith('.png')) return svgPng(svg, options);
  return file.endsWith('.pdf') ? svgPdf(svg, options) : Buffer.from(await svgWithFonts(svg, options));
}

/** Writes an SVG document as SVG, PNG or PDF: whole, under a name that nothing else has. @throws Fault `output` */
export async function writeFigure(file: string, svg: string): Promise<void> {
  const content = await contentOf(file, svg);
  const folder = diskFolder(path.dirname(file));
  const part = temporaryNames.part(path.basename(file), newOwner());
  try {
    await folder.write(part, content);
    if (!(await folder.take(part, path.basename(file)))) throw taken(file);
  } catch (thrown) {
    throw folderFault(path.dirname(path.resolve(file)), thrown, ': there is no picture');
  } finally {
    await folder.remove(part).catch(() => undefined);
  }
}

const taken = (file: string): Fault =>
  new Fault({
    code: 'output',
    message: `There is something at ${file} already, and it is not replaced.`,
    hint: 'Name another file: --figure FILE.',
  });
