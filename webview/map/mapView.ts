import { CELL_LABEL_FROM, type Label } from '../../src/map/labels.js';
import { formatFixed } from '../../src/map/numbers.js';
import { STRIDES, tileOf } from '../../src/map/refinement.js';
import { pinnedCell } from '../cell.js';
import type { Derived } from '../derived.js';
import { h, setAttributes } from '../dom.js';
import { type PageMap, tokenOf } from '../pageMap.js';
import { anyOf, type Changed, type PageState, type Store } from '../store.js';
import { isHighContrast } from '../theme.js';
import { axisNames } from './axisNames.js';
import { crowdOf, drawBorders, drawCellGrid } from './borders.js';
import { type Frame, frameOf } from './frame.js';
import { Heatmap } from './heatmap.js';
import { drawCellTexts, drawLabels, labelsOf, labelsOfPolygons } from './labels.js';
import { barOf, drawAxes, drawColorBar, drawPointer, OVERVIEW } from './legend.js';
import { drawHover, drawOutline, drawPin, drawPolygonOutline, drawTile } from './marks.js';
import { OverlayLayer } from './overlayLayer.js';
import { Overview } from './overview.js';
import { confidence } from './paint.js';
import { TokenPen } from './tokenPen.js';
import {
  absoluteView,
  type GridSize,
  home,
  isHome,
  panned,
  Projection,
  relativeView,
  showing,
  type Size,
  type View,
  zoomed,
  zoomOf,
} from './view.js';

/** How long a view rests before labels are placed anew and plotly draws it. */
const REST_MS = 140;

/**
 * The map: plotly's heatmap, over it a canvas with borders, labels, axes and color bar, over that one with what follows the
 * pointer. While the view moves, the heatmap's picture is transformed and the canvases are drawn anew; labels keep their
 * places in the grid until the view rests.
 */
