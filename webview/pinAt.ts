import type { PlanePoint } from '../src/map/profile.js';
import { cellAtPlace } from './cell.js';
import type { MapView } from './map/mapView.js';
import type { Store } from './store.js';

/** Pins the map at a place and brings it into view, where it is on the map. */
export function pinAt(store: Store, map: MapView, place: PlanePoint | undefined): void {
  const { base } = store.state;
  if (!base || !place || cellAtPlace(base, place) === null) return;
  const pin = { x: place.x, y: place.y };
  store.setUi({ pin });
  map.reveal(pin);
}
