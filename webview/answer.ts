import { safeText } from '../src/map/display.js';
import { bits, formatFixed, formatPercent } from '../src/map/numbers.js';
import type { Question, TokenName } from '../src/map/specification.js';

/** A token that a person has named, with its spaces to be seen. */
export const namedToken = (token: TokenName): string =>
  typeof token === 'number' ? `#${token}` : safeText(token, 24).replaceAll(' ', '\u2423');

/** What a question asks, in a few words. */
export function questionText(question: Question): string {
  switch (question.kind) {
    case 'probability':
      return `Probability of ${namedToken(question.token)}`;
    case 'difference':
      return `${namedToken(question.first)} − ${namedToken(question.second)}`;
    case 'divergence':
      return 'Divergence';
  }
}

/** An answer with its unit: a percentage, a difference of logits, bits. */
export function answerText(question: Question, answer: number): string {
  switch (question.kind) {
    case 'probability':
      return formatPercent(answer);
    case 'difference':
      return `${answer > 0 ? '+' : ''}${formatFixed(answer, 2)} logits`;
    case 'divergence':
      return Number.isFinite(answer) ? `${formatFixed(bits(answer), 2)} bits` : 'unbounded';
  }
}
