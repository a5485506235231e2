import { existsSync } from 'node:fs';
import { type ChildProcess, fork } from 'node:child_process';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { Fault, type FaultData } from '../map/fault.js';
import { type FigureSize, USUAL_DPI } from './figureSize.js';
import { type BundledFont, findFallbackFonts, loadBundledFont } from './fonts.js';
import { type PngOptions, renderPng } from './png.js';

/** Part of the program that draws PNG pictures in a process of its own, built beside the other assets. */
export const PICTURE_PROCESS = 'picture.cjs';

export interface PictureOptions {
  /** Folder of `fonts/`, `resvg.wasm` and `picture.cjs`. */
  readonly assets: string;
  /** Pixels of a PNG per unit of the figure, 1 ... 4. */
  readonly scale?: number;
  /** Size on paper and what is left out, of a map's picture. */
  readonly figure?: FigureSize;
  readonly signal?: AbortSignal;
}

/** Draws a figure. @param unshown code points to write as such, because nothing can draw them where the figure is to be shown */
export type Draw = (font: BundledFont, unshown?: ReadonlySet<number>) => string;

/** Any figure as SVG. @throws Fault `internal` when the font is missing. */
export async function figureSvg(draw: Draw, options: PictureOptions): Promise<string> {
  return draw(await loadBundledFont(options.assets));
}

/**
 * A figure as PNG, 300 dpi: that of {@link figureSvg}, except that characters which no font on this machine can draw stand
 * there as their code points. Drawn in a process of its own, where that part of the program is built.
 * @throws Fault.
 */
export async function figurePng(draw: Draw, options: PictureOptions): Promise<Uint8Array> {
  const font = await loadBundledFont(options.assets);
  const svg = draw(font);
  const lacking = new Set<number>();
  for (const character of svg) {
    const codePoint = character.codePointAt(0) ?? 0;
    if (codePoint >= 0x20 && !font.covers(codePoint)) lacking.add(codePoint);
  }
  const { files, missing } = await findFallbackFonts(lacking);
  return svgPng(missing.size === 0 ? svg : draw(font, missing), options, files);
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
  return inTurn(() => inProcess(program, { svg, options: png }, options.signal));
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
export interface PictureRequest {
  readonly svg: string;
  readonly options: PngOptions;
}
export type PictureAnswer = { readonly png: Uint8Array } | { readonly fault: FaultData };

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

function inProcess(program: string, request: PictureRequest, signal: AbortSignal | undefined): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const child = taken(program, request.options.assets);
    const stop = (): void => void child.kill('SIGKILL');
    const end = (settle: () => void): void => {
      signal?.removeEventListener('abort', stop);
      settle();
    };
    signal?.addEventListener('abort', stop, { once: true });
    child.once('message', (answer: PictureAnswer) => {
      end(() => ('png' in answer ? resolve(answer.png) : reject(new Fault(answer.fault))));
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
