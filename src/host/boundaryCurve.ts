import type { Engine } from '../engine/client.js';
import type { Chart } from '../formats/charts.js';
import { drawCharts } from '../formats/charts.js';
import { loadBundledFont } from '../formats/fonts.js';
import { BAND, bandOf, type BoundaryCurve, type CurveState } from '../map/boundaries/curve.js';
import type { BoundaryQuestion } from '../map/boundaries/directions.js';
import { safeText } from '../map/display.js';
import { layerBrief } from '../map/naming.js';
import { formatCount, formatPercent, formatShort } from '../map/numbers.js';
import type { Layer, MapParameters, VectorSource } from '../map/specification.js';
import type { ModelDescription } from '../protocol/engine.js';

/**
 * The boundaries around some states at every layer, one question after another.
 * @param parameters readout and masked tokens; a state's own prompt is its context, unless another is named
 * @throws Fault as the engine's `boundaries`
 */
export async function boundaryCurve(
  engine: Pick<Engine, 'call'>,
  { facts }: Pick<ModelDescription, 'facts'>,
  states: readonly { readonly name: string; readonly source: VectorSource }[],
  {
    parameters,
    question,
    batchSize,
  }: {
    readonly parameters: MapParameters;
    readonly question: BoundaryQuestion;
    readonly batchSize: number;
  },
  {
    signal,
    onProgress,
  }: { readonly signal?: AbortSignal; readonly onProgress?: (done: number, total: number) => void },
): Promise<BoundaryCurve> {
  const layers: readonly Layer[] = ['embeddings', ...Array.from({ length: facts.blocks }, (_, l) => l)];
  const points: CurveState[][] = [];
  let done = 0;
  for (const layer of layers) {
    const row: CurveState[] = [];
    for (const { source } of states) {
      const asked = { ...parameters, layer, plane: { ...parameters.plane, center: source } };
      const { nearest, flips } = await engine.call(
        'boundaries',
        { ...question, nearest: Math.min(1, question.nearest), parameters: asked, batchSize },
        signal ? { signal } : {},
      );
      const [first] = 'reason' in nearest ? [] : nearest;
      row.push({ nearest: first?.relative ?? null, flips: flips.map(({ relative }) => relative) });
      onProgress?.(++done, layers.length * states.length);
    }
    points.push(row);
  }
  return { layers, states: states.map(({ name }) => name), reach: question.reach, points };
}

/** Charts of single states, at most. */
const MOST_STATES = 7;

/** A curve as an SVG document: pooled, and of the first states. @param assets dist/assets */
export async function curveFigure(
  curve: BoundaryCurve,
  about: { readonly model: string; readonly readout: string; readonly question: BoundaryQuestion },
  assets: string,
): Promise<string> {
  const { layers, states, reach, points } = curve;
  const chart = (title: string, at: (row: readonly CurveState[]) => readonly CurveState[]): Chart => {
    const bands = points.map((row) => bandOf(at(row), reach));
    return {
      title,
      axis: 'layer',
      places: layers.map((layer) => (layer === 'embeddings' ? 'emb.' : `${layer}`)),
      line: bands.map(({ median }) => median),
      band: bands.map(({ low, high }) => [low, high] as const),
    };
  };
  const charts = [
    chart(
      states.length === 1 ? safeText(states[0] ?? '', 44) : `All ${formatCount(states.length)} states`,
      (row) => row,
    ),
    ...(states.length === 1
      ? []
      : states.slice(0, MOST_STATES).map((name, i) => chart(safeText(name, 44), (row) => row.slice(i, i + 1)))),
  ];
  const exact = nearestWords(curve);
  return drawCharts(
    `How far it is to another prediction, by layer, in norms of the state`,
    charts,
    [
      safeText(about.model, 80),
      `${about.readout} readout`,
      `line: median over directions, band: ${formatPercent(BAND[0])} to ${formatPercent(BAND[1])} of them`,
      directionWords(about.question),
      `${formatCount(about.question.steps)} steps to ${formatShort(reach)} × the norm; what does not flip within it stands there`,
      ...(exact === undefined ? [] : [exact]),
    ],
    await loadBundledFont(assets),
  );
}

function directionWords({ directions }: BoundaryQuestion): string {
  return directions
    .map((one) =>
      one.kind === 'random'
        ? `${formatCount(one.count)} random directions (seed ${one.seed})`
        : one.kind === 'covariance'
          ? `${formatCount(one.count)} directions of real states' covariance (seed ${one.seed})`
          : one.kind === 'axes'
            ? 'the axes'
            : 'toward a state',
    )
    .join(', ');
}

/** The nearest boundary of all, at the layers where it is exact. */
function nearestWords({ layers, points }: BoundaryCurve): string | undefined {
  const told = points.flatMap((row, i) => {
    const found = row.flatMap(({ nearest }) => nearest ?? []).sort((a, b) => a - b);
    const middle = found[found.length >> 1];
    const layer = layers[i];
    return middle === undefined || layer === undefined ? [] : [{ layer, middle }];
  });
  const last = told.at(-1);
  return (
    last && `nearest of all at ${layerBrief(last.layer)}: ${formatShort(Number(last.middle.toPrecision(2)))} (exact)`
  );
}
