import type { ShownMap } from '../src/protocol/page.js';
import type { Token } from '../src/map/token.js';

/** The map that is shown. Its cells and tokens grow in place while it is computed. */
export interface PageMap extends Omit<ShownMap, 'tokens'> {
  readonly tokens: Map<number, Token>;
}

export const pageMap = (shown: ShownMap): PageMap => ({
  ...shown,
  tokens: new Map(shown.tokens.map((token) => [token.id, token])),
});

/** A token of a map by its id. */
export const tokenOf = (map: PageMap, id: number): Token =>
  map.tokens.get(id) ?? { id, kind: 'unknown', text: `#${id}` };
