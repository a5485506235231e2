/** An element of an SVG of ours. */
export interface SvgElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly (SvgElement | string)[];
}

/** The text of an element, its own. */
export const textOf = ({ children }: SvgElement): string =>
  children.map((child) => (typeof child === 'string' ? child : '')).join('');

/** What an SVG of ours says of itself to who does not see it. */
export function spokenOf(root: SvgElement): { readonly title: string; readonly description: string } {
  const said = (name: string): string => {
    const found = root.children.find((child) => typeof child !== 'string' && child.name === name);
    return typeof found === 'object' ? textOf(found) : '';
  };
  return { title: said('title'), description: said('desc') };
}

const PIECE = /<\?[^>]*\?>\s*|<(\/?)([a-zA-Z]+)((?: [\w:-]+="[^"]*")*)(\/?)>|([^<]+)/gy;
const ATTRIBUTE = / ([\w:-]+)="([^"]*)"/g;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
const decode = (text: string): string => text.replace(/&([^;]+);/g, (whole, name: string) => ENTITIES[name] ?? whole);

/** Reads an SVG that `svgDocument` wrote, and nothing else: no comments, no CDATA. @throws Error where it is another. */
export function readSvg(svg: string): SvgElement {
  const root: (SvgElement | string)[] = [];
  const open: { readonly name: string; readonly children: (SvgElement | string)[] }[] = [{ name: '', children: root }];
  let end = 0;
  PIECE.lastIndex = 0;
  for (let match = PIECE.exec(svg); match; match = PIECE.exec(svg)) {
    end = PIECE.lastIndex;
    const [, closing, name, attributes = '', empty, text] = match;
    const parent = open.at(-1);
    if (text !== undefined) parent?.children.push(decode(text));
    else if (closing) {
      if (open.pop()?.name !== name) throw new Error(`</${name}> closes nothing.`);
    } else if (name !== undefined) {
      const children: (SvgElement | string)[] = [];
      const pairs = Array.from(attributes.matchAll(ATTRIBUTE), ([, key = '', value = '']) => [key, decode(value)]);
      parent?.children.push({ name, attributes: Object.fromEntries(pairs) as Record<string, string>, children });
      if (!empty) open.push({ name, children });
    }
  }
  const [document] = root.filter((one) => typeof one !== 'string');
  if (end !== svg.length || open.length !== 1 || !document) throw new Error('This is no SVG of ours.');
  return document;
}
