import { type Flag, MAP_FLAGS } from '../map/flags.js';

/** Flags of the map that `embedding-grid features` has as well: what says which hidden state is meant. */
const SHARED = new Set(['prompt', 'prompt-ids', 'chat', 'position', 'layer-idx']);
const HERE: Readonly<Record<string, Pick<Flag, 'help' | 'default'>>> = {
  'layer-idx': {
    help: 'layer of the hidden state: 0 to the last, "last", or "embeddings"',
    default: "the autoencoder's own, else last",
  },
  prompt: { help: "the prompt whose hidden state it is, at its last token or at --position's" },
};
export const FEATURE_MAP_FLAGS = MAP_FLAGS.filter(({ name }) => SHARED.has(name)).map((flag) => ({
  ...flag,
  ...HERE[flag.name],
}));

/** Flags of `embedding-grid features` beside those. */
export const FEATURE_FLAGS = [
  {
    name: 'sae',
    value: 'PATH',
    help: 'the sparse autoencoder whose features are listed: a folder of SAELens, sparsify or Gemma Scope, or such weights',
  },
  { name: 'most', value: 'N', help: 'features that are listed at most, 1 to 1000', default: '20' },
  { name: 'json', help: 'print them as JSON' },
] as const satisfies readonly Flag[];
