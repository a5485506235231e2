import { t } from '@vscode/l10n';
import { type Coloring, coloringColors, coloringOf } from '../../src/map/coloring.js';
import { hexOf, inkOn } from '../../src/map/colors.js';
import { tokenSpoken, tokenText as plainToken } from '../../src/map/display.js';
import { cellsOfLens, type LensCell, lensCells, type LensTable } from '../../src/map/lens/lensTable.js';
import { aligned } from '../../src/map/lens/beside.js';
import { entryWords, readoutName } from '../../src/map/lens/lensWords.js';
import { capital, layerBrief, READOUT_NAMES } from '../../src/map/naming.js';
import { formatBits, formatCount, formatDuration, formatPercent, formatWholePercent } from '../../src/map/numbers.js';
import { SAMPLE_PROMPTS } from '../../src/map/presets.js';
import { readoutText } from '../../src/map/series/series.js';
import {
  contextOf,
  isTranslated,
  type Layer,
  type Prompt,
  type Readout,
  type TokenName,
} from '../../src/map/specification.js';
import type { Token } from '../../src/map/token.js';
import type { Cells } from '../../src/map/tokenMap.js';
import type { HostState } from '../../src/protocol/page.js';
import { type LensChoice, MOST_BESIDE } from '../../src/protocol/panelSettings.js';
import { layerAt, layerOf } from '../controls/layers.js';
import { readToken, tokenInput } from '../controls/sourceKinds.js';
import type { Derived } from '../derived.js';
import { createExplanation } from '../explain/explanation.js';
import { h, iconButton, setAttributes, setText, show } from '../dom.js';
import { send } from '../host.js';
import { createMenuButton, type MenuItem } from '../menu.js';
import { anyOf, type PageState, type Store } from '../store.js';
import { tokenText } from '../tokenText.js';
import { createTextField } from '../toolkit.js';

const LENS_TITLE = t('Layers × Positions');

/** Positions that are shown: of a longer prompt the last ones. */
const MOST_POSITIONS = 100;

/** Opens a lens: of the prompt that is there, else of a sample. */
export function openLens({ settings: { parameters } }: HostState): void {
  const context = contextOf(parameters);
  const prompt: Prompt =
    context.kind === 'prompt' || context.kind === 'tokens' ? context : { kind: 'prompt', text: SAMPLE_PROMPTS.A };
  send({ type: 'edit', path: 'lens', value: { prompt, token: null, beside: [] } satisfies LensChoice });
}

const closeLens = (): void => send({ type: 'edit', path: 'lens', value: null });

/** Lenses as they are drawn, beside each other, with the same rows. A column is one of a lens' positions: `lens * positions + position`. */
interface Drawn {
  readonly lenses: readonly LensTable[];
  readonly tables: readonly LensTable[];
  readonly at: readonly ((row: number, column: number) => LensCell)[];
  /** Those that are shown. */
  readonly columns: readonly number[];
  readonly cells: readonly (readonly HTMLElement[])[];
}

/** What can stand beside a lens; of those through a file the file is asked for. */
const BESIDE = ['lens', 'unembed', 'forward', 'tuned', 'jacobian'] as const;

/**
 * What a prompt says at every layer and position: a table, the last layer on top. Arrows go through it; a cell that is pointed at or
 * focused tells its ten tokens; a click or Enter makes it the map's center.
 */
