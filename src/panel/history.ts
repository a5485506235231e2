/** Steps of one field that follow each other within this time are undone together. */
const TOGETHER_MS = 1000;
const MOST = 200;

/** A value with undo and redo. */
export class History<T> {
  private past: T[] = [];
  private future: T[] = [];
  private last: { field: string | undefined; at: number } | undefined;

  /** `same` tells whether two values are equal: a change that changes nothing is forgotten. */
  constructor(
    private value: T,
    private readonly same: (a: T, b: T) => boolean,
    private readonly now: () => number = () => performance.now(), // a clock that nobody sets
  ) {}

  get current(): T {
    return this.value;
  }
  get canUndo(): boolean {
    return this.past.length > 0;
  }
  get canRedo(): boolean {
    return this.future.length > 0;
  }

  /** Sets the value; `stepped` names the field that a slider or a key steps through. False when nothing was changed. */
  set(value: T, stepped?: string): boolean {
    if (this.same(value, this.value)) return false;
    const at = this.now();
    const { last } = this;
    const together = stepped !== undefined && last?.field === stepped && at - last.at < TOGETHER_MS;
    if (!together) this.past = [...this.past.slice(1 - MOST), this.value];
    this.future = [];
    this.last = { field: stepped, at };
    this.value = value;
    return true;
  }

  /** Another value in place of the current one, which nobody has chosen. */
  replace(value: T): void {
    this.value = value;
    this.last = undefined;
  }

  undo(): boolean {
    const before = this.past.pop();
    if (before === undefined) return false;
    this.future.push(this.value);
    this.value = before;
    this.last = undefined;
    return true;
  }

  redo(): boolean {
    const after = this.future.pop();
    if (after === undefined) return false;
    this.past.push(this.value);
    this.value = after;
    this.last = undefined;
    return true;
  }
}
