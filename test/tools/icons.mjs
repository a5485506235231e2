// The icons of the pages: of the icon font and its styles, only what the program names. The font is 125 KB whole, and a page of its own
// carries it.
import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { build } from 'esbuild';

/** A rule of codicon.css that says which letter of the font an icon is. */
const RULE = /^\.codicon-([\w-]+):before \{ content: "\\([\da-f]+)" \}$/gm;
const FOLDER = 'node_modules/@vscode/codicons/dist';

/** Whether the program may draw an icon: its name stands there as a string, or begins as one that goes on by a rule. */
function nameTest() {
  const sources = ['webview', 'src'].flatMap((room) =>
    readdirSync(room, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(`${room}/${name}`, 'utf8')),
  );
  const text = sources.join('\n');
  const words = new Set(Array.from(text.matchAll(/['"`]([a-z][\w-]*)['"`]/g), ([, word]) => word));
  const beginnings = Array.from(text.matchAll(/codicon-([\w-]+-)\$\{/g), ([, beginning]) => beginning);
  return (name) => words.has(name) || beginnings.some((beginning) => name.startsWith(beginning));
}

/** The program's own HarfBuzz: what pictures embed fonts with. */
async function loadSubsetFont() {
  const { outputFiles } = await build({
    entryPoints: ['src/formats/subsetFont.ts'],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
  });
  const module = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`);
  return module.subsetFont;
}

/** The styles and the font of the icons that the program names. */
async function namedIcons() {
  const whole = await readFile(`${FOLDER}/codicon.css`, 'utf8');
  const isNamed = nameTest();
  const codePoints = new Set();
  const css = whole.replace(RULE, (rule, name, codePoint) => {
    if (!isNamed(name)) return '';
    codePoints.add(Number.parseInt(codePoint, 16));
    return rule;
  });
  const subsetFont = await loadSubsetFont();
  const font = await subsetFont('dist/assets', await readFile(`${FOLDER}/codicon.ttf`), 0, codePoints, true);
  if (font === undefined || codePoints.size === 0) throw new Error('The icons cannot be taken out of their font.');
  return { css, font };
}

let made;
const once = () => (made ??= namedIcons());
/** @type {import('esbuild').Plugin} */
export const icons = {
  name: 'icons',
  setup({ onLoad, initialOptions }) {
    onLoad({ filter: /[/\\]codicon\.css$/ }, async () => ({ contents: (await once()).css, loader: 'css' }));
    onLoad({ filter: /[/\\]codicon\.ttf$/ }, async () => ({
      contents: (await once()).font,
      loader: initialOptions.loader['.ttf'],
    }));
  },
};
