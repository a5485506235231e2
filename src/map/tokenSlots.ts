import { hueOf, preferredSlot, TOKEN_SLOTS } from './colors.js';
import { NO_TOKEN, type Regions } from './regions.js';

/**
 * Gives every token of a map a color slot. Known slots are kept, so that a token's color stays from map to map; others get
 * their preferred slot or, where a bordering token has that hue, the next free one. Largest tokens choose first.
 * @param text the text of a token's id, which slots are remembered by.
 * @param known slots of earlier maps, by text.
 * @returns slots by text: those of this map's tokens only; the caller adds them to what it remembers.
 */
export function assignSlots(
  regions: Regions,
  text: (token: number) => string,
  known: ReadonlyMap<string, number> = new Map(),
): Map<string, number> {
  const cells = new Map<number, number>();
  regions.tokens.forEach((token, i) => cells.set(token, (cells.get(token) ?? 0) + (regions.areas[i] ?? 0)));
  const neighbors = borderingTokens(regions);
  const slots = new Map<string, number>();
  const tokens = [...cells].sort(([a, m], [b, n]) => n - m || a - b).map(([token]) => token);
  for (const token of tokens) {
    const slot = known.get(text(token));
    if (slot !== undefined && Number.isInteger(slot) && slot >= 0 && slot < TOKEN_SLOTS) slots.set(text(token), slot);
  }
  for (const token of tokens) {
    if (slots.has(text(token))) continue;
    const taken = new Set<number>();
    for (const neighbor of neighbors.get(token) ?? []) {
      const slot = slots.get(text(neighbor));
      if (slot !== undefined) taken.add(hueOf(slot));
    }
    const preferred = preferredSlot(text(token));
    let slot = preferred;
    for (let i = 0; i < TOKEN_SLOTS && taken.has(hueOf(slot)); i++) slot = (slot + 1) % TOKEN_SLOTS;
    slots.set(text(token), taken.has(hueOf(slot)) ? preferred : slot);
  }
  return slots;
}

/** For each token, the tokens that share a border with it. */
function borderingTokens({ columns, of, tokens }: Regions): Map<number, Set<number>> {
  const neighbors = new Map<number, Set<number>>();
  const meet = (a: number, b: number): void => {
    if (a < 0 || b < 0 || a === b) return;
    const [one, other] = [tokens[a] ?? NO_TOKEN, tokens[b] ?? NO_TOKEN];
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const) {
      const set = neighbors.get(from) ?? new Set();
      neighbors.set(from, set.add(to));
    }
  };
  for (let cell = 0; cell < of.length; cell++) {
    if (cell % columns > 0) meet(of[cell - 1] ?? -1, of[cell] ?? -1);
    if (cell >= columns) meet(of[cell - columns] ?? -1, of[cell] ?? -1);
  }
  return neighbors;
}
