import { t } from '@vscode/l10n';
import { tokenText as plainToken } from '../../src/map/display.js';
import { capital, layerBrief } from '../../src/map/naming.js';
import { formatBits, formatPercent } from '../../src/map/numbers.js';
import { layerIndex } from '../../src/map/specification.js';
import { placeOfCell, cellAtPlace } from '../cell.js';
import { inspected } from '../inspected.js';
import { lastLayer, layerAt, layerOf } from '../controls/layers.js';
import type { Derived } from '../derived.js';
import { h, iconButton, setAttributes, setIconButton, setText, show } from '../dom.js';
import { send } from '../host.js';
import { drawCells } from '../map/overview.js';
import { type PageMap, tokenOf } from '../pageMap.js';
import { anyOf, type PageState, type Store } from '../store.js';
import { createCurves } from './curves.js';
import { type LayerNumbers, numbersOf } from './layerNumbers.js';
import { tokensWords } from '../counted.js';

/** How long a layer is shown while the sweep plays, in ms. */
const STEP_MS = 700;

/** Begins or ends a sweep through the layers. */
export const sendSweep = (value: boolean): void => send({ type: 'edit', path: 'sweep', value });

const indexOf = (map: PageMap): number => layerIndex(map.specification.layer);

/** The map at every layer: small pictures, curves below them, a slider and play. The one that is chosen is the panel's map. */
export function createSweepStrip(store: Store, derived: Derived): HTMLElement {
  const play = iconButton('play', t('Play Through the Layers'), () => (timer === undefined ? start() : stop()));
  const slider = h('input', {
    type: 'range',
    class: 'slider',
    min: -1,
    step: 1,
    'aria-label': t('Layer of the sweep'),
  });
  const name = h('strong', { class: 'sweep-layer' });
  const said = h('span', { class: 'faint sweep-said', role: 'status' });
  const close = iconButton('close', t('Close Sweep (Esc)'), () => {
    stop();
    sendSweep(false);
  });
  const strip = h('div', { class: 'sweep-strip', role: 'group', 'aria-label': t('Maps of the layers') });
  const go = (index: number): void => {
    const { host } = store.state;
    if (host) send({ type: 'edit', path: 'layer', value: layerAt(index, lastLayer(host)), step: true });
  };
  const curves = createCurves((index) => {
    stop();
    go(index);
  });
  const element = h(
    'section',
    { class: 'sweep', 'aria-label': t('All layers'), hidden: true },
    h('div', { class: 'sweep-bar' }, play, slider, name, said, h('span', { class: 'spring' }), close),
    strip,
    curves.element,
  );

  let timer: ReturnType<typeof setInterval> | undefined;
  const stop = (): void => {
    clearInterval(timer);
    timer = undefined;
    setIconButton(play, 'play', t('Play Through the Layers'));
  };
  const start = (): void => {
    setIconButton(play, 'debug-pause', t('Pause'));
    timer = setInterval(step, STEP_MS);
    step();
  };
  /** The next layer, once it and the one before are there. */
  const step = (): void => {
    const { host, sweep, base } = store.state;
    if (!host?.sweep) return stop();
    const at = layerIndex(layerOf(host));
    if (base && indexOf(base) !== at) return;
    const next = at >= lastLayer(host) ? -1 : at + 1;
    if (sweep.some((map) => indexOf(map) === next)) go(next);
  };
  slider.addEventListener('input', () => {
    stop();
    go(Number(slider.value));
  });

  const entries = new Map<
    number,
    { readonly button: HTMLElement; readonly canvas: HTMLCanvasElement; drawn: unknown }
  >();
  const entryOf = (index: number) => {
    const known = entries.get(index);
    if (known) return known;
    const canvas = h('canvas');
    const button = h(
      'button',
      { type: 'button', class: 'sweep-map', tabindex: -1, 'data-layer': index },
      canvas,
      h(
        'span',
        { class: index < 0 ? 'sweep-long' : undefined, 'aria-hidden': 'true' },
        index < 0 ? t('embeddings') : String(index),
      ),
    );
    button.addEventListener('click', () => {
      stop();
      go(index);
    });
    const entry = { button, canvas, drawn: undefined as unknown };
    entries.set(index, entry);
    return entry;
  };
  // Arrows move between the pictures; only the chosen one is a stop for Tab.
  strip.addEventListener('keydown', (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const { host } = store.state;
    if (by === undefined || !host) return;
    event.preventDefault();
    const index = Math.max(-1, Math.min(lastLayer(host), layerIndex(layerOf(host)) + by));
    stop();
    go(index);
    entries.get(index)?.button.focus();
  });

  let numbered: { readonly of: readonly PageMap[]; readonly numbers: readonly LayerNumbers[] } | undefined;
  const numbers = (sweep: readonly PageMap[], last: number): readonly LayerNumbers[] => {
    if (numbered?.of !== sweep) numbered = { of: sweep, numbers: numbersOf(sweep, last) };
    return numbered.numbers;
  };

  store.onDraw((state, changed) => {
    const { host, sweep } = state;
    const on = Boolean(host?.sweep);
    show(element, on);
    if (!on && timer !== undefined) stop();
    if (!host?.sweep || !anyOf(changed, 'host', 'sweep', 'ui', 'theme', 'map', 'hover')) return;
    const last = host.sweep.layers - 1;
    const at = layerIndex(layerOf(host));
    setAttributes(slider, { max: last, 'aria-valuetext': layerBrief(at < 0 ? 'embeddings' : at) });
    slider.style.setProperty('--part', `${((at + 1) / (last + 1)) * 100}%`);
    if (Number(slider.value) !== at) slider.value = String(at);
    setText(name, capital(layerBrief(at < 0 ? 'embeddings' : at)));
    setText(said, [progressOf(state), answerOf(state)].filter(Boolean).join(' · '));
    const lines = numbers(sweep, last);
    fill(state, lines, at);
    curves.update(lines, last, at, state.theme);
  });

  const fill = (state: PageState, lines: readonly LayerNumbers[], at: number): void => {
    const shown = state.sweep.map((map) => entryOf(indexOf(map)));
    for (const [index, { button }] of entries)
      if (!state.sweep.some((map) => indexOf(map) === index)) {
        button.remove();
        entries.delete(index);
      }
    if (strip.children.length !== shown.length || shown.some(({ button }, i) => strip.children[i] !== button))
      strip.replaceChildren(...shown.map(({ button }) => button));
    state.sweep.forEach((map, i) => {
      const entry = shown[i];
      const line = lines[i];
      if (!entry || !line) return;
      const paint = derived.paint(state, map);
      if (paint && paint !== entry.drawn) drawCells(entry.canvas, paint, map.cells);
      entry.drawn = paint;
      const current = line.index === at;
      const moved = current && entry.button.getAttribute('aria-current') === null;
      setAttributes(entry.button, {
        'aria-current': current ? 'true' : undefined,
        tabindex: current ? 0 : -1,
        // What is written below the picture is part of its name.
        'aria-label': `${capital(layerBrief(map.specification.layer))}: ${spoken(line)}`,
        title: spoken(line),
      });
      if (moved) entry.button.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    });
  };
  return element;
}

