import type { DivergenceNews } from '../../src/protocol/page.js';
import { placeOfCell, spokenCell } from '../cell.js';
import { pinnedCell } from '../inspected.js';
import type { Derived } from '../derived.js';
import { send } from '../host.js';
import type { Link } from '../link.js';
import { listenToPointer } from '../map/gestures.js';
import { MapView } from '../map/mapView.js';
import type { PageMap } from '../pageMap.js';
import { anyOf, type Changed, type PageState, Store } from '../store.js';
import { whyNotCompared } from '../../src/map/compare/comparison.js';
import { changesMap } from './changes.js';

/** Numbers of the maps that are made here: below those of the host, which count up from 1. */
let numbers = 0;

/** The map of what changes between the maps of two panes, while both are there. */
export class ChangesPane {
  readonly store: Store;
  readonly view: MapView;
  /** What was compared last. */
  private known: { readonly key: readonly unknown[]; readonly map: PageMap | null }[] = [];
  /** How far apart two maps are, as the host has told it last. */
  private news: DivergenceNews | null = null;
  /** The maps that divergences were asked for, and what became of them on the page. */
  private asked: readonly [main: number, other: number] | null = null;
  private dressed: { readonly map: PageMap; readonly news: DivergenceNews; readonly with: PageMap } | undefined;
  /** Why the maps cannot be compared cell by cell. */
  reason: string | undefined;

  constructor(
    link: Link,
    private readonly derived: Derived,
    private readonly main: Store,
    private readonly other: Store,
    private readonly say: (text: string) => void,
  ) {
    this.store = new Store('other', link);
    this.view = new MapView(this.store, derived);
    const follow = (_: PageState, changed: Changed): void => {
      if (anyOf(changed, 'map', 'base', 'cellsVersion', 'host', 'comparing', 'ui')) this.follow();
    };
    main.onDraw(follow);
    other.onDraw(follow);
    listenToPointer(this.view, {
      hover: (cell, mark) => {
        const { map } = this.store.state;
        this.store.set({ pointed: map && cell !== null ? placeOfCell(map, cell) : null, mark });
      },
      click: (cell) => {
        const { map } = this.store.state;
        if (!map) return;
        const again = pinnedCell(this.store.state) === cell;
        this.store.setUi({ pin: again ? null : placeOfCell(map, cell) });
        if (!again) this.sayCell(cell);
      },
      doubleClick: () => undefined,
    });
  }

  /** Reads out what changes at a cell. */
  readonly sayCell = (cell: number): void => {
    const { map } = this.store.state;
    if (map) this.say(spokenCell(map, cell, this.derived.terrain(this.store.state)?.stand[cell] ?? -1));
  };

  /** What the host says of the divergences. */
  take(news: DivergenceNews | null): void {
    this.news = news;
    this.follow();
  }

  private follow(): void {
    const [a, b] = [this.main.state, this.other.state];
    this.reason = a.base && b.base && a.comparing ? whyNotCompared(a.base, b.base) : undefined;
    const base = a.comparing ? this.between(a.base, b.base) : null;
    // A closer look at both sides is compared as closely.
    const closer = base && a.map !== a.base && b.map !== b.base ? this.between(a.map, b.map) : null;
    const seen = closer ? this.measured(closer, a.map, b.map) : base && this.measured(base, a.base, b.base);
    if (!seen && this.asked) {
      this.asked = null;
      send({ type: 'divergences', maps: null });
    }
    const before = this.store.state;
    if (before.base === base && before.map === seen && before.host === a.host) return;
    this.store.set({
      host: a.host,
      base,
      map: seen,
      ...(before.map === seen ? {} : { outlined: null, cellsVersion: before.cellsVersion + 1 }),
    });
  }

  /** The map of changes with its divergences, which are asked for where they are looked at. */
  private measured(map: PageMap, a: PageMap | null, b: PageMap | null): PageMap {
    const { host, ui } = this.main.state;
    const wanted =
      ui.changesBy !== 'change' && host?.mode === 'panel' && a?.finish && b?.finish ? ([a.id, b.id] as const) : null;
    if (wanted?.join() !== this.asked?.join()) send({ type: 'divergences', maps: wanted });
    this.asked = wanted;
    const { news, dressed } = this;
    if (!news || !map.changes || news.maps.join() !== [a?.id, b?.id].join()) return map;
    if (dressed?.map === map && dressed.news === news) return dressed.with;
    const made = { ...map, changes: { ...map.changes, divergences: news } };
    this.dressed = { map, news, with: made };
    return made;
  }

  private between(a: PageMap | null, b: PageMap | null): PageMap | null {
    if (!a || !b || whyNotCompared(a, b) !== undefined) return null;
    const key = [a.cells, a.growth.version, a.finish, a.survey, b.cells, b.growth.version, b.finish];
    const known = this.known.find((one) => one.key.every((part, i) => Object.is(part, key[i])));
    if (known) return known.map;
    const map = changesMap(a, b, --numbers);
    this.known = [{ key, map }, ...this.known].slice(0, 2);
    return map;
  }
}
