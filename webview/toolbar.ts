import { t } from '@vscode/l10n';
import { showsBorders } from '../src/map/mapDisplay.js';
import { COLOR_BY, type ColorBy } from '../src/map/colors.js';
import { questionsOf } from '../src/map/questions.js';
import { formatCount } from '../src/map/numbers.js';
import type { PageAction } from '../src/protocol/page.js';
import { canResume, mainButton, pressMainButton } from './controls/footer.js';
import { h, iconButton, setAttributes, setEnabled, setText, show } from './dom.js';
import { colorMap } from './colorMap.js';
import { choicesOf } from './compare/choices.js';
import { sendComparison } from './compare/compareBar.js';
import type { Derived } from './derived.js';
import type { Sheet } from './explain/sheet.js';
import { send } from './host.js';
import { rangeAction, toggleRange } from './map/barButton.js';
import { isWhole, reachedLimit, refines, seesDetail, type ZoomLimit } from './map/detail.js';
import type { MapView } from './map/mapView.js';
import { createMenuButton, type MenuItem } from './menu.js';
import { anyOf, type PageState, type Store } from './store.js';
import { openLens } from './lens/lensPane.js';
import { openProfile } from './profile/line.js';
import { sendSweep } from './sweep/layerSteps.js';
import { createButton, createDropdown, createTabs } from './toolkit.js';

const COLORS: Readonly<Record<ColorBy, { label: string; description: string }>> = {
  probability: {
    label: t('Probability'),
    description: t('Colors show the probability of the most probable token, 0 to 100 percent.'),
  },
  token: { label: t('Token'), description: t('Colors show which token is most probable; darker is more probable.') },
  margin: {
    label: t('Margin'),
    description: t('Colors show how far the first token is ahead of the second, in percentage points.'),
  },
  question: { label: t('Question'), description: t('Colors show the answer to the question of the parameters.') },
  entropy: {
    label: t('Entropy'),
    description: t('Colors show the entropy of the prediction, 12 bits and more to 0 bits.'),
  },
};
const ZOOM_STEP = 1.5;
const EXPLAIN = t('What Am I Looking At?');

const REFINE = t('Refine on Zoom');
const REFINE_ON = t('{0}: the part that is looked at is computed afresh (R)', REFINE);
const REFINE_OFF = t('{0} is off: cells grow, and show token and probability (R)', REFINE);
/** Why one cannot zoom in further. */
const LIMITS: Readonly<Record<ZoomLimit['by'], string>> = {
  cells: t('the map’s cells end here; Refine on Zoom computes more'),
  float32: t('float32 ends here: closer, neighboring cells would have the same vector'),
  zoom: t('this is as close as it gets'),
};

/** `385%`, and from a hundredfold on `320×`. */
const zoomWords = (zoom: number): string =>
  zoom < 100 ? `${Math.round(zoom * 100)}%` : `${formatCount(Number(zoom.toPrecision(3)))}×`;

const act = (action: PageAction) => () => send({ type: 'action', action });

/** The bar over the map: what colors tell, what is drawn, zoom, comparing, saving. */
export interface Toolbar {
  readonly element: HTMLElement;
  /** Offers what the map can be compared with. */
  compare(): void;
}

