import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { inflateSync } from 'node:zlib';
import { drawComparison } from '../../src/formats/comparison/comparisonFigure.js';
import { drawSeries } from '../../src/formats/comparison/seriesFigure.js';
import { encode } from '../../src/formats/formats.js';
import type { FigureSize } from '../../src/formats/figureSize.js';
import { type Draw, figurePdf } from '../../src/formats/pictures.js';
import { compareMaps } from '../../src/map/compare/comparison.js';
import type { Token } from '../../src/map/token.js';
import type { TokenMap } from '../../src/map/tokenMap.js';
import { syntheticMap } from '../map/syntheticMap.js';
import { makeAssets } from './assets.js';
import { HOSTILE_TOKENS } from './hostileTokens.js';

const COLUMN = (84.7 / 25.4) * 72;
let assets = '';
before(() => {
  assets = makeAssets({ pictureProcess: true });
});

interface Pdf {
  /** Dictionaries of all objects, as they are written. */
  readonly objects: ReadonlyMap<string, string>;
  readonly streams: ReadonlyMap<string, string>;
}

/** Takes a PDF apart: enough to ask for its fonts and its one page. */
function readPdf(bytes: Uint8Array): Pdf {
  const text = Buffer.from(bytes).toString('latin1');
  assert.match(text, /^%PDF-1\.5\n/);
  assert.match(text, /%%EOF\n?$/);
  const objects = new Map<string, string>();
  const streams = new Map<string, string>();
  for (const [, id = '', body = ''] of text.matchAll(/(?<=\n)(\d+) 0 obj\n(.*?)\nendobj/gs)) {
    const [dictionary = '', stream] = body.split('\nstream\n');
    objects.set(id, dictionary);
    if (stream === undefined) continue;
    const raw = Buffer.from(stream.replace(/\nendstream$/, ''), 'latin1');
    streams.set(id, (dictionary.includes('/FlateDecode') ? inflateSync(raw) : raw).toString('latin1'));
  }
  return { objects, streams };
}

const referred = (dictionary: string, key: string): string =>
  new RegExp(`/${key} \\[?(\\d+) 0 R`).exec(dictionary)?.[1] ?? '';

/** What stands on the page, as it is read and copied: pieces of text with their sizes in points; without halos. */
function writtenOn({ objects, streams }: Pdf): { readonly text: string; readonly size: number }[] {
  const [page = ''] = [...objects.values()].filter((one) => /\/Type \/Page\b/.test(one));
  const content = streams.get(referred(page, 'Contents')) ?? assert.fail('a page without content');
  const resources = objects.get(referred(page, 'Resources')) ?? page;
  const letters = new Map<string, readonly string[]>();
  for (const [, name = '', id = ''] of resources.matchAll(/\/(F\d+) (\d+) 0 R/g)) {
    const map =
      streams.get(referred(objects.get(id) ?? '', 'ToUnicode')) ?? assert.fail('letters that cannot be copied');
    const entries = [...map.matchAll(/\[(.*?)\]/gs)].flatMap(([, list = '']) => [...list.matchAll(/<([^>]*)>/g)]);
    letters.set(
      name,
      entries.map(([, codes = '']) => Buffer.from(codes.replaceAll(' ', ''), 'hex').swap16().toString('utf16le')),
    );
  }
  const scale = Number(/^([\d.]+) 0 0 \1 0 0 cm$/m.exec(content)?.[1]);
  return Array.from(content.matchAll(/BT\n(.*?)ET/gs), ([, block = '']) => block)
    .filter((block) => !/^1 Tr$/m.test(block))
    .map((block) => {
      const [, font = '', size = ''] = /\/(F\d+) ([\d.]+) Tf/.exec(block) ?? [];
      const glyphs = Array.from(block.matchAll(/<([0-9a-f]+)>/g), ([, hex = '']) => hex).join('');
      const text = (glyphs.match(/.{4}/g) ?? []).map((id) => letters.get(font)?.[parseInt(id, 16)] ?? '?').join('');
      return { text, size: Number(size) * scale };
    });
}

/** Every font that is named is in the file, as a part that has its name. */
function assertFonts({ objects }: Pdf): void {
  const fonts = [...objects.values()].filter(
    (one) => one.includes('/Type /Font\n') && one.includes('/DescendantFonts'),
  );
  assert.ok(fonts.length > 0);
  for (const font of fonts) {
    assert.match(font, /\/BaseFont \/[A-Z]{6}\+/);
    const descendant = objects.get(referred(font, 'DescendantFonts')) ?? '';
    const descriptor = objects.get(referred(descendant, 'FontDescriptor')) ?? '';
    assert.ok(objects.has(referred(descriptor, 'FontFile[23]')), descriptor);
  }
  for (const one of objects.values()) assert.doesNotMatch(one, /\/Subtype \/Type1\b/);
}

const pdfOf = async (map: TokenMap, figure: FigureSize = { width: COLUMN }): Promise<Pdf> =>
  readPdf(await encode(map, 'pdf', { assets, figure }));

