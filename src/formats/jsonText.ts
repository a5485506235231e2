// Beyond what JSON demands: controls, direction marks and whatever else cannot be seen are escaped too, so that a file can be
// printed on any terminal and read in any editor.
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** A string as JSON, printable: `JSON.parse` gives back exactly the string, lone surrogates included. */
export function jsonText(text: string): string {
  return JSON.stringify(text).replace(UNSEEN, (character) => {
    let escaped = '';
    for (let i = 0; i < character.length; i++) {
      escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
    }
    return escaped;
  });
}

/** Any plain value as printable JSON on one line. */
export const jsonValue = (value: unknown): string =>
  JSON.stringify(value).replace(UNSEEN, (character) => jsonText(character).slice(1, -1));

/** A string as a field of CSV (RFC 4180): as JSON, so that it is printable, in quotes. */
export const csvText = (text: string): string => `"${jsonText(text).replaceAll('"', '""')}"`;