export class MapView {
  /** Takes the room that there is. */
  readonly element: HTMLElement;
  /** The map itself: has the focus and gets keys and the pointer. */
  readonly plot: HTMLElement;
  private readonly heatmap = new Heatmap();
  private readonly drawing = h('canvas', { class: 'layer' });
  private readonly overlays = new OverlayLayer();
  private readonly pointing = h('canvas', { class: 'layer' });
  private readonly overview = new Overview();
  private frame: Frame | undefined;
  /** The room that the frame was made for. */
  private area: Size = { width: 0, height: 0 };
  private labels: readonly Label[] = [];
  private pen: { pen: TokenPen; key: string } | undefined;
  private rest: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly store: Store,
    private readonly derived: Derived,
  ) {
    this.plot = h('div', { class: 'plot', role: 'application', tabindex: 0, 'aria-roledescription': 'token map' });
    this.element = h(
      'div',
      { class: 'map-area' },
      this.heatmap.element,
      this.drawing,
      this.overlays.canvas,
      this.pointing,
      this.plot,
      this.overlays.tip,
    );
    new ResizeObserver(() => this.resize()).observe(this.element);
    store.onDraw((state, changed) => this.render(state, changed));
  }

  get zoom(): number {
    const { map, view } = this.store.state;
    return map && view ? zoomOf(view, map.cells) : 1;
  }

  /** Enlarges the map, around a point of the frame in px or around its middle. */
  zoomBy(factor: number, x?: number, y?: number): void {
    const { map, view } = this.store.state;
    if (!map || !view || !this.frame) return;
    const at = new Projection(view, this.frame);
    const { width, height } = this.frame;
    this.move(zoomed(view, map.cells, factor, at.gridX(x ?? width / 2), at.gridY(y ?? height / 2)));
  }

  /** Moves the map with the pointer, by px. */
  panBy(x: number, y: number): void {
    const { map, view } = this.store.state;
    if (!map || !view || !this.frame) return;
    const at = new Projection(view, this.frame);
    this.move(panned(view, map.cells, -x / at.cellWidth, y / at.cellHeight));
  }

  reset(): void {
    const { map } = this.store.state;
    if (map) this.move(home(map.cells));
  }

  /** Moves the view as little as it takes to show a cell. */
  reveal(cell: number): void {
    const { map, view } = this.store.state;
    if (!map || !view) return;
    const { columns } = map.cells;
    this.move(showing(view, map.cells, cell % columns, Math.floor(cell / columns)));
  }

  /** The cell at a point of the frame in px, or null. */
  cellAt(x: number, y: number): number | null {
    const { map, view } = this.store.state;
    if (!map || !view || !this.frame) return null;
    const at = new Projection(view, this.frame);
    const column = Math.floor(at.gridX(x));
    const row = Math.floor(at.gridY(y));
    const { columns, rows } = map.cells;
    return column >= 0 && row >= 0 && column < columns && row < rows ? row * columns + column : null;
  }

  /** Index of the mark at a point of the frame in px, or null. */
  markAt(x: number, y: number): number | null {
    return this.overlays.markAt(this.store.state, x, y);
  }

  private move(view: View): void {
    const before = this.store.state.view;
    if (before && (['x', 'y', 'width', 'height'] as const).every((key) => Math.abs(before[key] - view[key]) < 1e-9))
      return;
    this.store.set({ view });
    clearTimeout(this.rest);
    this.rest = setTimeout(() => this.settle(), REST_MS);
  }

  /** The view rests: labels find their places, plotly learns of it, and it is kept. */
  private settle(): void {
    const { map, view } = this.store.state;
    if (!map || !view) return;
    this.heatmap.settle();
    this.placeLabels();
    this.draw();
    this.store.setUi({
      zoom: isHome(view, map.cells) ? null : { window: windowOf(map), view: relativeView(view, map.cells) },
    });
  }

  private render(state: PageState, changed: Changed): void {
    const { map } = state;
    this.element.hidden = !map;
    if (!map) {
      if (changed.has('map')) this.heatmap.clear();
      this.frame = undefined;
      return;
    }
    const anew = anyOf(changed, 'map', 'theme', 'layout') || !this.frame;
    if (anew) this.prepare(state, map);
    const moved = changed.has('view');
    const colors = anew || changed.has('cellsVersion') || this.derived.paint(state) !== this.painted;
    if (colors) this.paint();
    else if (moved && state.view) this.heatmap.place(state.view);
    if (anew || changed.has('cellsVersion')) this.placeLabels();
    if (colors || moved || changed.has('ui')) this.draw();
    if (this.frame && (colors || moved || anyOf(changed, 'ui', 'mark'))) this.overlays.draw(state, this.frame);
    if (colors || moved || anyOf(changed, 'ui', 'hover', 'outlined', 'progress', 'host')) this.point();
    if (colors) this.describe(map);
  }
  private painted: unknown;

  private resize(): void {
    const { state } = this.store;
    const { clientWidth, clientHeight } = this.element;
    const { width, height } = this.area;
    if (!state.map || this.element.hidden || (clientWidth === width && clientHeight === height)) return;
    this.layout(state.map);
    this.paint();
    this.placeLabels();
    this.draw();
    if (this.frame) this.overlays.draw(state, this.frame);
    this.point();
  }

  /** Makes ready for another map, theme or layout. */
  private prepare(state: PageState, map: PageMap): void {
    this.layout(map);
    this.store.set({ view: this.keptView(state, map) });
    const key = `${map.id} ${state.theme.font}`;
    if (this.pen?.key === key) return;
    // Tokens are looked up when they are first drawn, also those that come later.
    this.pen = { key, pen: new TokenPen(state.theme.font, (token) => tokenOf(map, token)) };
  }

  /** The view for a map: the one that there is while it shows the same part of the plane, else the one that was kept. */
  private keptView({ ui: { zoom }, view }: PageState, map: PageMap): View {
    const before = this.viewOf;
    const window = windowOf(map);
    this.viewOf = { window, grid: map.cells };
    if (view && before?.window === window) return absoluteView(relativeView(view, before.grid), map.cells);
    return zoom?.window === window ? absoluteView(zoom.view, map.cells) : home(map.cells);
  }
  /** What the view is a part of. */
  private viewOf: { readonly window: string; readonly grid: GridSize } | undefined;

  /** Finds the frame that fits. */
  private layout(map: PageMap): void {
    const area = { width: this.element.clientWidth, height: this.element.clientHeight };
    this.area = area;
    const ratio = window.devicePixelRatio;
    this.frame = frameOf(area, map.cells, this.store.state.layout, ratio);
    for (const canvas of [this.drawing, this.overlays.canvas, this.pointing]) {
      canvas.width = Math.round(area.width * ratio);
      canvas.height = Math.round(area.height * ratio);
      canvas.style.width = `${area.width}px`;
      canvas.style.height = `${area.height}px`;
    }
    if (!this.frame) return;
    const { left, top, width, height } = this.frame;
    for (const box of [this.heatmap.element, this.plot]) {
      Object.assign(box.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
    }
  }

  private paint(): void {
    const { state } = this.store;
    const paint = this.derived.paint(state);
    this.painted = paint;
    if (!paint || !state.map || !state.view || !this.frame) return;
    this.heatmap.draw(paint, state.map.cells, this.frame, state.view);
    this.overview.draw(paint, state.map.cells);
  }

  private placeLabels(): void {
    const terrain = this.derived.terrain(this.store.state);
    const { view } = this.store.state;
    if (!terrain || !this.frame || !view || !this.pen) return;
    const at = new Projection(view, this.frame);
    const polygons = this.derived.polygons(this.store.state);
    const { pen } = this.pen;
    if (at.cellWidth >= CELL_LABEL_FROM) this.labels = [];
    else this.labels = polygons ? labelsOfPolygons(polygons, at, pen) : labelsOf(terrain, at, pen);
  }

  /** Draws borders, labels, axes and color bar. */
  private draw(): void {
    const { state } = this.store;
    const context = this.drawing.getContext('2d');
    const { map, ui, theme, view } = state;
    const terrain = this.derived.terrain(state);
    const paint = this.derived.paint(state);
    if (!context || !map || !terrain || !paint || !this.frame || !view || !this.pen) return;
    const { frame } = this;
    const at = new Projection(view, frame);
    const ratio = window.devicePixelRatio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.drawing.width, this.drawing.height);

    context.save();
    context.beginPath();
    context.rect(frame.left, frame.top, frame.width, frame.height);
    context.clip();
    context.translate(frame.left, frame.top);
    const large = at.cellWidth >= CELL_LABEL_FROM && ui.labels;
    if (large) drawCellGrid(context, at);
    const borders = this.derived.borders(state);
    // Colors of tokens cannot all be told apart: there, borders stay.
    if (borders && (ui.borders || ui.colorBy === 'token')) {
      drawBorders(context, borders, at, {
        width: large ? 2 : 1.25,
        solid: isHighContrast(theme),
        crowd: large ? 0 : crowdOf(borders, map.cells),
      });
    }
    if (large) drawCellTexts(context, map.cells, terrain, at, paint, this.pen.pen);
    else if (ui.labels) drawLabels(context, this.labels, at, paint, this.pen.pen, theme);
    context.restore();

    const narrow = state.layout === 'narrow';
    const { grid, plane } = map.specification;
    const legend = { context, frame, at, theme, grid, narrow, names: axisNames(plane) };
    const moved = !isHome(view, map.cells);
    const bar = barOf(frame, moved);
    drawAxes(legend);
    drawColorBar(legend, bar, ui.colorBy, this.derived.scale(state));
    if (moved) {
      const left = bar.left;
      this.overview.place(context, left, frame.top + frame.height - OVERVIEW, OVERVIEW, map.cells, view, theme);
    }
  }

  /** Draws what follows the pointer: pin, hover, outlined token, tile in work. */
  private point(): void {
    const { state } = this.store;
    const context = this.pointing.getContext('2d');
    const { map, ui, hover, outlined, theme, host, progress, view } = state;
    const terrain = this.derived.terrain(state);
    if (!context || !map || !terrain || !this.frame || !view) return;
    const { frame } = this;
    const at = new Projection(view, frame);
    const ratio = window.devicePixelRatio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.pointing.width, this.pointing.height);
    const { columns, rows } = map.cells;
    const pin = pinnedCell(state);

    context.save();
    context.beginPath();
    context.rect(frame.left, frame.top, frame.width, frame.height);
    context.clip();
    context.translate(frame.left, frame.top);
    const polygons = this.derived.polygons(state);
    if (outlined !== null && polygons) drawPolygonOutline(context, at, polygons, outlined);
    else if (outlined !== null) drawOutline(context, at, terrain, outlined);
    const stride = STRIDES.find((one) => one === progress?.stride);
    if (host?.run.status === 'running' && !map.finish && progress && progress.cell >= 0 && stride) {
      drawTile(context, at, tileOf(columns, rows, stride, progress.cell));
    }
    if (hover !== null) drawHover(context, at, columns, hover);
    if (pin !== null) drawPin(context, at, columns, pin, theme);
    context.restore();

    if (pin === null) return;
    const x = at.x((pin % columns) + 0.5);
    const y = at.y(Math.floor(pin / columns) + 0.5);
    if (x >= 0 && x <= frame.width)
      drawPointer(context, frame.left + x, frame.top + frame.height + 2, 'below', theme.foreground);
    if (y >= 0 && y <= frame.height) drawPointer(context, frame.left - 2, frame.top + y, 'left', theme.foreground);
    const stand = terrain.stand[pin] ?? -1;
    if (stand < 0) return;
    const bar = barOf(frame, !isHome(view, map.cells));
    const part = Math.min(1, confidence(map.cells, stand, ui.colorBy));
    drawPointer(context, bar.left - 2, bar.top + bar.height * (1 - part), 'left', theme.foreground);
  }

  /** The map's name for a screen reader. */
  private describe(map: PageMap): void {
    const { columns, rows } = map.cells;
    const tokens = this.derived.tokenCount(this.store.state);
    const layer = map.specification.layer === 'embeddings' ? 'embeddings' : `layer ${map.specification.layer}`;
    setAttributes(this.plot, {
      'aria-label': `Token map, ${columns} by ${rows} cells, ${layer}, ${formatFixed(tokens, 0)} ${tokens === 1 ? 'token' : 'tokens'}`,
    });
  }
}

/** Names the part of the plane that a map shows: a zoom is kept from map to map as long as it stays the same. */
export function windowOf(map: PageMap): string {
  const { columns, rows, spacing, center } = map.specification.grid;
  return [columns * spacing, rows * spacing, ...center].join(' ');
}
