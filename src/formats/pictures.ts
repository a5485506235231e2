import type { Reading } from '../map/pageFile/reading.js';
import { existsSync } from 'node:fs';
import { type ChildProcess, fork } from 'node:child_process';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { Fault, type FaultData } from '../map/fault.js';
import { type FigureSize, USUAL_DPI } from './figureSize.js';
import { fontParts, lackingCodePoints, type FontPart, withFonts } from './embedFonts.js';
import { type BundledFont, loadBundledFont } from './fonts.js';
import { type PngOptions, renderPng } from './png.js';
import { type FallbackFont, findFallbackFonts } from './systemFonts.js';

/** Part of the program that draws PNG pictures in a process of its own, built beside the other assets. */
export const PICTURE_PROCESS = 'picture.cjs';

export interface PictureOptions {
  /** Folder of `fonts/`, `resvg.wasm.br` and `picture.cjs`. */
  readonly assets: string;
  /** Pixels of a PNG per unit of the figure, 1 ... 4. */
  readonly scale?: number;
  /** Size on paper and what is left out, of a map's picture. */
  readonly figure?: FigureSize;
  /** What stands beside a page's maps. */
  readonly reading?: Reading;
  readonly signal?: AbortSignal;
}

/** Draws a figure. @param unshown code points to write as such, because nothing can draw them where the figure is to be shown */
export type Draw = (font: BundledFont, unshown?: ReadonlySet<number>) => string;

/** Any figure as SVG, with its fonts. @throws Fault `internal` when one is missing. */
export async function figureSvg(draw: Draw, options: PictureOptions): Promise<string> {
  return svgWithFonts(draw(await loadBundledFont(options.assets)), options);
}

/** An SVG of ours with parts of the fonts that draw it: those of this machine for what the bundled one lacks. @throws Fault. */
export async function svgWithFonts(svg: string, { assets }: Pick<PictureOptions, 'assets'>): Promise<string> {
  const font = await loadBundledFont(assets);
  const { fonts } = await findFallbackFonts(lackingCodePoints(svg, font), { embeddable: true });
  return withFonts(svg, await fontParts(svg, font, fonts, assets));
}

/**
 * A figure as PNG, 300 dpi: that of {@link figureSvg}, except that characters which no font on this machine can draw stand
 * there as their code points. Drawn in a process of its own, where that part of the program is built.
 * @throws Fault.
 */
export async function figurePng(draw: Draw, options: PictureOptions): Promise<Uint8Array> {
  const { svg, fonts } = await drawable(draw, options, false);
  return svgPng(
    svg,
    options,
    fonts.map(({ file }) => file),
  );
}

/** A figure as PDF, as {@link figurePng}; of fonts of this machine only those whose makers let them stand in documents. @throws Fault. */
export async function figurePdf(draw: Draw, options: PictureOptions): Promise<Uint8Array> {
  const { svg, fonts } = await drawable(draw, options, true);
  return pdfOf(svg, fonts, options);
}

/** An SVG of ours as PDF; what no font has is left out. @throws Fault. */
export async function svgPdf(svg: string, options: PictureOptions): Promise<Uint8Array> {
  const font = await loadBundledFont(options.assets);
  const { fonts } = await findFallbackFonts(lackingCodePoints(svg, font), { embeddable: true });
  return pdfOf(svg, fonts, options);
}

async function pdfOf(svg: string, fallbacks: readonly FallbackFont[], options: PictureOptions): Promise<Uint8Array> {
  const fonts = await fontParts(svg, await loadBundledFont(options.assets), fallbacks, options.assets);
  const program = join(options.assets, PICTURE_PROCESS);
  if (!existsSync(program)) {
    throw new Fault({
      code: 'internal',
      message: 'The part of the program that draws PDF pictures is missing.',
      hint: 'Install Embedding Grid again, or save SVG instead of PDF.',
    });
  }
  return inTurn(() => inProcess(program, options.assets, { kind: 'pdf', svg, fonts }, options.signal));
}

/** A figure without what no font can draw, and the fonts that it takes. */
async function drawable(
  draw: Draw,
  { assets }: PictureOptions,
  embeddable: boolean,
): Promise<{ readonly svg: string; readonly fonts: readonly FallbackFont[] }> {
  const font = await loadBundledFont(assets);
  const svg = draw(font);
  const { fonts, missing } = await findFallbackFonts(lackingCodePoints(svg, font), { embeddable });
  return { svg: missing.size === 0 ? svg : draw(font, missing), fonts };
}

