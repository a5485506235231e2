import { t } from '@vscode/l10n';
import type { EngineLease } from '../host/engineLease.js';
import { Fault } from '../map/fault.js';
import { sameGrid } from '../map/grid.js';
import type { Grid } from '../map/specification.js';
import type { RunState } from '../protocol/page.js';
import type { Asked, MapRecord } from './mapRecord.js';
import { MapRuns, type RunListener } from './mapRuns.js';

/** A part of a map that a person looks at. */
interface Window {
  readonly of: MapRecord;
  readonly grid: Grid;
  /** It is wanted with as many cells as the map has. */
  readonly refine: boolean;
}

/** Windows that were looked at and are kept, for going back to one. */
const KEPT = 4;

/**
 * Details of a map: maps of a window of it, on the same plane and with as many cells, computed when a person looks closer. One
 * is computed at a time; the one before stays until the first cells of the next have come.
 */
export class Details {
  private window: Window | undefined;
  private kept: readonly MapRecord[] = [];
  private readonly runs: MapRuns;

  /** @param lease gives the engine of a map, or rejects where that is another one's by now. */
  constructor(
    private readonly lease: (map: MapRecord) => Promise<EngineLease>,
    listener: Pick<RunListener, 'onShown' | 'onCells' | 'onProgress' | 'onFinish' | 'onChange' | 'onFault'>,
    nextId: () => number,
  ) {
    this.runs = new MapRuns(
      {
        ...listener,
        onFinish: (record) => {
          this.kept = [record, ...this.kept].slice(0, KEPT);
          listener.onFinish(record);
        },
        onStop: () => undefined, // what has come stays on screen; looking at the window again computes it anew
      },
      { nextId, shownFrom: () => 1 },
    );
  }

  /** The detail that has come last, or is coming. */
  get shown(): MapRecord | undefined {
    return this.runs.shown;
  }

  get state(): RunState {
    return this.runs.state;
  }

  /** A person looks at a detail, or will as soon as it has come. */
  get wanted(): boolean {
    return this.window?.refine === true;
  }

  /** The grid of the window that is looked at, which is a part of this map; undefined where that is all of it. */
  windowOf(map: MapRecord | undefined): Grid | undefined {
    return this.window !== undefined && this.window.of.id === map?.id ? this.window.grid : undefined;
  }

  /** The detail of the window that is looked at, when it is complete. */
  get complete(): MapRecord | undefined {
    const { shown } = this.runs;
    return this.wanted && shown?.finished && this.isOfWindow(shown) ? shown : undefined;
  }

  /** A person looks at a window of a map. It is computed if that is wanted and it is not there. */
  look(of: MapRecord, window: Pick<Grid, 'spacing' | 'center'>, refine: boolean, batchSize: number): void {
    const grid = { ...of.parameters.grid, ...window };
    this.window = { of, grid, refine };
    if (!refine) return void this.runs.end();
    const { shown, running, asked } = this.runs;
    if (running && asked && this.isOfWindow(asked)) {
      if (shown && this.isOfWindow(shown)) this.runs.showAgain(); // the page may be another one
      return;
    }
    const known = [shown, ...this.kept].find((record) => record?.finished && this.isOfWindow(record));
    if (known) return void this.runs.end().then(() => this.window?.grid === grid && this.runs.adopt(known));
    const parameters = { ...of.parameters, grid };
    const wanted: Asked = { modelPath: of.modelPath, device: of.device, parameters };
    void this.runs.start(wanted, batchSize, () => this.lease(of));
  }

  /** Computes the cells of the window that a stopped run left. */
  resume(batchSize: number): void {
    const { window } = this;
    const { latest, running } = this.runs;
    if (!window?.refine || running || !latest || latest.finished || !this.isOfWindow(latest)) return;
    void this.runs.start(latest, batchSize, () => this.lease(window.of), latest);
  }

  /** A person looks at the whole map. */
  lookAway(): void {
    this.window = undefined;
    void this.runs.end();
  }

  /** Another map is shown: nothing that was computed is of it. */
  forget(): void {
    this.lookAway();
    this.kept = [];
    this.runs.forget();
  }

  cancel(): void {
    this.runs.cancel();
  }

  /** Makes way for another map. */
  pause(): void {
    void this.runs.end();
  }

  private isOfWindow({ parameters: { grid } }: Asked): boolean {
    const { window } = this;
    return window !== undefined && sameGrid(grid, window.grid);
  }
}

/** A window that a page may ask for: inside its map, give or take a cell, and no larger. @throws Fault `bad-parameter`. */
export function checkWindow({ parameters: { grid } }: MapRecord, window: Pick<Grid, 'spacing' | 'center'>): void {
  const reach = (count: number): number => ((count + 2) * grid.spacing - count * window.spacing) / 2;
  const inside =
    window.spacing > 0 &&
    window.spacing <= grid.spacing &&
    Math.abs(window.center[0] - grid.center[0]) <= reach(grid.columns) &&
    Math.abs(window.center[1] - grid.center[1]) <= reach(grid.rows);
  if (!inside) throw new Fault({ code: 'bad-parameter', message: t('The window does not lie in the map.') });
}
