import { t } from '@vscode/l10n';
import type { Comparison } from '../../src/protocol/panelSettings.js';
import { h, icon, iconButton, setAttributes, setText, show } from '../dom.js';
import { send } from '../host.js';
import type { Store } from '../store.js';
import { agreementText } from './changesTable.js';
import type { ChangesPane } from './changesPane.js';
import { silenceOf } from './silent.js';

/** Tells the host what the map is compared with; null: with nothing. */
export const sendComparison = (compare: Comparison | null): void =>
  send({ type: 'edit', path: 'compare', value: compare });

const PLANES = {
  own: { label: t('Own Planes'), title: t('Each map’s plane is laid by its own layer or model') },
  shared: { label: t('Shared Plane'), title: t('Both maps have the same vectors, those of the left one') },
} as const;

/** The bar over two maps: how far they agree, whose plane they are on, and, where they can be parted (`closes`), the way out. */
export function createCompareBar(store: Store, changes: ChangesPane, { closes = true } = {}): HTMLElement {
  const part = h('strong', { class: 'agreement-part' });
  const of = h('span', { class: 'faint agreement-of' });
  const agreement = h('div', { class: 'agreement', role: 'status' }, part, ' ', of);
  const comparison = (): Comparison | null => store.state.host?.compare ?? null;
  const planes = (['own', 'shared'] as const).map((plane) => {
    const { label, title } = PLANES[plane];
    const button = h('button', { type: 'button', class: 'choice', title }, label);
    button.addEventListener('click', () => {
      const compare = comparison();
      if (compare?.kind === 'computed' && compare.plane !== plane) sendComparison({ ...compare, plane });
    });
    return { plane, button };
  });
  const group = h(
    'div',
    { class: 'choices', role: 'group', 'aria-label': t('Plane') },
    ...planes.map((one) => one.button),
  );
  const swap = iconButton('arrow-swap', t('Swap Both Maps'), () => send({ type: 'swap' }));
  const close = iconButton('close', t('Close Comparison (Esc)'), () => sendComparison(null));
  const silentText = h('span');
  const silence = h(
    'p',
    { class: 'compare-silence message note', role: 'note', hidden: true },
    icon('info'),
    silentText,
  );
  const element = h(
    'div',
    { class: 'compare-bar', role: 'toolbar', 'aria-label': t('Comparison'), hidden: true },
    agreement,
    h('span', { class: 'spring' }),
    group,
    swap,
    ...(closes ? [close] : []),
    silence,
  );
  store.onDraw(({ host, comparing }) => {
    const compare = host?.compare ?? null;
    show(element, comparing);
    show(group, compare?.kind === 'computed');
    show(swap, compare?.kind === 'computed');
    const silent = host && comparing ? silenceOf(host) : undefined;
    show(silence, silent !== undefined);
    setText(silentText, silent ?? '');
    for (const { plane, button } of planes)
      setAttributes(button, { 'aria-pressed': String(compare?.kind === 'computed' && compare.plane === plane) });
  });
  changes.store.onDraw(({ map, comparing }) => {
    if (!comparing) return;
    const text = map?.changes ? agreementText(map.changes) : undefined;
    setText(part, text ? t('{0} agreement', text.part) : '');
    setText(of, text?.of ?? changes.reason ?? '');
  });
  return element;
}
