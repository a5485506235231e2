import path from 'node:path';
import { preparePng } from '../../formats/pictures.js';
import { readReading } from '../../formats/reading.js';
import { checkOutputFolder } from '../../host/checkOutputFolder.js';
import { assetsFolder } from '../../host/installation.js';
import type { OpenedModel } from '../../host/openModel.js';
import { readSpecification } from '../../host/readSpecification.js';
import { MemberEngine, type ModelSeries } from '../../host/series/memberEngine.js';
import {
  type FailedMember,
  refuseTooMany,
  runSeries,
  type SavedMember,
  tokensBeside,
} from '../../host/series/runSeries.js';
import { SeriesFolder } from '../../host/series/seriesFolder.js';
import { seriesResults } from '../../host/series/seriesResults.js';
import type { Flip } from '../../map/compare/flip.js';
import { SERIES_TOKENS } from '../../map/pageFile/pageFile.js';
import { safeText, tokenInWords } from '../../map/display.js';
import { Fault } from '../../map/fault.js';
import { displayFromFlags, parametersFromFlags } from '../../map/flags.js';
import { formatCount, formatDuration, formatPercent, formatShort, several } from '../../map/numbers.js';
import {
  axisName,
  baseOf,
  memberCount,
  type PlaneSharing,
  refuseIdleAxes,
  type SeriesAxis,
  usualSharing,
} from '../../map/series/series.js';
import { tokensOnMap } from '../../map/statistics.js';
import type { Token } from '../../map/token.js';
import { HANG_UP, Stopped, type DrawCommand } from '../draw.js';
import { readFlagFiles } from '../flagFiles.js';
import { openNamedOrSaved } from '../openAsked.js';
import { type Output, progressBar, progressLines, silentProgress } from '../progress.js';

/** A map is drawn for each member. */
export interface SeriesCommand extends Omit<DrawCommand, 'kind'> {
  readonly kind: 'series';
  readonly vary: readonly SeriesAxis[];
  readonly plane: PlaneSharing | undefined;
  /** Texts of tokens. */
  readonly follow: readonly string[];
  readonly divergences: boolean;
  /** All maps one after another, as APNG. */
  readonly film: boolean;
}

/**
 * Draws the maps of a series, each as soon as it is there, and what is made of all of them. When the signal aborts, what was saved
 * stays, and the same command goes on.
 * @throws Fault.
 */
