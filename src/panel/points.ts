import { Fault } from '../map/fault.js';
import type { Token } from '../map/token.js';
import { CONTINUATION_LIMIT } from '../protocol/engine.js';
import type { SlotNews, WriteFrom, WrittenText } from '../protocol/page.js';
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

  /** Writes on from points, one after another, token by token. */
  async write(record: MapRecord, { points, sampling }: WriteFrom): Promise<void> {
    this.stop();
    const abort = new AbortController();
    this.writing = abort;
    let texts = points.map((point): WrittenText => ({ ...point, tokens: [], status: 'waiting', fault: null }));
    const tell = (at: number, change: Partial<WrittenText>): void => {
      texts = texts.map((text, i) => (i === at ? { ...text, ...change } : text));
      if (this.writing === abort) this.post({ type: 'continuation', continuation: { map: record.id, texts } });
    };
    for (const [at, { x, y }] of points.entries()) {
      const written: Token[] = [];
      tell(at, { status: abort.signal.aborted ? 'stopped' : 'running' });
      if (abort.signal.aborted) continue;
      try {
        const { engine } = await this.lease(record);
        const { tokens, ended } = await engine.call(
          'continue',
          {
            parameters: record.parameters,
            x,
            y,
            tokens: Math.min(WRITTEN, CONTINUATION_LIMIT),
            ...(sampling ? { sampling } : {}),
          },
          {
            signal: abort.signal,
            onEvent: ({ token }) => {
              written.push(token);
              tell(at, { tokens: [...written] });
            },
          },
        );
        tell(at, { tokens, status: ended ? 'ended' : 'full' });
      } catch (error) {
        const fault = Fault.from(error);
        if (fault.code === 'cancelled') tell(at, { status: 'stopped' });
        else tell(at, { status: 'failed', fault: fault.toData() });
      }
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
