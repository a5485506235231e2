import { t } from '@vscode/l10n';
import { sameGrid } from '../src/map/grid.js';
import type { Grid } from '../src/map/specification.js';
import { addBatch } from '../src/map/tokenMap.js';
import type { ShownMap, SlotNews } from '../src/protocol/page.js';
import type { Derived } from './derived.js';
import { send } from './host.js';
import { baseView, detailGrid, fillFromBehind, refines, touches, zoomLimit } from './map/detail.js';
import { absoluteView, home, inside, isHome, type Look, lookOfView, viewOn } from './map/view.js';
import { type PageMap, pageMap, windowOf } from './pageMap.js';
import { type PageState, type Store } from './store.js';

/** The picture of a growing map is drawn anew at most this often, in ms, and takes at most a fifth of the time. */
const REFRESH_MS = 60;

type Of<T extends SlotNews['type']> = Extract<SlotNews, { type: T }>;

/**
 * The maps that the page has: the panel's (`base`), and while a part of it is looked at closely, a detail of that part. Decides
 * which of them is seen (`map`), and tells the host which window is looked at once the view rests.
 */
export class Maps {
  private refresh: ReturnType<typeof setTimeout> | undefined;
  /** The window that the host was told of. */
  private told = '';
  /** The detail that was asked for. */
  private wanted: Grid | undefined;

  /**
   * @param announce reads out.
   * @param leads where one looks on the plane follows this pane's map.
   */
  constructor(
    private readonly store: Store,
    private readonly derived: Derived,
    private readonly announce: (text: string) => void,
    private readonly leads = true,
  ) {
    let refine: unknown;
    store.onDraw((state, changed) => {
      const now = refines(state);
      if (changed.has('base') || changed.has('rested') || now !== refine) this.rest();
      refine = now;
    });
  }

  /** Another map of the panel's, or none. */
  takeBase({ map: shown }: Of<'map'>): void {
    this.stopRefresh();
    const base = shown && pageMap(shown);
    this.wanted = undefined;
    this.store.set({
      base,
      detail: null,
      map: base,
      ...(this.leads ? { look: base && lookFor(base, this.store.state), pointed: null } : {}),
      outlined: null,
      mark: null,
      point: null,
      continuation: null,
      boundaries: null,
      features: null,
      cellsVersion: 0,
    });
  }

  /** A detail of the base. It is seen with its first cells, over what was seen before. */
  takeDetail({ map: shown }: Of<'detail'>): void {
    const { base } = this.store.state;
    if (!base) return;
    const detail = shown && this.overWhatIsSeen(shown, base);
    this.store.set({ detail });
    if (detail?.cells.computed.every(Boolean)) this.draw();
    else this.refreshSoon();
  }

  takeCells({ map: id, batch, tokens }: Of<'cells'>): void {
    const map = this.mapOf(id);
    if (!map) return;
    addBatch(map.cells, batch);
    for (const token of tokens) map.tokens.set(token.id, token);
    map.growth.version++;
    this.refreshSoon();
  }

  takeFinish({ map: id, finish, tokens }: Of<'finish'>): void {
    const map = this.mapOf(id);
    if (!map) return;
    for (const token of tokens) map.tokens.set(token.id, token);
    this.replace(map, { ...map, finish });
    this.stopRefresh();
    this.draw();
    const count = this.derived.tokenCount(this.store.state);
    this.announce(
      id === this.store.state.base?.id ? t('Map complete, {0} tokens', count) : t('Window refined, {0} tokens', count),
    );
  }

  /** The survey of the panel's plane: also that of a detail. */
  takeSurvey({ news }: Of<'survey'>): void {
    const { base, detail } = this.store.state;
    this.store.set({ news });
    if (base?.id !== news.map) return;
    this.store.set({ mark: null });
    // What it tells of is what the settings have of overlays: texts are looked up there.
    const { overlays } = this.store.state.host?.settings.parameters ?? {};
    const surveyed = (map: PageMap): PageMap => ({
      ...map,
      survey: news.survey,
      ...(overlays ? { specification: { ...map.specification, overlays } } : {}),
    });
    for (const map of [detail, base]) if (map) this.replace(map, surveyed(map));
  }

