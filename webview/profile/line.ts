import { t } from '@vscode/l10n';
import type { PlanePoint } from '../../src/map/profile.js';
import { placeOfCell } from '../cell.js';
import { send } from '../host.js';
import { inspected } from '../inspected.js';
import type { PageMap } from '../pageMap.js';
import type { PageState, Store } from '../store.js';

/** Decimals finer than a cell's that a drawn end keeps. */
const FINER = 100;

/** The profile along a line; null ends it. */
export const sendProfile = (from: PlanePoint, to: PlanePoint): void =>
  send({ type: 'edit', path: 'profile', value: { from, to } });
export const closeProfile = (): void => send({ type: 'edit', path: 'profile', value: null });

/** Opens a profile: from A to B where the map shows both, else through the middle of what it shows. */
export function openProfile({ base }: PageState): void {
  if (!base) return;
  const { columns, rows, spacing, center } = base.specification.grid;
  const [halfX, halfY] = [(columns / 2) * spacing, (rows / 2) * spacing];
  const shows = (x: number): boolean => Math.abs(x - center[0]) <= halfX && Math.abs(center[1]) <= halfY;
  const ends = shows(0) && shows(1) ? [0, 1] : [center[0] - halfX + spacing / 2, center[0] + halfX - spacing / 2];
  const y = shows(0) && shows(1) ? 0 : center[1];
  const [from = 0, to = 1] = ends;
  sendProfile({ x: from, y }, { x: to, y });
}

/**
 * A place as an end of a line: a mark that is as near as half a cell, or as `near` in coordinates, is meant exactly; other places
 * keep few decimals.
 */
export function endAt(map: PageMap, place: PlanePoint, near = 0): PlanePoint {
  const { spacing } = map.specification.grid;
  let best: PlanePoint | undefined;
  let least = Math.max(spacing / 2, near) * 1.0001;
  for (const { x, y, badge } of map.survey?.marks ?? []) {
    const away = Math.max(Math.abs(x - place.x), Math.abs(y - place.y));
    if (badge === undefined || away > least) continue;
    [least, best] = [away, { x, y }];
  }
  const step = 10 ** Math.floor(Math.log10(spacing / FINER));
  const rounded = (value: number): number => Number((Math.round(value / step) * step).toPrecision(12)) + 0;
  return best ?? { x: rounded(place.x), y: rounded(place.y) };
}

/** Begins a line at a place: the next click, Enter or P ends it. */
export const beginLine = (store: Store, from: PlanePoint): void => store.set({ draft: { from, to: null } });

/** Ends the line that was begun at a place; false: that is where it began. */
export function endLine(store: Store, to: PlanePoint): boolean {
  const { draft } = store.state;
  if (!draft || (draft.from.x === to.x && draft.from.y === to.y)) return false;
  store.set({ draft: null });
  sendProfile(draft.from, to);
  return true;
}

/** The line that was drawn becomes the profile's, where it has two ends. */
export function drawnLine(store: Store): void {
  const { draft } = store.state;
  store.set({ draft: null });
  if (draft?.to && (draft.from.x !== draft.to.x || draft.from.y !== draft.to.y)) sendProfile(draft.from, draft.to);
}

/** By key: begins a line at the cell that is inspected, or ends it there; what is to be read out. */
export function lineKey(store: Store): string {
  const { state } = store;
  const at = inspected(state);
  if (!at || state.host?.mode !== 'panel') return '';
  const end = endAt(at.map, placeOfCell(at.map, at.cell));
  if (state.draft) return endLine(store, end) ? t('Profile') : t('Move the pin to the other end, and press P');
  beginLine(store, end);
  return t('A line begins here. Move the pin to its other end, and press P');
}

/** The line that is drawn on the map: the one that is being drawn, else the profile's. */
export function shownLine(state: PageState): { readonly from: PlanePoint; readonly to: PlanePoint } | null {
  const { draft, host, map, hover, ui } = state;
  if (!draft) return host?.profile?.line ?? null;
  const free = hover !== null && map ? placeOfCell(map, hover) : ui.pin;
  return { from: draft.from, to: draft.to ?? (free && map ? endAt(map, free) : draft.from) };
}
