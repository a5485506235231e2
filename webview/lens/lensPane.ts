import { t } from '@vscode/l10n';
import { tokenText as plainToken } from '../../src/map/display.js';
import { lensCells, type LensTable } from '../../src/map/lens/lensTable.js';
import { entryWords } from '../../src/map/lens/lensWords.js';
import { READOUT_NAMES } from '../../src/map/naming.js';
import { formatCount, formatDuration, formatPercent } from '../../src/map/numbers.js';
import { SAMPLE_PROMPTS } from '../../src/map/presets.js';
import { readoutText } from '../../src/map/series/series.js';
import {
  contextOf,
  isTranslated,
  type Layer,
  type MapParameters,
  type Prompt,
  type Readout,
  type TokenName,
} from '../../src/map/specification.js';
import type { Token } from '../../src/map/token.js';
import type { HostState } from '../../src/protocol/page.js';
import { type LensChoice, MOST_BESIDE } from '../../src/protocol/panelSettings.js';
import { layerAt } from '../controls/layers.js';
import { readToken, tokenInput } from '../controls/sourceKinds.js';
import type { Derived } from '../derived.js';
import { h, iconButton, setAttributes, setText, show } from '../dom.js';
import { createExplanation } from '../explain/explanation.js';
import { send } from '../host.js';
import { createMenuButton, type MenuItem } from '../menu.js';
import { anyOf, type PageState, type Store } from '../store.js';
import { createTextField } from '../toolkit.js';
import { MOST_POSITIONS } from './lensDrawing.js';
import { createLensTable } from './lensTable.js';

const LENS_TITLE = t('Layers × Positions');

/** Opens a lens: of the prompt that is there, else of a sample. */
export function openLens({ settings: { parameters } }: HostState): void {
  const context = contextOf(parameters);
  const prompt: Prompt =
    context.kind === 'prompt' || context.kind === 'tokens' ? context : { kind: 'prompt', text: SAMPLE_PROMPTS.A };
  send({ type: 'edit', path: 'lens', value: { prompt, token: null, beside: [] } satisfies LensChoice });
}

const closeLens = (): void => send({ type: 'edit', path: 'lens', value: null });

/** What can stand beside a lens; of those through a file the file is asked for. */
const BESIDE = ['lens', 'unembed', 'forward', 'tuned', 'jacobian'] as const;

