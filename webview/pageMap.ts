import type { ShownMap } from '../src/protocol/page.js';
import type { Token } from '../src/map/token.js';
import type { Changes } from './compare/pair.js';

/** A map that the page has. Its cells and tokens grow in place while it is computed. */
export interface PageMap extends Omit<ShownMap, 'tokens'> {
  readonly tokens: Map<number, Token>;
  /** Counts what was added to the cells, which are changed in place. */
  readonly growth: { version: number };
  /** Side, in cells, of what the cells that are not computed show from the picture before; 0: they show nothing. */
  readonly backdrop: number;
  /** Of a map that shows where two others differ: its "tokens" are pairs of theirs. */
  readonly changes?: Changes;
}

export const pageMap = (shown: ShownMap): PageMap => ({
  ...shown,
  tokens: new Map(shown.tokens.map((token) => [token.id, token])),
  growth: { version: 0 },
  backdrop: 0,
});

/** A token of a map by its id. */
export const tokenOf = (map: PageMap, id: number): Token =>
  map.tokens.get(id) ?? { id, kind: 'unknown', text: `#${id}` };

/** Names the part of the plane that a map shows: a zoom is kept from map to map as long as it stays the same. */
export function windowOf(map: PageMap): string {
  const { columns, rows, spacing, center } = map.specification.grid;
  return [columns * spacing, rows * spacing, ...center].join(' ');
}
