import type { MapView } from './mapView.js';

export interface GestureTarget {
  /** `mark`: index of the overlay's mark there; `text`: of a text. */
  hover(cell: number | null, mark: number | null, text: number | null): void;
  click(cell: number): void;
  /** A second click follows at once: the first one is taken back. */
  doubleClick(): void;
  /**
   * A press at a point of the frame in px begins a line (`draws`), or takes an end of one: what follows it, until it `ends` there or is
   * lost; undefined: the map is moved.
   */
  line?(at: readonly [number, number], draws: boolean): FollowLine | undefined;
}

/** Hears where a line's end is, in px of the frame. */
export type FollowLine = (at: readonly [number, number], step: 'moves' | 'ends' | 'lost') => void;

/** Farther than this, in px, a press is a drag. */
const DRAG_FROM = 4;

/** Wheel zooms at the pointer, drag pans, with Shift it draws a line, click pins, double click resets. */
export function listenToPointer(map: MapView, target: GestureTarget): void {
  const { plot } = map;
  let pressed: { x: number; y: number; dragging: boolean; line: FollowLine | undefined } | undefined;
  const place = (event: MouseEvent): [number, number] => {
    const box = plot.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  /** Of clicks that follow each other at once, the how-manieth this is. Pointer events do not count them. */
  let nth = 1;
  plot.addEventListener('mousedown', ({ detail }) => (nth = detail));
  plot.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    const line = target.line?.(place(event), event.shiftKey);
    pressed = { x: event.clientX, y: event.clientY, dragging: false, line };
    plot.setPointerCapture(event.pointerId);
  });
  plot.addEventListener('pointermove', (event) => {
    if (pressed) {
      const [x, y] = [event.clientX - pressed.x, event.clientY - pressed.y];
      if (!pressed.dragging && Math.hypot(x, y) < DRAG_FROM) return;
      pressed = { ...pressed, x: event.clientX, y: event.clientY, dragging: true };
      if (pressed.line) return pressed.line(place(event), 'moves');
      plot.classList.add('dragging');
      map.panBy(x, y);
      return;
    }
    const at = place(event);
    const mark = map.markAt(...at);
    target.hover(map.cellAt(...at), mark, mark === null ? map.textAt(...at) : null);
  });
  const release = (event: PointerEvent): void => {
    const press = pressed;
    pressed = undefined;
    plot.classList.remove('dragging');
    if (press?.dragging) press.line?.(place(event), event.type === 'pointerup' ? 'ends' : 'lost');
    if (!press || press.dragging || event.type !== 'pointerup') return;
    const cell = map.cellAt(...place(event));
    if (cell !== null && nth < 2) target.click(cell);
  };
  plot.addEventListener('pointerup', release);
  plot.addEventListener('pointercancel', release);
  plot.addEventListener('pointerleave', () => target.hover(null, null, null));
  plot.addEventListener('dblclick', () => {
    target.doubleClick();
    map.reset();
  });
  plot.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 24 : 1);
      // A pinch comes as a wheel with Ctrl and small steps.
      map.zoomBy(Math.exp(-Math.max(-720, Math.min(720, pixels)) * (event.ctrlKey ? 0.01 : 0.0022)), ...place(event));
      target.hover(map.cellAt(...place(event)), null, null);
    },
    { passive: false },
  );
}
