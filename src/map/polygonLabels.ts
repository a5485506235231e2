import { clipPolygon } from './exactRegions.js';
import { type Box, type Label, LABEL_BOX, LABEL_SIZES, type LabelOptions, largestFit, wantedSize } from './labels.js';
import { polygonArea, type TokenPolygon } from './polygons.js';

export interface PolygonLabelOptions extends Omit<LabelOptions, 'regions'> {
  /** In grid coordinates; what is out of sight is clipped away. */
  readonly polygons: readonly TokenPolygon[];
}

/**
 * Places one label per polygon, as {@link placeLabels} does for regions of cells: as large as wanted for the area, or smaller,
 * or truncated, or not at all. It stands where its box has the most room on all sides: the pole of inaccessibility, for a
 * box in place of a circle. A label's `region` is the polygon's index; its box lies wholly inside the polygon.
 */
export function placePolygonLabels(options: PolygonLabelOptions): Label[] {
  const { cellWidth, cellHeight } = options;
  const avoid = (options.avoid ?? []).map((box) => scaled(box, cellWidth, cellHeight));
  const labels: Label[] = [];
  options.polygons.forEach(({ token, points }, region) => {
    const polygon = points.map((coordinate, i) => coordinate * (i % 2 === 0 ? cellWidth : cellHeight));
    const high = LABEL_BOX.line * LABEL_SIZES.smallest;
    // Nothing shorter than "…" can stand in less.
    const area = polygonArea(polygon);
    if (area < LABEL_SIZES.smallest * high) return;
    const fits = (segments: Label['segments'], size: number) => {
      const width = (options.measure(segments) + LABEL_BOX.padding) * size;
      const height = LABEL_BOX.line * size;
      const room = avoid.reduce<Float64Array>((part, box) => besides(part, box, width, height), polygon);
      return middles(room, width, height).length > 0 ? { segments, size, width, height, room } : undefined;
    };
    const found = largestFit(options.segments(token), wantedSize(area), fits);
    if (!found) return;
    const { x, y } = roomiest(found.room, found.width, found.height);
    const box = { x: x - found.width / 2, y: y - found.height / 2, width: found.width, height: found.height };
    labels.push({
      region,
      token,
      segments: found.segments,
      size: found.size,
      x: x / cellWidth,
      y: y / cellHeight,
      box: scaled(box, 1 / cellWidth, 1 / cellHeight),
    });
  });
  return labels;
}

/** Where the middle of a box may be that lies inside a convex polygon: the polygon with each side moved in; maybe empty. */
function middles(polygon: Float64Array, width: number, height: number): Float64Array {
  let room = polygon;
  for (let i = 0; i < polygon.length && room.length > 0; i += 2) {
    const j = (i + 2) % polygon.length;
    const [x, y] = [polygon[i] ?? 0, polygon[i + 1] ?? 0];
    // The outward normal of a side of a counter-clockwise polygon.
    const [a, b] = [(polygon[j + 1] ?? 0) - y, x - (polygon[j] ?? 0)];
    room = clipPolygon(room, a, b, a * x + b * y - (Math.abs(a) * width + Math.abs(b) * height) / 2);
  }
  return room;
}

/** The middle of the box with the most room around, equal on all sides; in the middle of such places. */
function roomiest(polygon: Float64Array, width: number, height: number): { x: number; y: number } {
  let most = 0;
  let places = middles(polygon, width, height);
  let step = Math.sqrt(polygonArea(polygon)) / 2;
  for (; step > 0.05; step /= 2) {
    const roomier = middles(polygon, width + 2 * (most + step), height + 2 * (most + step));
    if (roomier.length === 0) continue;
    most += step;
    places = roomier;
  }
  let [x, y] = [0, 0];
  places.forEach((coordinate, i) => (i % 2 === 0 ? (x += coordinate) : (y += coordinate)));
  return { x: (2 * x) / places.length, y: (2 * y) / places.length };
}

/** The part of a convex polygon that keeps clear of a box: left or right of it, below or above, where a label has most room. */
function besides(polygon: Float64Array, box: Box, width: number, height: number): Float64Array {
  const sides = [
    clipPolygon(polygon, 1, 0, box.x),
    clipPolygon(polygon, -1, 0, -box.x - box.width),
    clipPolygon(polygon, 0, 1, box.y),
    clipPolygon(polygon, 0, -1, -box.y - box.height),
  ];
  const roomOf = (part: Float64Array): number => polygonArea(middles(part, width, height));
  const inTheWay = clipPolygon(
    clipPolygon(clipPolygon(clipPolygon(polygon, -1, 0, -box.x), 1, 0, box.x + box.width), 0, -1, -box.y),
    0,
    1,
    box.y + box.height,
  );
  if (polygonArea(inTheWay) === 0) return polygon;
  return sides.reduce((best, part) => (roomOf(part) > roomOf(best) ? part : best));
}

const scaled = (box: Box, x: number, y: number): Box => ({
  x: box.x * x,
  y: box.y * y,
  width: box.width * x,
  height: box.height * y,
});
