import { ListsReceived } from '../../src/protocol/longLists.js';
import {
  hasLists,
  type HostMessage,
  type HostState,
  type ShownMap,
  type SlotName,
  type SlotState,
} from '../../src/protocol/page.js';
import { addBatch } from '../../src/map/tokenMap.js';

/** A page that only listens: what a panel has told it, and what it would show by now. */
export class Recorder {
  readonly messages: HostMessage[] = [];
  /** The map as the page has put it together from what came. */
  map: ShownMap | null = null;
  /** The detail of a part of it, the same way. */
  detail: ShownMap | null = null;

  /** @param slot whose map is put together. */
  constructor(private readonly slot: SlotName = 'main') {}

  private readonly lists = new ListsReceived();
  private waiting: { reached: () => boolean; resolve: () => void }[] = [];

  /** The page's end of the connection. Messages cross as structured clones, as they do in VS Code. */
  readonly post = (sent: HostMessage): void => {
    const crossed = structuredClone(sent);
    const message = hasLists(crossed) ? this.lists.whole(crossed) : crossed;
    if (!message) throw new Error('a list is named that did not come');
    this.messages.push(message);
    if (
      message.type !== 'sweep' &&
      message.type !== 'lens' &&
      message.type !== 'divergences' &&
      message.type !== 'profile' &&
      (message.type === 'state' || message.slot === this.slot)
    )
      this.take(message);
    const ready = this.waiting.filter(({ reached }) => reached());
    this.waiting = this.waiting.filter((one) => !ready.includes(one));
    for (const { resolve } of ready) resolve();
  };

  private take(message: HostMessage): void {
    if (message.type === 'map') [this.map, this.detail] = [message.map, null];
    if (message.type === 'detail') this.detail = message.map;
    if (message.type === 'cells' && message.map === this.detail?.id) addBatch(this.detail.cells, message.batch);
    if (message.type === 'finish' && message.map === this.detail?.id)
      this.detail = { ...this.detail, finish: message.finish };
    if (message.type === 'cells' && message.map === this.map?.id) {
      addBatch(this.map.cells, message.batch);
      this.map = { ...this.map, tokens: [...this.map.tokens, ...message.tokens] };
    }
    if (message.type === 'finish' && message.map === this.map?.id) this.map = { ...this.map, finish: message.finish };
    if (message.type === 'survey' && this.map?.id === message.news.map)
      this.map = { ...this.map, survey: message.news.survey };
  }

  get state(): HostState {
    const last = this.messages.findLast((message) => message.type === 'state');
    if (last?.type !== 'state') throw new Error('no state was sent');
    return { ...last.state, ...last.slots.main };
  }

  /** What was last told of the slot itself; undefined while it is empty. */
  get stateIfAny(): SlotState | undefined {
    const last = this.messages.findLast((message) => message.type === 'state');
    return last?.type === 'state' ? last.slots[this.slot] : undefined;
  }

  /** Resolves when this is true, which is looked at after every message. */
  until(reached: () => boolean): Promise<void> {
    if (reached()) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push({ reached, resolve }));
  }

  /** Cells that the page has. */
  get cells(): number {
    return this.map?.cells.computed.reduce((sum, there) => sum + there, 0) ?? 0;
  }
}
