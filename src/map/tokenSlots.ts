import { apartFrom, areApart, hueOf, preferredSlot, TOKEN_SLOTS } from './colors.js';
import type { Regions } from './regions.js';

/** Tokens that are given colors which everybody tells apart, the largest; others get theirs beside them as they come. */
const MOST_SEARCHED = 400;
/** Slots that are tried in a search, at most, and searches: one that is not lucky soon seldom is later. */
const MOST_TRIED = 3000;
const SEARCHES = 12;
/** How often tokens choose at most where the search finds nothing; there are seldom more than three rounds. */
const ROUNDS = 8;
/** Bordering tokens of one hue are worse than any number of those that not everybody tells apart. */
const SAME_HUE = TOKEN_SLOTS ** 2;
const NONE = -1;

/**
 * Gives every token of a map a color slot. Known slots are kept, so that a token's color stays from map to map; others get
 * their preferred slot or, where that would not be told from a bordering token's by everybody, the next that is. Where that cannot be
 * had of all borders, fewest are left between colors that not everybody tells apart.
 * @param text the text of a token's id, which slots are remembered by.
 * @param known slots of earlier maps, by text.
 * @returns slots by text: those of this map's tokens only; the caller adds them to what it remembers.
 */
export const assignSlots = (
  regions: Regions,
  text: (token: number) => string,
  known?: ReadonlyMap<string, number>,
): Map<string, number> => assignSlotsOf([{ regions, text }], known);

/** A map whose tokens get colors. */
export interface Colored {
  readonly regions: Regions;
  readonly text: (token: number) => string;
}

/** The same for maps that stand beside each other: one color for a text in all. */
export function assignSlotsOf(
  maps: readonly Colored[],
  known: ReadonlyMap<string, number> = new Map(),
): Map<string, number> {
  const { texts, neighbors } = borderingTexts(maps);
  const slots = texts.map((one) => {
    const slot = known.get(one);
    return slot !== undefined && Number.isInteger(slot) && slot >= 0 && slot < TOKEN_SLOTS ? slot : NONE;
  });
  const palette: Palette = { slots, neighbors, preferred: texts.map(preferredSlot) };
  const free = slots.flatMap((slot, i) => (slot === NONE ? [i] : []));
  // Where there are no such colors for all, there may be for those that are seen most.
  for (
    let largest = free.slice(0, MOST_SEARCHED);
    largest.length > 0 && !isFound(largest, palette);
    largest = largest.slice(0, Math.floor((largest.length * 2) / 3))
  );
  choose(
    free.filter((one) => slots[one] === NONE),
    palette,
  );
  return new Map(texts.map((one, i) => [one, slots[i] ?? 0]));
}

/** The texts of a map by their numbers, those with most cells first. */
interface Palette {
  /** The slot of each; {@link NONE}: none yet. */
  readonly slots: number[];
  readonly neighbors: readonly (readonly number[])[];
  readonly preferred: readonly number[];
}

/** The slots from one on, all around. */
const from = (slot: number): number[] => Array.from({ length: TOKEN_SLOTS }, (_, i) => (slot + i) % TOKEN_SLOTS);

/** Searches several times. */
function isFound(free: readonly number[], palette: Palette): boolean {
  for (let turn = 0; turn < SEARCHES; turn++) if (search(free, palette, turn)) return true;
  return false;
}

/**
 * Gives texts slots that everybody tells from all bordering ones, or none of them any where that is not found: what has fewest left
 * comes next, and what leaves another none is taken back (backtracking with forward checking).
 * @param turn which search it is: the first begins at each text's preferred slot, the next ones elsewhere
 * @returns whether it was found
 */
