import { hexOf, type Rgb } from '../map/colors.js';
import { encodePng } from './pngFile.js';
import { element } from './xml.js';

/**
 * Cells are drawn as shapes, which every program shows sharp and quickly. Where these would take more than this many
 * characters (about 600 x 600 cells), a picture with a pixel a cell stands for them.
 */
const MOST_SHAPES = 2 ** 20;

export interface CellPicture {
  readonly columns: number;
  readonly rows: number;
  /** Color of a cell, row-major from the lowest row; undefined: nothing is drawn. */
  readonly color: (cell: number) => Rgb | undefined;
}

/** The cells' colors as SVG, filling the rectangle; the lowest row at the bottom. */
export function drawCells(picture: CellPicture, x: number, y: number, width: number, height: number): string {
  const { columns, rows } = picture;
  const colors = cellShapes(picture);
  if (!colors) {
    // Sharp cells: the attribute for resvg, the rule for browsers. resvg passes over rules in @media, and a `pixelated` that it
    // read would make it smooth the picture.
    const sharp = element('style', {}, '@media all{image{image-rendering:pixelated}}');
    return (
      sharp +
      element('image', {
        x,
        y,
        width,
        height,
        preserveAspectRatio: 'none',
        'image-rendering': 'optimizeSpeed',
        href: `data:image/png;base64,${Buffer.from(cellPixels(picture)).toString('base64')}`,
      })
    );
  }
  const shapes = [...colors].map(([fill, d]) => element('path', { fill, d })).join('');
  const placed = `matrix(${width / columns} 0 0 ${-height / rows} ${x} ${y + height})`;
  return element('g', { transform: placed, 'shape-rendering': 'crispEdges' }, shapes);
}

/** A path per color, of runs of equal cells in a row, in grid coordinates with y upward; undefined where that is too much. */
function cellShapes({ columns, rows, color }: CellPicture): Map<string, string> | undefined {
  const shapes = new Map<string, string>();
  let length = 0;
  for (let row = 0; row < rows; row++) {
    let start = 0;
    let open: string | undefined;
    for (let column = 0; column <= columns; column++) {
      const rgb = column < columns ? color(row * columns + column) : undefined;
      const fill = rgb && hexOf(rgb);
      if (fill === open && column < columns) continue;
      if (open !== undefined) {
        const run = `M${start} ${row}h${column - start}v1H${start}z`;
        length += run.length;
        shapes.set(open, (shapes.get(open) ?? '') + run);
      }
      open = fill;
      start = column;
    }
    if (length > MOST_SHAPES) return undefined;
  }
  return shapes;
}

const WHITE: Rgb = [255, 255, 255];

/** A PNG with a pixel per cell, the highest row first; with a palette where 256 colors are enough. */
function cellPixels({ columns, rows, color }: CellPicture): Uint8Array {
  const indices = new Uint8Array(columns * rows);
  const rgb = new Uint8Array(columns * rows * 3);
  const palette = new Map<number, number>();
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const pixel = (rows - 1 - row) * columns + column;
      const channels = color(row * columns + column) ?? WHITE;
      rgb.set(channels, pixel * 3);
      const key = (channels[0] << 16) | (channels[1] << 8) | channels[2];
      let index = palette.get(key);
      if (index === undefined) palette.set(key, (index = palette.size));
      indices[pixel] = index;
    }
  }
  if (palette.size > 256) return encodePng({ width: columns, height: rows, channels: 3, data: rgb });
  const colors = Uint8Array.from([...palette.keys()].flatMap((key) => [key >> 16, (key >> 8) & 255, key & 255]));
  return encodePng({ width: columns, height: rows, channels: 1, data: indices, palette: colors });
}
