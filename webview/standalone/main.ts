import '@vscode/codicons/dist/codicon.css';
import './standalone.css';
import { formatCount } from '../../src/map/numbers.js';
import type { PageFile } from '../../src/map/pageFile/pageFile.js';
import { createCellTable } from '../cellTable.js';
import { createCompareBar } from '../compare/compareBar.js';
import { ChangesPane } from '../compare/changesPane.js';
import { Derived } from '../derived.js';
import { h, setAttributes, setText, show } from '../dom.js';
import { createInspector } from '../inspector.js';
import { listenToMapKeys, listenToPageKeys } from '../keyboard.js';
import { type Layout, Link } from '../link.js';
import { hoveredLine, lookText } from '../lookText.js';
import { Pane } from '../pane.js';
import { pageMap } from '../pageMap.js';
import { createPanes } from '../panes.js';
import { createSweepStrip } from '../sweep/sweepStrip.js';
import { onThemeChange, readTheme } from '../theme.js';
import { createTokenTable } from '../tokenTable.js';
import { INITIAL_UI } from '../uiState.js';
import { createAbout } from './about.js';
import { createBar } from './bar.js';
import { CloserLook } from './closerLook.js';
import { readContents, readKernel } from './contents.js';
import { serve } from './host.js';
import { PageHost } from './pageHost.js';
import { createReading, MAP_ID } from './reading.js';
import { followScheme } from './scheme.js';
import { SeriesSteps } from './seriesSteps.js';

/** Below this width, in px, all is in one column: a text beside the map takes a column more. */
const STACKED = { map: 720, text: 1000 } as const;

const layoutNow = ({ reading }: PageFile): Layout =>
  window.innerWidth >= 1200 ? 'wide' : window.innerWidth < STACKED[reading ? 'text' : 'map'] ? 'narrow' : 'medium';

/** The line below the map: how much there is, which part is seen, and the cell under the pointer. */
function createStatus({ store }: Pane, other: Pane, changes: ChangesPane, derived: Derived): HTMLElement {
  const text = h('span', { class: 'status-text' });
  const seen = h('span', { class: 'status-seen faint' });
  const hovered = h('span', { class: 'status-hover' });
  store.onDraw((state) => {
    const { map } = state;
    if (!map) return;
    const tokens = derived.tokenCount(state);
    const cells = `${formatCount(map.cells.columns * map.cells.rows)} cells`;
    setText(text, state.comparing ? cells : `${cells} · ${formatCount(tokens)} ${tokens === 1 ? 'token' : 'tokens'}`);
    setText(seen, lookText(state).text);
    hovered.replaceChildren(...hoveredLine(state, other.store.state, changes.store.state, derived));
  });
  return h('footer', { class: 'status' }, text, h('span', { class: 'spring' }), seen, hovered);
}

function build(page: PageFile, closer: CloserLook | undefined): void {
  followScheme();
  const { as } = page;
  const comparing = as.kind === 'comparison';
  const link = new Link({
    ui: { ...INITIAL_UI, ...page.maps[0]?.display, changesBy: 'change' },
    theme: readTheme(),
    layout: layoutNow(page),
    drawer: false,
    look: null,
    rested: 0,
    pointed: null,
    spans: 0,
    comparing,
    table: false,
  });
  const announcer = h('div', { class: 'only-spoken', 'aria-live': 'polite', role: 'status' });
  const announce = (text: string): void => setText(announcer, text);
  // Maps beside each other, and those of a series, have their colors on one scale.
  const derived: Derived = new Derived(
    () => undefined,
    ({ sweep }) => (comparing ? [main, other].flatMap(({ store: { state } }) => state.map ?? []) : sweep),
  );
  const main = new Pane('main', link, derived, announce);
  const other = new Pane('other', link, derived, announce);
  const { store, view } = main;
  const changes = new ChangesPane(link, derived, store, other.store, announce);
  const host = new PageHost(page, closer, {
    state: (panel, slots) => {
      main.takeState(panel, slots.main);
      if (slots.other) other.takeState(panel, slots.other);
    },
    news: (slot, news) => (slot === 'main' ? main : other).receive(news),
    divergences: (news) => changes.take(news),
  });
  serve(host.receive);
  const series =
    as.kind === 'series'
      ? new SeriesSteps(as.axis, as.lines, host.shown.map(pageMap), ({ id }, sweep) => {
          const map = host.shown[id - 1];
          // The line first: what is drawn of the map is on the scale of all.
          if (store.state.sweep[0] !== sweep[0] || store.state.sweep.length !== sweep.length) store.set({ sweep });
          if (map) host.show('main', map);
        })
      : undefined;
  const chooser = series?.chooser();
  const panes = createPanes(main, other, changes, derived);
  const about = comparing
    ? [createAbout(store, host.inPage, 'the left map'), createAbout(other.store, host.inPage, 'the right map')]
    : [createAbout(store, host.inPage)];
  const inspector = comparing
    ? []
    : [
        h(
          'aside',
          { class: 'inspector', 'aria-label': 'Inspector' },
          createInspector(store, derived),
          createTokenTable(store, derived),
          ...about,
        ),
      ];
  document.body.append(
    h(
      'header',
      { class: 'title' },
      h('h1', { dir: 'auto' }, page.title),
      ...(page.note ? [h('p', { class: 'faint' }, page.note)] : []),
    ),
    h(
      'div',
      { class: 'page' },
      ...(page.reading ? [createReading(page.reading)] : []),
      h(
        'main',
        { class: 'map-column', id: MAP_ID, 'aria-label': comparing ? 'Maps' : 'Map' },
        createBar(store, view),
        ...(comparing ? [createCompareBar(store, changes, { closes: false })] : []),
        ...(chooser ? [chooser] : []),
        panes,
        ...(series ? [createSweepStrip(store, derived, series.sequence)] : []),
        ...(comparing ? [h('div', { class: 'abouts' }, ...about)] : []),
        createCellTable(store, derived, view.plot),
      ),
      ...inspector,
    ),
    createStatus(main, other, changes, derived),
    announcer,
  );
  store.onDraw(({ layout, table }) => {
    setAttributes(document.body, {
      'data-layout': layout,
      'data-ready': true,
      'data-mode': 'page',
      'data-comparing': comparing,
    });
    show(panes, !table);
  });
  for (const pane of [main, other, changes])
    listenToMapKeys(
      pane.store,
      derived,
      pane.view,
      pane.sayCell,
      () => undefined,
      announce,
      series && ((by) => series.move(by, store.state.base)),
    );
  listenToPageKeys(
    store,
    () => undefined,
    () => false,
  );
  onThemeChange(() => store.set({ theme: readTheme() }));
  new ResizeObserver(() => store.set({ layout: layoutNow(page) })).observe(document.body);
  for (const one of [store, other.store, changes.store]) one.start();
  host.start();
  series?.start();
}

async function start(): Promise<void> {
  const page = await readContents();
  const { closer } = page.maps[0] ?? {};
  build(page, closer ? await CloserLook.make(await readKernel(), closer.rows) : undefined);
}

start().catch((error: unknown) => {
  document.body.append(
    h('p', { class: 'failed', role: 'alert' }, 'This page needs a newer browser (of 2023 or later) to show its map.'),
  );
  console.error(error);
});
