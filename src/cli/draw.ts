import path from 'node:path';
import { separabilityWords } from '../map/overlayTexts.js';
import { computeMap, withCloserLook } from '../engine/client.js';
import type { FigureSize } from '../formats/figureSize.js';
import { type Format, formatOf } from '../formats/formats.js';
import { preparePng } from '../formats/pictures.js';
import { type MissingFile, saveMap } from '../formats/saveMap.js';
import { readReading } from '../formats/reading.js';
import { checkOutputFolder } from '../host/checkOutputFolder.js';
import { assetsFolder } from '../host/installation.js';
import { readSpecification } from '../host/readSpecification.js';
import { safeText, tokenInWords } from '../map/display.js';
import { Fault } from '../map/fault.js';
import { displayFromFlags, type FlagValues, parametersFromFlags } from '../map/flags.js';
import type { MapParameters } from '../map/specification.js';
import { formatBytes, formatCount, formatDuration, formatPercent } from '../map/numbers.js';
import { tokensOnMap } from '../map/statistics.js';
import type { TokenMap } from '../map/tokenMap.js';
import { cancelled } from '../protocol/channel.js';
import type { ComputingChoices } from './computing.js';
import { readFlagFiles } from './flagFiles.js';
import { type ModelAsked, openNamedOrSaved } from './openAsked.js';
import { type Output, progressBar, progressLines, silentProgress } from './progress.js';

/** `embedding-grid`: a map is drawn. */
export interface DrawCommand extends ComputingChoices, ModelAsked {
  readonly kind: 'draw';
  /** The flags of {@link MAP_FLAGS} that were given. */
  readonly map: FlagValues;
  /** Those of {@link DISPLAY_FLAGS}, and what they depend on. */
  readonly display: FlagValues;
  readonly specification: string | undefined;
  readonly outputDir: string;
  readonly formats: readonly Format[];
  /** Of the map's picture. */
  readonly figure: FigureSize;
  /** File of the text beside a page's maps. */
  readonly reading: string | undefined;
  readonly overwrite: boolean;
  readonly quiet: boolean;
}

const SILENT: Output = { write: () => undefined };

/** Why a signal aborts when the terminal was closed: a save that has begun is finished all the same. */
export const HANG_UP = 'the terminal was closed';

/** A run that was stopped, and what of it is left. */
export class Stopped extends Fault {
  constructor(left: string) {
    super({ code: 'cancelled', message: `Stopped; ${left}.` });
  }
}

/**
 * Draws a map: opens the model, computes the cells, writes the files and says so on `out`; notes go to `err`. When the signal
 * aborts, the engine ends at once and no file is begun any more.
 * @throws Fault.
 */
export async function draw(command: DrawCommand, out: Output, err: Output, signal: AbortSignal): Promise<void> {
  const started = performance.now();
  const saved = command.specification === undefined ? undefined : await readSpecification(command.specification);
  const parameters = parametersFromFlags(command.map, saved?.parameters, await readFlagFiles(command.map));
  const display = displayFromFlags(command.display, parameters, saved?.display);
  const reading = command.reading === undefined ? {} : { reading: await readReading(command.reading) };
  await checkOutputFolder(command.outputDir);
  const endPictures = command.formats.some((format) => formatOf(format).kind === 'pixels')
    ? preparePng(assetsFolder)
    : () => undefined;
  const say = command.quiet ? SILENT : out;
  const progress = command.quiet ? silentProgress : err.isTTY ? progressBar(err) : progressLines(out);
  const note = (text: string): void => {
    if (command.quiet) return;
    progress.clear();
    err.write(`Note: ${safeText(text, 2000)}\n`);
  };
  if (waitingTexts(parameters)) note(WAITING);
  try {
    const { engine, description } = await openNamedOrSaved(command, saved, { note, err, signal });
    if (description.device.warning !== undefined) note(description.device.warning);
    let map;
    try {
      map = await computeMap(
        engine,
        { parameters, batchSize: command.batchSize },
        {
          onEvent: (event) => {
            if (event.kind === 'cells') progress.update(event.done, event.total, event.secondsLeft);
            else if (event.kind === 'notice') note(event.message);
            else if (event.kind === 'started' && event.estimate.bytes >= BIG)
              note(`This map takes about ${formatBytes(event.estimate.bytes)} of memory.`);
          },
        },
      );
      if (command.formats.includes('html')) map = await withCloserLook(engine, map, parameters);
    } finally {
      progress.clear();
      await engine.dispose();
    }
    if (signal.aborted) throw cancelled();
    const saving = new AbortController();
    signal.addEventListener('abort', () => signal.reason === HANG_UP || saving.abort());
    const { files, number, missing } = await saveMap(
      { ...map, display },
      {
        formats: command.formats,
        figure: command.figure,
        ...reading,
        directory: command.outputDir,
        overwrite: command.overwrite,
        assets: assetsFolder,
        signal: saving.signal,
      },
    );
    say.write(report(map, files, performance.now() - started));
    if (number !== undefined) say.write(`Files of other maps had these names, so this one got the number ${number}.\n`);
    if (missing.length > 0) throw withoutPictures(missing, saving.signal.aborted);
  } finally {
    endPictures();
  }
}

