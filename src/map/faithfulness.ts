import { t } from '@vscode/l10n';
import { formatCount } from './numbers.js';
import type { Mark, Survey } from './survey.js';

/** How many of the texts on a map stand on a point that says what the model says of them. */
export interface Faithfulness {
  readonly texts: number;
  /** Whose foot on the plane says the model's own next token. */
  readonly faithful: number;
  /** Whose own state, put into the map's context, says it. */
  readonly inContext: number;
}

/** Whether a mark's foot says what the model says of its text; undefined where that was not asked. */
export const isFaithful = ({ says }: Mark): boolean | undefined => says && says.foot.token.id === says.own.token.id;

/** Undefined where no text is shown whose predictions are known. */
export function faithfulness({ marks }: Pick<Survey, 'marks'>): Faithfulness | undefined {
  const told = marks.flatMap(({ says }) => says ?? []);
  if (told.length === 0) return undefined;
  return {
    texts: told.length,
    faithful: told.filter(({ own, foot }) => foot.token.id === own.token.id).length,
    inContext: told.filter(({ own, state }) => state.token.id === own.token.id).length,
  };
}

/** `19 of 100 stand on a cell that says what the model says`. */
export const faithfulWords = ({ texts, faithful }: Faithfulness): string =>
  texts === 1
    ? t('{0} of 1 text stands on a cell that says what the model says', formatCount(faithful))
    : t('{0} of {1} texts stand on a cell that says what the model says', formatCount(faithful), formatCount(texts));

/** Where most of the texts are shown on cells that say something else: a warning. */
export function faithfulWarning(counts: Faithfulness): string | undefined {
  const { texts, faithful, inContext } = counts;
  if (2 * faithful >= texts) return undefined;
  const why =
    2 * inContext < texts
      ? t(
          "already in this map's context most of their states say something else (only {0} do not)",
          formatCount(inContext),
        )
      : t('they lie too far from this plane');
  return t(
    '{0}: {1}. The others are drawn hollow, and what is around them is not about them.',
    faithfulWords(counts),
    why,
  );
}
