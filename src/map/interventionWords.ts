import { t } from '@vscode/l10n';
import { promptWords, vectorWords } from './naming.js';
import { formatShort } from './numbers.js';
import type { Intervention, InterventionPart, InterventionVector } from './interventions.js';

const POSITIONS = { last: t('the last position'), all: t('all positions'), later: t('all later positions') } as const;

/** What an intervention does, in a part of a sentence: a safe line. */
export function interventionWords(one: Intervention, limit = 60): string {
  switch (one.kind) {
    case 'skip':
      return t('block {0} skipped', one.block);
    case 'zero':
      return t('{0} set to zero', partWords(one, one.block));
    case 'mean': {
      const over = one.texts ? t('{0} given texts', one.texts.length) : t('the sample texts');
      return t('{0} set to the mean over {1}', partWords(one, one.block), over);
    }
    case 'freeze':
      return t('{0} frozen at {1}', partWords(one, one.block), promptWords(one.prompt, limit));
    case 'project':
      return t('{0} taken out of the output of block {1}', interventionVectorWords(one.direction, limit), one.block);
    case 'add': {
      const times = one.coefficient === 1 ? '' : `${formatShort(one.coefficient)} × `;
      return t(
        '{0}{1} added to the output of block {2} at {3}',
        times,
        interventionVectorWords(one.vector, limit),
        one.block,
        POSITIONS[one.positions],
      );
    }
  }
}

function partWords(part: InterventionPart, block: number): string {
  const { heads } = part;
  if (!heads) return part.part === 'mlp' ? t('MLP of block {0}', block) : t('attention of block {0}', block);
  return heads.length === 1
    ? t('attention head {0} of block {1}', heads.join(', '), block)
    : t('attention heads {0} of block {1}', heads.join(', '), block);
}

function interventionVectorWords(vector: InterventionVector, limit: number): string {
  if (vector.kind !== 'difference') return vectorWords(vector, limit);
  const side = (prompts: (typeof vector)['from']): string => {
    const [only] = prompts;
    return prompts.length === 1 && only ? promptWords(only, limit) : t('the mean of {0} prompts', prompts.length);
  };
  return t('{0} less {1}', side(vector.to), side(vector.from));
}