export function createLensTable(store: Store, derived: Derived): HTMLElement {
  const choice = () => store.state.host?.lens?.choice;
  const text = createTextField(t('Prompt of the lens'), (typed) => {
    const now = choice();
    if (now && typed !== '')
      send({ type: 'edit', path: 'lens', value: { ...now, prompt: { kind: 'prompt', text: typed } }, step: true });
  });
  const token = createTextField(t('Token that is followed, spaces count'), (typed) => {
    const now = choice();
    if (now)
      send({
        type: 'edit',
        path: 'lens',
        value: { ...now, token: typed === '' ? null : readToken(typed) },
        step: true,
      });
  });
  setAttributes(token.element, { placeholder: t('none') });
  const name = h('span', { class: 'faint lens-name' });
  const help = createExplanation('lens', LENS_TITLE);
  const said = h('span', { class: 'faint band-said lens-said', role: 'status' });
  const instead = h('button', { type: 'button', class: 'link lens-instead', hidden: true });
  instead.addEventListener('click', () => {
    const now = choice();
    const { token: text } = instead.dataset;
    if (now && text !== undefined) send({ type: 'edit', path: 'lens', value: { ...now, token: text } });
  });
  const setBeside = (change: (beside: readonly string[]) => readonly string[]): void => {
    const now = choice();
    if (now) send({ type: 'edit', path: 'lens', value: { ...now, beside: change(now.beside) } });
  };
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
  const head = h('thead');
  const body = h('tbody');
  const grid = h('table', { class: 'lens-grid', role: 'grid', 'aria-label': t('Layers and positions') }, head, body);
  const scroller = h('div', { class: 'lens-scroller' }, grid);
  const top = h('div', { class: 'band-list lens-top', 'aria-hidden': 'true' });
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
    fault,
    h('div', { class: 'band-body' }, scroller, top),
  );

  let drawn: Drawn | undefined;
  /** What the head was drawn of. */
  let headed = '';
  /** The cell that is focused, or will be: the one stop for Tab. */
  let current: { readonly row: number; readonly column: number } | undefined;

  const open = (row: number, column: number): void => {
    const { host } = store.state;
    const now = choice();
    if (!host || !now || !drawn || host.mode === 'saved') return;
    const { lens, position } = placeIn(drawn, column);
    const table = drawn.tables[lens];
    if (!table || !cellOf(drawn, row, column)?.top.length) return;
    // The panel's own readout is the first one, always: another one takes its place, and it takes that one's.
    const beside = now.beside.map((one, i) => (i === lens - 1 ? ownReadout(host) : one));
    send({ type: 'edit', path: 'parameters', value: parametersAt(host, table, row, position) });
    if (lens === 0) return;
    current = { row, column: position };
    send({ type: 'edit', path: 'lens', value: { ...now, beside } });
  };
  const tell = (row: number, column: number): void => {
    if (!drawn) return;
    const cell = cellOf(drawn, row, column);
    const table = drawn.tables[placeIn(drawn, column).lens];
    if (table && cell) top.replaceChildren(...topOf(table, cell, drawn.tables.length > 1));
  };
  const focusOn = (row: number, column: number): void => {
    if (!drawn) return;
    const { tables, cells, columns } = drawn;
    const last = columns.at(-1) ?? 0;
    current = {
      row: Math.max(0, Math.min((tables[0]?.layers.length ?? 1) - 1, row)),
      // Of a longer prompt the first shown position is not 0.
      column: columns.find((one) => one >= column) ?? last,
    };
    for (const line of cells) for (const cell of line) setAttributes(cell, { tabindex: -1 });
    const cell = cellAt(drawn, current);
    if (cell) setAttributes(cell, { tabindex: 0 });
    tell(current.row, current.column);
  };
  const placeOf = (event: Event): { readonly row: number; readonly column: number } | undefined => {
    const cell = event.target instanceof Element ? event.target.closest('td') : null;
    return cell instanceof HTMLElement
      ? { row: Number(cell.dataset.row), column: Number(cell.dataset.column) }
      : undefined;
  };
  body.addEventListener('pointerover', (event) => {
    const at = placeOf(event);
    if (at) tell(at.row, at.column);
  });
  body.addEventListener('pointerleave', () => current && tell(current.row, current.column));
  body.addEventListener('focusin', (event) => {
    const at = placeOf(event);
    if (at) focusOn(at.row, at.column);
  });
  body.addEventListener('click', (event) => {
    const at = placeOf(event);
    if (!at) return;
    focusOn(at.row, at.column);
    open(at.row, at.column);
  });
  body.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !current) return;
    const { row, column } = current;
    if (!drawn) return;
    const { columns, tables } = drawn;
    const rows = (tables[0]?.layers.length ?? 1) - 1;
    const place = columns.indexOf(column);
    const beside = (way: number): number => columns[Math.max(0, Math.min(columns.length - 1, place + way))] ?? column;
    const to = {
      ArrowUp: [row + 1, column],
      ArrowDown: [row - 1, column],
      ArrowLeft: [row, beside(-1)],
      ArrowRight: [row, beside(1)],
      Home: [row, columns[0] ?? 0],
      End: [row, columns.at(-1) ?? 0],
      PageUp: [rows, column],
      PageDown: [0, column],
    }[event.key];
    if (to) {
      focusOn(to[0] ?? row, to[1] ?? column);
      const cell = cellAt(drawn, current);
      cell?.focus();
      cell?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    } else if (event.key === 'Enter' || event.key === ' ') open(row, column);
    else return;
    event.preventDefault();
  });

  const fill = (lenses: readonly LensTable[]): Drawn => {
    const tables = aligned(lenses);
    const at = tables.map(lensCells);
    const { positions = [], layers = [] } = tables[0] ?? {};
    const { length } = positions;
    const first = Math.max(0, length - Math.floor(MOST_POSITIONS / tables.length));
    const shown = positions.slice(first);
    const columns = tables.flatMap((_, lens) => shown.map((__, i) => lens * length + first + i));
    const starts = (i: number): string | undefined => (i > 0 && i % shown.length === 0 ? 'lens-start' : undefined);
    // What is being pressed stays where it is while answers come: they change no more than what the cells say.
    const heads = JSON.stringify([tables.map(({ parameters }) => readoutName(parameters)), positions, layers]);
    const same = heads === headed ? drawn?.cells : undefined;
    if (heads !== headed) {
      headed = heads;
      const prompt = columns.map((column, i) => {
        const position = column % length;
        const token = positions[position];
        return h(
          'th',
          { scope: 'col', class: starts(i) },
          h('span', { class: 'faint' }, `${position} `),
          ...(token ? [tokenText(token)] : []),
        );
      });
      const names = tables.map(({ parameters }, lens) => {
        const called = readoutName(parameters);
        return h(
          'th',
          { scope: 'colgroup', colspan: shown.length, class: lens > 0 ? 'lens-start lens-head' : 'lens-head' },
          h('span', { title: called }, called),
          ...(lens > 0 && store.state.host?.mode !== 'saved' ? [closer(called, lens - 1)] : []),
        );
      });
      head.replaceChildren(
        ...(tables.length > 1 ? [h('tr', { class: 'lens-names' }, h('th', {}), ...names)] : []),
        h('tr', {}, h('th', { scope: 'col' }, h('span', { class: 'faint' }, t('layer'))), ...prompt),
      );
    }
    const cells = layers.map((layer, row) =>
      columns.map((column, i) => {
        const [lens, position] = [Math.floor(column / length), column % length];
        const table = tables[lens];
        const cell = at[lens]?.(row, position);
        const of = tables.length > 1 && table ? `${READOUT_NAMES[table.parameters.readout]}, ` : '';
        const td =
          same?.[row]?.[i] ??
          h('td', { role: 'gridcell', tabindex: -1, class: starts(i), 'data-row': row, 'data-column': column });
        td.removeAttribute('style');
        td.replaceChildren(
          h(
            'span',
            { 'aria-hidden': 'true' },
            ...(cell && lenses[lens]?.layers.includes(layer) ? contentOf(cell) : []),
          ),
          h(
            'span',
            { class: 'only-spoken' },
            table && cell
              ? t('{0}, position {1}: {2}', of + capital(layerBrief(layer)), position, spoken(table, cell))
              : '',
          ),
        );
        return td;
      }),
    );
    if (same) return { lenses, tables, at, columns, cells };
    body.replaceChildren(
      ...layers
        .map((layer, row) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, layer === 'embeddings' ? t('emb.') : String(layer)),
            ...(cells[row] ?? []),
          ),
        )
        .reverse(),
    );
    return { lenses, tables, at, columns, cells };
  };
  const closer = (name: string, index: number): HTMLElement =>
    iconButton('close', t('Close {0}', name), () => setBeside((all) => all.filter((_, i) => i !== index)));

  /** Colors as the map has them in this theme, of all lenses on one scale. */
  const paint = ({ tables, cells, columns }: Drawn, state: PageState): void => {
    const of = tables.map(cellsOfLens);
    const [table] = tables;
    if (!table) return;
    const coloring = lensColoring(table, of);
    const scale = coloringColors(coloring, derived.scale(state));
    const { length } = table.positions;
    cells.forEach((line, row) =>
      line.forEach((cell, i) => {
        const column = columns[i] ?? 0;
        const own = of[Math.floor(column / length)];
        const index = row * length + (column % length);
        const color = own && scale[Math.round(255 * Math.min(1, Math.max(0, coloring.part(own, index) || 0)))];
        if (!color || !own.computed[index]) return;
        cell.style.backgroundColor = hexOf(color);
        cell.style.color = inkOn(color);
      }),
    );
  };

  store.onDraw((state, changed) => {
    const { host, lenses } = state;
    const lens = host?.lens ?? null;
    show(element, lens !== null);
    if (!host || !lens) {
      drawn = undefined;
      return;
    }
    if (!anyOf(changed, 'host', 'lenses', 'theme')) return;
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
    const other = lens.running || saved ? undefined : otherSpelling(lenses?.[0], lens.choice.token);
    show(instead, other !== undefined);
    if (other) {
      setText(instead, t('Follow {0} instead ({1})', plainToken(other.token), formatPercent(other.probability)));
      setAttributes(instead, { 'data-token': other.token.text });
    }
    show(grid, lenses !== null);
    if (!lenses) {
      drawn = undefined;
      top.replaceChildren();
      return;
    }
    const fresh = drawn?.lenses !== lenses;
    if (fresh) {
      const focused = body.contains(document.activeElement);
      drawn = fill(lenses);
      const { layers = [], positions = [] } = drawn.tables[0] ?? {};
      // The last layer's answer behind the prompt, until a person goes elsewhere.
      const at = current ?? { row: layers.length - 1, column: positions.length - 1 };
      const first = !current;
      focusOn(at.row, at.column);
      // What the prompt ends with is what is asked for: of a long one it is in sight.
      if (first) scroller.scrollLeft = scroller.scrollWidth;
      if (focused) cellAt(drawn, current)?.focus();
    }
    if (!drawn) return;
    if (fresh || anyOf(changed, 'theme', 'host')) paint(drawn, state);
    markMap(drawn, host);
  });
  return element;
}

