import { DEFAULT_DISPLAY, type Display } from '../map/mapDisplay.js';
import type { TokenMap } from '../map/tokenMap.js';
import {
  type HostMessage,
  type PageAction,
  type PageMessage,
  type PageView,
  pageView,
  type PanelState,
} from '../protocol/page.js';
import type { SavedMapDependencies } from './dependencies.js';
import { readComparison } from './messages.js';
import { SavedPage } from './savedPage.js';
import { savedSlotMap, savedSlotState, savedSweptMap, seriesOf, stillPanel } from './savedSlot.js';
import { takeVector } from './takeVector.js';

/** A saved map beside another one. */
interface Beside {
  /** The address of its file. */
  readonly file: string;
  readonly map: TokenMap;
}

/** What is shown with a saved map from the beginning. */
export interface SavedBeside {
  /** The maps of all layers that it is one of, from the first on. */
  readonly sweep?: readonly TokenMap[];
}

/** The host of a page that shows a saved map, or two: it has no engine and no parameters to change. */
export class SavedMapController {
  private readonly page: SavedPage;
  private view: PageView;
  private beside: Beside | undefined;
  /** Counts what was asked to be shown beside the map: an answer to an older question is left. */
  private turn = 0;

  /** The maps of all layers, while they are shown. */
  private sweep: readonly TokenMap[];
  private ids = 1;

  constructor(
    private readonly deps: SavedMapDependencies,
    private map: TokenMap,
    { sweep = [] }: SavedBeside = {},
  ) {
    this.sweep = sweep;
    this.view = pageView(map.display ?? DEFAULT_DISPLAY);
    this.page = new SavedPage('map', deps, {
      sendState: () => this.sendState(),
      receive: (message) => this.act(message),
      perform: (action) => this.perform(action),
    });
  }

  connect = (post: (message: HostMessage) => void): void => this.page.connect(post);
  receive = (data: unknown): void => this.page.receive(data);
  dispose = (): void => this.page.dispose();

  /** Shows another saved map beside this one, by the address of its file. */
  compareWith(file: string): void {
    this.page.run(this.compare({ kind: 'saved', file }));
  }

  private act(message: PageMessage): void {
    if ((message.type === 'ready' || message.type === 'view') && message.view) this.view = message.view;
    if (message.type === 'ready') this.sendAll();
    else if (message.type === 'tokenColors') this.deps.tokenColors.remember(message.slots);
    else if (message.type === 'vector') {
      if (message.to === 'clipboard' || message.to === 'file')
        this.page.run(takeVector(this.deps, this.map, message, message.to));
    } else if (message.type === 'chooseSavedMap') this.page.run(this.chooseBeside());
    else if (message.type === 'edit' && message.path === 'layer') this.show(message.value);
    else if (message.type === 'edit' && message.path === 'sweep') this.endSweep();
    else if (message.type === 'edit' && message.path === 'compare') this.page.run(this.compare(message.value));
  }

  private async perform(action: PageAction): Promise<void> {
    const { beside, sweep } = this;
    if (action === 'exportPicture') {
      if (beside) await this.deps.exportSet({ kind: 'comparison', a: this.drawn(), b: this.asDrawn(beside.map) });
      else if (sweep.length > 0) await this.deps.exportSet(seriesOf(sweep.map((map) => this.asDrawn(map))));
      else await this.deps.exportPicture(this.drawn());
    } else if (action === 'savePlane') await this.deps.savePlane(this.map);
    else if (action === 'copyCommandLine') await this.deps.copyCommandLine(this.drawn());
    else if (action === 'copyTypeScript') await this.deps.copyTypeScript(this.drawn());
    else if (action === 'editAndRun') await this.deps.editAndRun(this.drawn());
  }

  private async chooseBeside(): Promise<void> {
    const file = await this.deps.chooseSavedMap();
    if (file !== undefined) await this.compare({ kind: 'saved', file });
  }

  /** Shows another saved map beside this one, or none. */
  private async compare(comparison: unknown): Promise<void> {
    const turn = ++this.turn;
    const compare = readComparison(comparison);
    const map = compare?.kind === 'saved' ? await this.deps.readMap(compare.file) : undefined;
    if (turn !== this.turn) return;
    this.beside = map && compare?.kind === 'saved' ? { file: compare.file, map } : undefined;
    this.sendState();
    this.sendBeside();
  }

  /** The map as the page draws it. */
  drawn(): TokenMap {
    return this.asDrawn(this.map);
  }

  private asDrawn(map: TokenMap): TokenMap {
    const { profile } = map.display ?? {};
    return {
      ...map,
      display: { ...this.view, tokenColors: this.tokenColors(), ...(profile ? { profile } : {}) },
    };
  }

  /** Shows the map of another layer. */
  private show(layer: unknown): void {
    const { blocks } = this.map.facts;
    const wanted = layer === 'last' ? blocks - 1 : layer;
    const map = this.sweep.find(({ specification }) => specification.layer === wanted);
    if (!map || map === this.map) return;
    this.map = map;
    this.ids += 1000; // of the map beside it there is a number for every turn
    this.sendState();
    this.page.send(savedSlotMap(map, 'main', this.ids));
  }

  private endSweep(): void {
    this.sweep = [];
    this.sendState();
    this.page.send({ type: 'sweep', map: null });
  }

  /** The file's tokens keep its colors, whatever the workspace remembers. */
  private tokenColors(): Display['tokenColors'] {
    return { ...this.deps.tokenColors.read(), ...this.map.display?.tokenColors };
  }

  private sendAll(): void {
    this.sendState();
    this.page.send(savedSlotMap(this.map, 'main', this.ids));
    if (this.beside) this.sendBeside();
    if (this.sweep.length === 0) return;
    this.page.send({ type: 'sweep', map: null });
    for (const [i, map] of this.sweep.entries()) this.page.send({ type: 'sweep', map: savedSweptMap(map, -1 - i) });
  }

  private sendBeside(): void {
    const { beside } = this;
    this.page.send(
      beside ? savedSlotMap(beside.map, 'other', 2 + this.turn) : { type: 'map', slot: 'other', map: null },
    );
  }

  private sendState(): void {
    const state: PanelState = {
      ...stillPanel(this.deps),
      compare: this.beside ? { kind: 'saved', file: this.beside.file } : null,
      sweep: this.sweep.length > 0 ? { layers: this.map.facts.blocks, done: this.sweep.length, running: false } : null,
      display: this.view,
      tokenColors: this.tokenColors(),
    };
    const main = { ...savedSlotState(this.map), fault: this.page.fault };
    this.page.send({
      type: 'state',
      state,
      slots: { main, ...(this.beside ? { other: savedSlotState(this.beside.map) } : {}) },
    });
  }
}
