import { t } from '@vscode/l10n';
import { haveOneVocabulary } from '../../src/map/compare/comparison.js';
import { tokenText as plainToken } from '../../src/map/display.js';
import { capital } from '../../src/map/naming.js';
import { formatBits, formatDuration, formatPercent } from '../../src/map/numbers.js';
import { contextOf, type Layer, layerIndex, sameContext } from '../../src/map/specification.js';
import { placeOfCell, cellAtPlace } from '../cell.js';
import { inspected } from '../inspected.js';
import type { Derived } from '../derived.js';
import { h, iconButton, setAttributes, setIconButton, setText, show } from '../dom.js';
import { drawCells } from '../map/overview.js';
import { type PageMap, tokenOf } from '../pageMap.js';
import { anyOf, type PageState, type Store } from '../store.js';
import { createCurves } from './curves.js';
import { numbersOf, type StepNumbers } from './stepNumbers.js';
import type { Sequence, Steps } from './steps.js';
import { tokensWords } from '../counted.js';

/** How long a map is shown while the strip plays, in ms. */
const STEP_MS = 700;

/** Maps in an order: small pictures, curves below them, a slider and play. The one that is chosen is the map that is seen. */
export function createSweepStrip(store: Store, derived: Derived, { words, steps, go, close }: Sequence): HTMLElement {
  const play = iconButton('play', words.play, () => (timer === undefined ? start() : stop()));
  const slider = h('input', { type: 'range', class: 'slider', min: 0, step: 1, 'aria-label': words.slider });
  const name = h('strong', { class: 'sweep-layer' });
  const said = h('span', { class: 'faint band-said sweep-said', role: 'status' });
  const closing =
    close &&
    iconButton('close', close.label, () => {
      stop();
      close.run();
    });
  const strip = h('div', { class: 'sweep-strip', role: 'group', 'aria-label': words.maps });
  const choose = (place: number): void => {
    stop();
    go(place);
  };
  const curves = createCurves(words.curve, choose);
  const element = h(
    'section',
    { class: 'band sweep', 'aria-label': words.title, hidden: true },
    h(
      'div',
      { class: 'band-bar sweep-bar' },
      play,
      slider,
      name,
      said,
      h('span', { class: 'spring' }),
      ...(closing ? [closing] : []),
    ),
    strip,
    curves.element,
  );

  let timer: ReturnType<typeof setInterval> | undefined;
  const stop = (): void => {
    clearInterval(timer);
    timer = undefined;
    setIconButton(play, 'play', words.play);
  };
  const start = (): void => {
    setIconButton(play, 'debug-pause', t('Pause'));
    timer = setInterval(step, STEP_MS);
    step();
  };
  /** The next map, once it and the one before are there. */
  const step = (): void => {
    const now = steps(store.state);
    const { base } = store.state;
    if (!now) return stop();
    if (base && now.placeOf(base) !== now.at) return;
    const next = (now.at + 1) % now.count;
    if (now.maps.some((map) => now.placeOf(map) === next)) go(next);
  };
  slider.addEventListener('input', () => choose(Number(slider.value)));

  const entries = new Map<
    number,
    {
      readonly button: HTMLElement;
      readonly canvas: HTMLCanvasElement;
      readonly label: HTMLElement;
      drawn: unknown;
    }
  >();
  const entryOf = (place: number) => {
    const known = entries.get(place);
    if (known) return known;
    const canvas = h('canvas');
    const label = h('span', { 'aria-hidden': 'true' });
    const button = h('button', { type: 'button', class: 'sweep-map', tabindex: -1 }, canvas, label);
    button.addEventListener('click', () => choose(place));
    const entry = { button, canvas, label, drawn: undefined as unknown };
    entries.set(place, entry);
    return entry;
  };
  // Arrows move between the pictures; only the chosen one is a stop for Tab.
  strip.addEventListener('keydown', (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const now = steps(store.state);
    if (by === undefined || !now) return;
    event.preventDefault();
    const place = Math.max(0, Math.min(now.count - 1, now.at + by));
    choose(place);
    entries.get(place)?.button.focus();
  });

  let numbered: { readonly of: readonly PageMap[]; readonly numbers: readonly StepNumbers[] } | undefined;
  const numbers = (now: Steps): readonly StepNumbers[] => {
    if (numbered?.of !== now.maps) numbered = { of: now.maps, numbers: numbersOf(now) };
    return numbered.numbers;
  };

  store.onDraw((state, changed) => {
    const now = steps(state);
    show(element, now !== undefined);
    if (!now && timer !== undefined) stop();
    if (!now || !anyOf(changed, 'host', 'sweep', 'ui', 'theme', 'map', 'hover')) return;
    const { count, at } = now;
    setAttributes(slider, { max: count - 1, 'aria-valuetext': now.nameOf(at) });
    slider.style.setProperty('--part', `${(at / Math.max(1, count - 1)) * 100}%`);
    if (Number(slider.value) !== at) slider.value = String(at);
    setText(name, capital(now.nameOf(at)));
    setText(said, [progressOf(state, now), answerOf(state, now, words)].filter(Boolean).join(' · '));
    const lines = numbers(now);
    fill(state, now, lines);
    curves.update(lines, count, at, state.theme);
  });

  const fill = (state: PageState, now: Steps, lines: readonly StepNumbers[]): void => {
    const shown = now.maps.map((map) => entryOf(now.placeOf(map)));
    for (const [place, { button }] of entries)
      if (!now.maps.some((map) => now.placeOf(map) === place)) {
        button.remove();
        entries.delete(place);
      }
    // Layers come in any order, and push the one that is looked at out of sight.
    const placed =
      strip.children.length !== shown.length || shown.some(({ button }, i) => strip.children[i] !== button);
    if (placed) strip.replaceChildren(...shown.map(({ button }) => button));
    now.maps.forEach((map, i) => {
      const entry = shown[i];
      const line = lines[i];
      if (!entry || !line) return;
      const paint = derived.paint(state, map);
      if (paint && paint !== entry.drawn) drawCells(entry.canvas, paint, map.cells);
      entry.drawn = paint;
      const current = line.place === now.at;
      const moved = current && entry.button.getAttribute('aria-current') === null;
      const short = now.shortOf(line.place);
      setText(entry.label, short);
      entry.label.className = short.length > SHORT ? 'sweep-long' : '';
      setAttributes(entry.button, {
        'aria-current': current ? 'true' : undefined,
        tabindex: current ? 0 : -1,
        // What is written below the picture is part of its name.
        'aria-label': `${capital(now.nameOf(line.place))}: ${spoken(line, words)}`,
        title: spoken(line, words),
      });
      if (moved || (current && placed)) entry.button.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    });
  };
  return element;
}

