import { t } from '@vscode/l10n';
import { tokenColor } from '../../src/map/colors.js';
import { gridPoint } from '../../src/map/grid.js';
import { badgeBoxes, CELL_LABEL_FROM, type Label } from '../../src/map/labels.js';
import { showsBorders } from '../../src/map/mapDisplay.js';
import { layerBrief, planeWords } from '../../src/map/naming.js';
import { STRIDES, tileOf } from '../../src/map/refinement.js';
import type { PlanePoint } from '../../src/map/profile.js';
import type { Mark } from '../../src/map/survey.js';
import { pinnedCell } from '../inspected.js';
import { divergenceOf, segmentsOf } from '../compare/changes.js';
import type { Derived } from '../derived.js';
import { h, setAttributes } from '../dom.js';
import { isOutdated, createMapNote } from '../mapNote.js';
import { type PageMap, windowOf } from '../pageMap.js';
import { anyOf, type Changed, type PageState, type Store } from '../store.js';
import { endAt, shownLine } from '../profile/line.js';
import { isHighContrast } from '../theme.js';
import { axisNames } from './axisNames.js';
import { BarButton } from './barButton.js';
import { crowdOf, drawBorders, drawCellGrid } from './borders.js';
import { baseView, contains, isWhole, refines, seesDetail, zoomLimit } from './detail.js';
import { type Frame, frameOf } from './frame.js';
import { drawCellTexts, drawLabels, labelsOf, labelsOfPolygons } from './labels.js';
import { barOf, drawAxes, drawColorBar, drawPointer, OVERVIEW } from './legend.js';
import { drawProfileLine } from './profileLine.js';
import { drawHollow, drawHover, drawOutline, drawPin, drawTile } from './marks.js';
import { OverlayLayer } from './overlayLayer.js';
import { BADGE, markPlace } from './overlayMarks.js';
import { drawPatches } from './patches.js';
import { Pictures } from './pictures.js';
import type { PixelBox } from './rings.js';
import { TokenPen } from './tokenPen.js';
import {
  home,
  isHome,
  lookOfView,
  panned,
  Projection,
  relativeView,
  sameView,
  showing,
  type Size,
  type View,
  zoomed,
  zoomOf,
} from './view.js';
import { tokensWords } from '../counted.js';

/** How long after the last step of a wheel or a drag a view rests: then labels are placed, and a closer look is asked for. */
const REST_MS = 100;
/** How near a mark is meant by an end of a line, in px. */
const NEAR_MARK = 12;

/**
 * The map: plotly's heatmaps, over them a canvas with borders, labels, axes and color bar, over that one with what follows the
 * pointer. While the view moves, the heatmaps' pictures are transformed and the canvases are drawn anew; labels keep their
 * places in the grid until the view rests.
 */
