import { assignSlots, preferredSlot, type ScaleName, TOKEN_SLOTS } from '../src/map/colors.js';
import { type Borders, findBorders } from '../src/map/regions.js';
import { type TokenOnMap, tokensOnMap } from '../src/map/statistics.js';
import { type Paint, paintOf } from './map/paint.js';
import { type Terrain, terrainOf } from './map/terrain.js';
import { tokenOf } from './pageMap.js';
import type { PageState } from './store.js';
import { scaleOf } from './theme.js';

/** What follows from the state, computed when it is asked for and kept while nothing that it comes from has changed. */
export class Derived {
  private readonly slots = new Map<string, number>();

  constructor(private readonly onNewSlots: (slots: Readonly<Record<string, number>>) => void) {}

  readonly terrain = memo(
    (state: PageState) => [state.map?.cells, state.cellsVersion],
    (state): Terrain | undefined => (state.map ? terrainOf(state.map.cells) : undefined),
  );

  readonly tokens = memo(
    (state: PageState) => [state.map?.cells, state.cellsVersion],
    (state): readonly TokenOnMap[] => (state.map ? tokensOnMap(state.map.cells) : []),
  );

  readonly scale = (state: PageState): ScaleName => scaleOf(state.theme, state.host?.colorScale ?? 'theme');

  readonly paint = memo(
    (state: PageState) => [this.terrain(state), this.scale(state), state.ui.colorBy, state.host?.tokenColors],
    (state): Paint | undefined => {
      const terrain = this.terrain(state);
      if (!terrain || !state.map) return undefined;
      if (state.ui.colorBy === 'token') this.assign(state, terrain);
      return paintOf(state.map.cells, terrain, {
        colorBy: state.ui.colorBy,
        scale: this.scale(state),
        slot: (id) => this.slot(state, id),
      });
    },
  );

  readonly borders = memo(
    (state: PageState) => [this.paint(state)],
    (state): Borders | undefined => {
      const terrain = this.terrain(state);
      const paint = this.paint(state);
      return terrain && paint && findBorders(terrain.columns, terrain.rows, terrain.top, paint.dark);
    },
  );

  /** Color slot of a token, in a map that is colored by token. */
  slot(state: PageState, id: number): number {
    if (!state.map) return 0;
    const { text } = tokenOf(state.map, id);
    return this.slots.get(text) ?? preferredSlot(text);
  }

  /** Gives new tokens a color, which stays theirs; those of a finished map are remembered. */
  private assign(state: PageState, terrain: Terrain): void {
    const { map } = state;
    if (!map) return;
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

/** Remembers the last result. */
function memo<T>(
  keys: (state: PageState) => readonly unknown[],
  compute: (state: PageState) => T,
): (state: PageState) => T {
  let last: { keys: readonly unknown[]; value: T } | undefined;
  return (state) => {
    const now = keys(state);
    if (last && now.every((key, i) => Object.is(key, last?.keys[i]))) return last.value;
    last = { keys: now, value: compute(state) };
    return last.value;
  };
}
