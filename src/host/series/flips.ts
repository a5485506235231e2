import { type Flip, flipsAlong } from '../../map/compare/flip.js';
import { type AxisValue, memberAt, type SeriesAxis, valuesAt } from '../../map/series/series.js';
import type { Token } from '../../map/token.js';
import type { MemberEngine, ModelSeries } from './memberEngine.js';

/** Where a coefficient of an intervention stands. */
export const isCoefficient = ({ path, values }: SeriesAxis): boolean =>
  /^interventions\[\d+\]\.coefficient$/.test(path) && values.every((value) => typeof value === 'number');

/** How much finer than the step between its values a coefficient's flip is told. */
const FINER = 512;

/**
 * Where, along a coefficient, the token at the middle of the grid becomes another: asked of the model at the axis' values and, between
 * two that differ, by halves.
 * @param line numbers of the members along the axis @param axis a coefficient's, as {@link isCoefficient} says
 * @throws Fault.
 */
export async function flipsOf(
  series: ModelSeries,
  line: readonly number[],
  axis: number,
  engine: Pick<MemberEngine, 'laid' | 'open' | 'modelOf'>,
): Promise<readonly Flip<Token>[]> {
  const tokens = new Map<number, Token>();
  const [first = 0] = line;
  const around = valuesAt(series.vary, first);
  const winnerAt = async (value: number): Promise<number> => {
    const vary = series.vary.map(({ path }, i): SeriesAxis => ({
      path,
      values: [i === axis ? value : (around[i] ?? null)],
    }));
    const member = memberAt({ base: series.base, vary }, 0);
    const parameters = await engine.laid(member.parameters);
    const { engine: opened } = await engine.open(engine.modelOf(member));
    const [x, y] = parameters.grid.center;
    const { ids, tokens: told } = await opened.call('point', { parameters, x, y });
    for (const token of told) tokens.set(token.id, token);
    return ids[0] ?? -1;
  };
  const values = line.map((number) => valuesAt(series.vary, number)[axis]).filter(isNumber);
  const ascending = [...new Set(values)].sort((a, b) => a - b);
  const known: { value: number; winner: number }[] = [];
  for (const value of ascending) known.push({ value, winner: await winnerAt(value) });
  const span = (ascending.at(-1) ?? 0) - (ascending[0] ?? 0);
  if (span === 0) return [];
  const flips = await flipsAlong(known, winnerAt, span / Math.max(1, ascending.length - 1) / FINER);
  const named = (id: number): Token => tokens.get(id) ?? { id, kind: 'unknown', text: `#${id}` };
  return flips.map(({ from, to, ...where }) => ({ ...where, from: named(from), to: named(to) }));
}

const isNumber = (value: AxisValue | undefined): value is number => typeof value === 'number';
