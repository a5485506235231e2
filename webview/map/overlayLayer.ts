import { safeText } from '../../src/map/display.js';
import { h, show } from '../dom.js';
import type { PageState } from '../store.js';
import type { Frame } from './frame.js';
import { drawMarks, markAt, markLines, markPlace } from './overlayMarks.js';
import { drawTexts, textAt, textsOf } from './textPoints.js';
import { drawRings, type PixelBox } from './rings.js';
import { Projection } from './view.js';

/** Real things at their places on the plane, and what is known of the one that is pointed at. */
export class OverlayLayer {
  readonly canvas = h('canvas', { class: 'layer' });
  readonly tip = h('div', { class: 'mark-tip', 'aria-hidden': 'true', hidden: true });
  private at: { readonly frame: Frame; readonly projection: Projection } | undefined;

  /** Index of the mark at a point of the frame in px; null for none. */
  markAt(state: PageState, x: number, y: number): number | null {
    const { map, ui } = state;
    if (!this.at || !map?.survey || !ui.marks) return null;
    return markAt(map.survey, map.specification.grid, this.at.projection, x, y);
  }

  /** Index of the text at a point of the frame in px; null for none. */
  textAt(state: PageState, x: number, y: number): number | null {
    const { map, ui } = state;
    if (!this.at || !map || !ui.marks) return null;
    return textAt(textsOf(map), state, map.specification.grid, this.at.projection, x, y);
  }

  /** @param labels boxes of what is written on the map, in px of the frame: rings pass below them */
  draw(state: PageState, frame: Frame, labels: readonly PixelBox[] = []): void {
    const { map, view, ui, theme } = state;
    const context = this.canvas.getContext('2d');
    if (!context || !map || !view) return;
    const projection = new Projection(view, frame);
    this.at = { frame, projection };
    const ratio = window.devicePixelRatio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    const { survey } = map;
    const { grid } = map.specification;
    if (!survey) return this.point(state);
    context.save();
    context.beginPath();
    context.rect(frame.left, frame.top, frame.width, frame.height);
    context.clip();
    context.translate(frame.left, frame.top);
    // Of a plane that two layers share the ring is one of them.
    const ringNames = ui.ring && !map.changes ? drawRings(context, survey, grid, projection, theme, labels) : undefined;
    if (ui.marks) drawTexts(context, textsOf(map), state, grid, projection, frame, state.text);
    ringNames?.();
    if (ui.marks) drawMarks(context, survey, grid, projection, theme, state.mark);
    context.restore();
    this.point(state);
  }

  /** Shows or hides the words beside the mark that is pointed at. */
  private point({ map, mark, text, ui }: PageState): void {
    const marked = mark === null ? undefined : map?.survey?.marks[mark];
    const said = text === null ? undefined : textsOf(map).all[text];
    const pointed = marked ?? said;
    show(this.tip, pointed !== undefined && ui.marks);
    if (!pointed || !map?.survey || !this.at) return;
    const [name = '', ...rest] = marked
      ? markLines(marked, map.survey)
      : said
        ? [safeText(said.text, 200), ...(said.group.name ? [safeText(said.group.name, 60)] : [])]
        : [];
    this.tip.replaceChildren(h('strong', {}, name), ...rest.map((line) => h('span', {}, line)));
    const { frame, projection } = this.at;
    const { x, y } = markPlace(pointed, map.specification.grid, projection);
    const inside = (value: number, most: number): number => Math.min(Math.max(value, 0), most);
    const left = frame.left + inside(x, frame.width);
    const top = frame.top + inside(y, frame.height);
    const right = x > frame.width / 2;
    Object.assign(this.tip.style, {
      left: right ? '' : `${left + 14}px`,
      right: right ? `calc(100% - ${left - 14}px)` : '',
      top: `${top + 12}px`,
    });
  }
}