/** Texts of the elements of an SVG, between its tags. */
async function svgTexts(map: TokenMap, figure: FigureSize): Promise<readonly string[]> {
  const svg = Buffer.from(await encode(map, 'svg', { assets, figure })).toString();
  const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
  return Array.from(svg.matchAll(/<text[^>]*>(.*?)<\/text>/gs), ([, inside = '']) =>
    inside.replace(/<[^>]*>/g, '').replace(/&([^;]+);/g, (_, name: string) => entities[name] ?? ''),
  );
}

test('A PDF says what the SVG says, in fonts that are in it, none below 6 points', async () => {
  for (const map of [
    syntheticMap({ columns: 50, rows: 50, exact: true }),
    syntheticMap({ columns: 40, rows: 20, vocabulary: 60 }),
    syntheticMap({ columns: 6, rows: 5 }),
  ]) {
    const figure = { width: COLUMN };
    const pdf = await pdfOf(map, figure);
    assertFonts(pdf);
    const written = writtenOn(pdf);
    assert.deepEqual(written.map(({ text }) => text).join(''), (await svgTexts(map, figure)).join(''));
    assert.ok(Math.min(...written.map(({ size }) => size)) >= 5.999);
    const box = /\/MediaBox \[0 0 ([\d.]+) /.exec([...pdf.objects.values()].join());
    assert.ok(Math.abs(Number(box?.[1]) - COLUMN) < 0.01, 'as wide as a column');
  }
});

test('Comparisons and series are as wide as a column, too, with all their maps and no word below 6 points', async () => {
  const maps = [1, 2, 3].map((seed) => syntheticMap({ columns: 20, rows: 20, topK: 3, vocabulary: 9, seed }));
  const [a, b] = maps;
  assert.ok(a && b);
  const members = maps.map((map, i) => ({ name: String(i), map }));
  const size = { width: COLUMN, fontSize: 6 };
  const drawings: readonly [titles: readonly string[], draw: Draw][] = [
    [['A', 'B', 'Changes'], (font, unshown) => drawComparison(compareMaps(a, b), font, unshown, size)],
    [
      ['layer 0', 'layer 1', 'layer 2'],
      (font, unshown) =>
        drawSeries({ axis: 'layer', plane: 'own', lines: [{ name: '', members }] }, font, unshown, size),
    ],
  ];
  for (const [titles, draw] of drawings) {
    const pdf = readPdf(await figurePdf(draw, { assets, figure: size }));
    assertFonts(pdf);
    const written = writtenOn(pdf);
    for (const title of titles)
      assert.ok(
        written.some(({ text }) => text === title),
        title,
      );
    assert.ok(Math.min(...written.map((one) => one.size)) >= 5.999);
    const box = /\/MediaBox \[0 0 ([\d.]+) /.exec([...pdf.objects.values()].join());
    assert.ok(Math.abs(Number(box?.[1]) - COLUMN) < 0.01, 'as wide as a column');
  }
});

test('Hostile tokens are text of a PDF: nothing runs, nothing is linked', async () => {
  const size = Math.ceil(Math.sqrt(HOSTILE_TOKENS.length));
  const map = syntheticMap({ columns: size, rows: size, tokens: HOSTILE_TOKENS, vocabulary: HOSTILE_TOKENS.length });
  HOSTILE_TOKENS.forEach((token, cell) => (map.cells.ids[cell * 10] = token.id));
  const tokens = new Map(HOSTILE_TOKENS.map((token): [number, Token] => [token.id, token]));
  const model = { ...map.specification.model, name: 'a)/JS (app.alert(1)) <x>&' };
  const pdf = await pdfOf({ ...map, tokens, specification: { ...map.specification, model } });
  assertFonts(pdf);
  for (const one of pdf.objects.values())
    assert.doesNotMatch(one.replace(/\((\\.|[^\\)])*\)/gs, ''), /\/(JS|JavaScript|OpenAction|AA|URI|Launch|Annots)\b/);
});

test('A caption for LaTeX holds what the figure says, and a hostile token in it is no command', async () => {
  const map = syntheticMap({ columns: 5, rows: 4 });
  const name = 'x}\\input{/etc/passwd}%$#\n\\write18{rm}';
  const model = { ...map.specification.model, name };
  const tex = Buffer.from(
    await encode({ ...map, specification: { ...map.specification, model } }, 'tex', { assets }),
  ).toString();
  const lines = tex.split('\n');
  assert.match(lines[0] ?? '', /^% Most probable next token .* seed 42/);
  const [caption = ''] = lines.filter((line) => line.startsWith('  \\caption'));
  assert.match(caption, /seed 42/);
  const commands = new Set(
    lines.filter((line) => !line.startsWith('%')).flatMap((line) => line.match(/\\[a-z]+/gi) ?? []),
  );
  for (const command of commands)
    assert.match(
      command,
      /^\\(begin|end|centering|includegraphics|linewidth|caption|text\w+|char|dots|ensuremath|times|to|approx)$/,
    );
  const [open = 0, close = 0] = [/(?<!\\)\{/g, /(?<!\\)\}/g].map((brace) => caption.match(brace)?.length);
  assert.equal(open, close, 'every brace is closed');
});
