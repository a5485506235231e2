import { t } from '@vscode/l10n';
import { changeColors, changeEntry } from '../../src/map/compare/changeColors.js';
import { CHANGES_BY, type ChangesBy, DIVERGENCE_NAMES, divergenceBits } from '../../src/map/compare/divergenceScale.js';
import { formatCount, formatFixed } from '../../src/map/numbers.js';
import type { Derived } from '../derived.js';
import { h, setAttributes, setText, show } from '../dom.js';
import { cssColor } from '../map/paint.js';
import { anyOf, type PageState, type Store } from '../store.js';
import { createDropdown } from '../toolkit.js';
import { divergenceOf } from './changes.js';

const CHANGED = t('Changed Cells');
const WITHOUT_MODELS = t(
  'A divergence is over the whole vocabulary, which no saved map holds: embedding-grid compare asks both models.',
);
const labelOf = (by: ChangesBy): string => (by === 'change' ? CHANGED : DIVERGENCE_NAMES[by]);

/** The line over the cells between two maps: what their colors tell, on what scale, and what it comes to. */
export function createChangesHeader(store: Store, derived: Derived): HTMLElement {
  const dropdown = createDropdown(t('Color changes by'), (value) => {
    const changesBy = CHANGES_BY.find((one) => one === value);
    if (changesBy) store.setUi({ changesBy });
  });
  const legend = h('span', { class: 'faint changes-legend' });
  const bar = h('span', { class: 'divergence-bar', 'aria-hidden': 'true' });
  const end = h('span');
  const scale = h('span', { class: 'faint divergence-scale', title: t('Darker is farther apart') }, '0', bar, end);
  const count = h('span', { class: 'faint side-count' });
  store.onDraw((state, changed) => {
    if (!state.comparing || !anyOf(changed, 'map', 'ui', 'theme', 'host', 'comparing')) return;
    const { changesBy } = state.ui;
    const known = state.map?.changes && divergenceOf(state.map.changes, changesBy);
    // A saved map has no model to be asked.
    const without = state.host?.mode === 'saved' && !state.map?.changes?.divergences;
    dropdown.update(
      CHANGES_BY.map((value) => ({
        value,
        label: labelOf(value),
        ...(without && value !== 'change' ? { reason: WITHOUT_MODELS } : {}),
      })),
      without ? 'change' : changesBy,
    );
    show(scale, known !== undefined);
    show(legend, known === undefined);
    const told = waiting(state, without);
    setText(legend, told);
    setAttributes(legend, { title: told });
    if (known) {
      const palette = changeColors(derived.scale(state));
      const colors = [0, 0.25, 0.5, 0.75, 1].map((part) => cssColor(palette[changeEntry('real', part)] ?? [0, 0, 0]));
      bar.style.background = `linear-gradient(to right, ${colors.join(', ')})`;
      setText(end, divergenceBits(known.spread.top));
    }
    setText(count, countOf(state, known?.spread.mean));
  });
  return h('div', { class: 'side-header' }, dropdown.element, legend, scale, h('span', { class: 'spring' }), count);
}

function waiting({ map, ui }: PageState, without: boolean): string {
  if (ui.changesBy === 'change' || without) return t('darker = more certain');
  const { done = 0, total = 0, fault = null } = map?.changes?.divergences ?? {};
  if (fault) return t('not known');
  return t('computing… {0}%', total > 0 ? Math.floor((100 * done) / total) : 0);
}

function countOf({ map, ui }: PageState, mean: number | undefined): string {
  if (mean !== undefined) return t('mean {0}', divergenceBits(mean));
  const { agreement } = map?.changes ?? {};
  if (!agreement || agreement.compared === 0 || ui.changesBy !== 'change') return '';
  return t(
    '{0} cells · {1}%',
    formatCount(agreement.changed),
    formatFixed((100 * agreement.changed) / agreement.compared, 1),
  );
}
