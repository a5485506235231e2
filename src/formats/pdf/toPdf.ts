import PDFDocument from 'pdfkit';
import type { FontPart } from '../embedFonts.js';
import { PdfText } from './pdfText.js';
import { readSvg, spokenOf, type SvgElement } from './svgTree.js';

/**
 * An SVG of ours as a PDF of one page of its size, with the fonts it is given, of which it holds what is drawn. What is read out is
 * the SVG's title and description. The same document gives the same bytes.
 * @throws Error where it is not one of ours.
 */
export async function toPdf(svg: string, fonts: readonly FontPart[]): Promise<Uint8Array> {
  const root = readSvg(svg);
  const { width = '', height = '', viewBox = '' } = root.attributes;
  const [, , inside = 1] = viewBox.split(' ').map(Number);
  const size = [width, height].map((length) => parseFloat(length) * (length.endsWith('pt') ? 1 : 72 / 96));
  const [across = 1, down = 1] = size;
  const { title, description } = spokenOf(root);
  const document = new PDFDocument({
    size: [across, down],
    margin: 0,
    font: '', // none but those that are given
    pdfVersion: '1.5',
    tagged: true,
    lang: 'en',
    displayTitle: true,
    info: {
      // pdfkit writes it into XML as it stands.
      Title: title.replace(/[<&>]/g, ' '),
      Creator: 'Embedding Grid',
      // Nothing but the map decides the bytes.
      CreationDate: new Date(0),
    },
  });
  const chunks: Uint8Array[] = [];
  document.on('data', (chunk: Uint8Array) => chunks.push(chunk));
  const ended = new Promise<void>((resolve, reject) => void document.on('end', resolve).on('error', reject));
  document.scale(across / inside);
  const draw = new Drawer(document, new PdfText(document, fonts));
  const figure = document.struct('Figure', { alt: `${title}. ${description}` }, () =>
    draw.all(root, { fill: root.attributes.fill ?? '#000000' }),
  );
  document.addStructure(figure);
  figure.end();
  document.end();
  await ended;
  return Buffer.concat(chunks);
}

/** What an element has from those around it. */
type Inherited = Readonly<Record<string, string>>;
const INHERITED = ['fill', 'stroke', 'stroke-width', 'shape-rendering'];

/** Runs of cells as `drawCells` writes them. */
const RUN = /M(\d+) (\d+)h(\d+)v1H\d+z/g;

/** Where a cell is not computed. */
const PAPER = '#ffffff';

class Drawer {
  constructor(
    private readonly document: PDFKit.PDFDocument,
    private readonly text: PdfText,
  ) {}

  all(parent: SvgElement, inherited: Inherited): void {
    for (const child of parent.children) if (typeof child !== 'string') this.one(child, inherited);
  }

  private one(element: SvgElement, outer: Inherited): void {
    const { name, attributes } = element;
    const inherited = { ...outer };
    for (const key of INHERITED) if (attributes[key] !== undefined) inherited[key] = attributes[key];
    const { transform } = attributes;
    const moved = transform !== undefined || attributes['clip-path'] !== undefined || name === 'svg';
    if (moved) this.document.save();
    if (transform) this.move(transform);
    if (attributes['clip-path'] && this.clip) this.shape(this.clip).clip();
    this.inside(element, inherited);
    if (moved) this.document.restore();
  }

  private clip: SvgElement | undefined;

  private inside(element: SvgElement, inherited: Inherited): void {
    const { name, attributes, children } = element;
    const number = (key: string): number => Number(attributes[key] ?? 0);
    switch (name) {
      case 'svg': // one of several below each other
        this.document.translate(0, number('y'));
        return this.all(element, { ...inherited, fill: attributes.fill ?? inherited.fill ?? '' });
      case 'g':
        if (attributes['shape-rendering'] === 'crispEdges') return this.cells(element);
        return this.all(element, inherited);
      case 'clipPath':
        this.clip = children.find((child) => typeof child !== 'string');
        return;
      case 'path':
      case 'rect':
      case 'circle':
        return this.paint(element, inherited);
      case 'image': {
        const [, data = ''] = (attributes.href ?? '').split(';base64,');
        const place = { width: number('width'), height: number('height') };
        this.document.image(Buffer.from(data, 'base64'), number('x'), number('y'), place);
        return;
      }
      case 'text':
        return this.text.draw(element, inherited);
    }
  }

  private move(transform: string): void {
    for (const [, kind, list = ''] of transform.matchAll(/(\w+)\(([^)]*)\)/g)) {
      const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = list.split(/[ ,]+/).map(Number);
      if (kind === 'matrix') this.document.transform(a, b, c, d, e, f);
      else if (kind === 'translate') this.document.translate(a, b);
      else if (kind === 'rotate') this.document.rotate(a, { origin: [b, c] });
    }
  }

  private shape({ name, attributes }: SvgElement): PDFKit.PDFDocument {
    const at = (key: string): number => Number(attributes[key] ?? 0);
    if (name === 'rect') return this.document.rect(at('x'), at('y'), at('width'), at('height'));
    if (name === 'circle') return this.document.circle(at('cx'), at('cy'), at('r'));
    return this.document.path(attributes.d ?? '');
  }

  private paint(element: SvgElement, { fill = 'none', stroke = 'none', ...inherited }: Inherited): void {
    const { attributes } = element;
    const filled = fill !== 'none';
    const stroked = stroke !== 'none';
    if (!filled && !stroked) return;
    const { document } = this;
    if (filled) document.fillColor(fill, Number(attributes['fill-opacity'] ?? 1));
    if (stroked) {
      document.strokeColor(stroke, Number(attributes['stroke-opacity'] ?? 1));
      document.lineWidth(Number(inherited['stroke-width'] ?? 1));
      const [cap, join] = [attributes['stroke-linecap'], attributes['stroke-linejoin']];
      document.lineCap(cap === 'round' || cap === 'square' ? cap : 'butt');
      document.lineJoin(join === 'round' ? join : 'miter');
    }
    this.shape(element);
    if (filled && stroked) document.fillAndStroke();
    else if (filled) document.fill();
    else document.stroke();
  }

  /**
   * The cells of a map, in a grid that the transformation has laid out. From below and from the left, each reaches below its
   * right and upper neighbors, which come after it: else what shows the page leaves light lines between them.
   */
  private cells({ children }: SvgElement): void {
    const runs = children.flatMap((child) => {
      if (typeof child === 'string') return [];
      const { fill = '#000000', d = '' } = child.attributes;
      return Array.from(d.matchAll(RUN), ([, x, row, width]) => ({
        x: Number(x),
        row: Number(row),
        width: Number(width),
        fill,
      }));
    });
    const columns = runs.reduce((most, { x, width }) => Math.max(most, x + width), 0);
    const rows = runs.reduce((most, { row }) => Math.max(most, row + 1), 0);
    const rowsOf = Array.from({ length: rows }, (): typeof runs => []);
    for (const run of runs) rowsOf[run.row]?.push(run);
    const { document } = this;
    document.fillOpacity(1);
    for (let row = 0; row < rows; row++) {
      const here = (rowsOf[row] ?? []).sort((a, b) => a.x - b.x);
      let end = 0;
      const draw = (x: number, width: number, fill: string): void => {
        const [across, up] = [Math.min(width + 1, columns - x), Math.min(2, rows - row)];
        document.rect(x, row, across, up).fillColor(fill).fill();
        end = x + width;
      };
      for (const { x, width, fill } of here) {
        if (x > end) draw(end, x - end, PAPER);
        draw(x, width, fill);
      }
      if (end < columns) draw(end, columns - end, PAPER);
    }
  }
}
