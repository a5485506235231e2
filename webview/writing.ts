import { t } from '@vscode/l10n';
import { tokenSegments, segmentsText } from '../src/map/display.js';
import { type Sampling, samplingFaults, USUAL_SAMPLING } from '../src/map/sampling.js';
import { contextOf } from '../src/map/specification.js';
import type { Token } from '../src/map/token.js';
import type { NamedPoint, WrittenText } from '../src/protocol/page.js';
import { createNumberField } from './controls/numberField.js';
import { h, setAttributes, setText, show } from './dom.js';
import { send } from './host.js';
import type { PageMap } from './pageMap.js';
import { type PageState, type Store } from './store.js';
import { createButton, createCheckbox } from './toolkit.js';

/** Lets the model write on from points of a map. */
export const sendWriting = (store: Store, map: number, points: readonly NamedPoint[]): void =>
  send({ type: 'continue', from: { slot: store.slot, map, points, sampling: store.state.ui.sampling } });

const isAtWork = (texts: readonly WrittenText[]): boolean =>
  texts.some(({ status }) => status === 'running' || status === 'waiting');

/** What the model writes on from a point, or from A, B, C and that point, beside each other: greedily, or drawn with a seed. */
export function createWriting(
  store: Store,
  point: () => { readonly x: number; readonly y: number } | undefined,
): {
  readonly element: HTMLElement;
  update(state: PageState): void;
} {
  const texts = (): readonly WrittenText[] => store.state.continuation?.texts ?? [];
  const begin = (beside: boolean): void => {
    const { base } = store.state;
    const at = point();
    if (isAtWork(texts())) return send({ type: 'continue', from: null });
    if (!base || !at) return;
    const here = { name: t('Pin'), ...at };
    sendWriting(store, base.id, beside ? [...anchorsOf(base).filter((one) => !isSame(one, here)), here] : [here]);
  };
  const write = createButton(t('Continue from Here'), 'secondary', () => begin(false));
  const beside = createButton(t('A, B, C and Here'), 'secondary', () => begin(true));
  setAttributes(beside.element, { title: t('Write on from A, B and C, too: beside each other') });
  const copyText = h('button', { type: 'button', class: 'link' }, t('Copy Text'));
  copyText.addEventListener('click', () => {
    const prompt = promptBefore(store.state.base);
    const all = texts().map(({ name, tokens }) => ({ name, text: prompt + plain(tokens) }));
    const text = all.length === 1 ? (all[0]?.text ?? '') : all.map((one) => `${one.name}: ${one.text}`).join('\n\n');
    send({ type: 'copy', text });
  });
  const sample = createCheckbox(t('Sample'), (on) => store.setUi({ sampling: on ? USUAL_SAMPLING : null }));
  /** What was typed and is no such number, until it is. */
  let typed: Partial<Sampling> = {};
  const number = (name: keyof Sampling, label: string, step: number) => ({
    name,
    field: createNumberField(
      label,
      (value) => {
        const { sampling } = store.state.ui;
        if (!sampling) return;
        const next = { ...sampling, ...typed, [name]: value };
        typed = Object.keys(samplingFaults(next)).length > 0 ? next : {};
        if (Object.keys(typed).length === 0) store.setUi({ sampling: next });
        else draw(store.state);
      },
      { step, low: name === 'temperature' ? 0.01 : 0 },
    ),
  });
  const fields = [
    number('temperature', t('Temperature'), 0.1),
    number('topP', t('Top-p'), 0.05),
    number('seed', t('Seed of the text'), 1),
  ];
  const numbers = h(
    'div',
    { class: 'sampling' },
    ...fields.flatMap(({ name, field }) => [
      h('span', { 'aria-hidden': 'true' }, { temperature: t('temp.'), topP: t('top-p'), seed: t('seed') }[name]),
      field.element,
    ]),
  );
  const wrong = h('p', { class: 'sampling-fault', role: 'alert', hidden: true });
  const written = h('div', { class: 'continuations', 'aria-live': 'polite' });
  const element = h(
    'div',
    { class: 'writing' },
    h('div', { class: 'point-line' }, write.element, beside.element),
    h('div', { class: 'point-line' }, sample.element, h('span', { class: 'spring' }), copyText),
    numbers,
    wrong,
    written,
  );

  const draw = ({ ui, base, host, continuation }: PageState): void => {
    const saved = host?.mode === 'saved';
    const all = continuation?.texts ?? [];
    const working = isAtWork(all);
    for (const one of [write.element, sample.element]) show(one, !saved);
    show(beside.element, !saved && !working && base !== null && anchorsOf(base).length > 0);
    write.update({ label: working ? t('Stop') : t('Continue from Here') });
    sample.update(ui.sampling !== null);
    show(numbers, !saved && ui.sampling !== null);
    const shown = { ...USUAL_SAMPLING, ...ui.sampling, ...typed };
    const faults = samplingFaults(shown);
    for (const { name, field } of fields)
      field.update(Number.isFinite(shown[name]) ? shown[name] : '', {
        disabled: false,
        invalid: faults[name] !== undefined,
      });
    const [fault] = Object.values(faults);
    show(wrong, fault !== undefined && ui.sampling !== null);
    setText(wrong, fault ?? '');
    show(
      copyText,
      all.some(({ tokens }) => tokens.length > 0),
    );
    show(written, all.length > 0);
    written.replaceChildren(...all.map((one) => paragraph(one, all.length > 1, promptBefore(base))));
  };
  return { element, update: draw };
}

function paragraph({ name, tokens, status, fault }: WrittenText, named: boolean, prompt: string): HTMLElement {
  const element = h(
    'p',
    { class: 'continuation' },
    ...(named ? [h('strong', { class: 'continuation-name' }, name), ' '] : []),
    ...(prompt ? [h('span', { class: 'faint' }, prompt)] : []),
    ...textOf(tokens),
  );
  if (fault) element.append(` ${fault.message}`);
  else if (status === 'running' || status === 'waiting') element.append('…');
  return element;
}

const isSame = (a: NamedPoint, b: NamedPoint): boolean => a.x === b.x && a.y === b.y;

/** What a plane was laid through. */
const anchorsOf = ({ survey }: PageMap): NamedPoint[] =>
  (survey?.marks ?? []).flatMap(({ badge, x, y }) => (badge === undefined ? [] : [{ name: badge, x, y }])).slice(0, 3);

/** The prompt that the vector stands in, as far as it was typed: what is written goes on from there. */
function promptBefore(map: PageMap | null): string {
  const context = map && contextOf(map.specification);
  return context?.kind === 'prompt' ? context.text : '';
}

const plain = (tokens: readonly Token[]): string => tokens.map(({ text }) => text).join('');

/** Tokens as running text; what cannot be seen is drawn. */
const textOf = (tokens: readonly Token[]): Node[] =>
  tokens.map((token) => {
    const segments = tokenSegments(token);
    return segments.every((segment) => segment.kind === 'text' || segment.name === 'space')
      ? document.createTextNode(token.text)
      : h('span', { class: 'faint' }, segmentsText(segments));
  });
