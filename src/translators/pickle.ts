/**
 * Reads the part of Python's pickle format that `torch.save` uses for tensors, dicts, lists, numbers and texts. Nothing is ever called:
 * a name that stands for code is refused, whatever would be done with it.
 */

/** A tuple, as distinct from a list. */
export class Tuple {
  constructor(readonly items: readonly Pickled[]) {}
}

/** Numbers of a file, by the name of their entry. */
export class Storage {
  constructor(
    readonly type: StorageType,
    readonly key: string,
  ) {}
}

/** A tensor: which numbers of a storage it is. */
export class TensorPlace {
  constructor(
    readonly storage: Storage,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}
}

/** One of the few names that are known. */
class Known {
  constructor(readonly name: string) {}
}

export type StorageType = 'float64' | 'float32' | 'float16' | 'bfloat16' | 'other';
export type Pickled = null | boolean | number | string | Pickled[] | Tuple | PickledMap | Storage | TensorPlace | Known;
export type PickledMap = Map<Pickled, Pickled>;

/** What is wrong with a pickle: a part of a sentence, "it names os.system". */
export class PickleError extends Error {}

const STORAGES: Readonly<Record<string, StorageType>> = {
  DoubleStorage: 'float64',
  FloatStorage: 'float32',
  HalfStorage: 'float16',
  BFloat16Storage: 'bfloat16',
  LongStorage: 'other',
  IntStorage: 'other',
  ShortStorage: 'other',
  CharStorage: 'other',
  ByteStorage: 'other',
  BoolStorage: 'other',
};
const FUNCTIONS = new Set([
  'collections.OrderedDict',
  'torch._utils._rebuild_tensor_v2',
  'torch._utils._rebuild_parameter',
]);

/** @throws PickleError */
export function unpickle(bytes: Uint8Array): Pickled {
  return new Machine(bytes).run();
}

const MARK = Symbol('mark');

class Machine {
  private at = 0;
  private readonly stack: (Pickled | typeof MARK)[] = [];
  private readonly memo = new Map<number, Pickled>();
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  run(): Pickled {
    for (;;) {
      const code = this.byte();
      if (code === 0x2e) return this.pop();
      this.step(code);
    }
  }

  private step(code: number): void {
    switch (code) {
      case 0x80: // PROTO
        if (this.byte() > 5) throw new PickleError('it is of a later pickle protocol than 5');
        break;
      case 0x95: // FRAME
        this.take(8);
        break;
      case 0x63: // GLOBAL
        this.stack.push(known(this.line(), this.line()));
        break;
      case 0x69: // INST: a call
        throw refusedName(`${this.line()}.${this.line()}`);
      case 0x93: {
        // STACK_GLOBAL
        const [name, module] = [this.pop(), this.pop()];
        if (typeof name !== 'string' || typeof module !== 'string') throw damaged();
        this.stack.push(known(module, name));
        break;
      }
      case 0x53: // STRING, of protocol 0
        this.stack.push(this.line());
        break;
      case 0x28:
        this.stack.push(MARK);
        break;
      case 0x7d:
        this.stack.push(new Map());
        break;
      case 0x5d:
        this.stack.push([]);
        break;
      case 0x29:
        this.stack.push(new Tuple([]));
        break;
      case 0x85:
      case 0x86:
      case 0x87: {
        const items = Array.from({ length: code - 0x84 }, () => this.pop()).reverse();
        this.stack.push(new Tuple(items));
        break;
      }
      case 0x74:
        this.stack.push(new Tuple(this.toMark()));
        break;
      case 0x58:
        this.stack.push(this.text(this.uint32()));
        break;
      case 0x8c:
        this.stack.push(this.text(this.byte()));
        break;
      case 0x4a:
        this.stack.push(this.view.getInt32(this.moved(4), true));
        break;
      case 0x4b:
        this.stack.push(this.byte());
        break;
      case 0x4d:
        this.stack.push(this.view.getUint16(this.moved(2), true));
        break;
      case 0x8a:
        this.stack.push(this.long(this.byte()));
        break;
      case 0x47:
        this.stack.push(this.view.getFloat64(this.moved(8), false));
        break;
      case 0x4e:
        this.stack.push(null);
        break;
      case 0x88:
      case 0x89:
        this.stack.push(code === 0x88);
        break;
      case 0x71:
        this.memo.set(this.byte(), this.top());
        break;
      case 0x72:
        this.memo.set(this.uint32(), this.top());
        break;
      case 0x94:
        this.memo.set(this.memo.size, this.top());
        break;
      case 0x68:
        this.stack.push(this.remembered(this.byte()));
        break;
      case 0x6a:
        this.stack.push(this.remembered(this.uint32()));
        break;
      case 0x51:
        this.stack.push(storageOf(this.pop()));
        break;
      case 0x52: {
        const [given, called] = [this.pop(), this.pop()];
        this.stack.push(rebuilt(called, given));
        break;
      }
      case 0x73: {
        const [value, key] = [this.pop(), this.pop()];
        this.map().set(key, value);
        break;
      }
      case 0x75: {
        const items = this.toMark();
        const map = this.map();
        if (items.length % 2 === 1) throw damaged();
        for (let i = 0; i < items.length; i += 2) map.set(items[i] ?? null, items[i + 1] ?? null);
        break;
      }
      case 0x61: {
        const value = this.pop();
        this.list().push(value);
        break;
      }
      case 0x65: {
        const items = this.toMark();
        const list = this.list();
        for (const item of items) list.push(item);
        break;
      }
      case 0x62: // BUILD: attributes of a dict, which mean nothing here
        this.pop();
        this.map();
        break;
      default:
        throw new PickleError(`it holds an instruction that no saved tensor needs (${code.toString(16)})`);
    }
  }