type Words = Sequence['words'];

/** Characters that have room below a picture. */
const SHORT = 7;

const spoken = ({ tokens, probability, entropy, agreement }: StepNumbers, words: Words): string =>
  [
    tokensWords(tokens),
    t('mean probability {0}', formatPercent(probability)),
    t('entropy {0}', formatBits(entropy)),
    ...(agreement === undefined ? [] : [words.agreement(formatPercent(agreement))]),
  ].join(', ');

/**
 * Layers alone are computed while the strip is there: how many maps there are, and what is waited for or how long the others take. There
 * is one more than layers: that of the embeddings before them.
 */
function progressOf({ host }: PageState, { maps, count }: Steps): string {
  if (!host?.sweep || maps.length >= count) return '';
  const there = t('{0} of {1} maps', maps.length, count);
  if (!host.sweep.running) return there;
  // A model computes one thing at a time.
  if (host.lens?.running && host.lens.progress) return t('{0} · waits for Layers × Positions', there);
  const seconds = secondsLeft(maps, host.sweep.layers);
  return seconds === undefined ? there : t('{0} · about {1} left', there, formatDuration(seconds));
}

/** What the missing layers take: as much for each block behind them as those that are there; undefined where none tells. */
function secondsLeft(maps: readonly PageMap[], layers: number): number | undefined {
  const behind = (layer: Layer): number => layers - 1 - layerIndex(layer);
  let [seconds, blocks] = [0, 0];
  for (const { finish, specification } of maps) {
    const count = behind(specification.layer);
    if (count > 0) [seconds, blocks] = [seconds + (finish?.runtime.seconds ?? 0), blocks + count];
  }
  const there = maps.reduce((sum, { specification }) => sum + behind(specification.layer), 0);
  const all = ((layers + 1) * layers) / 2;
  return blocks > 0 ? (seconds / blocks) * (all - there) : undefined;
}

/** From which map on the cell that is looked at says what it says on the last one. */
function answerOf(state: PageState, { maps, count, placeOf, nameOf }: Steps, words: Words): string {
  const at = inspected(state);
  const last = maps.at(-1);
  if (!at || !last || maps.length < count) return '';
  const place = placeOfCell(at.map, at.cell);
  const winners = maps.map((map) => {
    const cell = cellAtPlace(map, place);
    return cell === null ? undefined : winnerOf(map, cell, last);
  });
  const final = winners.at(-1);
  if (final === undefined) return '';
  const enters = winners.findLastIndex((one) => one?.key !== final.key) + 1;
  const first = maps[enters] ?? last;
  const token = t('“{0}”', final.text);
  return enters === 0
    ? words.everywhere(token, isOwnAnswer(last, place))
    : t('{0} wins at this cell from {1} on', token, nameOf(placeOf(first)));
}

/** Whether a place is the center's, and the center a state that is put back in front of the blocks and behind the text that it is of. */
function isOwnAnswer(map: PageMap, place: { readonly x: number; readonly y: number }): boolean {
  const { plane, readout, interventions } = map.specification;
  const { center } = plane;
  return (
    readout === 'forward' &&
    interventions.length === 0 &&
    (center.kind === 'prompt' || center.kind === 'tokens') &&
    sameContext(contextOf(map.specification), center) &&
    cellAtPlace(map, place) === cellAtPlace(map, { x: 0, y: 0 })
  );
}

/** What wins a cell: known for the same by its id, of another vocabulary by its text. */
function winnerOf(map: PageMap, cell: number, last: PageMap): { readonly key: number | string; readonly text: string } {
  const id = map.cells.ids[cell * map.cells.topK] ?? -1;
  const text = plainToken(tokenOf(map, id));
  return { key: haveOneVocabulary(map, last) ? id : text, text };
}
