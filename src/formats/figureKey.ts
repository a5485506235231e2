import type { Segment } from '../map/display.js';
import type { Label } from '../map/labels.js';
import { LABEL_WEIGHT } from '../map/labels.js';
import type { Writer } from './figureWriter.js';

/** Numbers that stand in one figure, at most: a key is looked up in, not read. */
const MOST_NUMBERS = 40;

/** A region that is too small for its name: the number that stands there, and the token that it stands for. */
export interface Numbered {
  readonly number: number;
  readonly token: number;
}

/** Regions by number, and the labels that show the numbers. */
export interface RegionKey {
  readonly labels: readonly Label[];
  readonly numbered: readonly Numbered[];
}

/**
 * Numbers for tokens that no label names, the largest first, where a number has room.
 * @param named labels that are there
 * @param place labels regions by what is given for their tokens, where that fits
 */
export function numberRegions(
  named: readonly Label[],
  place: (segments: (token: number) => readonly Segment[]) => readonly Label[],
): RegionKey {
  const known = new Set(named.map(({ token }) => token));
  const digits = (text: string): readonly Segment[] => [{ kind: 'text', text }];
  /** Of each token that has no name the place of a number, in its region with the most room. */
  const roomFor = (number: string): readonly Label[] => {
    const found = new Map<number, Label>();
    for (const label of place(() => digits(number))) {
      const { token, segments, size, box } = label;
      const other = found.get(token);
      if (known.has(token) || isCut(segments)) continue;
      if (!other || size > other.size || (size === other.size && box.y > other.box.y)) found.set(token, label);
    }
    return [...found.values()];
  };
  const narrow = roomFor('8');
  // Read as a page: from the top, then from the left.
  const chosen = [...(narrow.length < 10 ? narrow : roomFor('88'))]
    .sort((a, b) => b.size - a.size)
    .slice(0, MOST_NUMBERS)
    .sort((a, b) => b.y - a.y || a.x - b.x);
  return {
    labels: chosen.map((label, i) => ({ ...label, segments: digits(String(i + 1)) })),
    numbered: chosen.map(({ token }, i) => ({ number: i + 1, token })),
  };
}

const isCut = (segments: readonly Segment[]): boolean => segments.some(({ text }) => text.includes('…'));

/** What the numbers stand for, in as many lines as it takes. @param y of the first line's words */
export function drawRegionKey(
  entries: readonly { readonly number: number; readonly segments: readonly Segment[] }[],
  { x, y, room, size }: { readonly x: number; readonly y: number; readonly room: number; readonly size: number },
  write: Writer,
): { readonly svg: string; readonly height: number } {
  const line = 1.5 * size;
  let [left, row, svg] = [x, 0, ''];
  for (const { number, segments } of entries) {
    const digits = `${number}`;
    const before = (write.font.measure(digits, LABEL_WEIGHT) + 0.4) * size;
    const width = before + write.measure(segments, 400) * size;
    if (left > x && left + width > x + room) [left, row] = [x, row + 1];
    const at = { y: y + row * line, size };
    svg += write.line(digits, { ...at, x: left, weight: LABEL_WEIGHT });
    svg += write.segments(segments, { ...at, x: left + before });
    left += width + 1.4 * size;
  }
  return { svg, height: entries.length > 0 ? line * (row + 1) : 0 };
}
