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

/** What is waited for is looked at as often, and as many times at most: a test that would wait for ever says what for. */
const LOOK_MS = 10;
const MOST_LOOKS = 12_000;

interface Waiting {
  readonly reached: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  looks: number;
}

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
  private waiting: Waiting[] = [];
  private looking: ReturnType<typeof setInterval> | undefined;

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
    this.look();
  };

  private look(): void {
    const ready = this.waiting.filter(({ reached }) => reached());
    const spent = this.waiting.filter((one) => !ready.includes(one) && one.looks++ > MOST_LOOKS);
    this.waiting = this.waiting.filter((one) => !ready.includes(one) && !spent.includes(one));
    for (const { resolve } of ready) resolve();
    for (const { reached, reject } of spent) reject(new Error(`This never came: ${String(reached)}`));
    if (this.waiting.length > 0) return;
    clearInterval(this.looking);
    this.looking = undefined;
  }

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

  /** Resolves when this is true: looked at after every message, and now and then, as what was asked of others comes without any. */
  until(reached: () => boolean): Promise<void> {
    if (reached()) return Promise.resolve();
    this.looking ??= setInterval(() => this.look(), LOOK_MS);
    return new Promise((resolve, reject) => this.waiting.push({ reached, resolve, reject, looks: 0 }));
  }

  /** Cells that the page has. */
  get cells(): number {
    return this.map?.cells.computed.reduce((sum, there) => sum + there, 0) ?? 0;
  }
}
