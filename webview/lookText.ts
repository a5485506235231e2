import { t } from '@vscode/l10n';
import { divergenceBits } from '../src/map/compare/divergenceScale.js';
import { gridWindow } from '../src/map/grid.js';
import { formatCount, formatDuration, formatPercent } from '../src/map/numbers.js';
import type { Progress } from '../src/protocol/page.js';
import { formatX, placeOfCell, ranking } from './cell.js';
import { divergenceOf } from './compare/changes.js';
import type { Derived } from './derived.js';
import { isWhole, reachedLimit, seesDetail } from './map/detail.js';
import { visibleCells } from './map/view.js';
import { type PageMap, tokenOf } from './pageMap.js';
import type { PageState } from './store.js';
import { tokenText } from './tokenText.js';

/** `16,000 of 40,000 cells · 40% · about 25 s left`. */
export function progressText({ done, total, secondsLeft, seconds }: Progress): string {
  const part = total > 0 ? done / total : 0;
  const known = secondsLeft !== null && (part >= 0.05 || seconds >= 2);
  return [
    t('{0} of {1} cells', formatCount(done), formatCount(total)),
    `${Math.floor(part * 100)}%`,
    ...(known ? [t('about {0} left', formatDuration(Math.max(1, Math.round(secondsLeft))))] : []),
  ].join(' · ');
}

/** A window that takes no longer than this, in s, is not worth words about its progress. */
const SOON = 0.4;

/** What part of the plane is looked at, and how. */
export function lookText(state: PageState): { readonly text: string; readonly more?: string } {
  const { host, map, progress, view } = state;
  if (host?.run.status === 'running' && progress && progress.done > 0)
    return { text: t('refining from the center outwards') };
  if (!map || !view || isWhole(state)) return { text: '' };
  const end = reachedLimit(state)?.by;
  const limit = end === 'float32' ? FLOAT32_ENDS : end === 'zoom' ? { text: t('closest'), more: '' } : undefined;
  if (!seesDetail(state)) {
    const part = visibleCells(view, map.cells);
    const text = t('showing {0} × {1} cells', part.columns, part.rows);
    return limit ? { text: `${text} · ${limit.text}`, more: limit.more } : { text };
  }
  const { detail } = host ?? {};
  const slow = detail?.status === 'running' && progress !== null && progress.seconds > SOON;
  const window = windowText(map);
  const parts = [
    window,
    ...(slow ? [t('refining: {0} · Esc cancels', progressText(progress))] : []),
    ...(detail?.status === 'stopped' ? [t('stopped before it was complete')] : []),
    ...(limit ? [limit.text] : []),
  ];
  const more = t(
    '{0}, computed afresh. {1}',
    window,
    map.finish
      ? t('Save, Export Picture and Copy as Command Line take this window; 0 goes back to the whole map.')
      : '',
  );
  return { text: parts.join(' · '), more: limit ? `${more} ${limit.more}` : more };
}

const FLOAT32_ENDS = {
  text: t('float32 ends here'),
  more: t(
    'Closer, neighboring cells would have the same vector in float32, the 32-bit numbers that models compute in.',
  ),
} as const;

/** The window of a map in plane coordinates: `window x −1.20 to 0.40, y 2.10 to 3.70`. */
function windowText(map: PageMap): string {
  const { x0, x1, y0, y1 } = gridWindow(map.specification.grid);
  const number = (value: number): string => formatX(map, value);
  return t('window x {0} to {1}, y {2} to {3}', number(x0), number(x1), number(y0), number(y1));
}

/** The cell below the pointer, on both maps where there are two. */
export function hoveredLine(
  state: PageState,
  beside: PageState,
  between: PageState,
  derived: Derived,
): (Node | string)[] {
  const lineOf = (one: PageState): (Node | string)[] =>
    one.map && one.hover !== null ? cellLine(one.map, one.hover, derived.terrain(one)?.stand[one.hover] ?? -1) : [];
  const line = lineOf(state);
  if (!state.comparing) return line;
  const [place, ...token] = lineOf(beside);
  if (line.length === 0) return place === undefined ? [] : [place, ...token];
  return token.length > 0 ? [...line, ' → ', ...token, ...divergenceAt(between)] : line;
}

/** How far apart both are at the cell below the pointer, where the cells are colored by that. */
function divergenceAt({ map, hover, ui: { changesBy } }: PageState): string[] {
  const nats = map?.changes && hover !== null ? divergenceOf(map.changes, changesBy)?.values[hover] : undefined;
  if (nats === undefined || Number.isNaN(nats) || changesBy === 'change') return [];
  return [` · ${changesBy === 'js' ? 'JS' : 'KL'} ${divergenceBits(nats)}`];
}

/** `x −0.90  y 1.30  ␣cat  8.2%`. */
function cellLine(map: PageMap, cell: number, stand: number): (Node | string)[] {
  const { x, y } = placeOfCell(map, cell);
  const place = `x ${formatX(map, x)}  y ${formatX(map, y)}`;
  const [first] = stand < 0 ? [] : ranking(map, stand);
  return first ? [place, tokenText(tokenOf(map, first.id)), formatPercent(first.probability)] : [place];
}
