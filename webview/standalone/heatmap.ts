import { h } from '../dom.js';
import type * as plotted from '../map/heatmap.js';
import { drawCells } from '../map/overview.js';
import type { Paint } from '../map/paint.js';
import { type GridSize, Projection, type Size, type View } from '../map/view.js';

/** Stands in for `../map/heatmap.ts` where there is no plotly.js: the cells' colors on a canvas, a pixel a cell, enlarged. */
export class Heatmap implements Pick<plotted.Heatmap, keyof plotted.Heatmap> {
  readonly element: HTMLDivElement;
  private readonly canvas = h('canvas', {});
  private readonly cells = h('canvas', {});
  private painted: Paint | undefined;

  constructor() {
    this.element = h('div', { class: 'heatmap' }, this.canvas);
  }

  draw(paint: Paint, grid: GridSize, size: Size, view: View): void {
    if (this.painted !== paint) drawCells(this.cells, paint, grid);
    this.painted = paint;
    const ratio = window.devicePixelRatio;
    const [width, height] = [Math.round(size.width * ratio), Math.round(size.height * ratio)];
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    Object.assign(this.canvas.style, { width: `${size.width}px`, height: `${size.height}px` });
    const context = this.canvas.getContext('2d');
    if (!context) return;
    context.clearRect(0, 0, width, height);
    context.imageSmoothingEnabled = false;
    const at = new Projection(view, { width, height });
    // What lies far outside is not asked of the renderer: its numbers end there.
    const column = Math.max(0, Math.floor(view.x) - 1);
    const row = Math.max(0, Math.floor(view.y) - 1);
    const columns = Math.min(grid.columns, Math.ceil(view.x + view.width) + 1) - column;
    const rows = Math.min(grid.rows, Math.ceil(view.y + view.height) + 1) - row;
    if (columns <= 0 || rows <= 0) return;
    context.drawImage(
      this.cells,
      ...[column, grid.rows - row - rows, columns, rows],
      ...[at.x(column), at.y(row + rows), columns * at.cellWidth, rows * at.cellHeight],
    );
  }

  settle(): void {
    // What is drawn is already where the view is.
  }

  clear(): void {
    this.canvas.getContext('2d')?.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.painted = undefined;
  }
}
