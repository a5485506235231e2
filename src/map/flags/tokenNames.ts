import type { TokenName } from '../specification.js';

/**
 * Tokens as they are typed, between commas: ` Paris`, every space counting; `#7` is token 7. After a backslash a comma, a `#` or
 * a backslash is itself, and `n`, `t`, `r` are a line break, a tab and a return.
 */
export function parseTokens(text: string): TokenName[] {
  const tokens = [''];
  for (const [piece] of text.matchAll(/\\.|[^\\]|\\/gsu)) {
    if (piece === ',') tokens.push('');
    else tokens.push((tokens.pop() ?? '') + piece);
  }
  return tokens.map((token) =>
    /^#\d+$/.test(token)
      ? Number(token.slice(1))
      : token.replace(/\\(.)/gsu, (_, character: string) => ESCAPED[character] ?? character),
  );
}

/** The token as {@link parseTokens} reads it. */
export function writeToken(token: TokenName): string {
  if (typeof token === 'number') return `#${token}`;
  return token
    .replace(/[\\,]|^#(?=\d+$)/g, '\\$&')
    .replaceAll('\n', '\\n')
    .replaceAll('\t', '\\t')
    .replaceAll('\r', '\\r');
}

const ESCAPED: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
