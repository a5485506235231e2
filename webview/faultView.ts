import { t } from '@vscode/l10n';
import type { FaultData } from '../src/map/fault.js';
import type { PageMessage } from '../src/protocol/page.js';
import { h, icon, iconButton, setText, show } from './dom.js';
import { send } from './host.js';
import type { Store } from './store.js';
import { createButton } from './toolkit.js';

interface FaultAction {
  readonly label: string;
  readonly message: PageMessage;
}

const SHOW_LOG: FaultAction = { label: t('Show Log'), message: { type: 'action', action: 'showLog' } };
const CHOOSE: FaultAction = { label: t('Choose Another Model…'), message: { type: 'chooseModel' } };

/** What can be done about a fault, most helpful first. */
function faultActions({ code }: FaultData, retry: PageMessage): readonly FaultAction[] {
  const again: FaultAction = { label: t('Try Again'), message: retry };
  switch (code) {
    case 'model-not-found':
    case 'model-ambiguous':
    case 'model-broken':
    case 'model-unsupported':
    case 'tokenizer':
      return [again, CHOOSE, SHOW_LOG];
    case 'device':
      return [{ label: t('Use CPU'), message: { type: 'edit', path: 'device', value: 'cpu' } }, again, SHOW_LOG];
    case 'memory':
    case 'engine-died':
    case 'network':
    case 'internal':
      return [again, SHOW_LOG];
    case 'bad-parameter':
    case 'output':
    case 'file':
    case 'cancelled':
      return [];
  }
}

/** The reason in full, in the map's place: the model could not be loaded, or the first map failed. */
export function createFaultPage(store: Store): HTMLElement {
  const title = h('h1');
  const lead = h('p', { class: 'lead' });
  const remedies = h('ol');
  const what = h('section', {}, h('h2', {}, t('What to do')), remedies);
  const buttons = h('div', { class: 'buttons' });
  const detail = h('pre', { tabindex: 0, 'aria-label': t('Details') });
  const copy = iconButton('copy', t('Copy Details'), () => send({ type: 'copy', text: detail.textContent }));
  const details = h(
    'details',
    { open: true },
    h('summary', {}, icon('chevron-down'), t('Details')),
    h('div', { class: 'detail' }, detail, copy),
  );
  const element = h(
    'div',
    { class: 'page-message', role: 'alert', hidden: true },
    h('div', { class: 'fault-title' }, icon('error'), title),
    lead,
    what,
    buttons,
    details,
  );
  let shown: FaultData | undefined;
  store.onDraw(({ host, map }) => {
    const loading = host?.model.status === 'failed' ? host.model.fault : undefined;
    const fault = map ? undefined : (loading ?? host?.fault ?? undefined);
    show(element, fault !== undefined);
    if (!fault || fault === shown) return;
    shown = fault;
    setText(title, loading ? t('The model could not be loaded') : t('The map could not be computed'));
    lead.replaceChildren(...withFileNames(fault.message));
    const list = sentences(fault.hint ?? '');
    show(what, list.length > 0);
    remedies.replaceChildren(...list.map((text) => h('li', {}, ...withFileNames(text))));
    const retry: PageMessage = loading ? { type: 'retryModel' } : { type: 'generate' };
    buttons.replaceChildren(
      ...faultActions(fault, retry).map(
        ({ label, message }, i) => createButton(label, i === 0 ? 'primary' : 'secondary', () => send(message)).element,
      ),
    );
    setText(detail, [fault.code, fault.detail ?? ''].join('\n').trim());
    show(details, fault.detail !== undefined);
  });
  return element;
}

/** A path, or a name with an ending that models' files have. */
const FILE_NAME =
  /((?:~?\/|[A-Za-z]:\\)[^\s,;"')]*[^\s,;"').]|[\w.-]+\.(?:onnx\w*|json|txt|data|bin|model|np[yz]|safetensors)\b)/;

/** A sentence with its files' names set off. */
const withFileNames = (text: string): (string | HTMLElement)[] =>
  text.split(FILE_NAME).map((part, i) => (i % 2 ? h('code', {}, part) : part));

/** A hint as the steps that it names. */
const sentences = (hint: string): string[] => hint.split(/(?<=[.!?])\s+(?=[A-Z])/).filter((text) => text !== '');

/** The reason in one line, above a map that stays. */
export function createFaultBar(store: Store): HTMLElement {
  const text = h('span', { class: 'bar-text' });
  const actions = h('span', { class: 'bar-actions' });
  const close = iconButton('close', t('Dismiss'), () => send({ type: 'dismissFault' }));
  const element = h('div', { class: 'fault-bar', role: 'alert', hidden: true }, icon('error'), text, actions, close);
  let shown: FaultData | undefined;
  store.onDraw(({ host, map }) => {
    const failed = host?.model.status === 'failed' ? host.model.fault : undefined;
    const fault = map ? (failed ?? host?.fault ?? undefined) : undefined;
    show(element, fault !== undefined && fault.code !== 'cancelled');
    show(close, failed === undefined);
    if (!fault || fault === shown) return;
    shown = fault;
    setText(text, [fault.message, fault.hint ?? ''].join(' ').trim());
    actions.replaceChildren(
      ...faultActions(fault, failed ? { type: 'retryModel' } : { type: 'generate' }).map(({ label, message }) => {
        const button = h('button', { type: 'button', class: 'link' }, label);
        button.addEventListener('click', () => send(message));
        return button;
      }),
    );
  });
  return element;
}
