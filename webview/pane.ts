import { t } from '@vscode/l10n';
import { layerIndex, type MapSpecification } from '../src/map/specification.js';
import type { PanelState, RunState, ShownMap, SlotName, SlotNews, SlotState } from '../src/protocol/page.js';
import { placeOfCell, spokenCell } from './cell.js';
import { pinnedCell } from './inspected.js';
import type { Derived } from './derived.js';
import { send } from './host.js';
import type { Link } from './link.js';
import { type FollowLine, listenToPointer } from './map/gestures.js';
import { MapView } from './map/mapView.js';
import { Maps } from './maps.js';
import { pageMap } from './pageMap.js';
import { drawnLine, endAt, endLine } from './profile/line.js';
import { Store } from './store.js';

/** A line around texts, from where it is begun. */
function lassoFrom(store: Store, view: MapView, at: readonly [number, number]): FollowLine | undefined {
  const start = view.placeAt(...at);
  if (!start) return undefined;
  let line = [start];
  return (to, step) => {
    const place = view.placeAt(...to);
    if (place) line = [...line, place];
    store.set({ lasso: step === 'lost' ? null : line, ...(step === 'moves' ? {} : { lassoing: false }) });
  };
}

/** What is read out when a map stops before it is whole. */
const STOPPED: Readonly<Record<Extract<RunState, { status: 'stopped' }>['by'], string>> = {
  cancelled: t('Map cancelled'),
  fault: t('Map stopped by an error'),
  pass: t('First pass of the map'),
};

/** A map on the page: what is known of it, and where it is drawn. */
export class Pane {
  readonly store: Store;
  readonly view: MapView;
  private readonly maps: Maps;
  /** Quarters of the run that were read out. */
  private quarter = 0;

  /** @param say reads out. */
  constructor(
    slot: SlotName,
    link: Link,
    private readonly derived: Derived,
    private readonly say: (text: string) => void,
  ) {
    this.store = new Store(slot, link);
    this.maps = new Maps(this.store, derived, say, slot === 'main');
    this.view = new MapView(this.store, derived);
    this.follow();
  }

  /** Reads out a cell of the map that is seen. */
  readonly sayCell = (cell: number): void => {
    const { state } = this.store;
    const stand = this.derived.terrain(state)?.stand[cell] ?? -1;
    if (state.map) this.say(spokenCell(state.map, cell, stand));
  };

  takeState(panel: PanelState, slot: SlotState): void {
    const { store } = this;
    const { run, detail } = slot;
    if (run.status !== store.state.host?.run.status) {
      this.quarter = 0;
      if (run.status === 'stopped') this.say(STOPPED[run.by]);
    }
    const working = [run, detail].find((one) => one.status === 'running');
    store.set({
      host: { ...panel, ...slot },
      progress: working?.status === 'running' ? working.progress : null,
    });
  }

  /** A map of a sweep through the layers; null: those before are of another. */
  takeSwept(shown: ShownMap | null): void {
    const index = ({ specification: { layer } }: { readonly specification: MapSpecification }): number =>
      layerIndex(layer);
    const rest = shown ? this.store.state.sweep.filter((map) => index(map) !== index(shown)) : [];
    const sweep = shown ? [...rest, pageMap(shown)] : rest;
    this.store.set({ sweep: sweep.sort((a, b) => index(a) - index(b)) });
  }

  receive(news: SlotNews): void {
    const { store, maps } = this;
    switch (news.type) {
      case 'progress': {
        const { done, total } = news.progress;
        store.set({ progress: news.progress });
        requestAnimationFrame(() => send({ type: 'drawn' })); // behind the store's own
        const reached = Math.floor((4 * done) / Math.max(1, total));
        if (reached > this.quarter && reached < 4) this.say(t('{0} percent of the map', reached * 25));
        this.quarter = Math.max(this.quarter, reached);
        break;
      }
      case 'map':
        return maps.takeBase(news);
      case 'detail':
        return maps.takeDetail(news);
      case 'cells':
        return maps.takeCells(news);
      case 'finish':
        return maps.takeFinish(news);
      case 'survey':
        return maps.takeSurvey(news);
      case 'prompts':
        store.set({ prompts: news.prompts });
        break;
      case 'point':
        store.set({ point: news.point });
        break;
      case 'continuation':
        store.set({ continuation: news.continuation });
        break;
      case 'boundaries':
        store.set({ boundaries: news.boundaries });
        break;
      case 'features':
        store.set({ features: news.features });
        break;
    }
  }

  /** The pointer points at places of the plane and pins them. */
  private follow(): void {
    const { store } = this;
    /** What was pinned before the last click. */
    let pinBefore = store.state.ui.pin;
    listenToPointer(this.view, {
      hover: (cell, mark, text) => {
        const { map } = store.state;
        store.set({ pointed: map && cell !== null ? placeOfCell(map, cell) : null, mark, text });
      },
      click: (cell) => {
        const { map, ui, draft } = store.state;
        if (!map) return;
        if (draft) return void endLine(store, endAt(map, placeOfCell(map, cell)));
        const again = pinnedCell(store.state) === cell;
        pinBefore = ui.pin;
        store.setUi({ pin: again ? null : placeOfCell(map, cell) });
        if (!again) this.sayCell(cell);
      },
      line: (at, draws) => {
        const { host, lassoing } = store.state;
        if (lassoing && !draws) return lassoFrom(store, this.view, at);
        if (store.slot !== 'main' || host?.mode !== 'panel') return undefined;
        const held = draws ? undefined : this.view.lineEndAt(...at);
        const line = held && host.profile?.line;
        const start = draws ? this.view.endAt(...at) : line?.[held === 'from' ? 'to' : 'from'];
        if (!start) return undefined;
        return (to, step) => {
          const end = step === 'lost' ? null : this.view.endAt(...to);
          store.set({ draft: end && (held === 'from' ? { from: end, to: start } : { from: start, to: end }) });
          if (step === 'ends') drawnLine(store);
        };
      },
      doubleClick: () => store.setUi({ pin: pinBefore }),
    });
  }
}
