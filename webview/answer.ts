import { bits, formatFixed, formatPercent } from '../src/map/numbers.js';
import type { Question } from '../src/map/specification.js';

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