export async function drawSeries(command: SeriesCommand, out: Output, err: Output, signal: AbortSignal): Promise<void> {
  const started = performance.now();
  const saved = command.specification === undefined ? undefined : await readSpecification(command.specification);
  const { vary, formats, follow } = command;
  const base = baseOf(parametersFromFlags(command.map, saved?.parameters, await readFlagFiles(command.map)), vary);
  const series: ModelSeries = { base, vary, plane: command.plane ?? usualSharing(vary), model: command.model };
  refuseIdleAxes(series);
  const least = follow.length > 0 ? base.topK : formats.includes('html') ? SERIES_TOKENS : 2;
  const topK = Math.max(least, tokensBeside(series));
  refuseTooMany(series, topK);
  const display = displayFromFlags(command.display, base, saved?.display);
  const reading = command.reading === undefined ? {} : { reading: await readReading(command.reading) };
  await checkOutputFolder(command.outputDir);
  const folder = await SeriesFolder.begin(command.outputDir, series);
  const say = command.quiet ? { write: () => undefined } : out;
  const progress = command.quiet ? silentProgress : err.isTTY ? progressBar(err) : progressLines(out);
  const note = (text: string): void => {
    if (command.quiet || noted.has(text)) return;
    noted.add(text);
    progress.clear();
    err.write(`Note: ${safeText(text, 2000)}\n`);
  };
  const noted = new Set<string>();
  const open = (model: string | undefined): Promise<OpenedModel> =>
    openNamedOrSaved({ ...command, model }, model === undefined ? saved : undefined, { note, err, signal });
  const engine = new MemberEngine(series, { open, batchSize: command.batchSize, signal });
  const count = memberCount(series);
  const saving = new AbortController();
  signal.addEventListener('abort', () => signal.reason === HANG_UP || saving.abort());
  const endPictures = formats.includes('png') ? preparePng(assetsFolder) : () => undefined;
  let [done, there] = [0, 0];
  const failed: FailedMember[] = [];
  say.write(headline(series, count, folder.place));
  try {
    const found = await runSeries(series, folder, engine, {
      open,
      batchSize: command.batchSize,
      formats,
      figure: command.figure,
      display,
      topK,
      signal,
      saving: saving.signal,
      onEvent: (name, event) => {
        if (event.kind === 'cells') progress.update(done * event.total + event.done, count * event.total, null);
        else if (event.kind === 'notice') note(count > 1 ? `${name}: ${event.message}` : event.message);
      },
      onMember: (member) => {
        done++;
        progress.clear();
        if ('fault' in member) {
          failed.push(member);
          err.write(`${safeText(member.name, 200)}: ${safeText(member.fault.message, 1000)}\n`);
          return;
        }
        there++;
        say.write(memberLine(member));
        for (const { format, fault } of member.missing)
          err.write(`${safeText(member.name, 200)}: no ${format.toUpperCase()}. ${safeText(fault.message, 500)}\n`);
      },
    });
    const [first] = failed;
    if (found.size === 0 && first) throw new Fault(first.fault);
    const { statistics, files } = await seriesResults(series, found, folder, engine, {
      formats: command.film ? [...formats, 'apng'] : formats,
      figure: command.figure,
      ...reading,
      follow,
      divergences: command.divergences,
      device: command.device,
      memory: command.memory,
      batchSize: command.batchSize,
      assets: assetsFolder,
      onNote: note,
      onProgress: (at, total, left) => progress.update(at, total, left),
      signal,
    });
    progress.clear();
    for (const { name, entries, flips } of statistics.lines)
      for (const sentence of [...entries, ...flips.map((flip) => flipWords(flip, statistics.axis))])
        say.write(`${safeText(name === '' ? sentence : `${name}: ${sentence}`, 1000)}.\n`);
    say.write(
      `${files.map((file) => `${safeText(shown(file), 1000)}\n`).join('')}${formatDuration((performance.now() - started) / 1000)}\n`,
    );
    if (first)
      throw new Fault({
        ...first.fault,
        message: `${formatCount(failed.length)} of ${formatCount(count)} maps could not be computed; the first: ${first.fault.message}`,
      });
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    const left =
      there > 0
        ? `${formatCount(there)} of ${formatCount(count)} maps are there; run it again to go on`
        : 'no map was written';
    throw new Stopped(left);
  } finally {
    progress.clear();
    endPictures();
    await engine.close();
  }
}

function headline({ vary, plane }: ModelSeries, count: number, place: string): string {
  const axes = vary.map(({ path: at, values }) => `${axisName(at)} (${formatCount(values.length)})`).join(' × ');
  const whose = plane === 'shared' ? 'all on the plane of the base' : 'each on a plane of its own';
  return `${several(count, 'map')}: ${safeText(axes, 500)}, ${whose}, in ${safeText(shown(place), 1000)}\n`;
}

function memberLine({ name, map, known }: SavedMember): string {
  const most = tokensOnMap(map.cells)
    .slice(0, 3)
    .map(({ id, share }) => {
      const token: Token = map.tokens.get(id) ?? { id, kind: 'unknown', text: `#${id}` };
      return `${tokenInWords(token)} ${formatPercent(share)}`;
    });
  const when = known ? 'was there' : formatDuration(map.runtime.seconds);
  return `${safeText(name, 200)} · ${most.join(', ')} · ${when}\n`;
}

const flipWords = ({ low, high, from, to }: Flip<Token>, axis: string): string =>
  `At the middle ${tokenInWords(from)} becomes ${tokenInWords(to)} between ${axis} ${formatShort(low)} and ${formatShort(high)}`;

function shown(file: string): string {
  const relative = path.relative('.', file);
  return relative.startsWith('..') ? path.resolve(file) : relative;
}
