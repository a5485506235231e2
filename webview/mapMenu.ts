import { t } from '@vscode/l10n';
import { tokenText } from '../src/map/display.js';
import type { PlanePoint } from '../src/map/profile.js';
import { ANCHORS } from '../src/map/useAs.js';
import { compareItems } from './toolbar.js';
import { cellAsText, togglePin } from './inspector.js';
import { formatX, placeOfCell, ranking } from './cell.js';
import { inspected, pinnedCell } from './inspected.js';
import { colorByToken } from './colorMap.js';
import type { Derived } from './derived.js';
import { sendWriting } from './writing.js';
import { send } from './host.js';
import type { MenuItem } from './menu.js';
import { type PageMap, tokenOf } from './pageMap.js';
import { beginLine, endAt, endLine, sendProfile } from './profile/line.js';
import type { Store } from './store.js';

/** Tokens of a cell that its menu offers to color by. */
const OFFERED = 3;

/** What can be done with the cell of a map that its menu was opened on: the one below the pointer, else, or by key, the pinned one. */
export function mapMenuItems(store: Store, derived: Derived, byKey: boolean): readonly (MenuItem | 'separator')[] {
  const state = byKey ? { ...store.state, hover: null } : store.state;
  const { map, base, host, hover, ui } = state;
  const shown = map && hover !== null ? { map, cell: hover } : inspected(state);
  if (!map || !base || !shown) return [];
  const at = placeOfCell(shown.map, shown.cell);
  const place = { slot: store.slot, map: base.id, ...at };
  const stand = derived.terrain(state, shown.map)?.stand[shown.cell] ?? -1;
  const ranked = stand < 0 ? [] : ranking(shown.map, stand).map(({ id }) => tokenOf(shown.map, id));
  const whole = base.finish ? undefined : t('The map is not complete.');
  const pinned = ui.pin !== null && (hover === null || pinnedCell(state) === hover);
  const copy = (label: string, icon: string, text: string): MenuItem => ({
    label,
    icon,
    run: () => send({ type: 'copy', text }),
  });
  const panel: readonly (MenuItem | 'separator')[] =
    host?.mode === 'panel'
      ? [
          'separator',
          ...ranked.slice(0, OFFERED).map((token) => ({
            label: t('Color by {0}', tokenText(token, 24)),
            icon: 'symbol-color',
            run: () => colorByToken(store, token),
          })),
          {
            label: t('Move the Middle Here'),
            icon: 'move',
            run: () => send({ type: 'edit', path: 'grid.center', value: [at.x, at.y] }),
          },
          ...(store.slot === 'main' ? ANCHORS : []).map((anchor) => ({
            label: t('Use as {0}', anchor),
            icon: 'pinned',
            reason: whole,
            run: () => send({ type: 'vector', to: anchor, ...place }),
          })),
          ...(store.slot === 'main' ? lineItems(store, shown.map, at) : []),
          {
            label: t('Features Here'),
            icon: 'list-ordered',
            run: () => store.setUi({ pin: at, collapsed: ui.collapsed.filter((name) => name !== 'features') }),
          },
          {
            label: t('Continue from Here'),
            icon: 'edit',
            reason: whole,
            run: () => {
              store.setUi({ pin: at, collapsed: ui.collapsed.filter((name) => name !== 'point') });
              sendWriting(store, base.id, [{ name: t('Pin'), ...at }]);
            },
          },
        ]
      : [];
  return [
    {
      label: pinned ? t('Unpin Cell') : t('Pin Cell'),
      icon: pinned ? 'close' : 'pin',
      run: () => (pinned || hover === null ? togglePin(store) : store.setUi({ pin: at })),
    },
    ...panel,
    'separator',
    ...(stand < 0 ? [] : [copy(t('Copy Cell'), 'copy', cellAsText(shown.map, shown.cell, stand))]),
    copy(
      t('Copy Coordinates'),
      'copy',
      `${formatX(shown.map, at.x)}, ${formatX(shown.map, at.y)}`.replaceAll('\u2212', '-'),
    ),
    {
      label: t('Copy Vector'),
      icon: 'copy',
      reason: whole,
      run: () => send({ type: 'vector', to: 'clipboard', ...place }),
    },
    {
      label: t('Export Picture…'),
      icon: 'device-camera',
      reason: whole,
      run: () => send({ type: 'action', action: 'exportPicture' }),
    },
    'separator',
    ...compareItems(state).map((item) => ({ ...item, label: t('Compare with {0}', item.label) })),
  ];
}

/** Lines that end or begin at a place: from the one that was begun, from the pin, from A; or on to wherever is clicked next. */
function lineItems(store: Store, map: PageMap, at: PlanePoint): MenuItem[] {
  const { draft, ui } = store.state;
  const here = endAt(map, at);
  const isHere = ({ x, y }: PlanePoint): boolean => x === here.x && y === here.y;
  const icon = 'graph-line';
  if (draft) return [{ label: t('End Profile Here'), icon, run: () => void endLine(store, here) }];
  const pin = ui.pin && endAt(map, ui.pin);
  return [
    { label: t('Profile from Here…'), icon, run: () => beginLine(store, here) },
    ...(pin && !isHere(pin) ? [{ label: t('Profile from Pin to Here'), icon, run: () => sendProfile(pin, here) }] : []),
  ];
}