export function createToolbar(
  store: Store,
  map: MapView,
  derived: Derived,
  sheet: Sheet,
  onToggleControls: () => void,
): Toolbar {
  const chooseColor = (id: string): void => {
    const colorBy = COLOR_BY.find((one) => one === id);
    if (colorBy) colorMap(store, colorBy);
  };
  const parameters = iconButton('settings', t('Parameters'), onToggleControls);
  const tabs = createTabs(
    t('Color by'),
    COLOR_BY.map((id) => ({ id, ...COLORS[id] })),
    chooseColor,
  );
  const tabsWithName = h(
    'div',
    { class: 'color-tabs' },
    h('span', { class: 'color-tabs-name', 'aria-hidden': 'true' }, t('Color by')),
    tabs.element,
  );
  const dropdown = createDropdown(t('Color by'), chooseColor);
  const dropdownHolder = h('div', { class: 'color-dropdown' }, dropdown.element);

  const labels = iconButton('case-sensitive', t('Labels'), () => store.setUi({ labels: !store.state.ui.labels }));
  labels.querySelector('.codicon')?.replaceWith(h('span', { class: 'letters', 'aria-hidden': 'true' }, 'Aa'));
  const borders = iconButton('table', t('Region Borders'), () => store.setUi({ borders: !store.state.ui.borders }));
  const anchors = iconButton('location', t('Anchors and Overlays'), () =>
    store.setUi({ marks: !store.state.ui.marks }),
  );
  const refine = iconButton('telescope', REFINE, () => store.setUi({ refine: !refines(store.state) }));
  refine.classList.add('refine');
  const zoomOut = iconButton('zoom-out', t('Zoom Out'), () => map.zoomBy(1 / ZOOM_STEP));
  const zoomText = h('span', { class: 'zoom-text', 'aria-live': 'off' }, '100%');
  const zoomIn = iconButton('zoom-in', t('Zoom In'), () => map.zoomBy(ZOOM_STEP));
  const reset = iconButton('home', t('Whole Map'), () => map.reset());
  const save = iconButton('save', t('Save Map'), act('save'));
  const comparing = createMenuButton(t('Compare…'), () => compareItems(store.state), 'compare-changes');
  comparing.element.classList.add('compare');
  const more = createMenuButton(t('More Actions'), () =>
    menuItems(store.state, store, map, derived, sheet, element.dataset.tight === '5'),
  );
  const main = createButton(t('Generate'), 'primary', () => store.state.host && pressMainButton(store.state.host));
  const separator = (): HTMLElement => h('span', { class: 'separator', 'aria-hidden': 'true' });
  const zooming = h('div', { class: 'zoom' }, zoomOut, zoomText, zoomIn);
  const element = h(
    'div',
    { class: 'toolbar', role: 'toolbar', 'aria-label': t('Map') },
    parameters,
    tabsWithName,
    dropdownHolder,
    h('span', { class: 'spring' }),
    labels,
    borders,
    anchors,
    separator(),
    refine,
    zooming,
    reset,
    separator(),
    comparing.element,
    save,
    more.element,
    main.element,
  );

  /** A saved map answers no question that it was not asked. */
  const isOffered = (id: ColorBy): boolean => {
    const { host, base } = store.state;
    return id !== 'question' || host?.mode !== 'saved' || (base !== null && questionsOf(base.specification).length > 0);
  };
  const nameColors = (): void => {
    const prefix = Number(element.dataset.tight) < 4 ? t('Color by: ') : '';
    const offered = COLOR_BY.filter(isOffered);
    dropdown.update(
      offered.map((id) => ({ value: id, label: prefix + COLORS[id].label })),
      store.state.ui.colorBy,
    );
    tabs.offer(offered);
  };
  const refit = (): void => {
    fit(element);
    nameColors();
  };
  // The main button is the one whose width changes.
  const observer = new ResizeObserver(refit);
  observer.observe(element);
  observer.observe(main.element);
  store.onDraw((state, changed) => {
    if (anyOf(changed, 'layout', 'comparing')) queueMicrotask(refit);
    if (!anyOf(changed, 'ui', 'host', 'layout', 'map', 'base', 'view', 'drawer', 'comparing')) return;
    const { ui, host, layout, map: shown } = state;
    setAttributes(labels, { 'aria-pressed': String(ui.labels) });
    setAttributes(anchors, { 'aria-pressed': String(ui.marks) });
    const always = ui.colorBy === 'token';
    setAttributes(borders, { 'aria-pressed': String(showsBorders(ui)) });
    setEnabled(
      borders,
      !always,
      t('Region Borders'),
      t('always shown with token colors, which cannot all be told apart'),
    );
    tabs.update(ui.colorBy);
    nameColors();
    const percent = Math.round(map.zoom * 100);
    setText(zoomText, zoomWords(map.zoom));
    setEnabled(
      save,
      Boolean(shown?.finish) && host?.mode !== 'saved',
      seesDetail(state) ? t('Save This Window') : t('Save Map'),
      host?.mode === 'saved' ? t('it is saved') : t('there is no complete map'),
    );
    const on = refines(state);
    setAttributes(refine, { 'aria-pressed': String(on) });
    const { refinable } = host ?? {};
    if (refinable?.ok === false) setEnabled(refine, false, REFINE, refinable.reason);
    else
      setAttributes(refine, { 'aria-disabled': undefined, 'aria-label': REFINE, title: on ? REFINE_ON : REFINE_OFF });
    setEnabled(zoomOut, percent > 100, t('Zoom Out'), t('the whole map is shown'));
    setEnabled(reset, percent > 100, t('Whole Map'), t('the whole map is shown'));
    const limit = reachedLimit(state);
    setEnabled(
      zoomIn,
      shown !== null && !limit,
      t('Zoom In'),
      shown && limit ? LIMITS[limit.by] : t('there is no map'),
    );
    setAttributes(parameters, { 'aria-pressed': String(state.drawer), 'aria-controls': 'controls' });
    show(parameters, layout === 'narrow');
    show(zooming, layout !== 'narrow');
    show(refine, layout !== 'narrow');
    for (const one of element.querySelectorAll<HTMLElement>('.separator')) show(one, layout !== 'narrow');
    show(save, layout !== 'narrow' && host?.mode !== 'saved');
    const open = layout === 'wide' && ui.controls && !state.comparing;
    show(comparing.element, layout !== 'narrow' && shown !== null);
    show(main.element, !open && host !== null);
    if (!host) return;
    const { label, message, enabled } = mainButton(host);
    main.update({ label, appearance: message === 'cancel' ? 'secondary' : 'primary', disabled: !enabled });
    main.element.classList.toggle('due', host.changed && message === 'generate' && enabled);
  });
  const compare = (): void => {
    if (comparing.element.checkVisibility()) comparing.open();
    else more.open();
  };
  return { element, compare };
}