/** The band below the map with what lenses say of a prompt: what they are read of, and their table; a chosen cell becomes the map's center. */
export function createLensPane(store: Store, derived: Derived): HTMLElement {
  const choice = () => store.state.host?.lens?.choice;
  const change = (some: Partial<LensChoice>, step = false): void => {
    const now = choice();
    if (now) send({ type: 'edit', path: 'lens', value: { ...now, ...some }, ...(step ? { step } : {}) });
  };
  const text = createTextField(t('Prompt of the lens'), (typed) => {
    if (typed !== '') change({ prompt: { kind: 'prompt', text: typed } }, true);
  });
  const token = createTextField(t('Token that is followed, spaces count'), (typed) =>
    change({ token: typed === '' ? null : readToken(typed) }, true),
  );
  setAttributes(token.element, { placeholder: t('none') });
  const name = h('span', { class: 'faint lens-name' });
  const help = createExplanation('lens', LENS_TITLE);
  const said = h('span', { class: 'faint band-said lens-said', role: 'status' });
  const instead = h('button', { type: 'button', class: 'link lens-instead', hidden: true });
  instead.addEventListener('click', () => {
    const { token: text } = instead.dataset;
    if (text !== undefined) change({ token: text });
  });
  const setBeside = (next: (beside: readonly string[]) => readonly string[]): void =>
    change({ beside: next(choice()?.beside ?? []) });
  const more = createMenuButton(
    t('Another Lens Beside'),
    () => {
      const { host } = store.state;
      const { beside = [] } = choice() ?? {};
      const full = beside.length >= MOST_BESIDE ? t('There are {0} beside it already', MOST_BESIDE) : undefined;
      return BESIDE.map((readout): MenuItem => {
        const support = host?.model.status === 'ready' ? host.model.summary.readouts[readout] : undefined;
        const there = host && [ownReadout(host), ...beside].includes(readout) ? t('It is there already') : undefined;
        const isFile = isTranslated(readout);
        return {
          label: `${READOUT_NAMES[readout]}${isFile ? '…' : ''}`,
          icon: isFile ? 'folder-opened' : 'split-horizontal',
          reason: (support?.ok === false ? support.reason : undefined) ?? there ?? full,
          run: () => (isFile ? send({ type: 'lensTranslator', readout }) : setBeside((all) => [...all, readout])),
        };
      });
    },
    'split-horizontal',
  );
  const close = iconButton('close', t('Close Layers × Positions (Esc)'), closeLens);
  // A saved one has no model: it is looked at, and begun again in a panel.
  const again = iconButton('play', t('Edit and Run Again'), () => send({ type: 'action', action: 'editAndRun' }));
  const picture = iconButton('device-camera', t('Export Picture…'), () =>
    send({ type: 'action', action: 'exportPicture' }),
  );
  /** What the map was read by before a cell that was clicked made it the lens's own readout, as long as it is that. */
  let before: { readonly parameters: MapParameters; readonly now: string } | undefined;
  const reread = h('p', { class: 'band-note', role: 'status', hidden: true });
  const rereadText = h('span');
  const back = h('button', { type: 'button', class: 'link' });
  back.addEventListener('click', () => {
    const { settings } = store.state.host ?? {};
    if (!settings || !before) return;
    const { readout, translator } = before.parameters;
    send({ type: 'edit', path: 'parameters', value: { ...settings.parameters, readout, translator } });
  });
  reread.append(rereadText, ' ', back);
  const tellReadout = ({ settings: { parameters } }: HostState): void => {
    if (before?.now !== readoutText(parameters)) before = undefined;
    show(reread, before !== undefined);
    if (!before) return;
    setText(rereadText, t('The map’s readout is {0} now, as of this table.', READOUT_NAMES[parameters.readout]));
    setText(back, t('Back to {0}', READOUT_NAMES[before.parameters.readout]));
  };
  const table = createLensTable(derived, {
    onOpen: (lens, opened, row, position) => {
      const { host } = store.state;
      const now = choice();
      if (!host || !now) return;
      const [is, becomes] = [host.settings.parameters, opened.parameters].map(readoutText);
      if (becomes !== undefined && is !== becomes)
        before = { parameters: before?.parameters ?? host.settings.parameters, now: becomes };
      // The panel's own readout is the first one, always: another one takes its place, and it takes that one's.
      const beside = now.beside.map((one, i) => (i === lens - 1 ? ownReadout(host) : one));
      send({ type: 'edit', path: 'parameters', value: parametersAt(host, opened, row, position) });
      if (lens > 0) change({ beside });
    },
    onClose: (index) => setBeside((all) => all.filter((_, i) => i !== index)),
  });
  const fault = h('p', { class: 'band-fault fault', role: 'alert', hidden: true });
  const element = h(
    'section',
    { class: 'band lens', 'aria-label': t('Layers and positions'), hidden: true },
    h(
      'div',
      { class: 'band-bar lens-bar' },
      h('strong', { class: 'lens-title' }, LENS_TITLE),
      name,
      h('label', { class: 'lens-prompt' }, text.element),
      h('span', { class: 'faint', 'aria-hidden': 'true' }, t('follow')),
      h('span', { class: 'lens-token' }, token.element),
      instead,
      said,
      h('span', { class: 'spring' }),
      more.element,
      picture,
      again,
      ...(help ? [help.button] : []),
      close,
    ),
    ...(help ? [help.element] : []),
    reread,
    fault,
    table.element,
  );

  store.onDraw((state, changed) => {
    const { host, lenses } = state;
    const lens = host?.lens ?? null;
    show(element, lens !== null);
    if (lens && !anyOf(changed, 'host', 'lenses', 'theme')) return;
    if (host && lens) {
      const saved = host.mode === 'saved';
      element.classList.toggle('lens-alone', saved);
      for (const one of [more.element, close]) show(one, !saved);
      for (const one of [picture, again]) show(one, saved);
      const { prompt } = lens.choice;
      text.update(prompt.kind === 'prompt' ? prompt.text : t('tokens {0}', prompt.ids.join(' ')), {
        disabled: prompt.kind === 'tokens',
      });
      token.update(lens.choice.token === null ? '' : tokenInput(lens.choice.token));
      for (const { element: field } of [text, token]) setAttributes(field, { readonly: saved });
      setText(name, lens.choice.beside.length > 0 ? t('several lenses') : READOUT_NAMES[ownKind(host)]);
      show(fault, lens.fault !== null);
      setText(fault, lens.fault ? [lens.fault.message, lens.fault.hint].filter(Boolean).join(' ') : '');
      setText(said, sayingOf(state));
      tellReadout(host);
      const other = lens.running || saved ? undefined : otherSpelling(lenses?.[0], lens.choice.token);
      show(instead, other !== undefined);
      if (other) {
        setText(instead, t('Follow {0} instead ({1})', plainToken(other.token), formatPercent(other.probability)));
        setAttributes(instead, { 'data-token': other.token.text });
      }
    }
    table.update(state, changed);
  });
  return element;
}