const lensColoring = (table: LensTable, cells: readonly Cells[]): Coloring =>
  coloringOf(
    cells,
    table.named ? { kind: 'probability', token: table.named.token.id } : null,
    table.named ? 'question' : 'probability',
  );

const cellAt = (
  { cells, columns }: Drawn,
  at: { readonly row: number; readonly column: number } | undefined,
): HTMLElement | undefined => at && cells[at.row]?.[columns.indexOf(at.column)];

/** Which lens a column is of, and which position. */
function placeIn({ tables }: Drawn, column: number): { readonly lens: number; readonly position: number } {
  const length = tables[0]?.positions.length ?? 1;
  return { lens: Math.floor(column / length), position: column % length };
}

function cellOf(drawn: Drawn, row: number, column: number): LensCell | undefined {
  const { lens, position } = placeIn(drawn, column);
  return drawn.at[lens]?.(row, position);
}

/** The readout of the lens that follows the panel: the model's own has the logit lens beside it. */
function ownKind({ settings }: HostState): Readout {
  const { readout } = settings.parameters;
  return readout === 'forward' ? 'lens' : readout;
}

/** The same as it is written, with its file. */
const ownReadout = (host: HostState): string =>
  ownKind(host) === 'lens' ? 'lens' : readoutText(host.settings.parameters);

