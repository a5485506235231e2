import { isHighContrast, type Theme } from '../theme.js';
import type { Paint } from './paint.js';
import type { GridSize, View } from './view.js';

/** Of the frame's sides, in px. */
const SMALLEST = 5;

/** Draws a map's colors, one pixel per cell. */
export function drawCells(canvas: HTMLCanvasElement, paint: Paint, { columns, rows }: GridSize): void {
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext('2d');
  if (!context) return;
  const image = context.createImageData(columns, rows);
  paint.entries.forEach((row, r) =>
    row.forEach((entry, column) => {
      const color = paint.palette[entry];
      if (color) image.data.set([...color, 255], ((rows - 1 - r) * columns + column) * 4);
    }),
  );
  context.putImageData(image, 0, 0);
}

/** A small picture of the whole map that shows which part of it is seen. */
export class Overview {
  private readonly picture = document.createElement('canvas');

  /** Takes over the map's colors, one pixel per cell. */
  draw(paint: Paint, { columns, rows }: GridSize): void {
    drawCells(this.picture, paint, { columns, rows });
  }

  /** Draws it into a square of that size, with a frame around the part that is seen. */
  place(
    context: CanvasRenderingContext2D,
    left: number,
    top: number,
    size: number,
    grid: GridSize,
    view: View,
    theme: Theme,
  ): void {
    context.imageSmoothingEnabled = false;
    context.drawImage(this.picture, left, top, size, size);
    context.strokeStyle = isHighContrast(theme) ? theme.foreground : 'rgba(128, 128, 128, 0.8)';
    context.lineWidth = 1;
    context.strokeRect(left - 0.5, top - 0.5, size + 1, size + 1);
    // However small the part is, the frame around it can be seen.
    const width = Math.max(SMALLEST, (view.width / grid.columns) * size);
    const height = Math.max(SMALLEST, (view.height / grid.rows) * size);
    const box = [
      left + ((view.x + view.width / 2) / grid.columns) * size - width / 2,
      top + (1 - (view.y + view.height / 2) / grid.rows) * size - height / 2,
      width,
      height,
    ] as const;
    context.strokeStyle = '#000000';
    context.lineWidth = 3.5;
    context.strokeRect(...box);
    context.strokeStyle = '#ffffff';
    context.lineWidth = 1.75;
    context.strokeRect(...box);
  }
}
