import type { PlanePoint } from '../../src/map/profile.js';

/** Whether a point lies inside of a closed line, by the crossings of a ray with it. */
export function placeInside({ x, y }: PlanePoint, line: readonly PlanePoint[]): boolean {
  let inside = false;
  for (let i = 0, j = line.length - 1; i < line.length; j = i++) {
    const [a, b] = [line[i], line[j]];
    if (!a || !b || a.y > y === b.y > y) continue;
    if (x < ((b.x - a.x) * (y - a.y)) / (b.y - a.y) + a.x) inside = !inside;
  }
  return inside;
}
