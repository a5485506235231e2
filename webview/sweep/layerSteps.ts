import { t } from '@vscode/l10n';
import { layerBrief } from '../../src/map/naming.js';
import { layerIndex } from '../../src/map/specification.js';
import { lastLayer, layerAt, layerOf } from '../controls/layers.js';
import { send } from '../host.js';
import type { Store } from '../store.js';
import type { Sequence } from './steps.js';

/** Begins or ends a sweep through the layers. */
export const sendSweep = (value: boolean): void => send({ type: 'edit', path: 'sweep', value });

const layerHere = (place: number): 'embeddings' | number => (place === 0 ? 'embeddings' : place - 1);

/** The panel's map at every layer, from the embeddings on: the one that is chosen is the panel's map. */
export const layerSequence = (store: Store): Sequence => ({
  words: {
    title: t('All Layers'),
    play: t('Play Through the Layers'),
    slider: t('Layer of the sweep'),
    maps: t('Maps of the layers'),
    curve: t('as at the last layer'),
    agreement: (percent) => t('{0} as at the last layer', percent),
    everywhere: (token, own) =>
      own
        ? t('{0} on every layer: each map has A’s own state here. Layers × Positions tells where it comes from', token)
        : t('{0} wins at this cell on every layer', token),
  },
  steps: ({ host, sweep }) =>
    host?.sweep
      ? {
          count: host.sweep.layers + 1,
          at: layerIndex(layerOf(host)) + 1,
          maps: sweep,
          placeOf: (map) => layerIndex(map.specification.layer) + 1,
          nameOf: (place) => layerBrief(layerHere(place)),
          shortOf: (place) => (place === 0 ? t('embeddings') : String(layerHere(place))),
        }
      : undefined,
  go: (place) => {
    const { host } = store.state;
    if (host) send({ type: 'edit', path: 'layer', value: layerAt(place - 1, lastLayer(host)), step: true });
  },
  close: { label: t('Close All Layers (Esc)'), run: () => sendSweep(false) },
});
