import { Fault } from '../map/fault.js';
import { LIMITS, type Prompt } from '../map/specification.js';
import type { Model } from './model/model.js';
import type { Surroundings } from './model/plan.js';

/**
 * A prompt as token ids, parted at its position.
 * @throws Fault `tokenizer`, or `bad-parameter` for ids or a position that do not exist.
 */
export async function readPrompt(model: Model, prompt: Prompt): Promise<Surroundings> {
  const ids =
    prompt.kind === 'tokens' ? prompt.ids : await model.tokenizer.encode(prompt.text, { chat: prompt.chat === true });
  checkIds(model, ids);
  const { position = -1 } = prompt;
  const at = position < 0 ? ids.length + position : position;
  const own = ids[at];
  if (own === undefined)
    throw new Fault({
      code: 'bad-parameter',
      message: `${named(prompt)} has no position ${position}: it has ${ids.length} ${ids.length === 1 ? 'token' : 'tokens'}.`,
      hint: `Positions are 0 to ${ids.length - 1}, or from the end: -1 is the last.`,
    });
  return { prefix: ids.slice(0, at), own, suffix: ids.slice(at + 1) };
}

/** Which of several prompts it is, as a sentence begins. */
const named = (prompt: Prompt): string => {
  if (prompt.kind === 'tokens') return `The prompt of the tokens ${prompt.ids.slice(0, 8).join(', ')}`;
  return `The prompt "${prompt.text.length > 60 ? `${prompt.text.slice(0, 60)}…` : prompt.text}"`;
};

/** All tokens, in their order. */
export const allIds = ({ prefix, own, suffix }: Surroundings): readonly number[] => [...prefix, own, ...suffix];

/** @throws Fault `bad-parameter` for no ids, too many, or one that the model does not have. */
function checkIds(model: Model, ids: readonly number[]): void {
  if (ids.length === 0) throw new Fault({ code: 'bad-parameter', message: 'The prompt has no tokens.' });
  const strange = ids.find((id) => id >= model.facts.vocabularySize);
  if (strange !== undefined)
    throw new Fault({
      code: 'bad-parameter',
      message: `Token ${strange} does not exist: the model knows ${model.facts.vocabularySize}.`,
    });
  if (ids.length > LIMITS.promptTokens)
    throw new Fault({
      code: 'bad-parameter',
      message: `The prompt has ${ids.length} tokens; at most ${LIMITS.promptTokens} are computed.`,
    });
}
