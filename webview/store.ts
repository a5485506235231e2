import type { Continuation, HostState, PointNews, Progress, SurveyNews } from '../src/protocol/page.js';
import type { View } from './map/view.js';
import type { PageMap } from './pageMap.js';
import type { Theme } from './theme.js';
import type { UiState } from './uiState.js';

/** The editor's width decides the layout: columns, a rail with a drawer, or all in one column. */
export type Layout = 'wide' | 'medium' | 'narrow';

/** Everything that the page is drawn from. */
export interface PageState {
  /** null until the host has answered. */
  readonly host: HostState | null;
  /** What is seen: {@link PageState.base}, or {@link PageState.detail}. */
  readonly map: PageMap | null;
  /** The panel's map, or the saved one. */
  readonly base: PageMap | null;
  /** A map of the part that is or was looked at more closely. */
  readonly detail: PageMap | null;
  /** Counts what was added to the map's cells, which are changed in place. */
  readonly cellsVersion: number;
  readonly progress: Progress | null;
  /** Of the settings' plane. */
  readonly news: SurveyNews | null;
  /** A point that was asked for, and a text that is written from one. */
  readonly point: PointNews | null;
  readonly continuation: Continuation | null;
  readonly ui: UiState;
  readonly theme: Theme;
  readonly layout: Layout;
  /** The controls' drawer is open, where the layout has one. */
  readonly drawer: boolean;
  /** The part of the plane that is seen, in cells of `map`; null while there is no map. */
  readonly view: View | null;
  /** Counts how often the view has come to rest. */
  readonly rested: number;
  /** Cell below the pointer. */
  readonly hover: number | null;
  /** Token whose regions are outlined. */
  readonly outlined: number | null;
  /** Index of the mark that is pointed at, in the map's survey. */
  readonly mark: number | null;
  /** The cells are shown as a table. */
  readonly table: boolean;
}

export type Changed = ReadonlySet<keyof PageState>;

/** Whether any of these keys has changed. */
export const anyOf = (changed: Changed, ...keys: readonly (keyof PageState)[]): boolean =>
  keys.some((key) => changed.has(key));

/** One state and who draws it. Changes are drawn together, once per frame. */
export class Store {
  private readonly drawers: ((state: PageState, changed: Changed) => void)[] = [];
  private changed = new Set<keyof PageState>();
  private frame: number | undefined;
  /** How long the last draw of new cells took, in ms. */
  cellsMilliseconds = 0;

  constructor(private current: PageState) {}

  get state(): PageState {
    return this.current;
  }

  /** Calls back with every change, and with all keys at the first draw. */
  onDraw(draw: (state: PageState, changed: Changed) => void): void {
    this.drawers.push(draw);
  }

  set(change: Partial<PageState>): void {
    let any = false;
    for (const key of Object.keys(change) as (keyof PageState)[]) {
      if (Object.is(change[key], this.current[key])) continue;
      this.changed.add(key);
      any = true;
    }
    if (!any) return;
    this.current = { ...this.current, ...change };
    this.frame ??= requestAnimationFrame(() => this.draw());
  }

  setUi(change: Partial<UiState>): void {
    this.set({ ui: { ...this.current.ui, ...change } });
  }

  /** Draws everything. */
  start(): void {
    this.changed = new Set(Object.keys(this.current) as (keyof PageState)[]);
    this.draw();
  }

  private draw(): void {
    if (this.frame !== undefined) cancelAnimationFrame(this.frame);
    this.frame = undefined;
    const changed = this.changed;
    this.changed = new Set();
    const started = performance.now();
    for (const draw of this.drawers) draw(this.current, changed);
    if (changed.has('cellsVersion')) this.cellsMilliseconds = performance.now() - started;
  }
}
