import type { MapEvent } from '../protocol/engine.js';
import type { Progress, SlotName, SlotNews } from '../protocol/page.js';
import { finishOf, type MapRecord, regionTokens, shownMap } from './mapRecord.js';
import { fewerInBatch, pageTopK } from './pageCells.js';
import type { PageStream } from './pageStream.js';

/** What the page is told of the map in a slot, as long as there is a page and the slot. */
export class SlotPage {
  private closed = false;

  constructor(
    private readonly slot: SlotName,
    private readonly page: () => PageStream | undefined,
  ) {}

  send(news: SlotNews): void {
    if (!this.closed) this.page()?.send({ ...news, slot: this.slot });
  }

  /** In place of what is shown: a map, or a detail of a part of it. */
  show(type: 'map' | 'detail', record: MapRecord | undefined): void {
    this.send({ type, map: record ? shownMap(record) : null });
  }

  progress(progress: Progress): void {
    if (!this.closed) this.page()?.progress(this.slot, progress);
  }

  cells({ id, cells }: MapRecord, { batch, tokens }: Extract<MapEvent, { kind: 'cells' }>): void {
    const fewer = fewerInBatch(batch, cells.topK, pageTopK(cells));
    if (!this.closed) this.page()?.cells(this.slot, id, fewer, tokens);
  }

  finish(record: MapRecord): void {
    const { id, finished } = record;
    if (finished) this.send({ type: 'finish', map: id, finish: finishOf(finished), tokens: regionTokens(record) });
  }

  /** The slot is gone: nothing of it comes any more. */
  close(): void {
    this.closed = true;
  }
}
