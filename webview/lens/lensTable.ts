import { t } from '@vscode/l10n';
import { type Coloring, coloringColors, coloringOf } from '../../src/map/coloring.js';
import { hexOf, inkOn } from '../../src/map/colors.js';
import { tokenSpoken, tokenText as plainToken } from '../../src/map/display.js';
import { cellsOfLens, type LensCell, lensCells, type LensTable } from '../../src/map/lens/lensTable.js';
import { entryWords } from '../../src/map/lens/lensWords.js';
import { capital, layerBrief, READOUT_NAMES } from '../../src/map/naming.js';
import { formatBits, formatCount, formatPercent, formatWholePercent } from '../../src/map/numbers.js';
import { SAMPLE_PROMPTS } from '../../src/map/presets.js';
import { contextOf, type Layer, type Prompt } from '../../src/map/specification.js';
import type { Cells } from '../../src/map/tokenMap.js';
import type { HostState } from '../../src/protocol/page.js';
import { layerAt, layerOf } from '../controls/layers.js';
import { readToken, tokenInput } from '../controls/sourceKinds.js';
import type { Derived } from '../derived.js';
import { h, iconButton, setAttributes, setText, show } from '../dom.js';
import { send } from '../host.js';
import { anyOf, type PageState, type Store } from '../store.js';
import { tokenText } from '../tokenText.js';
import { createTextField } from '../toolkit.js';

/** Positions that are shown: of a longer prompt the last ones. */
const MOST_POSITIONS = 100;

/** Opens a lens: of the prompt that is there, else of a sample. */
export function openLens({ settings: { parameters } }: HostState): void {
  const context = contextOf(parameters);
  const prompt: Prompt =
    context.kind === 'prompt' || context.kind === 'tokens' ? context : { kind: 'prompt', text: SAMPLE_PROMPTS.A };
  send({ type: 'edit', path: 'lens', value: { prompt, token: null } });
}

const closeLens = (): void => send({ type: 'edit', path: 'lens', value: null });

