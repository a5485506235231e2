import type { LensTable } from '../src/map/lens/lensTable.js';
import type {
  BoundaryNews,
  Continuation,
  FeaturesNews,
  HostState,
  PointNews,
  Progress,
  PromptTokens,
  SlotName,
  SurveyNews,
} from '../src/protocol/page.js';
import type { PlanePoint, Profile } from '../src/map/profile.js';
import { cellAtPlace } from './cell.js';
import type { LinkState, Link, LinkedPane } from './link.js';
import { type View, viewOfLook } from './map/view.js';
import type { PageMap } from './pageMap.js';
import type { UiState } from './uiState.js';

/** What is a pane's own: its map and what is known of it. */
export interface OwnState {
  /** Of the panel and of this pane's slot; null until the host has answered. */
  readonly host: HostState | null;
  /** What is seen: {@link OwnState.base}, or {@link OwnState.detail}. */
  readonly map: PageMap | null;
  /** The slot's map, or the saved one. */
  readonly base: PageMap | null;
  /** A map of the part that is or was looked at more closely. */
  readonly detail: PageMap | null;
  /** Counts what was added to the map's cells, which are changed in place. */
  readonly cellsVersion: number;
  readonly progress: Progress | null;
  /** Of the settings' plane. */
  readonly news: SurveyNews | null;
  /** Prompts of the settings as tokens. */
  readonly prompts: readonly PromptTokens[];
  /** A point that was asked for, and a text that is written from one. */
  readonly point: PointNews | null;
  readonly continuation: Continuation | null;
  /** What was asked of the boundaries around the center. */
  readonly boundaries: BoundaryNews | null;
  /** What was asked of a hidden state's features. */
  readonly features: FeaturesNews | null;
  /** The whole maps of a sweep through the layers, by layer. */
  readonly sweep: readonly PageMap[];
  /** What a lens over layers and positions reads, and those beside it. */
  readonly lenses: readonly LensTable[] | null;
  /** What the model says along a line. */
  readonly profile: Profile | null;
  /** A line that is being drawn: its second end follows the pointer, or the pin where it is null. */
  readonly draft: { readonly from: PlanePoint; readonly to: PlanePoint | null } | null;
  /** The part of the profile's line that is looked at, 0 ... 1. */
  readonly along: number | null;
  /** Token whose regions are outlined. */
  readonly outlined: number | null;
  /** Index of the mark that is pointed at, in the map's survey. */
  readonly mark: number | null;
  /** Index of the text that is pointed at, among all of the map's overlays. */
  readonly text: number | null;
  /** Names of the groups of texts that are hidden. */
  readonly hiddenGroups: readonly string[];
  /** The line around some texts, in plane coordinates. */
  readonly lasso: readonly PlanePoint[] | null;
  /** It is being drawn: by the next drag, or as a box from this corner to the pin. */
  readonly lassoing: boolean | PlanePoint;
}

const NOTHING: OwnState = {
  host: null,
  map: null,
  base: null,
  detail: null,
  cellsVersion: 0,
  progress: null,
  news: null,
  prompts: [],
  point: null,
  continuation: null,
  boundaries: null,
  features: null,
  sweep: [],
  lenses: null,
  profile: null,
  draft: null,
  along: null,
  outlined: null,
  mark: null,
  text: null,
  hiddenGroups: [],
  lasso: null,
  lassoing: false,
};

/** Everything that a pane is drawn from. */
export interface PageState extends LinkState, OwnState {
  /** The part of the plane that is seen, in cells of `map`; null while there is no map. */
  readonly view: View | null;
  /** Cell of `map` below the pointer, wherever that is. */
  readonly hover: number | null;
}

type Settable = Partial<LinkState & OwnState>;
export type Changed = ReadonlySet<keyof PageState>;

/** Whether any of these keys has changed. */
export const anyOf = (changed: Changed, ...keys: readonly (keyof PageState)[]): boolean =>
  keys.some((key) => changed.has(key));

/** A pane's state, with what it shares with the others, and who draws it. */
export class Store implements LinkedPane {
  private readonly drawers: ((state: PageState, changed: Changed) => void)[] = [];
  private changed = new Set<keyof PageState>();
  private own: OwnState = NOTHING;
  private current: PageState | undefined;
  /** The view that follows from a look and a map, as long as both are the same. */
  private seen: { readonly look: unknown; readonly map: unknown; readonly view: View | null } | undefined;
  private drawn: Pick<PageState, 'view' | 'hover'> | undefined;
  /** How long the last draw of new cells took, in ms. */
  cellsMilliseconds = 0;

  /** @param slot whose map this is. */
  constructor(
    readonly slot: SlotName,
    private readonly link: Link,
  ) {
    link.add(this);
  }

  get state(): PageState {
    this.current ??= this.joined();
    return this.current;
  }

  /** Calls back with every change, and with all keys at the first draw. */
  onDraw(draw: (state: PageState, changed: Changed) => void): void {
    this.drawers.push(draw);
  }

  set(change: Settable): void {
    const shared: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(change)) {
      if (key in this.link.state) shared[key] = value;
      else this.setOwn(key as keyof OwnState, value);
    }
    this.link.set(shared);
  }

  setUi(change: Partial<UiState>): void {
    this.link.set({ ui: { ...this.link.state.ui, ...change } });
  }

  note(keys: readonly (keyof LinkState)[]): void {
    for (const key of keys) this.changed.add(key);
    this.current = undefined;
  }

  /** Draws everything. */
  start(): void {
    this.changed = new Set(Object.keys(this.state) as (keyof PageState)[]);
    this.draw();
  }

  draw(): void {
    const { state } = this;
    for (const key of ['view', 'hover'] as const) if (this.drawn?.[key] !== state[key]) this.changed.add(key);
    this.drawn = { view: state.view, hover: state.hover };
    const { changed } = this;
    if (changed.size === 0) return;
    this.changed = new Set();
    const started = performance.now();
    for (const draw of this.drawers) draw(this.state, changed);
    if (changed.has('cellsVersion')) this.cellsMilliseconds = performance.now() - started;
  }

  private setOwn(key: keyof OwnState, value: unknown): void {
    if (Object.is(value, this.own[key])) return;
    this.own = { ...this.own, [key]: value };
    this.changed.add(key);
    this.current = undefined;
    this.link.soon();
  }

  private joined(): PageState {
    const { look, pointed } = this.link.state;
    const { map } = this.own;
    const { grid } = map?.specification ?? {};
    if (this.seen?.look !== look || this.seen.map !== grid)
      this.seen = { look, map: grid, view: look && grid ? viewOfLook(look, grid) : null };
    return {
      ...this.link.state,
      ...this.own,
      view: this.seen.view,
      hover: map && pointed ? cellAtPlace(map, pointed) : null,
    };
  }
}
