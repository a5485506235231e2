import { assignSlots, assignSlotsOf } from './tokenSlots.js';
import { DEFAULT_DISPLAY, type Display } from './mapDisplay.js';
import { findRegions, type Regions, topTokens } from './regions.js';
import type { Cells, TokenMap } from './tokenMap.js';

/** Color slots by text, of the tokens that win somewhere: those that are known, and what others get beside them. */
export function slotsOf(
  { tokens }: Pick<TokenMap, 'tokens'>,
  regions: Regions,
  known: Display['tokenColors'] = {},
): Map<string, number> {
  return assignSlots(regions, textOf(tokens), new Map(Object.entries(known)));
}

/** The same for maps that stand beside each other: a token has one color in all. */
export const slotsOfAll = (
  maps: readonly Pick<TokenMap, 'cells' | 'tokens'>[],
  known: Display['tokenColors'] = {},
): Map<string, number> =>
  assignSlotsOf(
    maps.map(({ cells, tokens }) => ({ regions: regionsOf(cells), text: textOf(tokens) })),
    new Map(Object.entries(known)),
  );

const textOf =
  (tokens: TokenMap['tokens']) =>
  (token: number): string =>
    tokens.get(token)?.text ?? `#${token}`;

export const regionsOf = (cells: Cells): Regions => findRegions(cells.columns, cells.rows, topTokens(cells));

/**
 * The map as it goes into files: its display names the colors of its own tokens, all of them where color is the token, so that
 * whoever opens the file sees the same colors; of other tokens that were known it says nothing.
 */
export function settledMap<T extends Pick<TokenMap, 'cells' | 'tokens' | 'display'>>(map: T): T {
  const { display } = map;
  if (!display) return map;
  return { ...map, display: { ...display, tokenColors: settledColors(map, display) } };
}

function settledColors(
  map: Pick<TokenMap, 'cells' | 'tokens'>,
  { colorBy, tokenColors }: Display,
): Display['tokenColors'] {
  if (colorBy !== 'token' && Object.keys(tokenColors).length === 0) return tokenColors;
  const slots = slotsOf(map, regionsOf(map.cells), tokenColors);
  const kept = [...slots].filter(([text]) => colorBy === 'token' || Object.hasOwn(tokenColors, text));
  return Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The colors of a display that its map's tokens would not have without being named: what a command line has to say. */
export function chosenColors(map: Pick<TokenMap, 'cells' | 'tokens' | 'display'>): Display['tokenColors'] {
  const { colorBy, tokenColors } = map.display ?? DEFAULT_DISPLAY;
  if (colorBy !== 'token' || Object.keys(tokenColors).length === 0) return {};
  const regions = regionsOf(map.cells);
  const alone = slotsOf(map, regions);
  const named = slotsOf(map, regions, tokenColors);
  return Object.fromEntries([...named].filter(([text, slot]) => alone.get(text) !== slot));
}
