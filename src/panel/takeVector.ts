import { float32Text } from '../formats/float32.js';
import { formatCount } from '../map/numbers.js';
import { pointAt } from '../map/plane.js';
import type { TokenMap } from '../map/tokenMap.js';
import type { PanelDependencies } from './dependencies.js';

/** Takes the vector at a point of a map's plane out of the program: onto the clipboard as a list of numbers, or into a file. */
export async function takeVector(
  deps: Pick<PanelDependencies, 'copyText' | 'saveVector'>,
  map: TokenMap,
  place: { readonly x: number; readonly y: number },
  to: 'clipboard' | 'file',
): Promise<void> {
  const vector = pointAt(map.plane, place.x, place.y);
  if (to === 'file') await deps.saveVector(map, place, vector);
  else
    await deps.copyText(
      `[${Array.from(vector, float32Text).join(', ')}]`,
      `Vector of ${formatCount(vector.length)} numbers`,
    );
}
