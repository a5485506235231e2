import { t } from '@vscode/l10n';
import { formatCount } from '../src/map/numbers.js';
import type { PlanePoint } from '../src/map/profile.js';
import { placeOfCell } from './cell.js';
import { inspected } from './inspected.js';
import { isSelected, textsOf } from './map/textPoints.js';
import type { PageState, Store } from './store.js';

/** The line around all cells between two, which stand at a corner each. */
function boxAround(one: PlanePoint, other: PlanePoint, spacing: number): PlanePoint[] {
  const half = spacing / 2;
  const [left, right] = [Math.min(one.x, other.x) - half, Math.max(one.x, other.x) + half];
  const [low, high] = [Math.min(one.y, other.y) - half, Math.max(one.y, other.y) + half];
  return [
    { x: left, y: low },
    { x: right, y: low },
    { x: right, y: high },
    { x: left, y: high },
  ];
}

/** The box from the corner that was begun to the cell that is inspected. */
function boxToHere(state: PageState): PlanePoint[] | null {
  const at = inspected(state);
  if (!at || typeof state.lassoing === 'boolean') return null;
  return boxAround(state.lassoing, placeOfCell(at.map, at.cell), at.map.specification.grid.spacing);
}

/** The box that is begun reaches to where the pin has come. */
export function growBox(store: Store): void {
  const lasso = boxToHere(store.state);
  if (lasso) store.set({ lasso });
}

/** A lasso by key: begins a box around texts at the cell that is inspected, or ends it there; what is to be read out. */
export function boxKey(store: Store): string {
  const { state } = store;
  const at = inspected(state);
  const { all } = textsOf(state.map);
  if (!at || all.length === 0) return '';
  if (typeof state.lassoing === 'boolean') {
    store.set({ lassoing: placeOfCell(at.map, at.cell) });
    growBox(store);
    return t('A box begins here. Move the pin to the opposite corner, and press T');
  }
  store.set({ lasso: boxToHere(state), lassoing: false });
  const inside = all.filter((text) => isSelected(text, store.state)).length;
  return t('{0} of {1} texts are in the box and in the list', formatCount(inside), formatCount(all.length));
}
