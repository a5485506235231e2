import { t } from '@vscode/l10n';
import { h } from '../dom.js';
import type { Theme } from '../theme.js';
import type { LayerNumbers } from './layerNumbers.js';

/** Each from 0 to the most that there can be, or that there is. */
const CURVES: readonly {
  readonly name: string;
  readonly dash: readonly number[];
  readonly value: (line: LayerNumbers, most: LayerNumbers) => number | undefined;
}[] = [
  { name: t('as at the last layer'), dash: [], value: ({ agreement }) => agreement },
  { name: t('mean probability'), dash: [6, 3], value: ({ probability }) => probability },
  { name: t('tokens'), dash: [2, 2], value: ({ tokens }, most) => tokens / Math.max(1, most.tokens) },
];
const HEIGHT = 52;
const MARGIN = { left: 8, top: 6, bottom: 6 } as const;
/** Of what stands right of the curves: a line, its name, room to the edge. */
const NAME = { line: 8, text: 30, end: 10 } as const;

/**
 * Curves through the layers; a click goes to the layer there. Their numbers are at the pictures above, for who does not see
 * them.
 */
export function createCurves(go: (index: number) => void): {
  readonly element: HTMLElement;
  update(lines: readonly LayerNumbers[], last: number, at: number, theme: Theme): void;
} {
  const canvas = h('canvas', { 'aria-hidden': 'true' });
  const element = h('div', { class: 'sweep-curves', title: t('A click goes to the layer there') }, canvas);
  let layers = 0;
  /** What the names of the curves take. */
  let right = 0;
  let draw = (): void => undefined;
  element.addEventListener('click', ({ clientX }) => {
    const { left, width } = element.getBoundingClientRect();
    const part = (clientX - left - MARGIN.left) / Math.max(1, width - MARGIN.left - right);
    if (part < 1.02) go(Math.round(Math.min(1, Math.max(0, part)) * (layers + 1)) - 1);
  });
  new ResizeObserver(() => draw()).observe(element);
  return {
    element,
    update(lines, last, at, theme) {
      layers = last;
      draw = () => (right = drawCurves(canvas, element.clientWidth, lines, last, at, theme));
      draw();
    },
  };
}

function drawCurves(
  canvas: HTMLCanvasElement,
  width: number,
  lines: readonly LayerNumbers[],
  last: number,
  at: number,
  theme: Theme,
): number {
  const context = canvas.getContext('2d');
  if (!context || width === 0) return 0;
  const ratio = window.devicePixelRatio;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(HEIGHT * ratio);
  Object.assign(canvas.style, { width: `${width}px`, height: `${HEIGHT}px` });
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.font = `11px ${theme.font}`;
  const right = NAME.text + NAME.end + Math.max(...CURVES.map(({ name }) => context.measureText(name).width));
  const [inner, high] = [width - MARGIN.left - right, HEIGHT - MARGIN.top - MARGIN.bottom];
  const x = (index: number): number => MARGIN.left + ((index + 1) / Math.max(1, last + 1)) * inner;
  const y = (part: number): number => MARGIN.top + (1 - part) * high;
  context.strokeStyle = theme.activeBorder;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(x(at), 0);
  context.lineTo(x(at), HEIGHT);
  context.stroke();
  const most = lines.reduce<LayerNumbers | undefined>((a, b) => (a && a.tokens >= b.tokens ? a : b), undefined);
  if (!most) return right;
  context.textBaseline = 'middle';
  context.lineWidth = 1.5;
  CURVES.forEach(({ name, dash, value }, i) => {
    context.strokeStyle = theme.foreground;
    context.setLineDash([...dash]);
    context.beginPath();
    let before: number | undefined;
    for (const line of lines) {
      const part = value(line, most);
      if (part === undefined) continue;
      // A layer that has not come yet leaves a gap.
      if (before === line.index - 1) context.lineTo(x(line.index), y(part));
      else context.moveTo(x(line.index), y(part));
      before = line.index;
    }
    const row = MARGIN.top + 6 + i * 15;
    context.moveTo(width - right + NAME.line, row);
    context.lineTo(width - right + NAME.text - 4, row);
    context.stroke();
    context.fillStyle = theme.description;
    context.fillText(name, width - right + NAME.text, row);
  });
  context.setLineDash([]);
  return right;
}