/** What the map can be compared with, as a menu. */
export const compareItems = (state: PageState): MenuItem[] => {
  const { host } = state;
  return host
    ? choicesOf(host).map(({ compare, ...choice }) => ({
        ...choice,
        run: () => {
          if (compare === 'saved') send({ type: 'chooseSavedMap' });
          else if (compare === 'layers') sendSweep(true);
          else if (compare === 'lens') openLens(host);
          else if (compare === 'profile') openProfile(state);
          else sendComparison(compare);
        },
      }))
    : [];
};

/** Makes a bar as full as fits: `data-tight` says how much it has to give up. */
function fit(bar: HTMLElement): void {
  for (const tight of ['0', '1', '2', '3', '4', '5']) {
    bar.dataset.tight = tight;
    if (bar.scrollWidth <= bar.clientWidth) return;
  }
}

/** @param zoom the bar has no room for the buttons that zoom */
function menuItems(
  state: PageState,
  store: Store,
  view: MapView,
  derived: Derived,
  sheet: Sheet,
  zoom: boolean,
): (MenuItem | 'separator')[] {
  const { host, map, layout } = state;
  const closer = seesDetail(state);
  const saved = host?.mode === 'saved';
  const incomplete = map?.finish ? undefined : t('There is no complete map.');
  const noModel = !saved && host?.model.status === 'none' ? t('There is no model.') : undefined;
  const item = (label: string, name: string, action: PageAction, reason?: string): MenuItem => ({
    label,
    icon: name,
    reason,
    run: act(action),
  });
  return [
    ...(layout === 'narrow' || zoom
      ? ([
          { label: t('Zoom In'), icon: 'zoom-in', run: () => view.zoomBy(ZOOM_STEP) },
          { label: t('Zoom Out'), icon: 'zoom-out', run: () => view.zoomBy(1 / ZOOM_STEP) },
          {
            label: refines(state) ? t('Do Not Refine on Zoom') : REFINE,
            icon: 'telescope',
            reason: host?.refinable.ok === false ? host.refinable.reason : undefined,
            run: () => store.setUi({ refine: !refines(state) }),
          },
          'separator',
        ] as const)
      : []),
    ...(saved
      ? []
      : [
          item(closer ? t('Save This Window') : t('Save Map'), 'save', 'save', incomplete),
          item(closer ? t('Save This Window As…') : t('Save Map As…'), 'save-as', 'saveAs', incomplete),
        ]),
    item(
      closer ? t('Export Picture of This Window…') : t('Export Picture…'),
      'device-camera',
      'exportPicture',
      incomplete,
    ),
    item(t('Copy as Command Line'), 'terminal', 'copyCommandLine', noModel),
    item(t('Copy as TypeScript'), 'file-code', 'copyTypeScript', noModel),
    ...(saved ? [] : [item(t('Open a Copy to the Side'), 'split-horizontal', 'openCopy', noModel)]),
    ...(saved
      ? []
      : [
          item(
            t('Use This View as Map'),
            'screen-full',
            'useView',
            isWhole(state)
              ? t('The whole map is shown.')
              : (noModel ?? (state.base?.finish ? undefined : t('The map is not complete.'))),
          ),
        ]),
    ...(layout === 'narrow' || zoom
      ? ([
          'separator',
          ...compareItems(state).map(({ description: _, ...one }) => ({ ...one, label: t('Compare: {0}', one.label) })),
        ] as const)
      : []),
    'separator',
    {
      label: rangeAction(derived.coloring(state)?.whole !== false),
      icon: 'color-mode',
      reason: map ? undefined : t('There is no map.'),
      run: () => toggleRange(store, derived),
    },
    {
      label: store.state.ui.ring ? t('Hide Ring of the Typical Norm') : t('Show Ring of the Typical Norm'),
      icon: 'circle-large-outline',
      reason: map ? undefined : t('There is no map.'),
      run: () => store.setUi({ ring: !store.state.ui.ring }),
    },
    {
      label: store.state.table ? t('Show as Map') : t('Show Cells as Table'),
      icon: store.state.table ? 'graph-scatter' : 'list-flat',
      reason: map ? undefined : t('There is no map.'),
      run: () => store.set({ table: !store.state.table }),
    },
    'separator',
    ...(saved
      ? [item(t('Open as Text'), 'go-to-file', 'openAsText')]
      : [
          ...(host && canResume(host)
            ? [{ label: t('Resume'), icon: 'debug-continue', run: () => send({ type: 'resume' }) }]
            : []),
          item(t('Open Saved Map…'), 'folder-opened', 'openSavedMap'),
          item(t('Restart Engine'), 'debug-restart', 'restartEngine', noModel),
        ]),
    {
      label: EXPLAIN,
      icon: 'question',
      reason: map ? undefined : t('There is no map.'),
      run: () => sheet.open('map'),
    },
    { label: t('Keys'), icon: 'keyboard', run: () => sheet.open('keys') },
    item(t('Show Log'), 'output', 'showLog'),
  ];
}
