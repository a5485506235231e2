import path from 'node:path';
import { type FittedTranslator, fitTranslator as fit } from '../host/fitTranslator.js';
import { bundledModel } from '../host/installation.js';
import { safeText } from '../map/display.js';
import type { FlagValues } from '../map/flags.js';
import { formatCount, formatDuration, formatShort, parseNumber, several } from '../map/numbers.js';
import { DEFAULT_RIDGE } from '../protocol/fit.js';
import { bad } from './computing.js';
import { readTexts } from './flagFiles.js';
import { type ModelAsked, openOptions } from './openAsked.js';
import { type Output, type Progress, progressBar, progressLines } from './progress.js';

export interface FitCommand extends ModelAsked {
  readonly kind: 'fit-translator';
  /** Those of `FIT_FLAGS`. */
  readonly given: FlagValues;
}

/** `embedding-grid fit-translator`: fits a tuned lens in closed form, and prints how good it is. @throws Fault. */
export async function fitTranslator(command: FitCommand, out: Output, err: Output, signal: AbortSignal): Promise<void> {
  const { model, given } = command;
  const value = (name: string): string | undefined => {
    const one = given[name];
    return typeof one === 'string' ? one : undefined;
  };
  const file = value('texts');
  if (file === undefined)
    throw bad('A translator is fitted on texts, and none are named.', 'Name a file: --texts FILE.');
  const apart = value('held-out');
  const bars = {
    positions: (err.isTTY ? progressBar : progressLines)(err, { unit: 'positions' }),
    layers: (err.isTTY ? progressBar : progressLines)(err, { unit: 'layers' }),
  } satisfies Record<string, Progress>;
  const fitted = await fit({
    model,
    texts: await readTexts(file),
    heldOut: apart === undefined ? undefined : await readTexts(apart),
    ridge: parseNumber(value('ridge') ?? `${DEFAULT_RIDGE}`),
    output: value('output') ?? `${path.basename(path.resolve(model ?? bundledModel))}_tuned_lens`,
    ...openOptions(command, err, signal),
    onEvent: (event) => {
      if (event.kind === 'progress') bars[event.unit].update(event.done, event.total, event.secondsLeft);
      if (event.kind !== 'started') return;
      const { positions, passes, bytes } = event;
      const often = passes === 1 ? '' : `, read ${passes} times`;
      err.write(`${formatCount(positions)} positions${often}; about ${gigabytes(bytes)} of memory.\n`);
    },
  }).finally(() => bars.positions.clear());
  out.write(given.json === undefined ? report(fitted) : `${JSON.stringify(fitted, null, 2)}\n`);
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(bytes < 1e9 ? 2 : 1)} GB`;

/** What is told to people. */
function report(fitted: FittedTranslator): string {
  const { model, texts, positions, ridge, heldOutTexts, heldOutPositions, cut, seconds, layers, files } = fitted;
  const rows = layers.map(({ layer, lens, tuned }) => {
    const name = layer === 'embeddings' ? 'embeddings' : `${layer}`;
    const better = tuned < lens ? '' : '  not lower';
    return `  ${name.padStart(10)} ${nats(lens)} ${nats(tuned)}${better}`;
  });
  return [
    `${safeText(model)} · tuned lens by ridge regression (ridge ${formatShort(ridge)}) on ${formatCount(positions)} positions of ${formatCount(texts)} texts, in ${formatDuration(seconds)}`,
    ...(cut > 0 ? [`${several(cut, 'text was', 'texts were')} cut.`] : []),
    '',
    `KL from the model's final prediction, in nats, mean over ${formatCount(heldOutPositions)} positions of ${formatCount(heldOutTexts)} ${heldOutTexts === 1 ? 'text' : 'texts'} that it was not fitted on:`,
    `  ${'layer'.padStart(10)} ${'logit lens'.padStart(12)} ${'this lens'.padStart(12)}`,
    ...rows,
    '',
    ...files.map((file) => `Wrote ${safeText(path.relative('.', file), 1000)}`),
    '',
  ].join('\n');
}

const nats = (value: number): string => value.toFixed(3).padStart(12);
