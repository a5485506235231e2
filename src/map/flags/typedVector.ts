import { bad, type Given, type Loose, type MeantFiles, textsOf, vectorOf } from './mapFlag.js';
import { parseTokens } from './tokenNames.js';

/**
 * A vector by what it means, as it is typed: `prompt:TEXT`, `prompt:FROM->TO` (what leads from one prompt's hidden state to
 * another's), `prompts:FILE` and `prompts:FILE->FILE` (means of the prompts of text files), `embedding:TOKEN`, `unembedding:TOKEN`.
 * Anything else is a vector's file.
 */
const WORDED = /^(prompts?|embedding|unembedding):(.*)$/s;

/** The files that a typed vector names: of a worded one texts, else one of several readings as a vector's file. */
export function filesOfVector(readings: readonly string[]): MeantFiles {
  const [, word, rest = ''] = WORDED.exec(readings[0] ?? '') ?? [];
  if (word === undefined) return { vectors: readings };
  const texts = word === 'prompts' ? (sidesOf(rest) ?? []) : [];
  return { vectors: readings, texts, instead: MEANT[word === 'prompt' || word === 'prompts' ? word : 'row'] };
}

const MEANT = { prompt: 'hidden states of prompts', prompts: 'prompts of text files', row: 'a token’s row' } as const;

/** @param flag what was typed, for what is told @throws Fault `bad-parameter`. */
export function vectorFrom(text: string, given: Given, flag: string): Loose {
  const [, word, rest = ''] = WORDED.exec(text) ?? [];
  if (word === undefined) return vectorOf(given, text);
  if (word === 'embedding' || word === 'unembedding') {
    const [token, ...more] = parseTokens(rest);
    if (more.length > 0) throw bad(`${flag}: these are ${more.length + 1} tokens.`, 'Write a comma as \\,.');
    return { kind: 'row', matrix: word, token };
  }
  const sides = sidesOf(rest);
  if (!sides)
    throw bad(
      `${flag}: it cannot be told which arrow or space parts the two sides.`,
      'Write FROM->TO with one arrow, with spaces on both sides of it or on none, or the intervention as JSON.',
    );
  const prompts = (side: string): readonly Loose[] =>
    (word === 'prompts' ? textsOf(given, side) : [side]).map((one) => ({ kind: 'prompt', text: one }));
  const [first = '', second] = sides;
  if (second !== undefined) return { kind: 'difference', from: prompts(first), to: prompts(second) };
  return word === 'prompts' ? { kind: 'mean', prompts: prompts(first) } : { kind: 'prompt', text: first };
}

/** One side, or what stands before and behind the arrow, whose own spaces it has on both sides; undefined: nobody can tell. */
function sidesOf(text: string): readonly string[] | undefined {
  const [first = '', second, ...more] = text.split('->');
  if (second === undefined) return [first];
  if (more.length > 0 || first.endsWith(' ') !== second.startsWith(' ')) return undefined;
  return first.endsWith(' ') ? [first.slice(0, -1), second.slice(1)] : [first, second];
}
