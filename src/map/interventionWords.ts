import { promptWords, vectorWords } from './naming.js';
import { formatShort } from './numbers.js';
import type { Intervention, InterventionPart, InterventionVector } from './interventions.js';

const POSITIONS = { last: 'the last position', all: 'all positions', later: 'all later positions' } as const;

/** What an intervention does, in a part of a sentence: a safe line. */
export function interventionWords(one: Intervention, limit = 60): string {
  switch (one.kind) {
    case 'skip':
      return `block ${one.block} skipped`;
    case 'zero':
      return `${partWords(one, one.block)} set to zero`;
    case 'mean': {
      const over = one.texts ? `${one.texts.length} given texts` : 'the sample texts';
      return `${partWords(one, one.block)} set to the mean over ${over}`;
    }
    case 'freeze':
      return `${partWords(one, one.block)} frozen at ${promptWords(one.prompt, limit)}`;
    case 'project':
      return `${interventionVectorWords(one.direction, limit)} taken out of the output of block ${one.block}`;
    case 'add': {
      const times = one.coefficient === 1 ? '' : `${formatShort(one.coefficient)} × `;
      return `${times}${interventionVectorWords(one.vector, limit)} added to the output of block ${one.block} at ${POSITIONS[one.positions]}`;
    }
  }
}

function partWords(part: InterventionPart, block: number): string {
  const { heads } = part;
  if (!heads) return `${part.part === 'mlp' ? 'MLP' : 'attention'} of block ${block}`;
  return `attention ${heads.length === 1 ? 'head' : 'heads'} ${heads.join(', ')} of block ${block}`;
}

function interventionVectorWords(vector: InterventionVector, limit: number): string {
  if (vector.kind !== 'difference') return vectorWords(vector, limit);
  const side = (prompts: (typeof vector)['from']): string => {
    const [only] = prompts;
    return prompts.length === 1 && only ? promptWords(only, limit) : `the mean of ${prompts.length} prompts`;
  };
  return `${side(vector.to)} less ${side(vector.from)}`;
}
