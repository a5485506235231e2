import { layerBrief } from '../src/map/naming.js';
import { formatBytes, formatCount, formatDuration } from '../src/map/numbers.js';
import type { HostState, ModelState, Progress } from '../src/protocol/page.js';
import { canResume } from './controls/footer.js';
import type { Derived } from './derived.js';
import { h, icon, setAttributes, setText, show } from './dom.js';
import { send } from './host.js';
import type { PageMap } from './pageMap.js';
import type { PageState, Store } from './store.js';
import { hoveredLine, lookText, progressText } from './lookText.js';
import { countedHow } from './tokenList.js';

/** The line below everything: what the map is or how far it has come, and the cell under the pointer. */
export function createStatusLine(store: Store, other: Store, between: Store, derived: Derived): HTMLElement {
  const bar = h('progress', {
    class: 'status-progress',
    max: 1,
    value: 0,
    'aria-label': 'Progress of the map',
    hidden: true,
  });
  const errorIcon = icon('error');
  const text = h('span', { class: 'status-text' });
  const resume = h('button', { type: 'button', class: 'link', hidden: true }, 'Resume');
  resume.addEventListener('click', () => send({ type: 'resume' }));
  const log = h('button', { type: 'button', class: 'link', hidden: true }, 'Show Log');
  log.addEventListener('click', () => send({ type: 'action', action: 'showLog' }));
  const seen = h('span', { class: 'status-seen faint' });
  const hovered = h('span', { class: 'status-hover' });
  const element = h(
    'footer',
    { class: 'status' },
    bar,
    errorIcon,
    text,
    resume,
    h('span', { class: 'spring' }),
    log,
    seen,
    hovered,
  );

  const draw = (): void => {
    // Of two maps one is computed at a time; what it waits for is told of it.
    const state = store.state.comparing && isRunning(other.state) ? other.state : store.state;
    const { host, map, progress } = state;
    const running = isRunning(state);
    const fault = host ? faultText(host) : undefined;
    show(bar, running);
    show(errorIcon, fault !== undefined && !running);
    show(log, fault !== undefined && !running);
    element.classList.toggle('fault', fault !== undefined && !running);
    show(resume, host !== null && canResume(host));
    if (running && progress) bar.value = progress.total > 0 ? progress.done / progress.total : 0;
    const calm = !running && fault === undefined && host?.run.status === 'idle';
    const both = calm ? bothText(store.state, other.state) : undefined;
    setText(text, both ?? (host ? statusText(state, derived, fault) : 'Connecting…'));
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
      ? `2 × ${count(size(map), 'cell')}`
      : `${count(size(map), 'cell')} and ${count(size(beside), 'cell')}`,
    ...(compare.kind === 'computed'
      ? [compare.plane === 'shared' ? 'the same vectors' : 'each map’s own plane']
      : ['with a saved map']),
    layers[0] === layers[1] ? (layers[0] ?? '') : layers.join(' and '),
    ...(Number.isNaN(total) ? [] : [formatDuration(total)]),
  ].join(' · ');
}

function faultText({ model, fault }: HostState): string | undefined {
  if (model.status === 'failed') return `Model not loaded: ${model.fault.message}`;
  return fault && fault.code !== 'cancelled' ? fault.message : undefined;
}

function statusText(state: PageState, derived: Derived, fault: string | undefined): string {
  const { host, map, progress, layout } = state;
  if (!host) return '';
  if (host.run.status === 'running') return progress ? `${phaseText(progress, host)} · Esc cancels` : 'Starting…';
  if (fault !== undefined) return fault;
  if (host.run.status === 'stopped') {
    const { by, done, total } = host.run;
    return `${by === 'cancelled' ? 'Cancelled' : 'Stopped'} at ${formatCount(done)} of ${formatCount(total)} cells`;
  }
  if (host.model.status === 'loading') return openingText(host.model);
  if (!map) return host.model.status === 'none' ? 'No model' : 'No map yet';
  const tokens = derived.tokenCount(state);
  const regions = map.finish?.regions
    ? count(map.finish.regions.count, 'exact region')
    : count(derived.terrain(state)?.regions.count ?? 0, 'region');
  const { layer } = map.specification;
  const filled = map.finish?.runtime.approximation?.filled ?? 0;
  const parts = [
    count(map.cells.columns * map.cells.rows, 'cell'),
    ...(filled > 0 ? [`${formatCount(filled)} filled in`] : []),
    count(tokens, 'token'),
    ...(layout === 'narrow' ? [] : [regions]),
    layer === 'embeddings' ? layerBrief(layer) : `${layerBrief(layer)} of 0–${map.facts.blocks - 1}`,
    ...(map.finish ? [map.finish.runtime.device.toUpperCase()] : []),
    ...(map.finish && layout !== 'narrow' ? [formatDuration(map.finish.runtime.seconds)] : []),
  ];
  return parts.join(' · ');
}

const count = (n: number, noun: string): string => `${formatCount(n)} ${noun}${n === 1 ? '' : 's'}`;

function openingText(model: ModelState): string {
  if (model.status === 'none') return 'Opening the model…';
  if (model.status !== 'loading' || !model.repacked) return `Opening ${model.name}…`;
  const { done, total } = model.repacked;
  return `Opening ${model.name}: weights are repacked for once, ${Math.floor((100 * done) / total)}% of ${formatBytes(total)}…`;
}

/** What a map waits for, and once its cells come, how far it is. */
function phaseText(progress: Progress, { model }: HostState): string {
  switch (progress.phase) {
    case 'opening':
      return openingText(model);
    case 'prompt':
      return 'Computing the prompt…';
    case 'first':
      return `First of ${formatCount(progress.total)} cells…`;
    case 'cells':
      return progressText(progress);
  }
}