/** Whether an overlay is of the plane's own texts, and the plane is made from none. */
const waitingTexts = ({ overlays, plane: { axes } }: MapParameters): boolean =>
  axes.method !== 'pca_basis' && overlays.some((one) => one.kind === 'texts' && one.texts === null);
const WAITING =
  'No texts are shown: the plane is not made from any. Give them with --texts FILE, or as --overlay texts:FILE.';

/** Memory that is worth a word before it is taken. */
const BIG = 4e9;

/** What a drawn map says of itself. */
function report(map: TokenMap, files: readonly string[], milliseconds: number): string {
  const { specification, facts, cells, runtime, survey } = map;
  const tokens = tokensOnMap(cells);
  const regions = tokens.reduce((sum, token) => sum + token.regions, 0);
  const most = tokens.slice(0, 5).map(({ id, share }) => {
    const token = map.tokens.get(id) ?? { id, kind: 'unknown', text: `#${id}` };
    return `${tokenInWords(token)} ${formatPercent(share)}`;
  });
  const facets = [
    safeText(specification.model.name),
    `layer ${specification.layer} of 0\u2013${facts.blocks - 1}`,
    `${formatCount(cells.columns * cells.rows)} cells`,
    `${formatCount(tokens.length)} ${tokens.length === 1 ? 'token' : 'tokens'}`,
    `${formatCount(regions)} ${regions === 1 ? 'region' : 'regions'}`,
    runtime.device,
    formatDuration(milliseconds / 1000),
  ];
  const shown = files
    .map((file) => path.relative('.', file))
    .map((file) => (file.startsWith('..') ? path.resolve(file) : file));
  return [
    facets.join(' \u00B7 '),
    `Most cells: ${most.join(', ')}`,
    ...(survey?.points ?? []).flatMap(({ separability, why }) =>
      separability ? [separabilityWords(separability)] : why === undefined ? [] : [`Labels are not told apart. ${why}`],
    ),
    ...shown.map((file) => safeText(file, 1000)),
    '',
  ].join('\n');
}

/** The numbers are saved, a picture is not: which, and why. */
function withoutPictures(missing: readonly MissingFile[], stopped: boolean): Fault {
  const formats = missing.map(({ format }) => format.toUpperCase()).join(' and ');
  if (stopped) return new Stopped(`the map was saved without its picture (${formats})`);
  return new Fault({
    code: 'output',
    message: `The map was saved without its picture (${formats}): ${missing[0]?.fault.message ?? ''}`,
    hint: 'Draw it again with --specification and the saved .json file.',
    detail: missing.map(({ fault }) => [fault.message, fault.hint, fault.detail].filter(Boolean).join('\n')).join('\n'),
  });
}