/** The readout of the lens that follows the panel: the model's own has the logit lens beside it. */
function ownKind({ settings }: HostState): Readout {
  const { readout } = settings.parameters;
  return readout === 'forward' ? 'lens' : readout;
}

/** The same as it is written, with its file. */
const ownReadout = (host: HostState): string =>
  ownKind(host) === 'lens' ? 'lens' : readoutText(host.settings.parameters);

/** The settings of a cell's map: its layer, its position of the prompt as the center, and the lens's readout. */
function parametersAt(host: HostState, table: LensTable, row: number, column: number): unknown {
  const { parameters } = host.settings;
  const layer: Layer = table.layers[row] ?? 0;
  const index = layer === 'embeddings' ? -1 : layer;
  const { context, readout, translator } = table.parameters;
  const { length } = table.positions;
  const place = column === length - 1 ? {} : { position: column };
  if (context.kind !== 'prompt' && context.kind !== 'tokens') return parameters;
  const { position: _, ...prompt } = context;
  return {
    ...parameters,
    layer: layerAt(index, table.blocks - 1),
    readout,
    ...(translator ? { translator: { path: translator.path } } : {}),
    context: { kind: 'center' },
    plane: { ...parameters.plane, center: { ...prompt, ...place } },
  };
}

/** The same text with a space before it, or without the one that it has, where the model says that rather behind the prompt. */
function otherSpelling(
  table: LensTable | undefined,
  typed: TokenName | null,
): { readonly token: Token; readonly probability: number } | undefined {
  if (!table || typeof typed !== 'string') return undefined;
  const other = typed.startsWith(' ') ? typed.slice(1) : ` ${typed}`;
  const at = lensCells(table);
  const last = at(table.layers.length - 1, table.positions.length - 1);
  return last.top.find(
    ({ token, probability }) => token.text === other && probability > (last.named?.probability ?? 0),
  );
}

function sayingOf({ host, lenses }: PageState): string {
  const lens = host?.lens;
  if (!lens) return '';
  if (lens.running) {
    const { done = 0, total = 0, secondsLeft = null } = lens.progress ?? {};
    if (total > 0)
      return secondsLeft === null
        ? t('{0} of {1} cells', formatCount(done), formatCount(total))
        : t('{0} of {1} cells · about {2}', formatCount(done), formatCount(total), formatDuration(secondsLeft));
    // A model computes one thing at a time.
    if (host.run.status === 'running') return t('waits for the map…');
    return host.sweep?.running ? t('waits for a map of All Layers…') : t('reading…');
  }
  const [table] = lenses ?? [];
  if (!table || !lenses) return '';
  const { length } = table.positions;
  const most = Math.floor(MOST_POSITIONS / lenses.length);
  const shown = length > most ? t(' · the last {0} of {1} positions', most, formatCount(length)) : '';
  return `${entryWords(table, length - 1)}${shown}`;
}