/** The cell whose map is shown is marked. */
function markMap(drawn: Drawn, host: HostState): void {
  const { plane } = host.settings.parameters;
  const { center } = plane;
  const layer = layerOf(host);
  const own = readoutText(host.settings.parameters);
  drawn.cells.forEach((line, row) =>
    line.forEach((cell, i) => {
      const at = placeIn(drawn, drawn.columns[i] ?? 0);
      const table = drawn.tables[at.lens];
      const prompt = table?.parameters.context;
      const same =
        center.kind === prompt?.kind &&
        (center.kind === 'prompt' && prompt.kind === 'prompt'
          ? center.text === prompt.text && Boolean(center.chat) === Boolean(prompt.chat)
          : center.kind === 'tokens' && prompt.kind === 'tokens' && center.ids.join() === prompt.ids.join());
      const { position = -1 } = center.kind === 'prompt' || center.kind === 'tokens' ? center : {};
      const length = table?.positions.length ?? 0;
      const column = position < 0 ? length + position : position;
      const ofReadout = at.lens === 0 || (table && readoutText(table.parameters) === own);
      const shown = same && ofReadout && table?.layers[row] === layer && at.position === column;
      setAttributes(cell, { 'aria-selected': shown ? 'true' : undefined });
    }),
  );
}

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

