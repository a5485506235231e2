import type { Intervention } from '../map/interventions.js';
import type { ProfileLine } from '../map/profile.js';
import type { AxisValue, PlaneSharing } from '../map/series/series.js';
import type { MapParameters, Prompt, TokenName } from '../map/specification.js';
import type { Device } from './engine.js';

/** What a map is computed with. */
export interface MapSettings {
  readonly modelPath: string | null;
  readonly parameters: MapParameters;
  readonly device: Device;
  readonly batchSize: number;
}

/** What a panel's map is compared with. */
export type Comparison =
  /**
   * The same map but for one parameter, `path` as an axis of a series has it: another layer, readout, context, or `model`, by its
   * path. All others are edited for both at once.
   */
  | { readonly kind: 'computed'; readonly path: string; readonly value: AxisValue; readonly plane: PlaneSharing }
  /** A saved map, by the address of its file; what the two are called, where that is known. */
  | { readonly kind: 'saved'; readonly file: string; readonly names?: readonly [main: string, other: string] };

/** What a lens over layers and positions is read of, beside the map. */
export interface LensChoice {
  readonly prompt: Prompt;
  /** The token that is followed; null: none. */
  readonly token: TokenName | null;
  /** Readouts beside the panel's own: `forward`, `lens`, `unembed`, `tuned:FILE`, `jacobian:FILE`. */
  readonly beside: readonly string[];
}

/** Lenses beside the panel's own, at most. */
export const MOST_BESIDE = 4;

/** An intervention in a panel's list: what is off acts nowhere, and keeps its place. */
export interface Listed {
  readonly on: boolean;
  readonly intervention: Intervention;
}

/** What a panel is set to: everything that undo brings back. */
export interface PanelSettings extends MapSettings {
  /** null: one map is shown. */
  readonly compare: Comparison | null;
  /** The map is computed at every layer, each on the plane of its own. */
  readonly sweep: boolean;
  /** null: there is no lens. */
  readonly lens: LensChoice | null;
  /** Along which a profile is shown; null: there is none. */
  readonly profile: ProfileLine | null;
  /** The sparse autoencoder whose features are listed: its folder or file, absolute; null: none. */
  readonly sae: string | null;
  /** All interventions in their order, those that are off among them; empty where none is off. */
  readonly shelf: readonly Listed[];
}
