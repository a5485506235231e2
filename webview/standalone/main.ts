import '@vscode/codicons/dist/codicon.css';
import './standalone.css';
import { formatCount } from '../../src/map/numbers.js';
import type { PageFile } from '../../src/map/pageFile/pageFile.js';
import { createCellTable } from '../cellTable.js';
import { Derived } from '../derived.js';
import { h, setAttributes, setText, show } from '../dom.js';
import { createInspector } from '../inspector.js';
import { listenToMapKeys, listenToPageKeys } from '../keyboard.js';
import { type Layout, Link } from '../link.js';
import { hoveredLine, lookText } from '../lookText.js';
import { Pane } from '../pane.js';
import { onThemeChange, readTheme } from '../theme.js';
import { createTokenTable } from '../tokenTable.js';
import { INITIAL_UI } from '../uiState.js';
import { createAbout } from './about.js';
import { createBar } from './bar.js';
import { CloserLook } from './closerLook.js';
import { readContents, readKernel } from './contents.js';
import { serve } from './host.js';
import { PageHost } from './pageHost.js';
import { followScheme } from './scheme.js';

const layoutNow = (): Layout => (window.innerWidth >= 1200 ? 'wide' : window.innerWidth < 720 ? 'narrow' : 'medium');

/** The line below the map: how much there is, which part is seen, and the cell under the pointer. */
function createStatus({ store }: Pane, derived: Derived): HTMLElement {
  const text = h('span', { class: 'status-text' });
  const seen = h('span', { class: 'status-seen faint' });
  const hovered = h('span', { class: 'status-hover' });
  store.onDraw((state) => {
    const { map } = state;
    if (!map) return;
    const tokens = derived.tokenCount(state);
    setText(
      text,
      `${formatCount(map.cells.columns * map.cells.rows)} cells · ${formatCount(tokens)} ${tokens === 1 ? 'token' : 'tokens'}`,
    );
    setText(seen, lookText(state).text);
    hovered.replaceChildren(...hoveredLine(state, state, state, derived));
  });
  return h('footer', { class: 'status' }, text, h('span', { class: 'spring' }), seen, hovered);
}

function build(page: PageFile, closer: CloserLook | undefined): void {
  followScheme();
  const link = new Link({
    ui: { ...INITIAL_UI, ...page.map.display },
    theme: readTheme(),
    layout: layoutNow(),
    drawer: false,
    look: null,
    rested: 0,
    pointed: null,
    spans: 0,
    comparing: false,
    table: false,
  });
  const announcer = h('div', { class: 'only-spoken', 'aria-live': 'polite', role: 'status' });
  const derived = new Derived(() => undefined);
  const pane = new Pane('main', link, derived, (text) => setText(announcer, text));
  const { store, view } = pane;
  const host = new PageHost(page.map, closer, {
    state: (panel, slot) => pane.takeState(panel, slot),
    news: (news) => pane.receive(news),
  });
  serve(host.receive);
  const inspector = h(
    'aside',
    { class: 'inspector', 'aria-label': 'Inspector' },
    createInspector(store, derived),
    createTokenTable(store, derived),
    createAbout(page),
  );
  document.body.append(
    h('header', { class: 'title' }, h('h1', {}, page.title)),
    h(
      'div',
      { class: 'page' },
      h(
        'main',
        { class: 'map-column', 'aria-label': 'Map' },
        createBar(store, view),
        h('div', { class: 'panes' }, h('section', { class: 'pane' }, view.element)),
        createCellTable(store, derived, view.plot),
      ),
      inspector,
    ),
    createStatus(pane, derived),
    announcer,
  );
  store.onDraw(({ layout, table }) => {
    setAttributes(document.body, { 'data-layout': layout, 'data-ready': true, 'data-mode': 'page' });
    show(view.element, !table);
  });
  listenToMapKeys(
    store,
    derived,
    view,
    pane.sayCell,
    () => undefined,
    () => undefined,
  );
  listenToPageKeys(
    store,
    () => undefined,
    () => false,
  );
  onThemeChange(() => store.set({ theme: readTheme() }));
  new ResizeObserver(() => store.set({ layout: layoutNow() })).observe(document.body);
  store.start();
  host.start();
}

async function start(): Promise<void> {
  const page = await readContents();
  const { closer } = page.map;
  build(page, closer ? await CloserLook.make(await readKernel(), closer.rows) : undefined);
}

start().catch((error: unknown) => {
  document.body.append(
    h('p', { class: 'failed', role: 'alert' }, 'This page needs a newer browser (of 2023 or later) to show its map.'),
  );
  console.error(error);
});
