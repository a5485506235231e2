/**
 * Lists of texts on their way to the page: a table has up to 10,000 texts, and stands in the settings of every state and in the
 * specification of every map. Each crosses once, and is named after that.
 */

/** Lists of fewer texts cross as they are. */
const LONG = 50;
/** Lists that both ends remember, the last that came: texts, labels, colors and shapes of a few tables. */
const KEPT = 24;

/** What stands for a long list. `texts`: those of a name that is used for the first time. */
interface Named {
  readonly $list: number;
  readonly texts?: readonly string[];
}

const isNamed = (value: object): value is Named => '$list' in value && typeof value.$list === 'number';
const isLong = (value: object): value is readonly string[] =>
  Array.isArray(value) && value.length >= LONG && value.every((one) => typeof one === 'string');
const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

/** The value with parts exchanged, which `exchange` tells; what has none of them is the same object. */
function exchanged(value: unknown, exchange: (part: object) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const instead = exchange(value);
  if (instead !== value) return instead;
  if (Array.isArray(value)) {
    const parts: readonly unknown[] = value;
    const others = parts.map((part) => exchanged(part, exchange));
    return others.some((part, i) => part !== parts[i]) ? others : value;
  }
  if (!isPlain(value)) return value; // numbers of cells
  const entries = Object.entries(value).map(([key, part]) => [key, part, exchanged(part, exchange)] as const);
  return entries.some(([, part, other]) => part !== other)
    ? Object.fromEntries(entries.map(([key, , other]) => [key, other]))
    : value;
}

/** The host's end. */
export class ListsSent {
  private next = 1;
  private kept: { readonly name: number; readonly texts: readonly string[] }[] = [];

  /** The page is another one, and knows none. */
  forget(): void {
    this.kept = [];
  }

  /** A message with its long lists named. */
  named<T>(message: T): T {
    return exchanged(message, (part) => {
      if (!isLong(part)) return part;
      const before = this.kept.find(({ texts }) => texts === part || same(texts, part));
      if (before) return { $list: before.name } satisfies Named;
      const name = this.next++;
      this.kept = [...this.kept, { name, texts: part }].slice(-KEPT);
      return { $list: name, texts: part } satisfies Named;
    }) as T;
  }
}

/** The page's end. */
export class ListsReceived {
  private readonly kept = new Map<number, readonly string[]>();

  /** A message with its long lists, each the same object as before; undefined where it is not for this page, which will be told anew. */
  whole<T>(message: T): T | undefined {
    const missing: number[] = [];
    const found = exchanged(message, (part) => {
      if (!isPlain(part) || !isNamed(part)) return part;
      const { $list: name, texts } = part;
      if (texts) {
        this.kept.set(name, texts);
        this.kept.delete(name - KEPT);
      }
      const list = this.kept.get(name);
      if (!list) missing.push(name);
      return list ?? part;
    });
    return missing.length > 0 ? undefined : (found as T);
  }
}

const same = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((text, i) => text === other[i]);
