import type { Layer } from '../../src/map/specification.js';
import type { HostState } from '../../src/protocol/page.js';

/** Index of the last layer; a model that is not known has the one that is asked for. */
export function lastLayer({ model, settings, sweep }: HostState): number {
  if (model.status === 'ready') return model.summary.facts.blocks - 1;
  if (sweep) return sweep.layers - 1;
  const { layer } = settings.parameters;
  return typeof layer === 'number' ? layer : 0;
}

export const layerOf = (host: HostState): Layer => {
  const { layer } = host.settings.parameters;
  return layer === 'last' ? lastLayer(host) : layer;
};

/** The layer with an index: -1 is `embeddings`; the last one stays the last when the model changes. */
export const layerAt = (index: number, last: number): Layer | 'last' =>
  index < 0 ? 'embeddings' : index === last ? 'last' : index;
