import { t } from '@vscode/l10n';
import { safeText } from '../src/map/display.js';
import { layerBrief } from '../src/map/naming.js';
import { formatBytes, formatCount, formatDuration } from '../src/map/numbers.js';
import type { HostState, ModelState, Progress } from '../src/protocol/page.js';
import { canResume } from './controls/footer.js';
import type { Derived } from './derived.js';
import { h, setAttributes, setText, show } from './dom.js';
import { send } from './host.js';
import type { PageMap } from './pageMap.js';
import type { PageState, Store } from './store.js';
import { hoveredLine, lookText, progressText } from './lookText.js';
import { countedHow } from './tokenList.js';
import { cellsWords, exactRegionsWords, regionsWords, tokensWords } from './counted.js';

/** The line below everything: what the map is or how far it has come, and the cell under the pointer. */
export function createStatusLine(store: Store, other: Store, between: Store, derived: Derived): HTMLElement {
  const bar = h('progress', {
    class: 'status-progress',
    max: 1,
    value: 0,
    'aria-label': t('Progress of the map'),
    hidden: true,
  });
  const text = h('span', { class: 'status-text' });
  const resume = h('button', { type: 'button', class: 'link', hidden: true }, t('Resume'));
  resume.addEventListener('click', () => send({ type: 'resume' }));
  const seen = h('span', { class: 'status-seen faint' });
  const hovered = h('span', { class: 'status-hover' });
  const element = h('footer', { class: 'status' }, bar, text, resume, h('span', { class: 'spring' }), seen, hovered);

  const draw = (): void => {
    // Of two maps one is computed at a time; what it waits for is told of it.
    const state = store.state.comparing && isRunning(other.state) ? other.state : store.state;
    const { host, map, progress } = state;
    const running = isRunning(state);
    show(bar, running);
    show(resume, host !== null && canResume(host));
    if (running && progress) bar.value = progress.total > 0 ? progress.done / progress.total : 0;
    const calm = host?.run.status === 'idle' && host.model.status !== 'failed';
    const both = calm ? bothText(store.state, other.state) : undefined;
    setText(text, both ?? (host ? statusText(state, derived) : t('Connecting…')));
    setAttributes(text, { title: map ? countedHow(map, derived.tokenCount(state)).text : undefined });
    const look = lookText(state);
    setText(seen, look.text);
    setAttributes(seen, { title: look.more });
    hovered.replaceChildren(...hoveredLine(store.state, other.state, between.state, derived));
  };
  store.onDraw(draw);
  other.onDraw(({ comparing }) => {
    if (comparing) draw();
  });
  return element;
}

const isRunning = ({ host }: PageState): boolean => host?.run.status === 'running';

/** What two maps beside each other are: `2 × 2,500 cells · each map’s own plane · layer 29 and layer 15 · CPU · 5.8 s`. */
function bothText({ map, comparing, host }: PageState, { map: beside }: PageState): string | undefined {
  if (!comparing || !map || !beside || !host?.compare) return undefined;
  const { compare } = host;
  const size = ({ cells }: PageMap): number => cells.columns * cells.rows;
  const layers = [map, beside].map((one) => layerBrief(one.specification.layer));
  const seconds = [map, beside].map((one) => one.finish?.runtime.seconds ?? NaN);
  const total = seconds.reduce((sum, one) => sum + one, 0);
  return [
    size(map) === size(beside)
      ? t('2 × {0}', cellsWords(size(map)))
      : t('{0} and {1}', cellsWords(size(map)), cellsWords(size(beside))),
    ...(compare.kind === 'computed'
      ? [compare.plane === 'shared' ? t('the same vectors') : t('each map’s own plane')]
      : [t('with a saved map')]),
    layers[0] === layers[1] ? (layers[0] ?? '') : t('{0} and {1}', layers[0] ?? '', layers[1] ?? ''),
    ...(Number.isNaN(total) ? [] : [formatDuration(total)]),
  ].join(' · ');
}

/** What a lens was read with that stands without a map. */
function savedLens({ lenses }: PageState): string {
  const [lens] = lenses ?? [];
  if (!lens) return '';
  const { model, layers, positions, device, seconds } = lens;
  return [
    safeText(model.name, 60),
    cellsWords(layers.length * positions.length),
    device.toUpperCase(),
    formatDuration(seconds),
  ].join(' · ');
}

/** What is wrong is told where it is seen: at its field, over the map, or in its place. */
function statusText(state: PageState, derived: Derived): string {
  const { host, map, progress, layout } = state;
  if (!host) return '';
  if (host.run.status === 'running')
    return progress ? t('{0} · Esc cancels', phaseText(progress, host)) : t('Starting…');
  if (host.model.status === 'failed') return t('Model not loaded');
  if (host.run.status === 'stopped') {
    const { by, done, total } = host.run;
    if (by === 'pass')
      return t('First pass: {0} of {1} cells · Generate computes the rest', formatCount(done), formatCount(total));
    return t(
      '{0} at {1} of {2} cells',
      by === 'cancelled' ? t('Cancelled') : t('Stopped'),
      formatCount(done),
      formatCount(total),
    );
  }
  if (host.model.status === 'loading') return openingText(host.model);
  if (!map && host.mode === 'saved') return savedLens(state);
  if (!map) return host.model.status === 'none' ? t('No model') : t('No map yet');
  const tokens = derived.tokenCount(state);
  const regions = map.finish?.regions
    ? exactRegionsWords(map.finish.regions.count)
    : regionsWords(derived.terrain(state)?.regions.count ?? 0);
  const { layer } = map.specification;
  const filled = map.finish?.runtime.approximation?.filled ?? 0;
  const parts = [
    cellsWords(map.cells.columns * map.cells.rows),
    ...(filled > 0 ? [t('{0} filled in', formatCount(filled))] : []),
    tokensWords(tokens),
    ...(layout === 'narrow' ? [] : [regions]),
    layer === 'embeddings' ? layerBrief(layer) : t('{0} of 0–{1}', layerBrief(layer), map.facts.blocks - 1),
    ...(map.finish ? [map.finish.runtime.device.toUpperCase()] : []),
    ...(map.finish && layout !== 'narrow' ? [formatDuration(map.finish.runtime.seconds)] : []),
  ];
  return parts.join(' · ');
}

function openingText(model: ModelState): string {
  if (model.status === 'none') return t('Opening the model…');
  if (model.status !== 'loading' || !model.repacked) return t('Opening {0}…', model.name);
  const { done, total } = model.repacked;
  return t(
    'Opening {0}: weights are repacked for once, {1}% of {2}…',
    model.name,
    Math.floor((100 * done) / total),
    formatBytes(total),
  );
}

/** What a map waits for, and once its cells come, how far it is. */
function phaseText(progress: Progress, { model }: HostState): string {
  switch (progress.phase) {
    case 'opening':
      return openingText(model);
    case 'prompt':
      return t('Computing the prompt…');
    case 'first':
      return t('First of {0} cells…', formatCount(progress.total));
    case 'cells':
      return `${progressText(progress)}${progress.unverified ? t(' · the model is still being checked') : ''}`;
  }
}
