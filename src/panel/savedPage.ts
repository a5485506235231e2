import { Fault, type FaultData } from '../map/fault.js';
import type { HostMessage, PageAction, PageMessage } from '../protocol/page.js';
import type { Disposable, SavedMapDependencies } from './dependencies.js';
import { readPageMessage } from './messages.js';
import { PageStream } from './pageStream.js';

/** What tells a page of something saved what there is, and does what it alone can be asked for. */
export interface SavedPageOwner {
  sendState(): void;
  receive(message: PageMessage): void;
  perform(action: PageAction): Promise<void>;
}

/** The page of something saved, as its host has it: what every such page says and is told, and the fault that it shows. */
export class SavedPage {
  private readonly following: Disposable;
  private stream: PageStream | undefined;
  private shownFault: FaultData | null = null;

  /** @param what is shown: `map`, `lens` */
  constructor(
    private readonly what: string,
    private readonly deps: Pick<SavedMapDependencies, 'colorScale' | 'copyText' | 'log' | 'openAsText' | 'showLog'>,
    private readonly owner: SavedPageOwner,
  ) {
    this.following = deps.colorScale.onDidChange(() => owner.sendState());
  }

  get fault(): FaultData | null {
    return this.shownFault;
  }

  connect(post: (message: HostMessage) => void): void {
    this.stream?.drop();
    this.stream = new PageStream(post);
  }

  send(message: HostMessage): void {
    this.stream?.send(message);
  }

  /** A message of the page, as it came. One that makes no sense is logged and left. */
  receive(data: unknown): void {
    const read = readPageMessage(data);
    if ('problem' in read)
      return this.deps.log(
        'warn',
        `A saved ${this.what}’s page sent a message that is not understood (${read.problem}).`,
      );
    const { message } = read;
    if (message.type === 'dismissFault') this.complain(null);
    else if (message.type === 'mistake') this.deps.log('error', `In the page: ${message.message}`);
    else if (message.type === 'copy') this.run(this.deps.copyText(message.text));
    else if (message.type === 'action') this.run(this.perform(message.action));
    else this.owner.receive(message);
  }

  /** Shows what goes wrong. */
  run(action: Promise<void>): void {
    action.catch((error: unknown) => this.complain(Fault.from(error).toData()));
  }

  dispose(): void {
    this.following.dispose();
    this.stream?.drop();
    this.stream = undefined;
  }

  private async perform(action: PageAction): Promise<void> {
    if (action === 'openAsText') await this.deps.openAsText();
    else if (action === 'showLog') this.deps.showLog();
    else await this.owner.perform(action);
  }

  private complain(fault: FaultData | null): void {
    if (fault) this.deps.log('error', [fault.message, fault.hint, fault.detail].filter(Boolean).join('\n'));
    this.shownFault = fault;
    this.owner.sendState();
  }
}
