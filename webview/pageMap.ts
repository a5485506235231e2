import type { ShownMap } from '../src/protocol/page.js';
import type { Token } from '../src/map/token.js';

/** The map that is shown. Its cells and tokens grow in place while it is computed. */
export interface PageMap extends Omit<ShownMap, 'tokens'> {
  readonly tokens: Map<number, Token>;
  /** Counts what was added to the cells, which are changed in place. */
  readonly growth: { version: number };
}

export const pageMap = (shown: ShownMap): PageMap => ({
  ...shown,
  tokens: new Map(shown.tokens.map((token) => [token.id, token])),
  growth: { version: 0 },
});

/** A token of a map by its id. */
export const tokenOf = (map: PageMap, id: number): Token =>
  map.tokens.get(id) ?? { id, kind: 'unknown', text: `#${id}` };
