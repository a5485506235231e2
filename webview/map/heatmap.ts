import Plotly from 'plotly.js/lib/core';
import heatmap from 'plotly.js/lib/heatmap';
import { h } from '../dom.js';
import { cssColor, type Paint } from './paint.js';
import { type GridSize, Projection, type Size, type View } from './view.js';

Plotly.register([heatmap]);

/** A picture is scaled no further than this. */
const MOST_SCALED = 1000;

/** The color of the cell in the middle of a view. */
function colorAt({ entries, palette }: Paint, { x, y, width, height }: View): string {
  const color = palette[entries[Math.floor(y + height / 2)]?.[Math.floor(x + width / 2)] ?? NaN];
  return color ? cssColor(color) : '';
}

/**
 * The cells' colors, drawn by plotly.js as a heatmap. Coordinates are cells, so that no spacing is too small or too large for
 * it. While a view is moved the picture that plotly has drawn is only transformed; {@link Heatmap.settle} tells plotly.
 */
export class Heatmap {
  readonly element = h('div', { class: 'heatmap' });
  private drawn: { paint: Paint; grid: GridSize; size: Size; view: View } | undefined;

  /** Draws the cells, or only moves their picture where neither their colors nor the size have changed. */
  draw(paint: Paint, grid: GridSize, size: Size, view: View): void {
    const { drawn } = this;
    const same = drawn?.paint === paint && drawn.size.width === size.width && drawn.size.height === size.height;
    // What is scaled this far is one cell: its color is enough, and a renderer's numbers are not.
    const flat = grid.columns / view.width > MOST_SCALED;
    this.element.style.background = flat ? colorAt(paint, view) : '';
    for (const child of this.element.children) if (child instanceof HTMLElement) child.hidden = flat;
    if (flat) return;
    if (same) return this.place(view);
    const last = Math.max(1, paint.palette.length - 1);
    void Plotly.react(
      this.element,
      [
        {
          type: 'heatmap',
          z: paint.entries.slice(),
          x0: 0.5,
          dx: 1,
          y0: 0.5,
          dy: 1,
          zauto: false,
          zmin: 0,
          zmax: last,
          zsmooth: false,
          colorscale: paint.palette.map((color, i): [number, string] => [i / last, cssColor(color)]),
          showscale: false,
          hoverinfo: 'skip',
        },
      ],
      {
        width: size.width,
        height: size.height,
        margin: { l: 0, r: 0, t: 0, b: 0, pad: 0 },
        paper_bgcolor: 'rgba(0,0,0,0)',
        plot_bgcolor: 'rgba(0,0,0,0)',
        xaxis: { visible: false, fixedrange: true, range: [view.x, view.x + view.width] },
        yaxis: { visible: false, fixedrange: true, range: [view.y, view.y + view.height] },
      },
      { staticPlot: true, displayModeBar: false, responsive: false },
    );
    this.drawn = { paint, grid, size, view };
  }

  /** Moves the drawn picture to a view, cheaply. */
  private place(view: View): void {
    const image = this.element.querySelector('.heatmaplayer image');
    if (!image || !this.drawn) return;
    const { grid, size } = this.drawn;
    const at = new Projection(view, size);
    image.setAttribute('x', String(at.x(0)));
    image.setAttribute('y', String(at.y(grid.rows)));
    image.setAttribute('width', String(at.cellWidth * grid.columns));
    image.setAttribute('height', String(at.cellHeight * grid.rows));
    this.drawn = { ...this.drawn, view };
  }

  /** Tells plotly of the view that {@link place} has reached. */
  settle(): void {
    if (!this.drawn) return;
    const { view } = this.drawn;
    void Plotly.relayout(this.element, {
      'xaxis.range': [view.x, view.x + view.width],
      'yaxis.range': [view.y, view.y + view.height],
    });
  }

  clear(): void {
    Plotly.purge(this.element);
    this.drawn = undefined;
  }
}
