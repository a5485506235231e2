import { t } from '@vscode/l10n';
/** Keys of the map and of the page, and what they do. */
export const KEYS: readonly (readonly [keys: readonly string[], what: string])[] = [
  [['←', '→', '↑', '↓'], t('Move the pin by a cell; with Shift by 5, with Ctrl to the next region')],
  [['Enter'], t('Pin the cell, or unpin it')],
  [['+', '−'], t('Zoom in, zoom out')],
  [['0'], t('Whole map')],
  [['1', '2', '3', '4', '5'], t('Color by probability, token, margin, entropy, question')],
  [['F'], t('Fit the colors to the map, or spread them again')],
  [['L'], t('Labels')],
  [['B'], t('Borders between regions')],
  [['A'], t('Anchors and overlays')],
  [['R'], t('Refine on zoom: compute the part that is looked at afresh')],
  [['[', ']'], t('Previous layer, next layer')],
  [['P'], t('Profile along a line: once where it begins, once where it ends; or drag with Shift')],
  [['T'], t('Box around texts: once at a corner, once at the opposite one')],
  [['C'], t('Compare with another map')],
  [['?'], t('These keys')],
  [
    [t('Esc')],
    t('Cancel what is computed; then close the drawer, the table, unpin, close what is shown beside the map'),
  ],
  [[t('Ctrl+Enter')], t('Generate, from the parameters')],
  [[t('Ctrl+S')], t('Save the map')],
  [[t('Ctrl+Z'), t('Ctrl+Y')], t('Undo a change of parameters, redo it')],
];
