import type { TokenMap } from '../map/tokenMap.js';
import { npyText, toNpy } from './npy.js';
import { npzOf } from './npz.js';
import { jsonValue } from './jsonText.js';

/** A map's plane for `numpy.load`: `c`, `u`, `v` float32 [hiddenSize], h(x, y) = c + x u + y v; `specification` as JSON. */
export const planeNpz = ({ plane: { c, u, v }, specification }: TokenMap): Uint8Array =>
  npzOf({ c: toNpy(c), u: toNpy(u), v: toNpy(v), specification: npyText(jsonValue(specification)) });
