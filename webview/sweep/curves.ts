import { t } from '@vscode/l10n';
import { h } from '../dom.js';
import type { Theme } from '../theme.js';
import type { StepNumbers } from './stepNumbers.js';

/** Each from 0 to the most that there can be, or that there is. */
const CURVES: readonly {
  /** undefined: what the last map is called. */
  readonly name: string | undefined;
  readonly dash: readonly number[];
  readonly value: (line: StepNumbers, most: StepNumbers) => number | undefined;
}[] = [
  { name: undefined, dash: [], value: ({ agreement }) => agreement },
  { name: t('mean probability'), dash: [6, 3], value: ({ probability }) => probability },
  { name: t('tokens'), dash: [2, 2], value: ({ tokens }, most) => tokens / Math.max(1, most.tokens) },
];
const HEIGHT = 52;
const MARGIN = { left: 8, top: 6, bottom: 6 } as const;
/** Of what stands right of the curves: a line, its name, room to the edge. */
const NAME = { line: 8, text: 30, end: 10 } as const;

/**
 * Curves through the maps; a click goes to the map there. Their numbers are at the pictures above, for who does not see them.
 * @param curve what agreement is with: `as at the last layer`
 */
export function createCurves(
  curve: string,
  go: (place: number) => void,
): {
  readonly element: HTMLElement;
  /** @param count of all places, also of those that have not come @param at the one that is seen */
  update(lines: readonly StepNumbers[], count: number, at: number, theme: Theme): void;
} {
  const canvas = h('canvas', { 'aria-hidden': 'true' });
  const element = h('div', { class: 'sweep-curves', title: t('A click goes to the map there') }, canvas);
  let places = 1;
  /** What the names of the curves take. */
  let right = 0;
  let draw = (): void => undefined;
  element.addEventListener('click', ({ clientX }) => {
    const { left, width } = element.getBoundingClientRect();
    const part = (clientX - left - MARGIN.left) / Math.max(1, width - MARGIN.left - right);
    if (part < 1.02) go(Math.round(Math.min(1, Math.max(0, part)) * (places - 1)));
  });
  new ResizeObserver(() => draw()).observe(element);
  return {
    element,
    update(lines, count, at, theme) {
      places = count;
      draw = () => (right = drawCurves(canvas, element.clientWidth, lines, { count, at, curve, theme }));
      draw();
    },
  };
}

function drawCurves(
  canvas: HTMLCanvasElement,
  width: number,
  lines: readonly StepNumbers[],
  { count, at, curve, theme }: { count: number; at: number; curve: string; theme: Theme },
): number {
  const context = canvas.getContext('2d');
  if (!context || width === 0) return 0;
  const ratio = window.devicePixelRatio;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(HEIGHT * ratio);
  Object.assign(canvas.style, { width: `${width}px`, height: `${HEIGHT}px` });
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.font = `11px ${theme.font}`;
  const right = NAME.text + NAME.end + Math.max(...CURVES.map(({ name }) => context.measureText(name ?? curve).width));
  const [inner, high] = [width - MARGIN.left - right, HEIGHT - MARGIN.top - MARGIN.bottom];
  const x = (place: number): number => MARGIN.left + (place / Math.max(1, count - 1)) * inner;
  const y = (part: number): number => MARGIN.top + (1 - part) * high;
  context.strokeStyle = theme.activeBorder;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(x(at), 0);
  context.lineTo(x(at), HEIGHT);
  context.stroke();
  const most = lines.reduce<StepNumbers | undefined>((a, b) => (a && a.tokens >= b.tokens ? a : b), undefined);
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
      // A map that has not come yet leaves a gap.
      if (before === line.place - 1) context.lineTo(x(line.place), y(part));
      else context.moveTo(x(line.place), y(part));
      before = line.place;
    }
    const row = MARGIN.top + 6 + i * 15;
    context.moveTo(width - right + NAME.line, row);
    context.lineTo(width - right + NAME.text - 4, row);
    context.stroke();
    context.fillStyle = theme.description;
    context.fillText(name ?? curve, width - right + NAME.text, row);
  });
  context.setLineDash([]);
  return right;
}
