import path from 'node:path';
import { COMPARISON_FORMATS } from '../formats/comparison/formats.js';
import type { FigureSize } from '../formats/figureSize.js';
import { encodeAll, saveFigures } from '../formats/comparison/saveFigures.js';
import { comparisonCsv, comparisonJson } from '../formats/comparison/statistics.js';
import { readReading } from '../formats/reading.js';
import { checkOutputFolder } from '../host/checkOutputFolder.js';
import { type ComparedFiles, compareSaved } from '../host/compareSaved.js';
import { assetsFolder } from '../host/installation.js';
import { COMPARISON_NAME } from '../host/savedSets.js';
import { agreementWords, changeText, type MeanAndMost, summaryOf, tokenChanges } from '../map/compare/comparison.js';
import { divergenceBits } from '../map/compare/divergenceScale.js';
import { safeText } from '../map/display.js';
import { bits, formatCount, formatPercent, formatShort, several } from '../map/numbers.js';
import type { TokenMap } from '../map/tokenMap.js';
import type { ComputingChoices } from './computing.js';
import { openOptions } from './openAsked.js';
import { type Output, progressBar, silentProgress } from './progress.js';

export interface CompareCommand extends ComputingChoices {
  readonly kind: 'compare';
  /** Saved maps, as they were typed. */
  readonly a: string;
  readonly b: string;
  readonly as: 'text' | 'json' | 'csv';
  /** Where files go; undefined: none are written. */
  readonly outputDir: string | undefined;
  readonly formats: readonly (typeof COMPARISON_FORMATS)[number]['name'][];
  readonly figure: FigureSize;
  /** File of the text beside a page's maps. */
  readonly reading: string | undefined;
}

/** `embedding-grid compare A.json B.json`: prints how two saved maps differ, and draws it where a folder is named. @throws Fault. */
export async function compare(command: CompareCommand, out: Output, err: Output, signal: AbortSignal): Promise<void> {
  const { outputDir, formats } = command;
  const reading = command.reading === undefined ? {} : { reading: await readReading(command.reading) };
  if (outputDir !== undefined) await checkOutputFolder(outputDir);
  const progress = err.isTTY ? progressBar(err) : silentProgress;
  const compared = await compareSaved(command.a, command.b, {
    ...openOptions(command, err, signal),
    batchSize: command.batchSize,
    onProgress: (done, total, secondsLeft) => progress.update(done, total, secondsLeft),
  }).finally(() => progress.clear());
  const { comparison, withoutDivergences } = compared;
  if (command.as === 'text') out.write(report(compared));
  else {
    if (withoutDivergences !== undefined)
      err.write(`Note: There are no divergences. ${safeText(withoutDivergences, 1000)}\n`);
    out.write(command.as === 'json' ? comparisonJson(comparison) : comparisonCsv(comparison));
  }
  if (outputDir === undefined) return;
  const [a, b] = [command.a, command.b].map((file) => path.relative(outputDir, file).split(path.sep).join('/')) as [
    string,
    string,
  ];
  const wanted = COMPARISON_FORMATS.filter(({ name }) => formats.includes(name));
  const options = { assets: assetsFolder, figure: command.figure, ...reading, signal };
  const encoded = await encodeAll({ ...comparison, files: [a, b] }, wanted, options);
  const extensions = COMPARISON_FORMATS.map(({ extension }) => extension);
  const files = await saveFigures(outputDir, COMPARISON_NAME, extensions, encoded);
  // Beside statistics as JSON or CSV nothing else is printed there.
  const said = command.as === 'text' ? out : err;
  said.write(files.map((file) => `${safeText(file, 1000)}\n`).join(''));
}

/** Nats as bits, two digits. */
const twoDigits = (nats: number): string => formatShort(Number(bits(nats).toPrecision(2)));

/** A comparison for people. */
function report({ comparison, withoutDivergences }: ComparedFiles): string {
  const { a, b } = comparison;
  const summary = summaryOf(comparison);
  const words = agreementWords(summary);
  const { regions, divergences, medianMargin } = summary;
  const share = (value: number | null): string => (value === null ? 'none' : formatPercent(value));
  const apart = ({ mean, max }: MeanAndMost): string => `mean ${divergenceBits(mean)}, largest ${divergenceBits(max)}`;
  const rows: (readonly [string, string])[] = [
    ['A', nameOf(a)],
    ['B', nameOf(b)],
    [
      'plane',
      summary.plane === 'shared' ? 'shared: each cell is the same vector in both' : 'own: each map has its own',
    ],
    ['tokens', summary.tokensBy === 'id' ? 'compared by id' : 'compared by text: the vocabularies differ'],
    ['IoU', `${formatPercent(summary.weightedIou)} weighted by area, ${formatPercent(summary.meanIou)} over tokens`],
    ['regions', `${formatCount(regions.a)} and ${formatCount(regions.b)}, ${formatCount(regions.matched)} matched`],
    ['|Δp|', `mean ${formatPercent(summary.meanProbabilityDifference)}`],
    [
      'entropy',
      `B − A mean ${twoDigits(summary.entropyDifference.mean)} bits, |B − A| mean ${twoDigits(summary.entropyDifference.meanAbsolute)} bits`,
    ],
    [
      'median margin',
      `A ${share(medianMargin.a.changed)} where changed, ${share(medianMargin.a.unchanged)} elsewhere; B ${share(medianMargin.b.changed)}, ${share(medianMargin.b.unchanged)}`,
    ],
    ...(divergences
      ? ([
          ['KL(A ‖ B)', apart(divergences.ab)],
          ['KL(B ‖ A)', apart(divergences.ba)],
          ['Jensen-Shannon', apart(divergences.js)],
        ] as const)
      : [['divergences', `none. ${withoutDivergences ?? ''}`] as const]),
    ...tokenChanges(comparison)
      .slice(0, 5)
      .map(
        (change) => [changeText(change), `${several(change.cells, 'cell')}, ${formatCount(change.real)} real`] as const,
      ),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, text]) => `  ${safeText(name).padEnd(width)}  ${safeText(text, 1000)}\n`);
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.\n${lines.join('')}`;
}

const nameOf = ({ specification: { model, layer, readout }, facts }: TokenMap): string =>
  `${model.name}, ${facts.numberType}, layer ${layer}, ${readout}`;
