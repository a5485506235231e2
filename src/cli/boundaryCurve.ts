import { boundaryCurve, curveFigure } from '../host/boundaryCurve.js';
import { assetsFolder } from '../host/installation.js';
import type { OpenedModel } from '../host/openModel.js';
import { BAND, bandOf, type BoundaryCurve } from '../map/boundaries/curve.js';
import type { BoundaryQuestion } from '../map/boundaries/directions.js';
import { isRealState } from '../map/dependence.js';
import { safeText } from '../map/display.js';
import type { FlagValues } from '../map/flags.js';
import { vectorWords } from '../map/naming.js';
import { formatPercent, formatShort } from '../map/numbers.js';
import type { MapParameters, VectorSource } from '../map/specification.js';
import { bad } from './computing.js';
import { readTexts } from './flagFiles.js';
import { figureAsked, writeFigure } from './outputFigure.js';
import { type Output, progressBar, progressLines } from './progress.js';

/** Whose curve it is, and where its picture goes. */
export interface CurveAsked {
  readonly states: readonly { readonly name: string; readonly source: VectorSource }[];
  readonly figure: string | undefined;
}

/** Reads the flags of a curve. @throws Fault `bad-parameter`, `file`, `output` */
export async function curveAsked(given: FlagValues, { plane: { center } }: MapParameters): Promise<CurveAsked> {
  const { states: file } = given;
  const figure = figureAsked(given);
  if (typeof file === 'string')
    return {
      states: (await readTexts(file)).map((text) => ({ name: text, source: { kind: 'prompt', text } })),
      figure,
    };
  if (center.kind === 'origin' || center.kind === 'texts' || !isRealState(center))
    throw bad(
      'A curve is of real states, layer by layer.',
      'Name one: --center-prompt TEXT, or several: --states FILE.',
    );
  return {
    states: [{ name: vectorWords(center), source: center }],
    figure,
  };
}

/** `embedding-grid boundaries --curve`: asks every layer, and prints the bands. @throws Fault */
export async function printCurve(
  { engine, description }: OpenedModel,
  {
    states,
    figure,
    parameters,
    question,
    batchSize,
    json,
  }: CurveAsked & {
    readonly parameters: MapParameters;
    readonly question: BoundaryQuestion;
    readonly batchSize: number;
    readonly json: boolean;
  },
  { out, err, signal }: { readonly out: Output; readonly err: Output; readonly signal: AbortSignal },
): Promise<void> {
  const progress = (err.isTTY ? progressBar : progressLines)(err, { unit: 'states' });
  const started = performance.now();
  const curve = await boundaryCurve(
    engine,
    description,
    states,
    { parameters, question, batchSize },
    {
      signal,
      onProgress: (done, total) => {
        const seconds = (performance.now() - started) / 1000;
        progress.update(done, total, (seconds / done) * (total - done));
      },
    },
  ).finally(() => progress.clear());
  const model = description.reference.name;
  const { readout } = parameters;
  if (figure !== undefined) {
    await writeFigure(figure, await curveFigure(curve, { model, readout, question }, assetsFolder));
  }
  out.write(
    json ? `${JSON.stringify({ model, readout, question, ...curve }, null, 2)}\n` : report(curve, model, readout),
  );
  if (figure !== undefined) err.write(`Wrote ${safeText(figure, 1000)}\n`);
}

function report({ layers, states, reach, points }: BoundaryCurve, model: string, readout: string): string {
  const show = (value: number | null): string =>
    (value === null ? '' : formatShort(Number(value.toPrecision(3)))).padStart(9);
  const rows = layers.map((layer, i) => {
    const row = points[i] ?? [];
    const { low, median, high, flipped, count } = bandOf(row, reach);
    const nearest = row.flatMap((one) => one.nearest ?? []).sort((a, b) => a - b);
    return `  ${`${layer}`.padStart(10)} ${show(low)} ${show(median)} ${show(high)} ${`${flipped} of ${count}`.padStart(14)} ${show(nearest[nearest.length >> 1] ?? null)}`;
  });
  const ends = BAND.map((part) => formatPercent(part).padStart(9));
  return [
    `${safeText(model)}, ${readout} · ${states.length === 1 ? safeText(states[0] ?? '', 80) : `${states.length} states`} · distances in norms of the state`,
    `  ${'layer'.padStart(10)} ${ends[0] ?? ''} ${'median'.padStart(9)} ${ends[1] ?? ''} ${'flip'.padStart(14)} ${'nearest'.padStart(9)}`,
    ...rows,
    `What does not flip within ${formatShort(reach)} counts as ${formatShort(reach)}; the nearest of all stands where it is exact (median of the states).`,
    '',
  ].join('\n');
}