  private moved(count: number): number {
    const start = this.at;
    if (start + count > this.bytes.length) throw damaged();
    this.at += count;
    return start;
  }

  private take(count: number): Uint8Array {
    const start = this.moved(count);
    return this.bytes.subarray(start, start + count);
  }

  private byte(): number {
    return this.view.getUint8(this.moved(1));
  }

  private uint32(): number {
    return this.view.getUint32(this.moved(4), true);
  }

  private text(length: number): string {
    return new TextDecoder().decode(this.take(length));
  }

  /** A line of ASCII, of the names of code. */
  private line(): string {
    const end = this.bytes.indexOf(10, this.at);
    if (end < 0) throw damaged();
    const text = new TextDecoder().decode(this.bytes.subarray(this.at, Math.min(end, this.at + 200)));
    this.at = end + 1;
    return text;
  }

  /** A whole number, little-endian, two's complement; what float64 cannot hold becomes NaN, which no size may be. */
  private long(length: number): number {
    const bytes = this.take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] ?? 0);
    if (length > 0 && (bytes[length - 1] ?? 0) >= 128) value -= 1n << BigInt(8 * length);
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : NaN;
  }

  private pop(): Pickled {
    const value = this.stack.pop();
    if (value === undefined || value === MARK) throw damaged();
    return value;
  }

  private top(): Pickled {
    const value = this.stack.at(-1);
    if (value === undefined || value === MARK) throw damaged();
    return value;
  }

  private map(): PickledMap {
    const value = this.top();
    if (value instanceof Map) return value;
    throw damaged();
  }

  private list(): Pickled[] {
    const value = this.top();
    if (Array.isArray(value)) return value;
    throw damaged();
  }

  private toMark(): Pickled[] {
    const start = this.stack.lastIndexOf(MARK);
    if (start < 0) throw damaged();
    const items: Pickled[] = [];
    for (const value of this.stack.splice(start).slice(1)) if (value !== MARK) items.push(value);
    return items;
  }

  private remembered(place: number): Pickled {
    const value = this.memo.get(place);
    if (value === undefined) throw damaged();
    return value;
  }
}

const damaged = (): PickleError => new PickleError('its list of tensors is damaged');
const refusedName = (name: string): PickleError =>
  new PickleError(`it names ${name}, which is code, and no code of a file is run`);

function known(module: string, name: string): Known {
  const whole = `${module}.${name}`;
  if (FUNCTIONS.has(whole) || (module === 'torch' && Object.hasOwn(STORAGES, name))) return new Known(whole);
  throw refusedName(whole);
}

function storageOf(value: Pickled): Storage {
  const [word, type, key] = value instanceof Tuple ? value.items : [];
  const name = type instanceof Known ? type.name.replace('torch.', '') : '';
  const found = Object.hasOwn(STORAGES, name) ? STORAGES[name] : undefined;
  if (word !== 'storage' || found === undefined || typeof key !== 'string') throw damaged();
  return new Storage(found, key);
}

function rebuilt(called: Pickled, given: Pickled): Pickled {
  if (!(called instanceof Known) || !(given instanceof Tuple)) throw damaged();
  const { items } = given;
  if (called.name === 'collections.OrderedDict' && items.length === 0) return new Map();
  if (called.name === 'torch._utils._rebuild_parameter' && items[0] instanceof TensorPlace) return items[0];
  if (called.name !== 'torch._utils._rebuild_tensor_v2') throw damaged();
  const [storage, offset, shape, strides] = items;
  if (!(storage instanceof Storage) || !isSize(offset)) throw damaged();
  return new TensorPlace(storage, offset, sizes(shape), sizes(strides));
}

function sizes(value: Pickled | undefined): number[] {
  if (!(value instanceof Tuple)) throw damaged();
  return value.items.map((item) => {
    if (!isSize(item)) throw damaged();
    return item;
  });
}

const isSize = (value: Pickled | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
