const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * Text for an XML document, as content or inside an attribute's quotes. What XML forbids (controls, lone surrogates,
 * U+FFFE, U+FFFF) becomes U+FFFD: by then it should have been written as its code point.
 */
export function escapeXml(text: string): string {
  return (
    text
      .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
      // oxlint-disable-next-line no-control-regex -- these are what must go
      .replace(/[\0-\x08\x0B\x0C\x0E-\x1F\uFFFE\uFFFF]|\p{Cs}/gu, '\uFFFD')
  );
}

export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** A number for an SVG: at most 3 decimals. */
export const svgNumber = (value: number): string => String(Number(value.toFixed(3)));

/** An element; attributes that are undefined are left out, children are XML already. */
export function element(name: string, attributes: Attributes, children?: string): string {
  let text = `<${name}`;
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined) text += ` ${key}="${typeof value === 'number' ? svgNumber(value) : escapeXml(value)}"`;
  }
  return children === undefined ? `${text}/>` : `${text}>${children}</${name}>`;
}
