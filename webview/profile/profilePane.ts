import { t } from '@vscode/l10n';
import { tokenSpoken } from '../../src/map/display.js';
import { formatBits, formatCount, formatPercent, formatShort } from '../../src/map/numbers.js';
import type { KeptColors } from '../../src/map/profileCurves.js';
import { parsePoint, type PlanePoint, pointOn, type Profile, type ProfileLine } from '../../src/map/profile.js';
import { h, iconButton, setAttributes, setEnabled, setText, show } from '../dom.js';
import { send } from '../host.js';
import { anyOf, type PageState, type Store } from '../store.js';
import { createRestingField } from '../toolkit.js';
import { tokenText } from '../tokenText.js';
import { closeProfile, sendProfile } from './line.js';
import { type Charted, chartColors, drawChart, partAt, placeText } from './profileChart.js';

/** Steps of the arrow keys, as parts of the line. */
const [STEP, FAR] = [1 / 100, 1 / 10];
/** Tokens that are listed. */
const LISTED = 12;

/**
 * What the model says along a line: curves of the tokens that win, and what they are where the pointer or the keyboard is. A click
 * or Enter pins the place on the map.
 */
export function createProfilePane(store: Store): HTMLElement {
  const name = h('strong', {}, t('Profile'));
  const end = (which: 'from' | 'to', label: string) =>
    createRestingField(label, (text) => {
      const { line } = store.state.host?.profile ?? {};
      const typed = parsePoint(text);
      if (!line) return;
      const next = { ...line, ...(typed ? { [which]: typed } : {}) };
      const same = next.from.x === next.to.x && next.from.y === next.to.y;
      wrong = typed && !same ? undefined : which;
      if (wrong === undefined) sendProfile(next.from, next.to);
      tellEnds(line);
    });
  /** The end that was typed and cannot be one. */
  let wrong: 'from' | 'to' | undefined;
  const tellEnds = ({ from: begins, to: ends }: ProfileLine): void => {
    from.update(pointText(begins), { invalid: wrong === 'from' });
    to.update(pointText(ends), { invalid: wrong === 'to' });
  };
  const from = end('from', t('The profile begins at x, y'));
  const to = end('to', t('The profile ends at x, y'));
  const said = h('span', { class: 'faint band-said profile-said', role: 'status' });
  const save = iconButton('save', t('Save Profile…'), () => send({ type: 'action', action: 'exportProfile' }));
  const close = iconButton('close', t('Close Profile (Esc)'), closeProfile);
  const fault = h('p', { class: 'band-fault fault', role: 'alert', hidden: true });
  const canvas = h('canvas', { 'aria-hidden': 'true' });
  const chart = h(
    'div',
    {
      class: 'profile-chart',
      role: 'slider',
      tabindex: 0,
      'aria-label': t('Place on the profile’s line'),
      'aria-valuemin': 0,
      'aria-valuemax': 100,
    },
    canvas,
  );
  const where = h('p', { class: 'where' });
  const rows = h('tbody');
  const list = h('div', { class: 'band-list profile-list', 'aria-hidden': 'true' }, where, h('table', {}, rows));
  const element = h(
    'section',
    { class: 'band profile', 'aria-label': t('Profile along a line'), hidden: true },
    h(
      'div',
      { class: 'band-bar' },
      name,
      h('span', { class: 'faint', 'aria-hidden': 'true' }, t('from')),
      h('span', { class: 'profile-end' }, from.element),
      h('span', { class: 'faint', 'aria-hidden': 'true' }, t('to')),
      h('span', { class: 'profile-end' }, to.element),
      said,
      h('span', { class: 'spring' }),
      save,
      close,
    ),
    fault,
    h('div', { class: 'band-body' }, chart, list),
  );

  let charted: Charted | undefined;
  /** Of the panel's tokens: they keep their colors from line to line. */
  const kept: KeptColors = new Map();
  const draw = (): void => {
    if (charted) drawChart(canvas, chart.clientWidth, chart.clientHeight, charted);
  };
  new ResizeObserver(draw).observe(chart);
  const pin = (along: number): void => {
    if (!charted) return;
    const { x, y } = pointOn(charted.profile, along);
    store.setUi({ pin: { x, y } });
  };
  const pointed = ({ clientX }: MouseEvent): number => {
    const { left, width } = chart.getBoundingClientRect();
    return partAt(clientX - left, width);
  };
  chart.addEventListener('pointermove', (event) => charted && store.set({ along: pointed(event) }));
  chart.addEventListener('pointerleave', () => store.set({ along: null }));
  chart.addEventListener('click', (event) => pin(pointed(event)));
  chart.addEventListener('blur', () => store.set({ along: null }));
  chart.addEventListener('keydown', (event) => {
    const { along, profile } = store.state;
    if (!profile || event.altKey) return;
    const at = along ?? 0;
    const step = event.shiftKey ? FAR : STEP;
    const flips = event.ctrlKey || event.metaKey ? profile.changes.map((change) => change.at) : undefined;
    const next = flips ? (flips.find((flip) => flip > at + 1e-9) ?? 1) : at + step;
    const before = flips ? (flips.findLast((flip) => flip < at - 1e-9) ?? 0) : at - step;
    const target = {
      ArrowRight: next,
      ArrowUp: next,
      ArrowLeft: before,
      ArrowDown: before,
      Home: 0,
      End: 1,
      PageUp: at + FAR,
      PageDown: at - FAR,
    }[event.key];
    if (target !== undefined) store.set({ along: Math.min(1, Math.max(0, target)) });
    else if (event.key === 'Enter' || event.key === ' ') pin(at);
    else return;
    event.preventDefault();
  });

  store.onDraw((state, changed) => {
    const { host, profile, along, theme } = state;
    const asked = host?.profile ?? null;
    show(element, asked !== null);
    if (!asked) {
      charted = undefined;
      return;
    }
    if (!anyOf(changed, 'host', 'profile', 'along', 'theme', 'layout')) return;
    tellEnds(asked.line);
    show(fault, asked.fault !== null);
    setText(fault, asked.fault ? [asked.fault.message, asked.fault.hint].filter(Boolean).join(' ') : '');
    setText(said, sayingOf(state));
    setEnabled(save, profile !== null && !asked.running, t('Save Profile…'), t('it is not complete'));
    element.classList.toggle('stale', asked.running);
    show(canvas, profile !== null);
    show(list, profile !== null);
    setAttributes(chart, {
      'aria-valuenow': Math.round(100 * (along ?? 0)),
      'aria-valuetext': profile ? spoken(profile, along ?? 0) : t('not computed yet'),
    });
    if (!profile) {
      charted = undefined;
      return;
    }
    charted = { profile, along, theme, colors: chartColors(theme, profile, kept) };
    draw();
    setText(where, along === null ? t('Highest on the line') : placeText(profile, along));
    rows.replaceChildren(...rowsOf(charted));
  });
  return element;
}

