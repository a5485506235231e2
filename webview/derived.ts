import { areApart, preferredSlot, type ScaleName, TOKEN_SLOTS } from '../src/map/colors.js';
import { assignSlots } from '../src/map/tokenSlots.js';
import { type Coloring, coloringOf } from '../src/map/coloring.js';
import { askedQuestion } from '../src/map/questions.js';
import type { BorderLines } from '../src/map/borderLines.js';
import { bordersOf, type Outlined, type Outlines, outlinesOf, type Patch, patchesOf } from '../src/map/outlines.js';
import type { ExactRegions, TokenPolygon } from '../src/map/polygons.js';
import type { Cells } from '../src/map/tokenMap.js';
import { unpackRegions } from '../src/protocol/pageRegions.js';
import { paintOfChanges } from './compare/changesPaint.js';
import { type Paint, paintOf } from './map/paint.js';
import { type Terrain, terrainOf } from './map/terrain.js';
import { type PageMap, tokenOf } from './pageMap.js';
import type { PageState } from './store.js';
import { scaleOf } from './theme.js';
import { type ListedToken, listTokens } from './tokenList.js';

/**
 * What follows from the state, computed when it is asked for and kept while nothing that it comes from has changed. Every
 * answer is about one map: the one that is seen, unless another is named.
 */
export class Derived {
  private readonly slots = new Map<string, number>();

  /** @param beside the maps that stand beside each other, while some do: their colors are on one scale. */
  constructor(
    private readonly onNewSlots: (slots: Readonly<Record<string, number>>) => void,
    private readonly beside: (state: PageState) => readonly PageMap[] = () => [],
  ) {}

  readonly terrain = perMap(
    (_, map) => [map.growth.version],
    (_, map): Terrain => terrainOf(map.cells, map.backdrop),
  );

  /** Where each token wins, exactly; undefined where that is not known, or is too much to draw. */
  readonly regions = perMap(
    (_, map) => [map.finish],
    (_, map): ExactRegions | undefined => (map.finish?.regions ? unpackRegions(map.finish.regions) : undefined),
  );

  /** What its borders are drawn from. */
  private readonly outlined = perMap(
    (state, map) => [this.terrain(state, map), this.regions(state, map)],
    (state, map): Outlined | undefined => {
      const regions = this.regions(state, map);
      const terrain = this.terrain(state, map);
      return (
        terrain && {
          ...terrain,
          cells: map.changes ? undefined : map.cells,
          exact: regions && { regions, grid: map.specification.grid },
        }
      );
    },
  );

  /** Where its regions border on each other, by the best that is known. */
  readonly outlines = perMap(
    (state, map) => [this.outlined(state, map)],
    (state, map): Outlines | undefined => {
      const outlined = this.outlined(state, map);
      return outlined && outlinesOf(outlined);
    },
  );

  /** Where each token wins, exactly, in grid coordinates. */
  polygons(state: PageState): readonly TokenPolygon[] | undefined {
    const outlines = this.outlines(state);
    return outlines?.kind === 'exact' ? outlines.polygons : undefined;
  }

  /** What lies on the other side of borders in the cells that they pass through. */
  readonly patches = perMap(
    (state, map) => [this.outlines(state, map)],
    (state, map): readonly Patch[] => {
      const outlined = this.outlined(state, map);
      const outlines = this.outlines(state, map);
      return outlined && outlines ? patchesOf(outlined, outlines) : [];
    },
  );

  readonly listed = perMap(
    (_, map) => [map.growth.version, map.finish],
    (_, map): readonly ListedToken[] => listTokens(map),
  );

  /** Tokens that win somewhere: of the exact regions where there are some, else of the cells. */
  tokenCount(state: PageState): number {
    return state.map?.finish?.regions?.count ?? this.listed(state)?.length ?? 0;
  }

  readonly scale = (state: PageState): ScaleName => scaleOf(state.theme, state.host?.colorScale ?? 'theme');

  readonly coloring = perMap(
    (state, map) => {
      const { ui } = state;
      const depends = ui.colorBy === 'question' || ui.colorRange !== '0-1';
      const spanned = depends ? this.spanned(state, map).flatMap(({ cells, growth }) => [cells, growth.version]) : [];
      return [ui.colorBy, ui.asked, ui.colorRange, ...spanned];
    },
    (state, map): Coloring => {
      const asked = askedQuestion(map.specification, state.ui.asked);
      return coloringOf(
        this.spanned(state, map).map(({ cells }) => cells),
        asked?.question ?? null,
        state.ui.colorBy,
        state.ui.colorRange,
        asked?.at,
      );
    },
  );