const spoken = ({ tokens, probability, entropy, agreement }: LayerNumbers): string =>
  [
    tokensWords(tokens),
    t('mean probability {0}', formatPercent(probability)),
    t('entropy {0}', formatBits(entropy)),
    ...(agreement === undefined ? [] : [t('{0} as at the last layer', formatPercent(agreement))]),
  ].join(', ');

function progressOf({ host, sweep }: PageState): string {
  if (!host?.sweep) return '';
  const all = host.sweep.layers + 1;
  return sweep.length < all ? t('{0} of {1} layers', sweep.length, all) : '';
}

/** From which layer on the cell that is looked at says what it says at the last one. */
export function answerOf(state: PageState): string {
  const { host, sweep } = state;
  const at = inspected(state);
  if (!host?.sweep || !at || sweep.length < host.sweep.layers + 1) return '';
  const place = placeOfCell(at.map, at.cell);
  const winners = sweep.map((map) => {
    const cell = cellAtPlace(map, place);
    return cell === null ? undefined : map.cells.ids[cell * map.cells.topK];
  });
  const final = winners.at(-1);
  const last = sweep.at(-1);
  if (final === undefined || !last) return '';
  const enters = winners.findLastIndex((id) => id !== final) + 1;
  const from = sweep[enters]?.specification.layer ?? 0;
  const token = `“${plainToken(tokenOf(last, final))}”`;
  return enters === 0
    ? t('{0} wins at this cell on every layer', token)
    : t('{0} wins at this cell from {1} on', token, layerBrief(from));
}