const pointText = ({ x, y }: PlanePoint): string =>
  [x, y].map((value) => formatShort(Number(value.toPrecision(6)))).join(', ');

/** Tokens at a place with their probabilities there, most probable first; or, of none, the highest of each. */
function ranked({ tokens, probabilities, steps }: Profile, along: number | null) {
  const i = along === null ? -1 : Math.round(along * steps);
  const highest = (curve: Float32Array): number => curve.reduce((most, p) => (p > most ? p : most), 0);
  return tokens
    .map((token, place) => {
      const curve = probabilities[place] ?? new Float32Array(0);
      return { token, place, p: i < 0 ? highest(curve) : (curve[i] ?? NaN) };
    })
    .sort((a, b) => (b.p || 0) - (a.p || 0));
}

function rowsOf(charted: Charted): HTMLElement[] {
  const { profile, along, colors } = charted;
  const rows = ranked(profile, along)
    .slice(0, LISTED)
    .map(({ token, place, p }) => {
      const swatch = h('span', { class: 'swatch' });
      swatch.style.background = colors[place] ?? '';
      return h('tr', {}, h('td', {}, swatch, tokenText(token)), h('td', { class: 'number' }, formatPercent(p)));
    });
  if (along === null) return rows;
  const entropy = profile.entropy[Math.round(along * profile.steps)] ?? NaN;
  return [
    ...rows,
    h('tr', { class: 'faint' }, h('td', {}, t('Entropy')), h('td', { class: 'number' }, formatBits(entropy))),
  ];
}

/** What a screen reader says of a place. */
function spoken(profile: Profile, along: number): string {
  const [first, second] = ranked(profile, along);
  const words = (one: typeof first): string => (one ? `${tokenSpoken(one.token)} ${formatPercent(one.p)}` : '');
  return [placeText(profile, along).replaceAll('\u2212', t('minus ')), words(first), words(second)]
    .filter(Boolean)
    .join(', ');
}

function sayingOf({ host, profile, base }: PageState): string {
  const asked = host?.profile;
  if (!asked) return '';
  if (asked.running) {
    const { done = 0, total = 0 } = asked.progress ?? {};
    return total > 0 ? t('computing… {0}%', Math.floor((100 * done) / total)) : t('computing…');
  }
  if (!profile) return asked.fault ? '' : base?.finish ? t('not computed') : t('when the map is complete');
  const { tokens, changes } = profile;
  return [
    tokens.length === 1 ? t('1 token wins') : t('{0} tokens win', formatCount(tokens.length)),
    changes.length === 1 ? t('1 change') : t('{0} changes', formatCount(changes.length)),
  ].join(' · ');
}