  /** The maps that one scale is for: all beside each other; for a closer look the whole map, so that colors keep their meaning. */
  private spanned(state: PageState, map: PageMap): readonly PageMap[] {
    const beside = this.beside(state);
    if (beside.length > 0) return beside;
    const { base, detail, ui } = state;
    return [base && map === detail && ui.colorRange === 'usual' ? base : map];
  }

  readonly paint = perMap(
    (state, map) => {
      if (map.changes)
        return [this.terrain(state, map), this.scale(state), state.ui.changesBy, map.changes.divergences];
      const { colorBy } = state.ui;
      // Colors of tokens are others' to know, and a finished map's are remembered.
      const slots = colorBy === 'token' ? [state.host?.tokenColors, map.finish !== null] : [];
      return [this.terrain(state, map), this.scale(state), this.coloring(state), ...slots];
    },
    (state, map): Paint | undefined => {
      const terrain = this.terrain(state, map);
      if (map.changes && terrain)
        return paintOfChanges(map, map.changes, terrain, this.scale(state), state.ui.changesBy);
      // Of the map that is seen: another that is to take its place has the same colors.
      const coloring = this.coloring(state) ?? this.coloring(state, map);
      if (!terrain || !coloring) return undefined;
      if (state.ui.colorBy === 'token') this.assign(state, map, terrain);
      return paintOf(map.cells, terrain, {
        coloring,
        scale: this.scale(state),
        slot: (id) => this.slot(map, id),
      });
    },
  );

  readonly borders = perMap(
    (state, map) => [this.paint(state, map), this.outlines(state, map)],
    (state, map): readonly BorderLines[] | undefined => {
      const outlined = this.outlined(state, map);
      const outlines = this.outlines(state, map);
      const paint = this.paint(state, map);
      if (!outlined || !outlines || !paint) return undefined;
      const alike = (token: number, other: number): boolean => !areApart(this.slot(map, token), this.slot(map, other));
      const byToken = state.ui.colorBy === 'token' && !map.changes;
      return bordersOf(outlined, outlines, { dark: paint.dark, alike: byToken ? alike : undefined });
    },
  );

  /** Color slot of a token, in a map that is colored by token. */
  slot(map: PageMap, id: number): number {
    return this.slotOf(tokenOf(map, id).text);
  }

  /** Color slot of a token by its text. */
  slotOf(text: string): number {
    return this.slots.get(text) ?? preferredSlot(text);
  }

  /** Gives new tokens a color, which stays theirs; those of a finished map are remembered. */
  private assign(state: PageState, map: PageMap, terrain: Terrain): void {
    for (const [text, slot] of Object.entries(state.host?.tokenColors ?? {})) {
      if (Number.isInteger(slot) && slot >= 0 && slot < TOKEN_SLOTS) this.slots.set(text, slot);
    }
    const assigned = assignSlots(terrain.regions, (id) => tokenOf(map, id).text, this.slots);
    const remembered = state.host?.tokenColors ?? {};
    const fresh: Record<string, number> = {};
    for (const [text, slot] of assigned) {
      this.slots.set(text, slot);
      if (!Object.hasOwn(remembered, text)) fresh[text] = slot;
    }
    if (map.finish && Object.keys(fresh).length) this.onNewSlots(fresh);
  }
}

type PerMap<T> = (state: PageState, map?: PageMap | null) => T | undefined;

/** Remembers the last result of each map, while the keys stay the same. undefined without a map. */
function perMap<T>(
  keys: (state: PageState, map: PageMap) => readonly unknown[],
  compute: (state: PageState, map: PageMap) => T,
): PerMap<T> {
  // A map's cells stay the same object while it grows.
  const known = new WeakMap<Cells, { keys: readonly unknown[]; value: T }>();
  return (state, map = state.map) => {
    if (!map) return undefined;
    const now = keys(state, map);
    const last = known.get(map.cells);
    if (last?.keys.length === now.length && now.every((key, i) => Object.is(key, last.keys[i]))) return last.value;
    const value = compute(state, map);
    known.set(map.cells, { keys: now, value });
    return value;
  };
}