/**
 * An SVG of ours as PNG, 300 dpi, drawn in a process of its own, where that part of the program is built.
 * @param fallbackFonts files of fonts for what the bundled one lacks
 * @throws Fault.
 */
export async function svgPng(
  svg: string,
  options: PictureOptions,
  fallbackFonts: readonly string[] = [],
): Promise<Uint8Array> {
  const { figure } = options;
  const dpi = figure?.width === undefined ? undefined : (figure.dpi ?? USUAL_DPI);
  const png: PngOptions = {
    assets: options.assets,
    fallbackFonts,
    // A document in points has 96 px an inch.
    scale: dpi === undefined ? (options.scale ?? 2) : dpi / 96,
    ...(dpi === undefined ? {} : { dpi }),
  };
  const program = join(options.assets, PICTURE_PROCESS);
  if (!existsSync(program)) return renderPng(svg, png);
  return inTurn(() => inProcess(program, options.assets, { kind: 'png', svg, options: png }, options.signal));
}

/** Pictures that are drawn at a time: each takes a core, and memory for its pixels. */
const AT_ONCE = 2;
let drawing = 0;
const turns: (() => void)[] = [];

async function inTurn<T>(act: () => Promise<T>): Promise<T> {
  if (drawing === AT_ONCE) await new Promise<void>((resolve) => turns.push(resolve));
  else drawing++;
  try {
    return await act();
  } finally {
    const next = turns.shift();
    if (next) next();
    else drawing--;
  }
}

/** What the picture process is asked. */
export type PictureRequest =
  | { readonly kind: 'png'; readonly svg: string; readonly options: PngOptions }
  | { readonly kind: 'pdf'; readonly svg: string; readonly fonts: readonly FontPart[] };
export type PictureAnswer = { readonly bytes: Uint8Array } | { readonly fault: FaultData };

/** Picture processes that wait for their picture, by program. */
const waiting = new Map<string, ChildProcess>();

/**
 * Starts what draws the next PNG, which takes longer to start than to draw: worth it while a map is still computed.
 * @param assets as in {@link PictureOptions}
 * @returns ends it, if it was not used until then
 */
export function preparePng(assets: string): () => void {
  const program = join(assets, PICTURE_PROCESS);
  if (!existsSync(program) || waiting.has(program)) return () => undefined;
  const child = start(program, assets);
  waiting.set(program, child);
  const forget = (): void => {
    if (waiting.get(program) === child) waiting.delete(program);
  };
  child.once('error', forget).once('exit', forget);
  child.unref();
  child.channel?.unref();
  if (child.stdin instanceof Socket) child.stdin.unref();
  return () => {
    if (waiting.get(program) === child) child.kill('SIGKILL');
    forget();
  };
}

function start(program: string, assets: string): ChildProcess {
  const child = fork(program, [assets], {
    serialization: 'advanced',
    execArgv: [],
    stdio: ['pipe', 'ignore', 'ignore', 'ipc'], // its standard input closes with us, and tells it so
    // In VS Code the program that runs us is Electron.
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
  });
  child.stdin?.on('error', () => undefined);
  // Where the system does not tell that the other end is gone, as under Wine, it would hold us.
  child.once('exit', () => setImmediate(() => child.connected && child.disconnect()));
  return child;
}

function taken(program: string, assets: string): ChildProcess {
  const child = waiting.get(program);
  if (!child?.connected) return start(program, assets);
  waiting.delete(program);
  child.ref();
  child.channel?.ref();
  if (child.stdin instanceof Socket) child.stdin.ref();
  return child;
}

function inProcess(
  program: string,
  assets: string,
  request: PictureRequest,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const child = taken(program, assets);
    const stop = (): void => void child.kill('SIGKILL');
    const end = (settle: () => void): void => {
      signal?.removeEventListener('abort', stop);
      settle();
    };
    signal?.addEventListener('abort', stop, { once: true });
    child.once('message', (answer: PictureAnswer) => {
      end(() => ('bytes' in answer ? resolve(answer.bytes) : reject(new Fault(answer.fault))));
      stop();
    });
    child.once('error', (error) => end(() => reject(Fault.from(error))));
    child.once('exit', (code, by) => {
      const message = signal?.aborted ? 'Cancelled.' : `Drawing the picture failed (${by ?? `exit code ${code}`}).`;
      end(() => reject(new Fault({ code: signal?.aborted ? 'cancelled' : 'internal', message })));
    });
    child.send(request, (error) => error && end(() => reject(Fault.from(error))));
  });
}