export class MapView {
  /** Takes the room that there is. */
  readonly element: HTMLElement;
  /** The map itself: has the focus and gets keys and the pointer. */
  readonly plot: HTMLElement;
  private readonly pictures: Pictures;
  private readonly drawing = h('canvas', { class: 'layer' });
  private readonly overlays = new OverlayLayer();
  private readonly pointing = h('canvas', { class: 'layer' });
  private readonly note: HTMLElement;
  private readonly bar: BarButton;
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
    this.pictures = new Pictures(derived);
    this.plot = h('div', { class: 'plot', role: 'application', tabindex: 0, 'aria-roledescription': t('token map') });
    this.note = createMapNote(store);
    this.bar = new BarButton(store, derived);
    this.element = h(
      'div',
      { class: 'map-area' },
      this.note,
      this.pictures.element,
      this.drawing,
      this.overlays.canvas,
      this.pointing,
      this.plot,
      this.bar.element,
      this.overlays.tip,
    );
    new ResizeObserver(() => this.resize()).observe(this.element);
    store.onDraw((state, changed) => this.render(state, changed));
  }

  /** How many times enlarged against the whole map. */
  get zoom(): number {
    const { state } = this.store;
    const view = baseView(state);
    return state.base && view ? zoomOf(view, state.base.cells) : 1;
  }

  /** Enlarges the map, around a point of the frame in px or around its middle. */
  zoomBy(factor: number, x?: number, y?: number): void {
    this.change((view, base, at) => {
      const { width, height } = at.size;
      const [gridX, gridY] = [at.gridX(x ?? width / 2), at.gridY(y ?? height / 2)];
      return zoomed(view, base.cells, factor, gridX, gridY, zoomLimit(this.store.state, gridX, gridY).most);
    });
    // A step by key or button stands for itself; the wheel's come in rows.
    if (x === undefined) this.settle();
  }

  /** Moves the map with the pointer, by px. */
  panBy(x: number, y: number): void {
    this.change((view, base, at) => panned(view, base.cells, -x / at.cellWidth, y / at.cellHeight));
  }

  reset(): void {
    this.change((_, base) => home(base.cells));
    this.settle();
  }

  /** Moves the view as little as it takes to show a place of the plane, with a cell's room around. */
  reveal(place: { readonly x: number; readonly y: number }): void {
    const { base, map } = this.store.state;
    if (!base || !map) return;
    const { grid } = base.specification;
    const side = map.specification.grid.spacing / grid.spacing;
    const { x, y } = gridPoint(grid, place);
    this.change((view) => showing(view, base.cells, x - side / 2, y - side / 2, side));
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

  /** The end of the profile's line at a point of the frame in px. */
  lineEndAt(x: number, y: number): 'from' | 'to' | undefined {
    const { map, view, host } = this.store.state;
    const line = host?.profile?.line;
    if (!map || !view || !this.frame || !line) return undefined;
    const at = new Projection(view, this.frame);
    return (['to', 'from'] as const).find((end) => {
      const place = markPlace(line[end], map.specification.grid, at);
      return Math.hypot(place.x - x, place.y - y) <= NEAR_MARK;
    });
  }

  /** The place of the plane at a point of the frame in px. */
  placeAt(x: number, y: number): PlanePoint | null {
    const { map, view } = this.store.state;
    if (!map || !view || !this.frame) return null;
    const at = new Projection(view, this.frame);
    const { columns, rows, spacing, center } = map.specification.grid;
    return {
      x: center[0] + (at.gridX(x) - columns / 2) * spacing,
      y: center[1] + (at.gridY(y) - rows / 2) * spacing,
    };
  }

  /** A place at a point of the frame in px as an end of a line: marks that are near are meant exactly. */
  endAt(x: number, y: number): PlanePoint | null {
    const { map, view } = this.store.state;
    const place = this.placeAt(x, y);
    if (!map || !view || !this.frame || !place) return null;
    const at = new Projection(view, this.frame);
    return endAt(map, place, (NEAR_MARK / at.cellWidth) * map.specification.grid.spacing);
  }

  /** Index of the mark at a point of the frame in px, or null. */
  markAt(x: number, y: number): number | null {
    return this.overlays.markAt(this.store.state, x, y);
  }

  /** Index of the text at a point of the frame in px, or null. */
  textAt(x: number, y: number): number | null {
    return this.overlays.textAt(this.store.state, x, y);
  }

  /** Changes the view, which is handed over in cells of the whole map. */
  private change(next: (view: View, base: PageMap, at: Projection) => View): void {
    const { state } = this.store;
    const { base } = state;
    const before = baseView(state);
    if (!base || !before || !this.frame) return;
    const view = next(before, base, new Projection(before, this.frame));
    if (sameView(before, view)) return;
    this.store.set({ look: lookOfView(view, base.specification.grid) });
    clearTimeout(this.rest);
    this.rest = setTimeout(() => this.settle(), REST_MS);
  }

  /** The view rests: labels find their places, plotly learns of it, it is kept, and a closer look may be asked for. */
  settle(): void {
    clearTimeout(this.rest);
    this.rest = undefined;
    const { base, rested } = this.store.state;
    const view = baseView(this.store.state);
    if (!base || !view) return;
    this.store.setUi({
      zoom: isHome(view, base.cells) ? null : { window: windowOf(base), view: relativeView(view, base.cells) },
    });
    this.store.set({ rested: rested + 1 });
  }

  private render(state: PageState, changed: Changed): void {
    const { base, map } = state;
    this.element.hidden = !map;
    this.element.classList.toggle('outdated', isOutdated(state));
    if (!base || !map) {
      if (changed.has('map')) this.pictures.clear();
      this.frame = undefined;
      return;
    }
    const anew = anyOf(changed, 'base', 'theme', 'layout', 'comparing') || !this.frame;
    if (anew) this.layout(base);
    const { frame } = this;
    if (!frame) return;
    this.choosePen(state, map);
    const moved = changed.has('view');
    const paint = this.derived.paint(state);
    const colors = anew || anyOf(changed, 'map', 'cellsVersion') || paint !== this.painted;
    this.painted = paint;
    const rested = changed.has('rested');
    if (colors || moved) this.pictures.draw(state, frame);
    if (rested) this.pictures.settle();
    const marks = marksOf(state);
    const marked = marks !== this.marks;
    this.marks = marks;
    if (anew || rested || marked || anyOf(changed, 'map', 'cellsVersion')) this.placeLabels();
    if (colors || moved || rested || changed.has('ui')) this.draw();
    if (colors || moved || rested || anyOf(changed, 'ui', 'mark', 'text', 'hiddenGroups', 'lasso'))
      this.overlays.draw(state, frame, this.labelBoxes(state, frame));
    if (colors || moved || anyOf(changed, 'ui', 'hover', 'outlined', 'progress', 'host', 'draft', 'along'))
      this.point();
    if (colors) this.describe(map);
  }
  private painted: unknown;
  private marks: unknown;

  private resize(): void {
    const { state } = this.store;
    const { clientWidth, clientHeight } = this.element;
    const { width, height } = this.area;
    if (!state.base || this.element.hidden || (clientWidth === width && clientHeight === height)) return;
    this.layout(state.base);
    if (!this.frame) return;
    // What had no room until now has not been drawn at all.
    if (state.map) this.choosePen(state, state.map);
    this.pictures.draw(state, this.frame);
    this.placeLabels();
    this.draw();
    this.overlays.draw(state, this.frame, this.labelBoxes(state, this.frame));
    this.point();
  }

  private choosePen({ theme }: PageState, map: PageMap): void {
    const key = `${map.id} ${theme.font}`;
    if (this.pen?.key === key) return;
    // Tokens are looked up when they are first drawn, also those that come later.
    this.pen = { key, pen: new TokenPen(theme.font, (token) => segmentsOf(map, token)) };
  }

  /** Finds the frame that fits. */
  private layout(map: PageMap): void {
    const area = { width: this.element.clientWidth, height: this.element.clientHeight };
    this.area = area;
    const ratio = window.devicePixelRatio;
    const { layout, comparing } = this.store.state;
    this.frame = frameOf(area, map.cells, comparing ? 'compared' : layout, ratio);
    for (const canvas of [this.drawing, this.overlays.canvas, this.pointing]) {
      canvas.width = Math.round(area.width * ratio);
      canvas.height = Math.round(area.height * ratio);
      canvas.style.width = `${area.width}px`;
      canvas.style.height = `${area.height}px`;
    }
    if (!this.frame) return;
    const { left, top, width, height } = this.frame;
    for (const box of [this.pictures.element, this.plot]) {
      Object.assign(box.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
    }
    Object.assign(this.note.style, { left: `${left}px`, width: `${width}px`, height: `${top}px` });
  }

  /** Cells carry their own tokens where they are large enough. Those that a closer look will replace do not grow into that. */
  private isLarge(state: PageState, at: Projection): boolean {
    const growing = !refines(state) || !state.base?.finish;
    const width = growing ? at.cellWidth : at.size.width / (state.map?.cells.columns ?? 1);
    return width >= CELL_LABEL_FROM;
  }

  /** Where labels of regions are written, in px of the frame. */
  private labelBoxes({ view, ui }: PageState, frame: Frame): PixelBox[] {
    const { pen } = this;
    if (!view || !pen || !ui.labels) return [];
    const at = new Projection(view, frame);
    return this.labels.map(({ x, y, size, segments }) => {
      const [width, height] = [(pen.pen.measure(segments) + 0.3) * size, 1.1 * size];
      return { x: at.x(x) - width / 2, y: at.y(y) - height / 2, width, height };
    });
  }

  private placeLabels(): void {
    const { state } = this.store;
    const terrain = this.derived.terrain(state);
    const { map, view } = state;
    if (!terrain || !this.frame || !view || !this.pen) return;
    const at = new Projection(view, this.frame);
    const polygons = this.derived.polygons(state);
    const { pen } = this.pen;
    const avoid = map ? badgeBoxes(marksOf(state), map.specification.grid, at, BADGE) : [];
    if (this.isLarge(state, at)) this.labels = [];
    else this.labels = polygons ? labelsOfPolygons(polygons, at, pen, avoid) : labelsOf(terrain, at, pen, avoid);
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
    this.plot.classList.toggle('whole', isWhole(state));
    const at = new Projection(view, frame);
    const ratio = window.devicePixelRatio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.drawing.width, this.drawing.height);

    context.save();
    context.beginPath();
    context.rect(frame.left, frame.top, frame.width, frame.height);
    context.clip();
    context.translate(frame.left, frame.top);
    const coloring = this.derived.coloring(state);
    if (ui.colorBy === 'token' && coloring && !map.changes) {
      const scale = this.derived.scale(state);
      drawPatches(context, this.derived.patches(state) ?? [], at, (token, cell) =>
        tokenColor(scale, this.derived.slot(map, token), coloring.part(map.cells, terrain.stand[cell] ?? cell)),
      );
    }
    const large = this.isLarge(state, at) && ui.labels;
    if (large) drawCellGrid(context, at);
    // Colors of tokens cannot all be told apart: there, borders stay.
    if (showsBorders(ui)) {
      this.drawBordersOf(state, map, context, at, large);
      if (seesDetail(state) && !contains(map.cells, view)) this.drawBordersBeside(state, context, at);
    }
    if (map.changes && !divergenceOf(map.changes, ui.changesBy)) drawHollow(context, at, map.changes.agreement, theme);
    if (large) drawCellTexts(context, map.cells, terrain, at, paint, this.pen.pen);
    else if (ui.labels) drawLabels(context, this.labels, at, paint, this.pen.pen, theme);
    context.restore();

    const narrow = state.layout === 'narrow';
    const { grid } = map.specification;
    const { comparing } = state;
    const legend = { context, frame, at, theme, grid, narrow, names: comparing ? undefined : axisNames(map) };
    drawAxes(legend);
    // Beside each other maps are of one color, which their inspectors tell in numbers.
    if (comparing) return this.bar.place(undefined, undefined);
    const part = isWhole(state) ? null : baseView(state);
    const bar = barOf(frame, part !== null);
    if (coloring) drawColorBar(legend, bar, coloring, this.derived.scale(state), ui.colorRange);
    this.bar.place(bar, coloring);
    if (part) {
      const top = frame.top + frame.height - OVERVIEW;
      this.pictures.overview.place(context, bar.left, top, OVERVIEW, map.cells, part, theme);
    }
  }

  private drawBordersOf(
    state: PageState,
    map: PageMap,
    context: CanvasRenderingContext2D,
    at: Projection,
    large: boolean,
  ): void {
    const borders = this.derived.borders(state, map);
    if (!borders) return;
    drawBorders(context, borders, at, {
      width: large ? 2 : 1.25,
      solid: isHighContrast(state.theme),
      crowd: large ? 0 : crowdOf(borders, map.cells),
    });
  }

  /** Beside a detail that has been moved away the whole map is seen. */
  private drawBordersBeside(state: PageState, context: CanvasRenderingContext2D, at: Projection): void {
    const { base, map } = state;
    const view = baseView(state);
    if (!base || !map || !view) return;
    const { columns, rows } = map.cells;
    context.save();
    context.beginPath();
    context.rect(0, 0, at.size.width, at.size.height);
    context.rect(at.x(0), at.y(rows), columns * at.cellWidth, rows * at.cellHeight);
    context.clip('evenodd');
    this.drawBordersOf(state, base, context, new Projection(view, at.size), false);
    context.restore();
  }

  /** Draws what follows the pointer: pin, hover, outlined token, tile in work. */
  private point(): void {
    const { state } = this.store;
    const context = this.pointing.getContext('2d');
    const { map, hover, outlined, theme, host, progress, view } = state;
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
    const outlines = outlined === null ? undefined : this.derived.outlines(state);
    if (outlined !== null && outlines) drawOutline(context, at, terrain, outlines, outlined);
    const stride = STRIDES.find((one) => one === progress?.stride);
    const work = seesDetail(state) ? host?.detail : host?.run;
    if (work?.status === 'running' && !map.finish && progress && progress.cell >= 0 && stride) {
      drawTile(context, at, tileOf(columns, rows, stride, progress.cell));
    }
    const line = this.store.slot === 'main' ? shownLine(state) : null;
    const badges = marksOf(state).filter(({ badge }) => badge !== undefined);
    if (line) drawProfileLine(context, at, map.specification.grid, line, state.draft ? null : state.along, badges);
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
    if (stand < 0 || state.comparing) return;
    const bar = barOf(frame, !isWhole(state));
    const part = Math.min(1, Math.max(0, this.derived.coloring(state)?.part(map.cells, stand) ?? 0));
    drawPointer(context, bar.left - 2, bar.top + bar.height * (1 - part), 'left', theme.foreground);
  }

  /** The map's name for a screen reader. */
  private describe(map: PageMap): void {
    const { columns, rows } = map.cells;
    const tokens = this.derived.tokenCount(this.store.state);
    const { layer, plane } = map.specification;
    setAttributes(this.plot, {
      'aria-label': t(
        'Token map, {0} by {1} cells, {2}, {3}. {4}',
        columns,
        rows,
        layerBrief(layer),
        tokensWords(tokens),
        planeWords(plane),
      ),
    });
  }
}

const NONE: readonly Mark[] = [];
/** Marks that are shown. */
const marksOf = ({ map, ui }: PageState): readonly Mark[] => (ui.marks ? map?.survey?.marks : undefined) ?? NONE;
