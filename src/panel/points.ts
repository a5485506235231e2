import { Fault } from '../map/fault.js';
import type { Token } from '../map/token.js';
import { CONTINUATION_LIMIT } from '../protocol/engine.js';
import type { Continuation, SlotNews } from '../protocol/page.js';
import type { EngineLease } from '../host/engineLease.js';
import type { MapRecord } from './mapRecord.js';

interface Place {
  readonly x: number;
  readonly y: number;
}

/** Tokens that are written from a point. */
const WRITTEN = 40;

/** What the model says and writes at single points of the shown map's plane: one point and one text at a time. */
export class Points {
  private reading = 0;
  private writing: AbortController | undefined;

  constructor(
    private readonly lease: (record: MapRecord) => Promise<EngineLease>,
    private readonly post: (news: SlotNews) => void,
  ) {}

  /** Reads a point; the answer goes to the page, unless another point was asked for meanwhile. */
  async read(record: MapRecord, { x, y }: Place): Promise<void> {
    const turn = ++this.reading;
    const tell = (rest: Pick<Extract<SlotNews, { type: 'point' }>['point'] & object, 'reading' | 'fault'>): void => {
      if (turn === this.reading) this.post({ type: 'point', point: { map: record.id, x, y, ...rest } });
    };
    tell({ reading: null, fault: null });
    try {
      const { engine } = await this.lease(record);
      tell({ reading: await engine.call('point', { parameters: record.parameters, x, y }), fault: null });
    } catch (error) {
      tell({ reading: null, fault: Fault.from(error).toData() });
    }
  }

  /** Writes on from a point, token by token. */
  async write(record: MapRecord, { x, y }: Place): Promise<void> {
    this.stop();
    const abort = new AbortController();
    this.writing = abort;
    const written: Token[] = [];
    const tell = (status: Continuation['status'], fault: Continuation['fault'] = null): void => {
      if (this.writing !== abort) return;
      this.post({ type: 'continuation', continuation: { map: record.id, x, y, tokens: [...written], status, fault } });
    };
    tell('running');
    try {
      const { engine } = await this.lease(record);
      const { tokens, ended } = await engine.call(
        'continue',
        { parameters: record.parameters, x, y, tokens: Math.min(WRITTEN, CONTINUATION_LIMIT) },
        {
          signal: abort.signal,
          onEvent: ({ token }) => {
            written.push(token);
            tell('running');
          },
        },
      );
      written.splice(0, written.length, ...tokens);
      tell(ended ? 'ended' : 'full');
    } catch (error) {
      const fault = Fault.from(error);
      if (fault.code === 'cancelled') tell('stopped');
      else tell('failed', fault.toData());
    }
  }

  stop(): void {
    this.writing?.abort();
  }

  /** What was read and written belongs to a map that is no longer shown. */
  forget(): void {
    this.reading++;
    this.stop();
    this.writing = undefined;
  }
}
