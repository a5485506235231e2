import { t } from '@vscode/l10n';
import { cellsWords } from '../counted.js';
import { formatDuration } from '../../src/map/numbers.js';
import type { HostState } from '../../src/protocol/page.js';
import { h, setText, show } from '../dom.js';
import { send } from '../host.js';
import type { PageState, Store } from '../store.js';
import { createButton, createCheckbox } from '../toolkit.js';
import { isToldAtField } from './toldAtField.js';

/** What the main button does at the moment. */
export function mainButton(host: HostState): {
  label: string;
  message: 'generate' | 'cancel' | 'edit';
  enabled: boolean;
} {
  if (host.mode === 'saved') return { label: t('Edit and Run Again'), message: 'edit', enabled: true };
  if (host.run.status === 'running') return { label: t('Cancel'), message: 'cancel', enabled: true };
  return {
    label: t('Generate'),
    message: 'generate',
    enabled: host.model.status !== 'none' && host.settings.modelPath !== null,
  };
}

export function pressMainButton(host: HostState): void {
  const { message, enabled } = mainButton(host);
  if (!enabled) return;
  send(message === 'edit' ? { type: 'action', action: 'editAndRun' } : { type: message });
}

/** An adaptive map can only begin anew: its cells follow from each other. */
export const canResume = ({ run, detail, refinable, changed, settings }: HostState): boolean =>
  !settings.parameters.adaptive &&
  ((run.status === 'stopped' && !changed) || (run.status === 'idle' && detail.status === 'stopped' && refinable.ok));

/** What is set is not what is shown, or no more of it than a first pass. */
const isBehind = ({ changed, run }: HostState): boolean => changed || (run.status === 'stopped' && run.by === 'pass');

/** The foot of the controls: what a map would cost, and the button that starts it. */
export function createFooter(store: Store): { element: HTMLElement; update(host: HostState, state: PageState): void } {
  let host: HostState | undefined;
  const main = createButton(t('Generate'), 'primary', () => host && pressMainButton(host));
  const resume = createButton(t('Resume'), 'secondary', () => send({ type: 'resume' }));
  const live = createCheckbox(t('Live'), (checked) => {
    store.setUi({ live: checked });
    send({ type: 'live', live: checked });
  });
  const title = t(
    'Every change is followed by the whole map. Off: by its first, coarse pass alone, and Generate computes the rest. Until you choose, maps of less than a second are computed whole.',
  );
  const liveSwitch = h('span', { class: 'live', title }, live.element);
  /** Live goes on and off by itself, until somebody chooses; said once it is known how long maps take. */
  const byItself = h('p', { class: 'live-note', hidden: true });
  let known = false;
  const estimate = h('p', { class: 'estimate' });
  const notices = h('p', { class: 'message note notices', role: 'status' });
  const element = h(
    'div',
    { class: 'controls-footer' },
    h('div', { class: 'footer-buttons' }, main.element, resume.element, liveSwitch),
    byItself,
    estimate,
    notices,
  );
  return {
    element,
    update(now, state) {
      host = now;
      const { ui } = state;
      show(liveSwitch, now.mode === 'panel');
      live.update(ui.live ?? now.quick);
      known ||= now.quick || now.estimate !== null;
      show(byItself, known && now.mode === 'panel' && now.model.status === 'ready' && ui.live === null);
      setText(
        byItself,
        now.quick
          ? t('Live is on by itself while maps are quick')
          : t('Live is off by itself while maps take longer than a second'),
      );
      const { label, message, enabled } = mainButton(now);
      main.update({ label, appearance: message === 'cancel' ? 'secondary' : 'primary', disabled: !enabled });
      main.element.classList.toggle('due', now.mode === 'panel' && isBehind(now) && message === 'generate' && enabled);
      show(resume.element, canResume(now));
      const { obstacle } = now;
      const told = obstacle !== null && isToldAtField(state, obstacle);
      setText(estimate, estimateText(told ? { ...now, obstacle: null } : now));
      estimate.classList.toggle('fault', obstacle !== null && !told);
      setText(notices, now.notices.join(' '));
      show(notices, now.notices.length > 0);
    },
  };
}

function estimateText(host: HostState): string {
  if (host.mode === 'saved') return t('Opens a panel with these parameters');
  const { model, run, obstacle, estimate, settings } = host;
  if (model.status === 'none') return t('Choose a model first');
  if (model.status === 'failed') return t('Loads the model again first');
  if (obstacle) return obstacle.message;
  if (run.status === 'running') return t('Changes apply to the next map');
  const { columns, rows } = settings.parameters.grid;
  const device = model.status === 'ready' ? t(' on {0}', model.summary.device.used.toUpperCase()) : '';
  const seconds = estimate?.seconds ?? null;
  const time =
    seconds === null ? '' : ` · ${seconds < 0.1 ? t('at once') : t('about {0}', formatDuration(seconds))}${device}`;
  return `${cellsWords(columns * rows)}${time}`;
}
