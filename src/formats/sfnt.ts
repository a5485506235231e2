/** What is read of a font: which characters it has and how wide they are. Nothing else of the file is looked at. */
export interface FontFace {
  /** Whether the font draws this code point. */
  covers(codePoint: number): boolean;
  /** Advance of a code point in em; of the font's "missing" box for one that it lacks. Without kerning. */
  advance(codePoint: number): number;
}

/** Where a table lies in a font file. */
export interface TablePlace {
  readonly offset: number;
  readonly length: number;
}

/** The tables of each face, from the beginning of a font file (TrueType, OpenType or a collection). Empty for other files. */
export function readDirectory(head: DataView): ReadonlyMap<string, TablePlace>[] {
  const tag = tagAt(head, 0);
  const starts =
    tag === 'ttcf'
      ? Array.from({ length: Math.min(head.getUint32(8), 64) }, (_, i) => head.getUint32(12 + i * 4))
      : ['\0\u0001\0\0', 'OTTO', 'true'].includes(tag)
        ? [0]
        : [];
  return starts.map((start) => {
    const tables = new Map<string, TablePlace>();
    for (let i = 0; i < head.getUint16(start + 4); i++) {
      const at = start + 12 + i * 16;
      tables.set(tagAt(head, at), { offset: head.getUint32(at + 8), length: head.getUint32(at + 12) });
    }
    return tables;
  });
}

const tagAt = (view: DataView, at: number): string =>
  String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));

/** Glyph of each code point: runs of consecutive code points, ascending. */
export interface GlyphRuns {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  glyph(run: number, codePoint: number): number;
}

/** Reads a `cmap` table: of its Unicode tables the largest, format 12 or 4. Undefined when it has neither. */
export function readCmap(cmap: DataView): GlyphRuns | undefined {
  let format12: number | undefined;
  let format4: number | undefined;
  for (let i = 0; i < cmap.getUint16(2); i++) {
    const platform = cmap.getUint16(4 + i * 8);
    const encoding = cmap.getUint16(6 + i * 8);
    const at = cmap.getUint32(8 + i * 8);
    if (!(platform === 0 || (platform === 3 && (encoding === 1 || encoding === 10)))) continue;
    const format = cmap.getUint16(at);
    if (format === 12) format12 = at;
    if (format === 4) format4 = at;
  }
  if (format12 !== undefined) return readFormat12(cmap, format12);
  return format4 === undefined ? undefined : readFormat4(cmap, format4);
}

function readFormat12(cmap: DataView, at: number): GlyphRuns {
  const count = Math.min(cmap.getUint32(at + 12), Math.floor((cmap.byteLength - at - 16) / 12));
  const read = (field: number) =>
    Int32Array.from({ length: count }, (_, i) => cmap.getUint32(at + 16 + i * 12 + field));
  const starts = read(0);
  const glyphs = read(8);
  return { starts, ends: read(4), glyph: (run, codePoint) => (glyphs[run] ?? 0) + codePoint - (starts[run] ?? 0) };
}

function readFormat4(cmap: DataView, at: number): GlyphRuns {
  const count = cmap.getUint16(at + 6) / 2;
  const read = (place: number) => Int32Array.from({ length: count }, (_, i) => cmap.getUint16(place + i * 2));
  const ends = read(at + 14);
  const starts = read(at + 16 + count * 2);
  const deltas = read(at + 16 + count * 4);
  const ranges = at + 16 + count * 6;
  return {
    starts,
    ends,
    glyph: (run, codePoint) => {
      const range = cmap.getUint16(ranges + run * 2);
      const delta = deltas[run] ?? 0;
      if (range === 0) return (codePoint + delta) & 0xffff;
      const place = ranges + run * 2 + range + (codePoint - (starts[run] ?? 0)) * 2;
      const glyph = place + 2 <= cmap.byteLength ? cmap.getUint16(place) : 0;
      return glyph === 0 ? 0 : (glyph + delta) & 0xffff;
    },
  };
}

/** Glyph of a code point, 0 when there is none. */
export function glyphOf(runs: GlyphRuns, codePoint: number): number {
  let low = 0;
  let high = runs.ends.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((runs.ends[middle] ?? 0) < codePoint) low = middle + 1;
    else high = middle;
  }
  return (runs.starts[low] ?? Infinity) <= codePoint && codePoint <= (runs.ends[low] ?? -1)
    ? runs.glyph(low, codePoint)
    : 0;
}

/** Reads a whole font file, its first face. @throws RangeError or Error when it is no sound font. */
export function readFont(bytes: Uint8Array): FontFace {
  const [tables] = readDirectory(viewOf(bytes));
  const table = (name: string): DataView => {
    const place = tables?.get(name);
    if (!place) throw new Error(`The font has no table "${name}".`);
    return viewOf(bytes.subarray(place.offset, place.offset + place.length));
  };
  const runs = readCmap(table('cmap'));
  if (!runs) throw new Error('The font has no Unicode table.');
  const unitsPerEm = table('head').getUint16(18);
  const widths = table('hmtx');
  const metrics = table('hhea').getUint16(34);
  return {
    covers: (codePoint) => glyphOf(runs, codePoint) !== 0,
    advance: (codePoint) => widths.getUint16(Math.min(glyphOf(runs, codePoint), metrics - 1) * 4) / unitsPerEm,
  };
}

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
