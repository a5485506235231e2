import { type AsyncBuffer, parquetMetadataAsync, parquetReadObjects, parquetSchema, snappyUncompress } from 'hyparquet';
import { Fault } from '../../map/fault.js';
import { badFile, type GivenFile, withFile } from '../vectors/bytes.js';

/** Of a file: bytes, and bytes of a page when it is unpacked. What is larger is none of ours. */
const MOST = { bytes: 2 ** 32, page: 2 ** 28 } as const;

export interface RowsWanted {
  /** undefined: all. */
  readonly columns?: readonly string[];
  /** Of this member alone; undefined: all. */
  readonly member?: number;
  /** Rows that the table has at most. */
  readonly most: number;
}

/**
 * Rows of a table of a dataset. The file may be a stranger's: its size, the number of its rows and what its pages unpack to are
 * checked before memory is taken. @throws Fault `file`, also where it is damaged.
 */
export async function readRows(
  path: string,
  { columns, member, most }: RowsWanted,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  return withFile(path, async (given) => {
    try {
      if (given.size > MOST.bytes) throw badFile(given.name, `is larger than ${MOST.bytes / 2 ** 30} GB`);
      const file = bufferOf(given);
      const metadata = await parquetMetadataAsync(file);
      if (metadata.num_rows > most) throw badFile(given.name, 'holds more rows than its study has');
      const there = parquetSchema(metadata).children.map(({ element }) => element.name);
      const found: Record<string, unknown>[] = [];
      let first = 0;
      for (const { num_rows } of metadata.row_groups) {
        // A column at a time: of several that are damaged the reader would let all but one fail unheard, which ends a program.
        const read = async (name: string, from: number, to: number): Promise<readonly unknown[]> => {
          const range = { rowStart: first + from, rowEnd: first + to };
          const compressors = { SNAPPY: unpacked };
          const rows = await parquetReadObjects({ file, metadata, compressors, columns: [name], ...range });
          if (rows.length !== to - from) throw new Error(`${name}: ${rows.length} rows`);
          return rows.map((row) => row[name] as unknown);
        };
        const count = Number(num_rows);
        const [from, to] = member === undefined ? [0, count] : rangeOf(member, await read('member', 0, count));
        if (to > from) {
          const group = Array.from({ length: to - from }, (): Record<string, unknown> => ({}));
          for (const name of columns ?? there) {
            const values = await read(name, from, to);
            group.forEach((row, i) => (row[name] = values[i]));
          }
          found.push(...group);
        }
        first += count;
      }
      return found;
    } catch (thrown) {
      if (thrown instanceof Fault) throw thrown;
      throw badFile(
        given.name,
        'is damaged, or no file of this dataset',
        'Remove its shard, and run the study again: it goes on.',
        String(thrown),
      );
    }
  });
}

/** Where the rows of a member lie, which follow each other. */
const rangeOf = (member: number, members: readonly unknown[]): readonly [number, number] => [
  Math.max(0, members.indexOf(member)),
  members.lastIndexOf(member) + 1,
];

/** As the reader wants files: what lies behind their end is left out, and it looks at some of what it asked for only. */
const bufferOf = (given: GivenFile): AsyncBuffer => ({
  byteLength: given.size,
  slice: (start, end = given.size) => {
    const [from, to] = [start, end].map((at) => Math.min(Math.max(0, at), given.size));
    const reading = given.read(from ?? 0, Math.max(0, (to ?? 0) - (from ?? 0))).then((bytes) => bytes.slice().buffer);
    reading.catch(() => undefined);
    return reading;
  },
});

function unpacked(input: Uint8Array, length: number): Uint8Array {
  if (length > MOST.page) throw new Error('a page is too large');
  const output = new Uint8Array(length);
  snappyUncompress(input, output);
  return output;
}
