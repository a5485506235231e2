/**
 * Long lists on their way to the page: a table has up to 10,000 texts, which stand in the settings of every state and in the
 * specification of every map, and their places in the survey of each window of it; a workspace remembers the colors of 5,000 tokens,
 * which stand in every state. Each crosses once, and is named after that.
 */

/** Texts, numbers, or numbers by their names. */
type List = readonly string[] | readonly number[] | Readonly<Record<string, number>>;

/** Lists of less cross as they are. */
const LONG = 50;
/** Lists that both ends remember, those that were used last: texts, labels, colors, shapes and places of a few tables. */
const KEPT = 24;

/** What stands for a long list. `list`: that of a name which is used for the first time. */
interface Named {
  readonly $list: number;
  readonly list?: List;
}

const isNamed = (value: object): value is Named => '$list' in value && typeof value.$list === 'number';
const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};
function isLong(value: object): value is List {
  const all: readonly unknown[] = Array.isArray(value) ? value : isPlain(value) ? Object.values(value) : [];
  const are = (type: string): boolean => all.every((one) => typeof one === type);
  return all.length >= LONG && (are('number') || (Array.isArray(value) && are('string')));
}

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

/** Lists by their names, the one that was used last at the end. Both ends forget the same. */
class KeptLists {
  private readonly lists = new Map<number, List>();

  clear(): void {
    this.lists.clear();
  }

  /** Name of an equal list. */
  nameOf(list: List): number | undefined {
    for (const [name, one] of this.lists) if (one === list || same(one, list)) return name;
    return undefined;
  }

  /** A list by its name, which is used now; `list`: what the name means from now on. */
  use(name: number, list = this.lists.get(name)): List | undefined {
    if (!list) return undefined;
    this.lists.delete(name);
    this.lists.set(name, list);
    const [oldest] = this.lists.keys();
    if (this.lists.size > KEPT && oldest !== undefined) this.lists.delete(oldest);
    return list;
  }
}

/** The host's end. */
export class ListsSent {
  private next = 1;
  private readonly kept = new KeptLists();

  /** The page is another one, and knows none. */
  forget(): void {
    this.kept.clear();
  }

  /** A message with its long lists named. */
  named<T>(message: T): T {
    return exchanged(message, (part) => {
      if (!isLong(part)) return part;
      const before = this.kept.nameOf(part);
      const name = before ?? this.next++;
      this.kept.use(name, part);
      return (before === undefined ? { $list: name, list: part } : { $list: name }) satisfies Named;
    }) as T;
  }
}

/** The page's end. */
export class ListsReceived {
  private readonly kept = new KeptLists();

  /** A message with its long lists, each the same object as before; undefined where it is not for this page, which will be told anew. */
  whole<T>(message: T): T | undefined {
    const missing: number[] = [];
    const found = exchanged(message, (part) => {
      if (!isPlain(part) || !isNamed(part)) return part;
      const list = this.kept.use(part.$list, part.list);
      if (!list) missing.push(part.$list);
      return list ?? part;
    });
    return missing.length > 0 ? undefined : (found as T);
  }
}

function same(one: List, other: List): boolean {
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((value, i) => Object.is(value, other[i]));
  if (Array.isArray(one) || Array.isArray(other)) return false;
  const others = Object.entries(other);
  const entries = Object.entries(one);
  return (
    entries.length === others.length &&
    entries.every(([name, value], i) => name === others[i]?.[0] && Object.is(value, others[i][1]))
  );
}
