import { Fault, type FaultData } from '../map/fault.js';
import { DEFAULT_DISPLAY, type Display } from '../map/mapDisplay.js';
import { DEFAULT_BATCH_SIZE, parametersOf } from '../map/specification.js';
import type { TokenMap } from '../map/tokenMap.js';
import {
  type HostMessage,
  type PageAction,
  type PageView,
  pageView,
  type PanelState,
  type SlotState,
} from '../protocol/page.js';
import type { Disposable, SavedMapDependencies } from './dependencies.js';
import { finishOf } from './mapRecord.js';
import { readPageMessage } from './messages.js';
import { fewerTokens, pageTopK } from './pageCells.js';
import { PageStream } from './pageStream.js';
import { takeVector } from './takeVector.js';

/** The host of a page that shows a saved map: it has no engine and no parameters to change. */
export class SavedMapController {
  private readonly following: Disposable;
  private page: PageStream | undefined;
  private view: PageView;
  private fault: FaultData | null = null;

  constructor(
    private readonly deps: SavedMapDependencies,
    private readonly map: TokenMap,
  ) {
    this.view = pageView(map.display ?? DEFAULT_DISPLAY);
    this.following = deps.colorScale.onDidChange(() => this.sendState());
  }

  connect(post: (message: HostMessage) => void): void {
    this.page?.drop();
    this.page = new PageStream(post);
  }

  /** A message of the page, as it came. One that makes no sense is logged and left. */
  receive(data: unknown): void {
    const read = readPageMessage(data);
    if ('problem' in read)
      return this.deps.log('warn', `A saved map’s page sent a message that is not understood (${read.problem}).`);
    const { message } = read;
    if ((message.type === 'ready' || message.type === 'view') && message.view) this.view = message.view;
    if (message.type === 'ready') this.sendAll();
    else if (message.type === 'dismissFault') this.complain(null);
    else if (message.type === 'tokenColors') this.deps.tokenColors.remember(message.slots);
    else if (message.type === 'mistake') this.deps.log('error', `In the page: ${message.message}`);
    else if (message.type === 'copy') this.run(this.deps.copyText(message.text));
    else if (message.type === 'vector') this.run(takeVector(this.deps, this.map, message, message.to));
    else if (message.type === 'action') this.run(this.perform(message.action));
  }

  dispose(): void {
    this.following.dispose();
    this.page?.drop();
    this.page = undefined;
  }

  private async perform(action: PageAction): Promise<void> {
    if (action === 'exportPicture') await this.deps.exportPicture(this.drawn());
    else if (action === 'savePlane') await this.deps.savePlane(this.map);
    else if (action === 'copyCommandLine') await this.deps.copyCommandLine(this.drawn());
    else if (action === 'editAndRun') await this.deps.editAndRun(this.drawn());
    else if (action === 'openAsText') await this.deps.openAsText();
    else if (action === 'showLog') this.deps.showLog();
  }

  private run(action: Promise<void>): void {
    action.catch((error: unknown) => this.complain(Fault.from(error).toData()));
  }

  private complain(fault: FaultData | null): void {
    if (fault) this.deps.log('error', [fault.message, fault.hint, fault.detail].filter(Boolean).join('\n'));
    this.fault = fault;
    this.sendState();
  }

  /** The map as the page draws it. */
  drawn(): TokenMap {
    return { ...this.map, display: { ...this.view, tokenColors: this.tokenColors() } };
  }

  /** The file's tokens keep its colors, whatever the workspace remembers. */
  private tokenColors(): Display['tokenColors'] {
    return { ...this.deps.tokenColors.read(), ...this.map.display?.tokenColors };
  }

  private sendAll(): void {
    this.sendState();
    const { specification, facts, cells, tokens, survey = null } = this.map;
    this.page?.send({
      type: 'map',
      slot: 'main',
      map: {
        id: 1,
        specification,
        facts,
        cells: fewerTokens(cells, pageTopK(cells)),
        tokens: [...tokens.values()],
        finish: finishOf(this.map),
        survey,
      },
    });
  }

  private sendState(): void {
    const state: PanelState = {
      mode: 'saved',
      models: [],
      canUndo: false,
      canRedo: false,
      display: this.view,
      colorScale: this.deps.colorScale.read(),
      tokenColors: this.tokenColors(),
      keep: null,
    };
    const main: SlotState = {
      settings: {
        modelPath: null,
        parameters: parametersOf(this.map.specification),
        device: 'auto',
        batchSize: DEFAULT_BATCH_SIZE,
      },
      model: { status: 'none' },
      estimate: null,
      obstacle: null,
      changed: false,
      outdated: null,
      run: { status: 'idle' },
      detail: { status: 'idle' },
      refinable: { ok: false, reason: 'a saved map has the cells that it has' },
      fault: this.fault,
      notices: this.map.runtime.notices,
    };
    this.page?.send({ type: 'state', state, slots: { main } });
  }
}
