import { rowsKey } from '../map/dependence.js';
import { coordinates } from '../map/grid.js';
import { type Plane, pointAt } from '../map/plane.js';
import { layerIndex, type MapParameters } from '../map/specification.js';
import { AffineMap } from './affine.js';
import { affineAnswers, answersOf, graphAnswers } from './answers.js';
import type { Tops } from './cellRunner.js';
import { type CellSource, EachCell, ThreeRows } from './cellSource.js';
import { AffineLogits, type LogitSource, ModelLogits } from './logitSource.js';
import type { CellPlan } from './model/plan.js';
import type { Variant } from './model/variant.js';
import type { Race } from './question.js';
import { Scanner } from './scan.js';

/** Planes whose rows are kept: changing the grid over them costs no product with the head again. */
const KEPT_ROWS = 4;

/** What decides a map's cells, besides its grid: the part of a reading that is looked at here. */
interface CellQuestion {
  readonly plan: CellPlan;
  readonly seen: Plane;
  readonly found: { readonly plane: Plane };
  readonly race: Race;
  readonly ground: { readonly variant: Variant };
  readonly parameters: MapParameters;
}

/** Chooses the way that cells are computed: three rows where the readout is affine and they prove it, else every cell. */
export class CellSources {
  private readonly affineMaps = new Map<string, AffineMap>();
  private readonly scanner = new Scanner();

  /** The map as three rows, where the readout is affine and they prove it; kept for as long as the plane is. */
  async affine(reading: CellQuestion, parameters: MapParameters): Promise<AffineMap | undefined> {
    const { plan, seen, race, ground } = reading;
    const { variant } = ground;
    // Rows are kept by readout and plane: an earlier layer's blocks are never affine, whatever is kept.
    if (plan.readout === 'forward' && layerIndex(plan.layer) !== variant.model.facts.blocks - 1) return undefined;
    const keep = (key: string, map: AffineMap): AffineMap => {
      this.affineMaps.set(key, map);
      const [oldest] = this.affineMaps.keys();
      if (this.affineMaps.size > KEPT_ROWS && oldest !== undefined) this.affineMaps.delete(oldest);
      return map;
    };
    const key = rowsKey({ ...reading.parameters, masked: race.masked });
    const known = this.affineMaps.get(key);
    if (known) return known;
    const wholeKey = rowsKey({ ...reading.parameters, masked: [] });
    let whole = this.affineMaps.get(wholeKey);
    if (!whole) {
      const rows = await AffineMap.find(variant, plan, seen, coordinates(parameters.grid), wholeKey);
      if (!(rows instanceof AffineMap)) return undefined;
      whole = keep(wholeKey, rows);
    }
    return race.masked.length === 0 ? whole : keep(key, whole.without(race.masked, key));
  }

  async threeRows(reading: CellQuestion, parameters: MapParameters, total: number): Promise<CellSource | undefined> {
    const affine = await this.affine(reading, parameters);
    if (!affine) return undefined;
    const { asked } = reading.race;
    const answers = affineAnswers(affine, asked, reading.found.plane);
    if (!answers) return undefined;
    const question = asked.length > 0 ? { asked, answers } : undefined;
    return new ThreeRows(affine, this.scanner, coordinates(parameters.grid), parameters.topK, total, question);
  }

  async eachCell(
    { plan, seen, found, race, ground: { variant } }: CellQuestion,
    parameters: MapParameters,
    batchSize: number,
    notice: (message: string) => void,
    early?: (source: CellSource) => Promise<void>,
  ): Promise<CellSource> {
    const grid = coordinates(parameters.grid);
    const runner = await variant.runner(
      plan,
      early && ((soon) => early(new EachCell(soon, seen, found.plane, grid, race, batchSize))),
    );
    const { model } = variant;
    const reuse = model.manner.prefix;
    const mixing = plan.readout === 'forward' && layerIndex(plan.layer) < model.facts.blocks - 1;
    if (plan.prefix.length > 0 && reuse.way === 'recomputed' && mixing)
      notice(`The whole sequence is computed for every cell: ${reuse.reason}.`);
    return new EachCell(runner, seen, found.plane, grid, race, batchSize);
  }

  /** All logits of cells, the way that the map's cells are computed. */
  async logits(reading: CellQuestion, parameters: MapParameters, batchSize: number): Promise<LogitSource> {
    const { masked } = reading.race;
    const grid = coordinates(parameters.grid);
    const affine = await this.affine({ ...reading, race: { ...reading.race, masked: [] } }, parameters);
    if (affine) return new AffineLogits(affine, grid, masked);
    const runner = await reading.ground.variant.runner({ ...reading.plan, output: { kind: 'logits' }, often: true });
    return new ModelLogits(
      runner,
      reading.seen,
      grid,
      masked,
      reading.ground.variant.model.facts.vocabularySize,
      batchSize,
    );
  }

  /** One point, by the way that its map would take; its tokens' logits besides, [topK]. */
  async point(
    reading: CellQuestion,
    parameters: MapParameters,
    x: number,
    y: number,
  ): Promise<{ readonly tops: Tops; readonly logits: Float32Array }> {
    const one = { ...parameters, grid: { columns: 1, rows: 1, spacing: 1, center: [x, y] } } as const;
    const affine = await this.affine(reading, parameters);
    const rows = affine && (await this.threeRows(reading, one, 1));
    if (rows) {
      const tops = await rows.cells(Int32Array.of(0));
      return { tops, logits: affine.logitsOf(tops.ids, x, y) };
    }
    const { plan, seen, found, race, ground } = reading;
    const tops = await (await ground.variant.runner(plan)).tops(pointAt(seen, x, y), 1, race.feeds);
    const { asked } = race;
    const told = graphAnswers(tops, () => pointAt(found.plane, x, y), asked);
    return {
      tops: { ...tops, ...(asked.length === 0 ? {} : { answers: answersOf(asked, tops, told) }) },
      logits: tops.logits,
    };
  }
}
