import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { DEFAULT_DISPLAY } from '../map/mapDisplay.js';
import { mapInPage, type PageFile, packPage } from '../map/pageFile/pageFile.js';
import type { Reading } from '../map/pageFile/reading.js';
import type { TokenMap } from '../map/tokenMap.js';
import { withoutMeasured } from './measured.js';
import type { PictureOptions } from './pictures.js';
import { figureWords } from './words.js';
import { escapeXml } from './xml.js';

/** What a page is made with. */
export type PageOptions = Pick<PictureOptions, 'assets' | 'reading'>;

export const toHtml = (map: TokenMap, options: PageOptions): Promise<Uint8Array> =>
  pageHtml(
    {
      title: figureWords(map, (map.display ?? DEFAULT_DISPLAY).colorBy).title,
      note: '',
      maps: [mapInPage(withoutMeasured(map))],
      as: { kind: 'map' },
    },
    options,
  );

/**
 * A page as one file that a browser shows, whole, without a server and without the network. What comes from a model or a person
 * is data of it, deflated and in base64: nothing of it is ever read as markup or run. Its policy lets run what this program put
 * there, by its hash, and nothing be fetched.
 */
export async function pageHtml(
  unread: Omit<PageFile, 'reading'>,
  { assets, reading }: PageOptions,
): Promise<Uint8Array> {
  const page = withReading(unread, reading);
  const file = (name: string): Promise<Buffer> => readFile(join(assets, 'page', name));
  const [script, style, scan] = await Promise.all([file('page.js'), file('page.css'), file('scan.wasm')]);
  const policy = [
    `default-src 'none'`,
    `script-src '${hashOf(script)}' 'wasm-unsafe-eval'`,
    `style-src '${hashOf(style)}'`,
    `font-src data:`,
    `img-src data: blob:`,
    `base-uri 'none'`,
    `form-action 'none'`,
  ].join('; ');
  const closer = page.maps.some((map) => map.closer);
  const html = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeXml(page.title)}</title>
<style>${style.toString()}</style>
</head>
<body>
<noscript>This page draws its map with a program of its own, which needs JavaScript.</noscript>
<script type="text/plain" id="contents">${packed(packPage(page))}</script>
${closer ? `<script type="text/plain" id="scan">${packed(scan)}</script>\n` : ''}<script>${script.toString()}</script>
</body>
</html>
`;
  return Buffer.from(html);
}

/** A page with a text, which may have a title for it: what the maps are called then stands below. */
const withReading = (page: Omit<PageFile, 'reading'>, reading: Reading | undefined): PageFile =>
  reading?.title
    ? { ...page, title: reading.title, note: [page.title, page.note].filter(Boolean).join(' · '), reading }
    : { ...page, reading: reading ?? null };

const hashOf = (bytes: Uint8Array): string => `sha256-${createHash('sha256').update(bytes).digest('base64')}`;

const packed = (bytes: Uint8Array): string => deflateRawSync(bytes, { level: 9 }).toString('base64');
