import { sameGrid } from '../../src/map/grid.js';
import { DEFAULT_DISPLAY } from '../../src/map/mapDisplay.js';
import type { MapInPage, PageFile } from '../../src/map/pageFile/pageFile.js';
import { type Grid, parametersOf } from '../../src/map/specification.js';
import { emptyCells } from '../../src/map/tokenMap.js';
import {
  type DivergenceNews,
  type Finish,
  type PageMessage,
  pageView,
  type PanelState,
  type ShownMap,
  type SlotName,
  type SlotNews,
  type Slots,
  type SlotState,
  stillSlot,
} from '../../src/protocol/page.js';
import { packRegions } from '../../src/protocol/pageRegions.js';
import type { CloserLook } from './closerLook.js';

/** What is told of the maps, and of what is looked at closely. */
export interface HostListener {
  state(panel: PanelState, slots: Slots<SlotState>): void;
  news(slot: SlotName, news: SlotNews): void;
  divergences(news: DivergenceNews): void;
}

/** Between two batches the page has its turn: then a newer window ends an older one. */
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/** Does for a page of its own what the extension's host does for the panel's: gives it its maps, and windows of one of them. */
export class PageHost {
  /** The page's maps; their ids are their places, from 1. */
  readonly shown: readonly ShownMap[];
  private lastId: number;
  /** Counts the windows that were asked for. */
  private asked = 0;
  private window: Grid | undefined;

  /** @param closer computes windows of the first map; undefined where nothing can */
  constructor(
    private readonly page: PageFile,
    private readonly closer: CloserLook | undefined,
    private readonly listener: HostListener,
  ) {
    this.shown = page.maps.map((map, i) => ({
      id: i + 1,
      specification: map.specification,
      facts: map.facts,
      cells: map.cells,
      tokens: [...map.tokens, ...(map.closer?.tokens ?? [])],
      finish: this.finish(map, map.specification.grid),
      survey: map.survey,
    }));
    this.lastId = this.shown.length;
  }

  /** The page's own of a map that is shown. */
  readonly inPage = ({ id }: { readonly id: number }): MapInPage | undefined => this.page.maps[id - 1];

  /** Gives the first maps: of a series one is chosen with {@link show}. */
  start(): void {
    this.tell();
    const { as } = this.page;
    const [a, b] = this.shown;
    if (as.kind !== 'series' && a) this.show('main', a);
    if (as.kind !== 'comparison' || !a || !b) return;
    this.show('other', b);
    const total = a.cells.columns * a.cells.rows;
    if (as.divergences)
      this.listener.divergences({ maps: [a.id, b.id], values: as.divergences, done: total, total, fault: null });
  }

  show(slot: SlotName, map: ShownMap): void {
    this.listener.news(slot, { type: 'map', map });
  }

  readonly receive = (message: PageMessage): void => {
    if (message.type === 'window') void this.look(message);
    else if (message.type === 'copy') void navigator.clipboard.writeText(message.text).catch(() => undefined);
  };

  private async look({ grid: window, refine }: Extract<PageMessage, { type: 'window' }>): Promise<void> {
    const turnOf = ++this.asked;
    const { closer, listener } = this;
    const [map] = this.page.maps;
    if (!window || !refine || !closer || !map) {
      this.window = undefined;
      return;
    }
    const { columns, rows } = map.specification.grid;
    const grid: Grid = { columns, rows, ...window };
    if (this.window && sameGrid(this.window, grid)) return;
    this.window = grid;
    const { topK } = map.cells;
    const id = ++this.lastId;
    const tokens = map.closer?.tokens ?? [];
    const specification = { ...map.specification, grid };
    const cells = emptyCells(columns, rows, topK);
    const detail = { id, specification, facts: map.facts, cells, tokens, survey: map.survey, finish: null };
    listener.news('main', { type: 'detail', map: detail });
    for (const batch of closer.cells(grid, topK)) {
      await turn();
      if (turnOf !== this.asked) return;
      listener.news('main', { type: 'cells', map: id, batch, tokens: [] });
    }
    listener.news('main', { type: 'finish', map: id, finish: this.finish(map, grid), tokens: [] });
  }

  private finish({ runtime, gram, regions, specification, closer }: MapInPage, grid: Grid): Finish {
    const known = (closer && this.closer?.regions(grid)) ?? (grid === specification.grid ? regions : null);
    return { runtime, gram, regions: known ? packRegions(known) : null };
  }

  private tell(): void {
    const { page, closer } = this;
    const display = page.maps[0]?.display ?? DEFAULT_DISPLAY;
    const slotOf = (map: MapInPage): SlotState =>
      stillSlot(
        parametersOf(map.specification),
        closer && map.closer ? { ok: true } : { ok: false, reason: 'this page has the cells that it has' },
      );
    const [main, other] = page.maps.map(slotOf);
    if (!main) throw new TypeError('A page without a map.');
    this.listener.state(
      {
        mode: 'saved',
        live: null,
        compare: page.as.kind === 'comparison' ? { kind: 'saved', file: '', names: page.as.names } : null,
        sweep: null,
        interventions: [],
        lens: null,
        profile: null,
        sae: null,
        models: [],
        canUndo: false,
        canRedo: false,
        display: pageView(display),
        colorScale: 'theme',
        tokenColors: display.tokenColors,
        keep: null,
        heard: 0,
      },
      page.as.kind === 'comparison' && other ? { main, other } : { main },
    );
  }
}
