import type { Look } from './map/view.js';
import type { Theme } from './theme.js';
import type { UiState } from './uiState.js';

/** The editor's width decides the layout: columns, a rail with a drawer, or all in one column. */
export type Layout = 'wide' | 'medium' | 'narrow';

/** What all panes have in common: how the page is arranged, and where on the plane a person is. */
export interface LinkState {
  readonly ui: UiState;
  readonly theme: Theme;
  readonly layout: Layout;
  /** The controls' drawer is open, where the layout has one. */
  readonly drawer: boolean;
  /** The part of the plane that is seen; null while there is no map. */
  readonly look: Look | null;
  /** Counts how often the view has come to rest. */
  readonly rested: number;
  /** Counts how often what the colors of compared maps span has become another. */
  readonly spans: number;
  /** Plane coordinates of what is below the pointer. */
  readonly pointed: { readonly x: number; readonly y: number } | null;
  /** Two maps are shown, beside each other. */
  readonly comparing: boolean;
  /** The cells are shown as a table. */
  readonly table: boolean;
}

/** A pane's part in the link: hears of changes, and draws. */
export interface LinkedPane {
  note(keys: readonly (keyof LinkState)[]): void;
  draw(): void;
}

/** What ties the panes together. Changes of any of them are drawn together, once per frame. */
export class Link {
  private readonly panes: LinkedPane[] = [];
  private frame: number | undefined;

  constructor(private current: LinkState) {}

  get state(): LinkState {
    return this.current;
  }

  /** Takes a pane in; panes are drawn in the order in which they come. */
  add(pane: LinkedPane): void {
    this.panes.push(pane);
  }

  set(change: Partial<LinkState>): void {
    const keys = (Object.keys(change) as (keyof LinkState)[]).filter(
      (key) => !Object.is(change[key], this.current[key]),
    );
    if (keys.length === 0) return;
    this.current = { ...this.current, ...change };
    for (const pane of this.panes) pane.note(keys);
    this.soon();
  }

  /** Draws with the next frame. */
  soon(): void {
    this.frame ??= requestAnimationFrame(() => this.draw());
  }

  draw(): void {
    if (this.frame !== undefined) cancelAnimationFrame(this.frame);
    this.frame = undefined;
    for (const pane of this.panes) pane.draw();
  }
}
