import { Inflate } from 'fflate';
import { badFile, type Bytes, type GivenFile, part, viewOf } from './bytes.js';

/** A file inside of a ZIP archive. */
export interface ZipMember {
  readonly name: string;
  /** Its bytes stand in the archive as they are. */
  readonly stored: boolean;
  /** Its bytes, inflated as far as they are read. @throws Fault `file`. */
  open(): Promise<Bytes>;
}

const MAX_DIRECTORY = 32 * 2 ** 20;
/** What is inflated to reach a vector; more would take many seconds. */
const MAX_INFLATED = 2 ** 30;
/** Deflate cannot do better. */
const MAX_RATIO = 1032;
/** A model's tensors are some hundreds. */
const MAX_MEMBERS = 4096;
/** What is inflated at a time, from a few bytes that may hold very much. */
const LEAST_PIECE = 128;
const MOST_PIECE = 2 ** 14;

/** The members of an archive by its directory, ZIP64 as numpy writes it included. @throws Fault `file`. */
export async function zipMembers(file: GivenFile): Promise<readonly ZipMember[]> {
  const damaged = (): Error =>
    badFile(file.name, 'is damaged or cut off: the directory of its arrays cannot be read', 'Write or copy it again.');
  const { count, size, offset } = await directoryPlace(file, damaged);
  if (size > MAX_DIRECTORY) throw damaged();
  if (count > MAX_MEMBERS)
    throw badFile(
      file.name,
      `holds ${count} arrays, and at most ${MAX_MEMBERS} are looked through`,
      'Save fewer in a file.',
    );
  const view = viewOf(await part(file, 0, file.size).read(offset, size));
  const members = new Map<string, ZipMember>();
  let storedInAll = 0;
  for (let at = 0, i = 0; i < count; i++) {
    if (at + 46 > size || view.getUint32(at, true) !== 0x02014b50) throw damaged();
    const [flags, method] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)];
    const [nameSize, extraSize] = [view.getUint16(at + 28, true), view.getUint16(at + 30, true)];
    const end = at + 46 + nameSize + extraSize + view.getUint16(at + 32, true);
    if (end > size) throw damaged();
    const name = new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at + 46, nameSize));
    const [inflated = NaN, stored = NaN, start = NaN] = wideNumbers(
      view,
      [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)],
      at + 46 + nameSize,
      extraSize,
    );
    // Names that share their bytes make much of little.
    storedInAll += stored;
    if (!(storedInAll <= file.size)) throw damaged();
    const called = `${file.name}:${name.replace(/\.npy$/, '')}`;
    members.set(name, {
      name,
      stored: method === 0,
      async open() {
        if (flags & 1) throw badFile(called, 'is encrypted', 'Write the file again without a password.');
        const local = viewOf(await file.read(start, 30));
        if (local.getUint32(0, true) !== 0x04034b50) throw damaged();
        const data = part(file, start + 30 + local.getUint16(26, true) + local.getUint16(28, true), stored);
        if (method === 0) return data;
        if (method !== 8) throw badFile(called, 'is compressed in a way that numpy does not use');
        if (inflated > stored * MAX_RATIO) throw badFile(called, 'is damaged: it claims to be larger than it can be');
        return inflatedBytes(data, inflated, called);
      },
    });
    at = end;
  }
  return [...members.values()];
}

/** Where the directory lies, by the record at the archive's end. */
async function directoryPlace(
  file: GivenFile,
  damaged: () => Error,
): Promise<{ count: number; size: number; offset: number }> {
  const tailSize = Math.min(file.size, 22 + 0xffff + 20);
  const tailStart = file.size - tailSize;
  const tail = viewOf(await file.read(tailStart, tailSize));
  for (let at = tailSize - 22; at >= 0; at--) {
    if (tail.getUint32(at, true) !== 0x06054b50 || at + 22 + tail.getUint16(at + 20, true) !== tailSize) continue;
    const place = {
      count: tail.getUint16(at + 10, true),
      size: tail.getUint32(at + 12, true),
      offset: tail.getUint32(at + 16, true),
    };
    if (place.count !== 0xffff && place.size !== 0xffffffff && place.offset !== 0xffffffff) return place;
    if (at < 20 || tail.getUint32(at - 20, true) !== 0x07064b50) throw damaged();
    const wide = viewOf(await file.read(Number(tail.getBigUint64(at - 12, true)), 56));
    if (wide.getUint32(0, true) !== 0x06064b50) throw damaged();
    const number = (from: number): number => Number(wide.getBigUint64(from, true));
    return { count: number(32), size: number(40), offset: number(48) };
  }
  throw damaged();
}

/** ZIP64: numbers that are too large for 32 bits stand, in this order, in an extra field with the id 1. */
function wideNumbers(view: DataView, numbers: readonly number[], at: number, size: number): number[] {
  let field = at;
  while (field + 4 <= at + size && view.getUint16(field, true) !== 1) field += 4 + view.getUint16(field + 2, true);
  let next = field + 4;
  return numbers.map((number) => {
    if (number !== 0xffffffff || next + 8 > at + size) return number;
    next += 8;
    return Number(view.getBigUint64(next - 8, true));
  });
}

/** Deflated bytes, inflated from their start as far as is asked for; only what is asked for is kept. */
function inflatedBytes(data: Bytes, size: number, name: string): Bytes {
  let kept: { start: number; bytes: Uint8Array }[] = [];
  let taken = 0;
  let made = 0;
  let inflate = begin();
  function begin(): Inflate {
    kept = [];
    taken = 0;
    made = 0;
    return new Inflate((bytes) => {
      kept.push({ start: made, bytes });
      made += bytes.length;
    });
  }
  const damaged = (detail?: unknown): Error =>
    badFile(name, 'is damaged: it cannot be inflated', 'Write or copy it again.', String(detail));
  async function more(end: number): Promise<void> {
    // Few at a time, for they can become a thousand times as many: for a header no more than it may take.
    const count = Math.min(Math.max(LEAST_PIECE, (end - made) >> 3), MOST_PIECE, data.size - taken);
    if (count === 0) throw damaged('the compressed data ended too early');
    const piece = await data.read(taken, count);
    taken += count;
    try {
      inflate.push(piece, false);
    } catch (error) {
      throw damaged(error);
    }
    if (made > size) throw damaged('more than its declared size');
  }
  return {
    size,
    async read(offset, length) {
      const end = offset + length;
      if (end > size) throw damaged('read beyond its declared size');
      if (end > MAX_INFLATED)
        throw badFile(
          name,
          'is compressed, and its wanted numbers lie too far behind its start',
          'Save it with numpy.savez or numpy.save, which do not compress.',
        );
      if (offset < (kept[0]?.start ?? made)) inflate = begin();
      const drop = (): void => void (kept = kept.filter(({ start, bytes }) => start + bytes.length > offset));
      while (made < end) {
        await more(end);
        drop();
      }
      drop();
      const wanted = new Uint8Array(length);
      for (const { start, bytes } of kept) {
        const piece = bytes.subarray(Math.max(0, offset - start), Math.max(0, end - start));
        wanted.set(piece, Math.max(0, start - offset));
      }
      return wanted;
    },
  };
}