/** A lens as it is drawn: the table, and how its cells are colored. */
interface Drawn {
  readonly table: LensTable;
  readonly at: (row: number, column: number) => LensCell;
  readonly first: number;
  readonly cells: readonly (readonly HTMLElement[])[];
}

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
  const name = h('strong', { class: 'lens-name' });
  const said = h('span', { class: 'faint lens-said', role: 'status' });
  const close = iconButton('close', t('Close Layers × Positions (Esc)'), closeLens);
  const head = h('thead');
  const body = h('tbody');
  const grid = h('table', { class: 'lens-grid', role: 'grid', 'aria-label': t('Layers and positions') }, head, body);
  const scroller = h('div', { class: 'lens-scroller' }, grid);
  const top = h('div', { class: 'lens-top', 'aria-hidden': 'true' });
  const fault = h('p', { class: 'lens-fault fault', role: 'alert', hidden: true });
  const element = h(
    'section',
    { class: 'lens', 'aria-label': t('Layers and positions'), hidden: true },
    h(
      'div',
      { class: 'lens-bar' },
      name,
      h('label', { class: 'lens-prompt' }, text.element),
      h('span', { class: 'faint', 'aria-hidden': 'true' }, t('follow')),
      h('span', { class: 'lens-token' }, token.element),
      said,
      h('span', { class: 'spring' }),
      close,
    ),
    fault,
    h('div', { class: 'lens-body' }, scroller, top),
  );

  let drawn: Drawn | undefined;
  /** The cell that is focused, or will be: the one stop for Tab. */
  let current: { readonly row: number; readonly column: number } | undefined;

  const open = (row: number, column: number): void => {
    const { host } = store.state;
    if (!host || !drawn) return;
    send({ type: 'edit', path: 'parameters', value: parametersAt(host, drawn.table, row, column) });
  };
  const tell = (row: number, column: number): void => {
    if (drawn) top.replaceChildren(...topOf(drawn.table, drawn.at(row, column)));
  };
  const focusOn = (row: number, column: number): void => {
    if (!drawn) return;
    const { table, cells, first } = drawn;
    current = {
      row: Math.max(0, Math.min(table.layers.length - 1, row)),
      column: Math.max(first, Math.min(table.positions.length - 1, column)),
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
    const last = (drawn?.table.positions.length ?? 1) - 1;
    const rows = (drawn?.table.layers.length ?? 1) - 1;
    const to = {
      ArrowUp: [row + 1, column],
      ArrowDown: [row - 1, column],
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
      Home: [row, 0],
      End: [row, last],
      PageUp: [rows, column],
      PageDown: [0, column],
    }[event.key];
    if (to) {
      focusOn(to[0] ?? row, to[1] ?? column);
      const cell = drawn && cellAt(drawn, current);
      cell?.focus();
      cell?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    } else if (event.key === 'Enter' || event.key === ' ') open(row, column);
    else return;
    event.preventDefault();
  });

  const fill = (table: LensTable): Drawn => {
    const at = lensCells(table);
    const { positions, layers } = table;
    const first = Math.max(0, positions.length - MOST_POSITIONS);
    head.replaceChildren(
      h(
        'tr',
        {},
        h('th', { scope: 'col' }, h('span', { class: 'faint' }, t('layer'))),
        ...positions
          .slice(first)
          .map((one, i) => h('th', { scope: 'col' }, h('span', { class: 'faint' }, `${first + i} `), tokenText(one))),
      ),
    );
    const cells = layers.map((layer, row) =>
      positions.slice(first).map((_, i) => {
        const cell = at(row, first + i);
        return h(
          'td',
          {
            role: 'gridcell',
            tabindex: -1,
            'data-row': row,
            'data-column': first + i,
          },
          h('span', { 'aria-hidden': 'true' }, ...contentOf(cell)),
          h(
            'span',
            { class: 'only-spoken' },
            t('{0}, position {1}: {2}', capital(layerBrief(layer)), first + i, spoken(table, cell)),
          ),
        );
      }),
    );
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
    return { table, at, first, cells };
  };

  /** Colors as the map has them in this theme. */
  const paint = ({ table, cells, first }: Drawn, state: PageState): void => {
    const of = cellsOfLens(table);
    const coloring = lensColoring(table, of);
    const scale = coloringColors(coloring, derived.scale(state));
    const { length } = table.positions;
    cells.forEach((line, row) =>
      line.forEach((cell, i) => {
        const index = row * length + first + i;
        const color = scale[Math.round(255 * Math.min(1, Math.max(0, coloring.part(of, index) || 0)))];
        if (!color || !of.computed[index]) return;
        cell.style.backgroundColor = hexOf(color);
        cell.style.color = inkOn(color);
      }),
    );
  };

  store.onDraw((state, changed) => {
    const { host, lens: table } = state;
    const lens = host?.lens ?? null;
    show(element, lens !== null);
    if (!host || !lens) {
      drawn = undefined;
      return;
    }
    if (!anyOf(changed, 'host', 'lens', 'theme')) return;
    const { prompt } = lens.choice;
    text.update(prompt.kind === 'prompt' ? prompt.text : t('tokens {0}', prompt.ids.join(' ')), {
      disabled: prompt.kind === 'tokens',
    });
    token.update(lens.choice.token === null ? '' : tokenInput(lens.choice.token));
    const { readout } = host.settings.parameters;
    setText(name, READOUT_NAMES[readout === 'forward' ? 'lens' : readout]);
    show(fault, lens.fault !== null);
    setText(fault, lens.fault ? [lens.fault.message, lens.fault.hint].filter(Boolean).join(' ') : '');
    setText(said, sayingOf(state));
    show(grid, table !== null);
    if (!table) {
      drawn = undefined;
      top.replaceChildren();
      return;
    }
    const fresh = drawn?.table !== table;
    if (fresh) {
      const focused = body.contains(document.activeElement);
      drawn = fill(table);
      // The last layer's answer behind the prompt, until a person goes elsewhere.
      const at = current ?? { row: table.layers.length - 1, column: table.positions.length - 1 };
      focusOn(at.row, at.column);
      if (focused) cellAt(drawn, current)?.focus();
    }
    if (!drawn) return;
    if (fresh || anyOf(changed, 'theme', 'host')) paint(drawn, state);
    markMap(drawn, host);
  });
  return element;
}

