import { crc32, deflateSync } from 'node:zlib';

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** Pixels of a picture, row by row from the top. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** 1: indices into `palette`; 3: RGB; 4: RGBA, whose alpha is left out: the picture is taken to be opaque. */
  readonly channels: 1 | 3 | 4;
  readonly data: Uint8Array;
  /** RGB triples, at most 256. */
  readonly palette?: Uint8Array;
}

/** A PNG file. @param dpi resolution that is written into the file, for programs that print. */
export function encodePng(pixels: Pixels, dpi?: number): Uint8Array {
  const { width, height, channels, palette } = pixels;
  const raw = channels === 1 ? plainRows(pixels) : rgbRows(pixels);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, channels === 1 ? 3 : 2, 0, 0, 0], 8);
  const chunks = [pngChunk('IHDR', header)];
  if (dpi !== undefined) {
    const perMeter = Buffer.alloc(9, 1); // the unit, 1, is the meter
    perMeter.writeUInt32BE(Math.round(dpi / 0.0254), 0);
    perMeter.writeUInt32BE(Math.round(dpi / 0.0254), 4);
    chunks.push(pngChunk('pHYs', perMeter));
  }
  if (channels === 1) chunks.push(pngChunk('PLTE', palette ?? new Uint8Array(3)));
  chunks.push(pngChunk('IDAT', deflateSync(raw, { level: 6 })), pngChunk('IEND', new Uint8Array()));
  return Buffer.concat([SIGNATURE, ...chunks]);
}

/** Rows as they are, each after its filter's number, 0. */
function plainRows({ width, height, data }: Pixels): Buffer {
  const raw = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++) raw.set(data.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  return raw;
}

/** Rows as differences to the row above (filter 2), which makes zeros of the repeated rows that a figure mostly has. */
function rgbRows({ width, height, channels, data }: Pixels): Buffer {
  const raw = Buffer.alloc((width * 3 + 1) * height);
  const above = width * channels;
  let out = 0;
  for (let y = 0; y < height; y++) {
    raw[out++] = y === 0 ? 0 : 2;
    for (let i = y * above; i < (y + 1) * above; i += channels) {
      for (let c = i; c < i + 3; c++) raw[out++] = (data[c] ?? 0) - (y === 0 ? 0 : (data[c - above] ?? 0));
    }
  }
  return raw;
}

/** A part of a PNG file: length, type, data, check sum. */
export function pngChunk(type: string, data: Uint8Array): Buffer {
  const bytes = Buffer.alloc(data.length + 12);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, 'latin1');
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, data.length + 8)), data.length + 8);
  return bytes;
}
