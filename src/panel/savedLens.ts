import { t } from '@vscode/l10n';
import { Fault, type FaultData } from '../map/fault.js';
import { readoutText } from '../map/series/series.js';
import type { LensTable } from '../map/lens/lensTable.js';
import { DEFAULT_DISPLAY } from '../map/mapDisplay.js';
import { contextOf, type MapSpecification } from '../map/specification.js';
import { type HostMessage, type PageAction, stillSlot } from '../protocol/page.js';
import type { LensChoice } from '../protocol/panelSettings.js';
import type { Disposable, SavedLensDependencies } from './dependencies.js';
import { readPageMessage } from './messages.js';
import { PageStream } from './pageStream.js';
import { stillPanel } from './savedSlot.js';

/** The host of a page that shows a saved lens over layers and positions, alone: it has neither an engine nor a map. */
export class SavedLensController {
  private readonly following: Disposable;
  private page: PageStream | undefined;
  private fault: FaultData | null = null;

  constructor(
    private readonly deps: SavedLensDependencies,
    private readonly lenses: readonly [LensTable, ...LensTable[]],
  ) {
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
      return this.deps.log('warn', `A saved lens’s page sent a message that is not understood (${read.problem}).`);
    const { message } = read;
    if (message.type === 'ready') {
      this.sendState();
      this.page?.send({ type: 'lens', lenses: this.lenses });
    } else if (message.type === 'dismissFault') this.complain(null);
    else if (message.type === 'mistake') this.deps.log('error', `In the page: ${message.message}`);
    else if (message.type === 'copy') this.run(this.deps.copyText(message.text));
    else if (message.type === 'action') this.run(this.perform(message.action));
  }

  dispose(): void {
    this.following.dispose();
    this.page?.drop();
    this.page = undefined;
  }

  private async perform(action: PageAction): Promise<void> {
    if (action === 'exportPicture') await this.deps.exportSet({ kind: 'lens', tables: this.lenses });
    else if (action === 'editAndRun')
      await this.deps.editAndRun({ specification: centerOf(this.lenses[0]) }, choiceOf(this.lenses));
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

  private sendState(): void {
    const choice = choiceOf(this.lenses);
    this.page?.send({
      type: 'state',
      state: {
        ...stillPanel(this.deps),
        display: DEFAULT_DISPLAY,
        tokenColors: this.deps.tokenColors.read(),
        lens: { choice, running: false, progress: null, fault: this.fault },
      },
      slots: {
        main: stillSlot(this.lenses[0].parameters, { ok: false, reason: t('a saved lens has the cells that it has') }),
      },
    });
  }
}

/** What a panel shows these lenses by. */
function choiceOf([first, ...more]: readonly [LensTable, ...LensTable[]]): LensChoice {
  const { named } = first;
  return {
    prompt: promptOf(first),
    token: named ? (named.token.kind === 'text' ? named.token.text : named.token.id) : null,
    beside: more.map(({ parameters }) => readoutText(parameters)),
  };
}

function promptOf({ parameters }: LensTable): LensChoice['prompt'] {
  const context = contextOf(parameters);
  if (context.kind === 'prompt' || context.kind === 'tokens') return context;
  throw new Fault({ code: 'internal', message: 'A lens reads a prompt.' });
}

/** The map through the prompt's last position at the last layer, with the lens's readout. */
function centerOf(lens: LensTable): MapSpecification {
  const { parameters, model, blocks } = lens;
  const context = promptOf(lens);
  return { ...parameters, model, layer: blocks - 1, context, plane: { ...parameters.plane, center: context } };
}
