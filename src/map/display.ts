import { t } from '@vscode/l10n';
import type { Token } from './token.js';

/**
 * A piece of a token as it is drawn. `text`: safe text, full ink. `glyph`: a stand-in for what cannot be seen (`␣`,
 * `U+200B`, `0xE2`, the `…` of a cut), at 60% ink; `name` is how it is read out.
 */
export type Segment =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'glyph'; readonly text: string; readonly name: string };

/** The stand-in for a space. Draw it as {@link SPACE_PATH}: fonts differ. */
export const SPACE_GLYPH = '\u2423';

/**
 * `␣` as a path from `left` to `right`, from its walls' `top` to its `bottom`: in em, x to the right from the beginning of
 * its {@link SPACE_WIDTH}, y downward from the baseline. `d` is that path, `stroke` the width of the pen.
 */
export const SPACE_PATH = {
  left: 0.04,
  right: 0.28,
  top: -0.1,
  bottom: 0.05,
  stroke: 0.06,
  d: 'M.04-.1V.05H.28V-.1',
} as const;
/** Advance of `␣`, in em: clear of a letter that reaches to the left below the line, as J does. */
export const SPACE_WIDTH = 0.38;

/** Code points of a token that are drawn at most; what follows becomes `…`. Files hold the whole token. */
export const DISPLAY_LIMIT = 48;
/** Marks that may stack on one letter (Vietnamese, Hebrew and Tibetan need up to 4); more would draw over the neighbors. */
const MARK_LIMIT = 4;

const STAND_INS: ReadonlyMap<string, readonly [glyph: string, name: string]> = new Map([
  [' ', [SPACE_GLYPH, t('space')]],
  ['\n', ['\u23CE', t('newline')]],
  ['\r', ['\u240D', t('return')]],
  ['\t', ['\u21E5', t('tab')]],
  ['\u00A0', ['\u237D', t('no-break space')]],
]);
/** A character that looks like a stand-in is shown as its code point, so that it cannot pass for one. */
const LOOKALIKES: ReadonlySet<string> = new Set([...STAND_INS.values()].map(([glyph]) => glyph));

// Controls, formats (direction marks among them), surrogates, private use, unassigned, spaces, line separators; what
// renderers leave out; and two that are blank by design: the Braille blank and the object replacement.
const INVISIBLE = /[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800\uFFFC]/u;
const MARK = /\p{M}/u;
const DOTTED_CIRCLE = '\u25CC';

/** `U+0041` of the first code point of a text. */
export function codePointName(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

const glyph = (text: string, name = text): Segment => ({ kind: 'glyph', text, name });

/**
 * A token as it is drawn: nothing in it is invisible, changes direction, or is trimmed. Text of any script stays as it is;
 * a right-to-left text segment should be drawn isolated (`<bdi>`, `unicode-bidi: isolate`). At least one segment.
 * @param limit code points that are looked at, at least 1.
 */
export function tokenSegments(token: Token, limit: number = DISPLAY_LIMIT): Segment[] {
  if (token.text === '') return [glyph(`#${token.id}`, t('token {0}', token.id))];
  const segments: Segment[] = [];
  let text = '';
  let marks = 0;
  let looked = 0;
  const add = (segment: Segment): void => {
    if (text) segments.push({ kind: 'text', text });
    text = '';
    segments.push(segment);
  };
  for (const character of token.text) {
    if (looked++ >= limit) {
      add(glyph('\u2026', t('and more')));
      break;
    }
    const standIn = STAND_INS.get(character);
    marks = MARK.test(character) ? marks + 1 : 0;
    if (standIn) add(glyph(...standIn));
    else if (INVISIBLE.test(character) || LOOKALIKES.has(character) || marks > MARK_LIMIT) {
      add(glyph(codePointName(character)));
    } else text += marks > 0 && text === '' ? DOTTED_CIRCLE + character : character;
  }
  if (text) segments.push({ kind: 'text', text });
  if (token.kind === 'text' || token.kind === 'special') return segments;
  // `0xE2 0x80` and `#123` are no text of the model's: all of it is a stand-in, with its spaces as they are.
  const whole = segments.map((segment) => (segment.text === SPACE_GLYPH ? ' ' : segment.text)).join('');
  return [glyph(whole, token.kind === 'bytes' ? t('bytes {0}', whole) : t('token {0}', whole))];
}

/** A token as one safe line of text, for a terminal, a tree or a tooltip: no control character, no direction mark. */
export function tokenText(token: Token, limit: number = DISPLAY_LIMIT): string {
  return segmentsText(tokenSegments(token, limit));
}

/** The same in a sentence or a list, where a token of nothing but signs would be read as one of theirs: `␣Paris`, `“,”`. */
export function tokenInWords(token: Token, limit: number = DISPLAY_LIMIT): string {
  const text = tokenText(token, limit);
  return /[\p{L}\p{N}]/u.test(text) ? text : t('“{0}”', text);
}

/** Segments as one string. */
export const segmentsText = (segments: readonly Segment[]): string => segments.map(({ text }) => text).join('');

/** A token as it is read out: `space Paris`. */
export function tokenSpoken(token: Token): string {
  return tokenSegments(token)
    .map((segment) => (segment.kind === 'glyph' ? segment.name : segment.text))
    .join(' ');
}

/** Letters of segments: grapheme clusters of the text; stand-ins do not count. */
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
export function countLetters(segments: readonly Segment[]): number {
  let letters = 0;
  for (const segment of segments) if (segment.kind === 'text') letters += [...graphemes.segment(segment.text)].length;
  return letters;
}

/** The segments up to and with the `letters`th letter, and `…`. Unchanged when they have no more letters than that. */
export function truncateSegments(segments: readonly Segment[], letters: number): readonly Segment[] {
  if (countLetters(segments) <= letters) return segments;
  const kept: Segment[] = [];
  let left = letters;
  for (const segment of segments) {
    if (left <= 0) break;
    if (segment.kind === 'glyph') {
      kept.push(segment);
      continue;
    }
    const clusters = [...graphemes.segment(segment.text)].slice(0, left);
    left -= clusters.length;
    kept.push({ kind: 'text', text: clusters.map((cluster) => cluster.segment).join('') });
  }
  return [...kept, glyph('\u2026', t('and more'))];
}

/** Any text from outside (a model's name, a prompt) as one safe line: what is invisible or turns direction as its code point. */
export function safeText(text: string, limit: number = 200): string {
  let safe = '';
  let looked = 0;
  for (const character of text) {
    if (looked++ >= limit) return `${safe}\u2026`;
    const standIn = character === ' ' ? undefined : STAND_INS.get(character);
    safe += standIn
      ? standIn[0]
      : character !== ' ' && INVISIBLE.test(character)
        ? codePointName(character)
        : character;
  }
  return safe;
}
