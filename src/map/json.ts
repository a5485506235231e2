/** Data whose shape is still to be found out: an object of JSON. */
export const isRecord = (data: unknown): data is Record<string, unknown> =>
  typeof data === 'object' && data !== null && !Array.isArray(data);

/**
 * Data as a text that is the same for the same fields, in whatever order they stand.
 * @param counts whether a field, wherever it stands, is part of what is told apart
 */
export const sortedJson = (data: unknown, counts: (name: string, value: unknown) => boolean = () => true): string =>
  JSON.stringify(data, (name, value: unknown) => {
    if (!counts(name, value)) return undefined;
    return isRecord(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value;
  });

/**
 * JSON as Python writes it, too: infinities and what is no number stand bare there; the latter becomes null.
 * @throws SyntaxError for anything else
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const plain = text.replace(BARE, (_, before: string, word: string) =>
      word === 'NaN' ? `${before}null` : `${before}${word.replace('Infinity', '1e999')}`,
    );
    if (plain === text) throw error;
    return JSON.parse(plain);
  }
}

const BARE = /([[:,]\s*)(-?Infinity|NaN)(?=\s*[,\]}])/g;