function contentOf({ top: [first], named }: LensCell): (Node | string)[] {
  if (!first) return ['–'];
  // Of a token that is followed the cell tells that one alone: beside the name of another its rank would seem to be the other's.
  if (named)
    return [
      h('span', { class: named.rank === 1 ? 'lens-number lens-first' : 'lens-number' }, `#${formatCount(named.rank)}`),
      h('span', { class: 'lens-percent' }, formatPercent(named.probability)),
    ];
  return [tokenText(first.token), h('span', { class: 'lens-number' }, formatWholePercent(first.probability))];
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

/** What a screen reader says of a cell. */
function spoken({ named: followed }: LensTable, { top, entropy, named }: LensCell): string {
  const [first, second] = top;
  if (!first) return t('no prediction');
  const then = second ? t(', then {0} {1}', tokenSpoken(second.token), formatPercent(second.probability)) : '';
  const rank = followed && named ? t('; {0} is number {1}', tokenSpoken(followed.token), formatCount(named.rank)) : '';
  return t(
    '{0} {1}{2}; entropy {3}{4}',
    tokenSpoken(first.token),
    formatPercent(first.probability),
    then,
    formatBits(entropy),
    rank,
  );
}

/** The ten tokens of a cell. */
function topOf(
  { named: followed, parameters }: LensTable,
  { layer, position, top, entropy, named }: LensCell,
  several: boolean,
): HTMLElement[] {
  return [
    h('p', { class: 'where' }, t('{0}, position {1}', capital(layerBrief(layer)), position)),
    ...(several ? [h('p', { class: 'faint' }, READOUT_NAMES[parameters.readout])] : []),
    h(
      'table',
      {},
      h(
        'tbody',
        {},
        ...top.map(({ token, probability }) =>
          h('tr', {}, h('td', {}, tokenText(token)), h('td', {}, formatPercent(probability))),
        ),
      ),
    ),
    h('p', { class: 'faint' }, Number.isFinite(entropy) ? t('Entropy {0}', formatBits(entropy)) : t('No prediction')),
    ...(followed && named
      ? [
          h(
            'p',
            { class: 'faint' },
            t(
              '{0}: number {1}, {2}',
              plainToken(followed.token),
              formatCount(named.rank),
              formatPercent(named.probability),
            ),
          ),
        ]
      : []),
  ];
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
