import type { EngineLease } from '../host/engineLease.js';
import { cellsKey } from '../map/dependence.js';
import { Fault, type FaultData } from '../map/fault.js';
import { type Profile, type ProfileLine, USUAL_STEPS } from '../map/profile.js';
import { DEFAULT_PARAMETERS, type MapParameters } from '../map/specification.js';
import type { HostMessage, ProfileState } from '../protocol/page.js';
import type { ProfileProgress } from '../protocol/profile.js';
import { askedKey, type MapRecord } from './mapRecord.js';

/** What a profile is in its panel. */
export interface ProfilePlace {
  readonly lease: (record: MapRecord) => Promise<EngineLease>;
  readonly batchSize: () => number;
  readonly send: (message: HostMessage) => void;
  readonly onChange: () => void;
}

/** A profile along a line of the shown map's plane: of each map anew, once that is whole. */
export class ProfileView {
  private line: ProfileLine | null = null;
  private profile: Profile | null = null;
  private fault: FaultData | null = null;
  private progress: ProfileProgress | null = null;
  /** What the profile is of, or will be. */
  private key: string | undefined;
  private running: AbortController | undefined;

  constructor(private readonly place: ProfilePlace) {}

  /** null: there is none. */
  get state(): ProfileState | null {
    const { line, progress, fault } = this;
    return line && { line, running: this.running !== undefined, progress, fault };
  }

  /** The profile of the line, once it is there. */
  get whole(): Profile | null {
    return this.running ? null : this.profile;
  }

  /** Follows the panel: its line or its map are others. What is shown stays until the next is there. */
  follow(line: ProfileLine | null, record: MapRecord | undefined): void {
    if (line === null) return this.forget();
    const other = this.line?.from.x !== line.from.x || this.line.from.y !== line.from.y;
    this.line = line;
    const key = record?.finished && JSON.stringify([line, record.specification.model, askedKey(record, lineKey)]);
    if (!record || !key || (key === this.key && this.fault?.code !== 'engine-died')) {
      if (other) this.place.onChange();
      return;
    }
    this.key = key;
    void this.compute(line, record);
  }

  /** Ends the computing; true: there was some. */
  cancel(): boolean {
    const { running } = this;
    this.stop();
    if (running) this.place.onChange();
    return running !== undefined;
  }

  /** Tells a page that has come anew what there is. */
  sendAll(): void {
    if (this.line) this.place.send({ type: 'profile', profile: this.profile });
  }

  dispose(): void {
    this.line = null;
    this.stop();
  }

  private stop(): void {
    this.running?.abort();
    this.running = undefined;
    this.progress = null;
  }

  private forget(): void {
    if (this.line === null) return;
    this.stop();
    this.line = null;
    this.key = undefined;
    this.fault = null;
    this.take(null);
  }

  private take(profile: Profile | null): void {
    this.profile = profile;
    this.place.send({ type: 'profile', profile });
    this.place.onChange();
  }

  private async compute(line: ProfileLine, record: MapRecord): Promise<void> {
    this.stop();
    const running = new AbortController();
    this.running = running;
    this.fault = null;
    this.place.onChange();
    try {
      const { engine } = await this.place.lease(record);
      const { parameters } = record;
      const profile = await engine.call(
        'profile',
        { parameters, ...line, steps: USUAL_STEPS, batchSize: this.place.batchSize() },
        {
          signal: running.signal,
          onEvent: (progress) => {
            if (this.running !== running) return;
            this.progress = progress;
            this.place.onChange();
          },
        },
      );
      if (this.running !== running) return;
      this.stop();
      this.take(profile);
    } catch (thrown) {
      if (this.running !== running) return;
      const fault = Fault.from(thrown);
      this.stop();
      this.fault = fault.code === 'cancelled' ? null : fault.toData();
      this.take(null);
    }
  }
}

/** What a profile depends on: all that cells do, but where the grid lies and what is told of its cells. */
const lineKey = (parameters: MapParameters): string => {
  const { grid, topK, question, alsoAsked, adaptive } = DEFAULT_PARAMETERS;
  return cellsKey({ ...parameters, grid, topK, question, alsoAsked, adaptive });
};
