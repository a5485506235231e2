import { type Chart, drawCharts } from '../formats/charts.js';
import { loadBundledFont } from '../formats/fonts.js';
import { assetsFolder } from '../host/installation.js';
import type { OpenedModel } from '../host/openModel.js';
import { isRealState } from '../map/dependence.js';
import { safeText, tokenText } from '../map/display.js';
import type { FlagValues } from '../map/flags.js';
import { layerWords, vectorWords } from '../map/naming.js';
import { formatFixed } from '../map/numbers.js';
import type { MapParameters } from '../map/specification.js';
import { withAxes } from '../map/withAxes.js';
import type { LineResult } from '../protocol/line.js';
import { bad } from './computing.js';
import { writeFigure } from './outputFigure.js';
import type { Output } from './progress.js';

/** Steps along a line. */
const STEPS = 50;

/** The prompts at the ends of the lines. @throws Fault `bad-parameter` */
export function linesAsked({ line }: FlagValues, { plane: { center } }: MapParameters): readonly string[] | undefined {
  if (!Array.isArray(line)) return undefined;
  if (!isRealState(center))
    throw bad('A line leads from a real state to another.', 'Name the first: --center-prompt TEXT.');
  return line as readonly string[];
}

/** `embedding-grid boundaries --line TEXT`: how the outputs change on the way to other prompts' states. @throws Fault */
export async function printLines(
  { engine, description }: OpenedModel,
  asked: {
    readonly lines: readonly string[];
    readonly parameters: MapParameters;
    readonly batchSize: number;
    readonly figure: string | undefined;
    readonly json: boolean;
  },
  { out, err, signal }: { readonly out: Output; readonly err: Output; readonly signal: AbortSignal },
): Promise<void> {
  const { lines, parameters, batchSize, figure, json } = asked;
  const found: (LineResult & { readonly to: string })[] = [];
  for (const to of lines) {
    const toward = withAxes(parameters, { kind: 'prompt', text: to }, { kind: 'random', seed: 42 });
    const line = { parameters: toward, steps: STEPS, batchSize };
    found.push({ to, ...(await engine.call('line', line, { signal })) });
  }
  const { name } = description.reference;
  const { center } = parameters.plane;
  const from = center.kind === 'origin' || center.kind === 'texts' ? '' : vectorWords(center);
  const layer = parameters.layer === 'last' ? description.facts.blocks - 1 : parameters.layer;
  if (figure !== undefined) {
    const charts = found.map(({ to, relative }): Chart => ({
      title: `to “${safeText(to, 40)}”`,
      axis: 'share of the way',
      places: Array.from({ length: STEPS + 1 }, (_, i) => formatFixed(i / STEPS, 2)),
      line: relative ? [...relative] : [],
    }));
    const caption = [
      safeText(name, 80),
      layerWords(layer),
      `from ${from}`,
      '|F(x) − F(0)| / |F(1) − F(0)|, F: the state behind the last block',
      `${STEPS} steps`,
    ];
    const heading = 'How far the outputs are, along the line to another state';
    await writeFigure(figure, drawCharts(heading, charts, caption, await loadBundledFont(assetsFolder)));
  }
  if (json)
    out.write(
      `${JSON.stringify({ model: name, layer, from, steps: STEPS, lines: found.map((one) => ({ ...one, relative: one.relative && [...one.relative], winners: [...one.winners] })) }, null, 2)}\n`,
    );
  else out.write(report(found, `${safeText(name)}, ${layerWords(layer)}, from ${from}`));
  if (figure !== undefined) err.write(`Wrote ${safeText(figure, 1000)}\n`);
}

function report(found: readonly (LineResult & { readonly to: string })[], title: string): string {
  const lines = [`${title}: |F(x) − F(0)| / |F(1) − F(0)| of the states behind the last block`];
  for (const { to, relative, winners, tokens } of found) {
    lines.push(`to “${safeText(to, 80)}”${relative ? '' : ': the outputs do not change'}`);
    for (let i = 0; relative && i <= STEPS; i += STEPS / 10) {
      const token = tokens.find(({ id }) => id === winners[i]);
      lines.push(
        `  ${formatFixed(i / STEPS, 1)} ${formatFixed(relative[i] ?? NaN, 3).padStart(7)}  ${token ? tokenText(token, 24) : ''}`,
      );
    }
    if (relative)
      lines.push(`  steepest: ${steepest(relative)}`, `  greatest slope: ${formatFixed(slope(relative), 2)}`);
  }
  return `${lines.join('\n')}\n`;
}

/** The greatest slope of the curve, from one step to the next: 1 where all of it changes alike. */
const slope = (relative: Float64Array): number =>
  relative.reduce((most, value, i) => Math.max(most, i === 0 ? 0 : (value - (relative[i - 1] ?? 0)) * STEPS), 0);

/** Where a tenth of the way changes most, and how much: 0.1 where all of it changes alike. */
function steepest(relative: Float64Array): string {
  const window = STEPS / 10;
  let [best, at] = [-Infinity, 0];
  for (let i = 0; i + window <= STEPS; i++) {
    const change = (relative[i + window] ?? 0) - (relative[i] ?? 0);
    if (change > best) [best, at] = [change, i];
  }
  return `${formatFixed(best, 3)} of the change within a tenth of the way, from ${formatFixed(at / STEPS, 2)} on (0.1 were even)`;
}