const lensColoring = (table: LensTable, cells: Cells): Coloring =>
  coloringOf(
    cells,
    table.named ? { kind: 'probability', token: table.named.token.id } : null,
    table.named ? 'question' : 'probability',
  );

const cellAt = (
  { cells, first }: Drawn,
  at: { readonly row: number; readonly column: number } | undefined,
): HTMLElement | undefined => at && cells[at.row]?.[at.column - first];

/** The cell whose map is shown is marked. */
function markMap({ table, cells, first }: Drawn, host: HostState): void {
  const { plane } = host.settings.parameters;
  const { center } = plane;
  const prompt = table.parameters.context;
  const same =
    center.kind === prompt.kind &&
    (center.kind === 'prompt' && prompt.kind === 'prompt'
      ? center.text === prompt.text && Boolean(center.chat) === Boolean(prompt.chat)
      : center.kind === 'tokens' && prompt.kind === 'tokens' && center.ids.join() === prompt.ids.join());
  const { position = -1 } = center.kind === 'prompt' || center.kind === 'tokens' ? center : {};
  const column = position < 0 ? table.positions.length + position : position;
  const layer = layerOf(host);
  cells.forEach((line, row) =>
    line.forEach((cell, i) => {
      const shown = same && table.layers[row] === layer && first + i === column;
      setAttributes(cell, { 'aria-selected': shown ? 'true' : undefined });
    }),
  );
}

/** The settings of a cell's map: its layer, its position of the prompt as the center, and the lens's readout. */
function parametersAt(host: HostState, table: LensTable, row: number, column: number): unknown {
  const { parameters } = host.settings;
  const layer: Layer = table.layers[row] ?? 0;
  const index = layer === 'embeddings' ? -1 : layer;
  const { context, readout } = table.parameters;
  const { length } = table.positions;
  const place = column === length - 1 ? {} : { position: column };
  if (context.kind !== 'prompt' && context.kind !== 'tokens') return parameters;
  const { position: _, ...prompt } = context;
  return {
    ...parameters,
    layer: layerAt(index, table.blocks - 1),
    readout,
    context: { kind: 'center' },
    plane: { ...parameters.plane, center: { ...prompt, ...place } },
  };
}

function contentOf({ top: [first], named }: LensCell): (Node | string)[] {
  if (!first) return ['–'];
  const number = named ? `#${formatCount(named.rank)}` : formatWholePercent(first.probability);
  return [tokenText(first.token), h('span', { class: 'lens-number' }, number)];
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
function topOf({ named: followed }: LensTable, { layer, position, top, entropy, named }: LensCell): HTMLElement[] {
  return [
    h('p', { class: 'lens-where' }, t('{0}, position {1}', capital(layerBrief(layer)), position)),
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

function sayingOf({ host, lens: table }: PageState): string {
  const lens = host?.lens;
  if (!lens) return '';
  if (lens.running) {
    const { done = 0, total = 0 } = lens.progress ?? {};
    return total > 0 ? t('{0} of {1} cells', formatCount(done), formatCount(total)) : t('reading…');
  }
  if (!table) return '';
  const { length } = table.positions;
  const shown =
    length > MOST_POSITIONS ? t(' · the last {0} of {1} positions', MOST_POSITIONS, formatCount(length)) : '';
  return `${entryWords(table, length - 1)}${shown}`;
}
