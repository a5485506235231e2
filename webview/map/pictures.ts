import type { Derived } from '../derived.js';
import { h } from '../dom.js';
import type { PageState } from '../store.js';
import { seesDetail } from './detail.js';
import { Heatmap } from './heatmap.js';
import { Overview } from './overview.js';
import type { Size } from './view.js';
import { viewOn } from './view.js';

/** The colors of the map's cells, with those of a detail over them, and the small picture of the whole map. */
export class Pictures {
  readonly element = h('div', { class: 'heatmaps' });
  readonly overview = new Overview();
  private readonly base = new Heatmap();
  private readonly detail = new Heatmap();
  private overviewOf: unknown;

  constructor(private readonly derived: Derived) {
    this.element.append(this.base.element, this.detail.element);
  }

  /** Draws what has changed and moves the rest to the view. */
  draw(state: PageState, size: Size): void {
    const { base, map, view } = state;
    const paint = this.derived.paint(state, base);
    if (!base || !map || !view || !paint) return;
    const { grid } = map.specification;
    this.base.draw(paint, base.cells, size, viewOn(view, grid, base.specification.grid));
    if (this.overviewOf !== paint) this.overview.draw(paint, base.cells);
    this.overviewOf = paint;
    const closer = seesDetail(state) ? this.derived.paint(state) : undefined;
    this.detail.element.hidden = !closer;
    if (closer) this.detail.draw(closer, map.cells, size, view);
  }

  /** Tells plotly of the view that {@link draw} has reached. */
  settle(): void {
    this.base.settle();
    if (!this.detail.element.hidden) this.detail.settle();
  }

  clear(): void {
    this.base.clear();
    this.detail.clear();
  }
}