  /** When the view rests: the detail of it is asked for, or the whole map is what is seen. */
  private rest(): void {
    const { state } = this.store;
    const { base, detail } = state;
    const view = baseView(state);
    if (!base || !view) return;
    const { grid } = base.specification;
    const refine = refines(state) && base.finish !== null;
    const part = isHome(view, grid) ? null : detailGrid(grid, view);
    this.wanted = refine && part ? part : undefined;
    if (!this.wanted) {
      this.see(base);
      this.store.set({ detail: null });
    } else if (detail && !touches(detail.cells, viewOn(view, grid, detail.specification.grid))) this.see(base);
    this.tell(base.id, part, refine);
    // Where cells only grow they do so up to a size; a map that is not complete may yet be refined.
    if (refine || !base.finish) return;
    const { most } = zoomLimit(state, view.x + view.width / 2, view.y + view.height / 2);
    if (this.leads) this.store.set({ look: lookOfView(inside(view, grid, most), grid) });
  }

  private tell(map: number, grid: Grid | null, refine: boolean): void {
    const part = grid && { spacing: grid.spacing, center: grid.center };
    const key = JSON.stringify([map, part, refine]);
    if (key === this.told) return;
    this.told = key;
    send({ type: 'window', slot: this.store.slot, map, grid: part, refine });
  }

  private mapOf(id: number): PageMap | undefined {
    const { base, detail } = this.store.state;
    return [base, detail].find((map) => map?.id === id) ?? undefined;
  }

  /** Another object for a map, wherever it stands. */
  private replace(map: PageMap, by: PageMap): void {
    const { base, detail, map: seen } = this.store.state;
    this.store.set({
      ...(base === map ? { base: by } : {}),
      ...(detail === map ? { detail: by } : {}),
      ...(seen === map ? { map: by } : {}),
    });
  }

  private overWhatIsSeen(shown: ShownMap, base: PageMap): PageMap {
    const { state } = this.store;
    const map = pageMap(shown);
    const behind = [state.map, base].flatMap((one) => {
      const stand = this.derived.terrain(state, one)?.stand;
      return one && stand ? [{ map: one, stand }] : [];
    });
    const backdrop = fillFromBehind(map.cells, map.tokens, map.specification.grid, behind);
    return { ...map, survey: base.survey, backdrop };
  }

  private refreshSoon(): void {
    this.refresh ??= setTimeout(
      () => {
        this.refresh = undefined;
        this.draw();
      },
      Math.max(REFRESH_MS, 5 * this.store.cellsMilliseconds),
    );
  }

  private stopRefresh(): void {
    clearTimeout(this.refresh);
    this.refresh = undefined;
  }

  /** Draws new cells; those of the detail that is wanted make it what is seen. */
  private draw(): void {
    const { detail, cellsVersion } = this.store.state;
    if (detail && this.wanted && sameGrid(detail.specification.grid, this.wanted)) this.see(detail);
    this.store.set({ cellsVersion: cellsVersion + 1 });
  }

  /** Makes a map the one that is seen: the view stays where it is on the plane. */
  private see(map: PageMap): void {
    if (this.store.state.map && this.store.state.map !== map) this.store.set({ map, outlined: null });
  }
}

/** What is seen of a new map: the part that was, or the one that was kept, if the map shows the same window; else all. */
function lookFor(map: PageMap, { base, look, ui }: PageState): Look {
  const window = windowOf(map);
  if (base && look && windowOf(base) === window) return look;
  const view = ui.zoom?.window === window ? absoluteView(ui.zoom.view, map.cells) : home(map.cells);
  return lookOfView(view, map.specification.grid);
}
