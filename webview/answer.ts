import { t } from '@vscode/l10n';
import { bits, formatFixed, formatPercent } from '../src/map/numbers.js';
import type { Question } from '../src/map/specification.js';

/** An answer with its unit: a percentage, a difference of logits, bits. */
export function answerText(question: Question, answer: number): string {
  switch (question.kind) {
    case 'probability':
    case 'set':
    case 'pattern':
      return formatPercent(answer);
    case 'feature':
      return formatFixed(answer, 2);
    case 'difference':
      return t('{0} logits', `${answer > 0 ? '+' : ''}${formatFixed(answer, 2)}`);
    case 'divergence':
      return Number.isFinite(answer) ? t('{0} bits', formatFixed(bits(answer), 2)) : t('unbounded');
  }
}