function search(free: readonly number[], { slots, neighbors, preferred }: Palette, turn: number): boolean {
  /** By text, as bits the slots that it can still have. */
  const left = neighbors.map((beside) =>
    beside.reduce((bits, other) => bits & apartFrom(slots[other] ?? NONE), 2 ** TOKEN_SLOTS - 1),
  );
  let tried = 0;
  const next = (): boolean => {
    let text = NONE;
    let fewest = TOKEN_SLOTS + 1;
    for (const one of free) {
      const count = slots[one] === NONE ? ones(left[one] ?? 0) : fewest;
      if (count < fewest) [text, fewest] = [one, count];
    }
    if (text === NONE) return true;
    const beside = (neighbors[text] ?? []).filter((other) => slots[other] === NONE);
    const before = beside.map((other) => left[other] ?? 0);
    for (const slot of from((preferred[text] ?? 0) + turn * (1 + (text % 7)))) {
      if ((((left[text] ?? 0) >> slot) & 1) === 0 || ++tried > MOST_TRIED) continue;
      slots[text] = slot;
      beside.forEach((other, i) => (left[other] = (before[i] ?? 0) & apartFrom(slot)));
      if (beside.every((other) => left[other] !== 0) && next()) return true;
      slots[text] = NONE;
      beside.forEach((other, i) => (left[other] = before[i] ?? 0));
    }
    return false;
  };
  return next();
}

/** How many bits are 1. */
function ones(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** Gives each text the slot with fewest clashes; what clashes then chooses again, as long as that helps. */
function choose(free: readonly number[], { slots, neighbors, preferred }: Palette): void {
  const clash = (text: number, slot: number): number =>
    (neighbors[text] ?? []).reduce((sum, other) => sum + clashOf(slot, slots[other] ?? NONE), 0);
  let changed = true;
  for (let round = 0; round < ROUNDS && changed; round++) {
    changed = false;
    for (const text of free) {
      const before = slots[text] ?? NONE;
      let best = before === NONE ? (preferred[text] ?? 0) : before;
      let least = clash(text, best);
      for (const slot of from(best)) {
        const clashes = least > 0 ? clash(text, slot) : least;
        if (clashes < least) [best, least] = [slot, clashes];
      }
      slots[text] = best;
      changed ||= best !== before;
    }
  }
}

function clashOf(a: number, b: number): number {
  if (b === NONE || areApart(a, b)) return 0;
  return hueOf(a) === hueOf(b) ? SAME_HUE : 1;
}

/** The texts of the tokens that win somewhere, those with most cells first, and by their numbers which border on each. */
function borderingTexts(maps: readonly Colored[]): {
  readonly texts: readonly string[];
  readonly neighbors: readonly (readonly number[])[];
} {
  const areas = new Map<string, number>();
  for (const { regions, text } of maps) {
    const cells = new Map<number, number>();
    regions.tokens.forEach((token, i) => cells.set(token, (cells.get(token) ?? 0) + (regions.areas[i] ?? 0)));
    for (const [token, count] of [...cells].sort(([a], [b]) => a - b))
      areas.set(text(token), (areas.get(text(token)) ?? 0) + count);
  }
  const texts = [...areas].sort(([, m], [, n]) => n - m).map(([one]) => one);
  const numbers = new Map(texts.map((one, i) => [one, i]));
  const neighbors = texts.map(() => new Set<number>());
  for (const { regions, text } of maps) {
    const { columns, of, tokens } = regions;
    const ofRegion = Array.from(tokens, (token) => numbers.get(text(token)) ?? 0);
    const meet = (a: number, b: number): void => {
      if (a < 0 || b < 0 || a === b) return;
      const [one = 0, other = 0] = [ofRegion[a], ofRegion[b]];
      if (one === other) return;
      neighbors[one]?.add(other);
      neighbors[other]?.add(one);
    };
    for (let cell = 0; cell < of.length; cell++) {
      if (cell % columns > 0) meet(of[cell - 1] ?? -1, of[cell] ?? -1);
      if (cell >= columns) meet(of[cell - columns] ?? -1, of[cell] ?? -1);
    }
  }
  return { texts, neighbors: neighbors.map((one) => [...one]) };
}
