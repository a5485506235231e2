import { sameGrid } from '../../src/map/grid.js';
import { DEFAULT_DISPLAY } from '../../src/map/mapDisplay.js';
import type { MapInPage } from '../../src/map/pageFile/pageFile.js';
import { type Grid, parametersOf } from '../../src/map/specification.js';
import { emptyCells } from '../../src/map/tokenMap.js';
import {
  type Finish,
  type PageMessage,
  pageView,
  type PanelState,
  type ShownMap,
  type SlotNews,
  type SlotState,
  stillSlot,
} from '../../src/protocol/page.js';
import { packRegions } from '../../src/protocol/pageRegions.js';
import type { CloserLook } from './closerLook.js';

/** What is told of the map, and of what is looked at closely. */
export interface HostListener {
  state(panel: PanelState, slot: SlotState): void;
  news(news: SlotNews): void;
}

/** Between two batches the page has its turn: then a newer window ends an older one. */
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/** Does for a page of its own what the extension's host does for the panel's: gives it its map, and windows of it. */
export class PageHost {
  private lastId = 0;
  /** Counts the windows that were asked for. */
  private asked = 0;
  private shown: Grid | undefined;

  /** @param closer computes windows; undefined where nothing can */
  constructor(
    private readonly map: MapInPage,
    private readonly closer: CloserLook | undefined,
    private readonly listener: HostListener,
  ) {}

  start(): void {
    this.tell();
    const { specification, facts, cells, tokens, survey, closer } = this.map;
    const base: ShownMap = {
      id: ++this.lastId,
      specification,
      facts,
      cells,
      tokens: [...tokens, ...(closer?.tokens ?? [])],
      finish: this.finish(specification.grid),
      survey,
    };
    this.listener.news({ type: 'map', map: base });
  }

  readonly receive = (message: PageMessage): void => {
    if (message.type === 'window') void this.look(message);
    else if (message.type === 'copy') void navigator.clipboard.writeText(message.text).catch(() => undefined);
  };

  private async look({ grid: window, refine }: Extract<PageMessage, { type: 'window' }>): Promise<void> {
    const turnOf = ++this.asked;
    const { closer, map, listener } = this;
    if (!window || !refine || !closer) {
      this.shown = undefined;
      return;
    }
    const { columns, rows } = map.specification.grid;
    const grid: Grid = { columns, rows, ...window };
    if (this.shown && sameGrid(this.shown, grid)) return;
    this.shown = grid;
    const { topK } = map.cells;
    const id = ++this.lastId;
    const tokens = map.closer?.tokens ?? [];
    const specification = { ...map.specification, grid };
    const cells = emptyCells(columns, rows, topK);
    const detail = { id, specification, facts: map.facts, cells, tokens, survey: map.survey, finish: null };
    listener.news({ type: 'detail', map: detail });
    for (const batch of closer.cells(grid, topK)) {
      await turn();
      if (turnOf !== this.asked) return;
      listener.news({ type: 'cells', map: id, batch, tokens: [] });
    }
    listener.news({ type: 'finish', map: id, finish: this.finish(grid), tokens: [] });
  }

  private finish(grid: Grid): Finish {
    const { runtime, gram, regions, specification } = this.map;
    const known = this.closer?.regions(grid) ?? (grid === specification.grid ? regions : null);
    return { runtime, gram, regions: known ? packRegions(known) : null };
  }

  private tell(): void {
    const { map, closer } = this;
    const display = map.display ?? DEFAULT_DISPLAY;
    this.listener.state(
      {
        mode: 'saved',
        compare: null,
        sweep: null,
        interventions: [],
        lens: null,
        profile: null,
        models: [],
        canUndo: false,
        canRedo: false,
        display: pageView(display),
        colorScale: 'theme',
        tokenColors: display.tokenColors,
        keep: null,
        heard: 0,
      },
      stillSlot(
        parametersOf(map.specification),
        closer ? { ok: true } : { ok: false, reason: 'this page has the cells that it has' },
      ),
    );
  }
}
