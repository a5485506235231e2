import { svgDocument } from './figureParts.js';

const DOCUMENT = /^<\?xml[^>]*>\n<svg (?=[^>]*\bwidth="(\d+)" height="(\d+)")/;

/** SVG documents of ours below each other, as one. */
export function stackFigures(
  documents: readonly string[],
  about: { readonly title: string; readonly description: string },
): string {
  let [width, height, body] = [1, 0, ''];
  for (const document of documents) {
    const [start = '', across, down] = DOCUMENT.exec(document) ?? [];
    // None draws beyond its frame; to clip it to that, a rasterizer would draw it apart, which takes seven times as long.
    body += `<svg overflow="visible" y="${height}" ${document.slice(start.length).trimEnd()}`;
    width = Math.max(width, Number(across));
    height += Number(down);
  }
  return svgDocument({ width, height: Math.max(1, height) }, about, body);
}
