import { t } from '@vscode/l10n';
import type { FaultData } from '../src/map/fault.js';
import type { PageMessage } from '../src/protocol/page.js';
import { h, icon, iconButton, setText, show } from './dom.js';
import { send } from './host.js';
import { isToldAtField } from './controls/toldAtField.js';
import type { PageState, Store } from './store.js';
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

/** Where what is wrong is said, if not here. */
const AT_FIELD = t('The parameters say at their field what is wrong.');

const areFieldsSeen = ({ layout, ui, comparing, drawer }: PageState): boolean =>
  layout === 'wide' && !comparing ? ui.controls : drawer;

/**
 * The reason in full, in the map's place: the model could not be loaded, or the first map failed. Of what stands at its field, that it
 * does; `showFields` shows these.
 */
export function createFaultPage(store: Store, showFields: () => void): HTMLElement {
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
  const fields = createButton(t('Show Parameters'), 'secondary', showFields);
  let shown: FaultData | undefined;
  let referred = false;
  store.onDraw((state) => {
    const { host, map } = state;
    const loading = host?.model.status === 'failed' ? host.model.fault : undefined;
    const fault = map ? undefined : (loading ?? host?.fault ?? undefined);
    show(element, fault !== undefined);
    if (!fault) return;
    const told = isToldAtField(state, fault);
    show(fields.element, told && !areFieldsSeen(state));
    if (fault === shown && told === referred) return;
    shown = fault;
    referred = told;
    setText(title, loading ? t('The model could not be loaded') : t('The map could not be computed'));
    lead.replaceChildren(...withFileNames(told ? AT_FIELD : fault.message));
    const list = told ? [] : sentences(fault.hint ?? '');
    show(what, list.length > 0);
    remedies.replaceChildren(...list.map((text) => h('li', {}, ...withFileNames(text))));
    const retry: PageMessage = loading ? { type: 'retryModel' } : { type: 'generate' };
    buttons.replaceChildren(
      ...faultActions(fault, retry).map(
        ({ label, message }, i) => createButton(label, i === 0 ? 'primary' : 'secondary', () => send(message)).element,
      ),
      fields.element,
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

/** The reason in one line, above a map that stays; of what stands at its field, that it does, and `showFields` shows these. */
export function createFaultBar(store: Store, showFields: () => void): HTMLElement {
  const text = h('span', { class: 'bar-text' });
  const actions = h('span', { class: 'bar-actions' });
  const close = iconButton('close', t('Dismiss'), () => send({ type: 'dismissFault' }));
  const element = h('div', { class: 'fault-bar', role: 'alert', hidden: true }, icon('error'), text, actions, close);
  const fields = h('button', { type: 'button', class: 'link' }, t('Show Parameters'));
  fields.addEventListener('click', showFields);
  let shown: FaultData | undefined;
  let referred = false;
  store.onDraw((state) => {
    const { host, map } = state;
    const failed = host?.model.status === 'failed' ? host.model.fault : undefined;
    const fault = map ? (failed ?? host?.fault ?? undefined) : undefined;
    show(element, fault !== undefined && fault.code !== 'cancelled');
    show(close, failed === undefined);
    if (!fault) return;
    const told = isToldAtField(state, fault);
    show(fields, !areFieldsSeen(state));
    if (fault === shown && told === referred) return;
    shown = fault;
    referred = told;
    setText(
      text,
      told ? `${t('The map could not be computed')}. ${AT_FIELD}` : [fault.message, fault.hint ?? ''].join(' ').trim(),
    );
    actions.replaceChildren(
      ...(told ? [fields] : []),
      ...faultActions(fault, failed ? { type: 'retryModel' } : { type: 'generate' }).map(({ label, message }) => {
        const button = h('button', { type: 'button', class: 'link' }, label);
        button.addEventListener('click', () => send(message));
        return button;
      }),
    );
  });
  return element;
}
