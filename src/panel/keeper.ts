import type { PanelDependencies } from './dependencies.js';
import type { MapRecord } from './mapRecord.js';
import { readSnapshot, writeSnapshot } from './snapshot.js';

/** A growing map is written at most this often, and rests ten times as long as writing it took. */
const EVERY_MS = 2000;
const REST = 10;

/** Keeps a panel's map over a reload of the window. One write at a time; a failed one is no reason to bother a person. */
export class Keeper {
  private writing: Promise<void> | undefined;
  private waiting: MapRecord | undefined;
  /** By a clock that nobody sets. */
  private restUntil = 0;
  private removed = false;

  constructor(
    private readonly snapshots: PanelDependencies['snapshots'],
    readonly key: string,
    private readonly onProblem: (problem: string) => void,
  ) {}

  /** Writes a map, if the last time was long enough ago or it is complete. */
  keep(record: MapRecord, now = false): void {
    if (this.removed || (!now && (this.writing || performance.now() < this.restUntil))) return;
    this.waiting = record;
    this.writing ??= this.write();
  }

  private async write(): Promise<void> {
    while (this.waiting && !this.removed) {
      const record = this.waiting;
      const began = performance.now();
      this.waiting = undefined;
      try {
        await this.snapshots.write(this.key, writeSnapshot(record));
      } catch (error) {
        this.onProblem(`A map could not be kept for a reload of the window: ${String(error)}`);
      }
      this.restUntil = performance.now() + Math.max(EVERY_MS, REST * (performance.now() - began));
    }
    this.writing = undefined;
  }

  /** The map that was kept, or undefined. */
  async revive(id: number): Promise<MapRecord | undefined> {
    try {
      const bytes = await this.snapshots.read(this.key);
      return bytes && readSnapshot(bytes, id);
    } catch (error) {
      this.onProblem(`A kept map could not be read: ${String(error)}`);
      return undefined;
    }
  }

  remove(): void {
    this.removed = true;
    void (this.writing ?? Promise.resolve())
      .then(() => this.snapshots.remove(this.key))
      .catch((error: unknown) => this.onProblem(`A kept map could not be removed: ${String(error)}`));
  }
}
