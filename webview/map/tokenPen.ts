import { GLYPH_OPACITY } from '../../src/map/colors.js';
import { type Segment, SPACE_GLYPH, SPACE_PATH, SPACE_WIDTH } from '../../src/map/display.js';
import { LABEL_WEIGHT } from '../../src/map/labels.js';

/** Size at which widths are measured: large, so that hinting does not show. */
const MEASURED_AT = 100;

/** Letters are as wide as measured at every size: rounded to whole pixels, words would run into each other and over edges. */
const PRECISE = 'geometricPrecision';

/** Writes tokens on canvases. */
export class TokenPen {
  private readonly widths = new Map<string, number>();
  private readonly known = new Map<number, readonly Segment[]>();
  private readonly context = document.createElement('canvas').getContext('2d');

  /** @param segmentsOf a token's pieces, asked for once. */
  constructor(
    private readonly font: string,
    private readonly segmentsOf: (id: number) => readonly Segment[],
  ) {}

  /** A token's pieces. */
  segments = (id: number): readonly Segment[] => {
    const known = this.known.get(id);
    if (known) return known;
    const segments = this.segmentsOf(id);
    this.known.set(id, segments);
    return segments;
  };

  /** Width in em, at the labels' weight. */
  measure = (segments: readonly Segment[]): number =>
    segments.reduce((sum, segment) => sum + this.segmentWidth(segment), 0);

  /** CSS font of a size in px. */
  fontOf = (size: number, weight: number = LABEL_WEIGHT): string => `${weight} ${size}px ${this.font}`;

  private segmentWidth(segment: Segment): number {
    if (segment.text === SPACE_GLYPH) return SPACE_WIDTH;
    const known = this.widths.get(segment.text);
    if (known !== undefined) return known;
    if (!this.context) return 0;
    this.context.textRendering = PRECISE;
    this.context.font = this.fontOf(MEASURED_AT);
    const width = this.context.measureText(segment.text).width / MEASURED_AT;
    this.widths.set(segment.text, width);
    return width;
  }

  /** Writes segments around (x, y), the middle of the text. `halo` is drawn behind. */
  write(
    context: CanvasRenderingContext2D,
    segments: readonly Segment[],
    x: number,
    y: number,
    size: number,
    ink: string,
    halo?: { readonly color: string; readonly width: number },
  ): void {
    context.textRendering = PRECISE;
    context.font = this.fontOf(size);
    context.textAlign = 'left';
    context.textBaseline = 'alphabetic';
    context.direction = 'ltr';
    context.lineJoin = 'round';
    context.fillStyle = ink;
    // A token that is nothing but what cannot be seen has to be seen as well as others.
    const faint = segments.some(({ kind }) => kind === 'text') ? GLYPH_OPACITY : 1;
    const baseline = y + size * 0.35;
    const start = x - (this.measure(segments) * size) / 2;
    // All of the halo first: it must not lie over the letter before.
    for (const pass of halo ? (['halo', 'ink'] as const) : (['ink'] as const)) {
      let at = start;
      for (const segment of segments) {
        if (pass === 'halo' && halo) {
          context.strokeStyle = halo.color;
          context.lineWidth = halo.width;
          if (segment.text === SPACE_GLYPH) this.space(context, at, baseline, size, halo.width);
          else context.strokeText(segment.text, at, baseline);
        } else {
          context.globalAlpha = segment.kind === 'glyph' ? faint : 1;
          context.strokeStyle = ink;
          if (segment.text === SPACE_GLYPH) this.space(context, at, baseline, size, 0);
          else context.fillText(segment.text, at, baseline);
          context.globalAlpha = 1;
        }
        at += this.segmentWidth(segment) * size;
      }
    }
  }

  private space(context: CanvasRenderingContext2D, x: number, baseline: number, size: number, extra: number): void {
    context.save();
    context.translate(x, baseline);
    context.scale(size, size);
    context.lineWidth = SPACE_PATH.stroke * 1.4 + extra / size;
    context.stroke(SPACE);
    context.restore();
  }
}

const SPACE = new Path2D(SPACE_PATH.d);
