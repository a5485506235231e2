import { Fault } from '../../src/map/fault.js';
import type { LensTable } from '../../src/map/lens/lensTable.js';
import { contextOf } from '../../src/map/specification.js';
import type { Token } from '../../src/map/token.js';
import type { ModelDescription } from '../../src/protocol/engine.js';
import type { LensParams } from '../../src/protocol/lens.js';

const WORDS = [
  ' the',
  ' sea',
  ' Paris',
  ' old',
  ' man',
  ' house',
  ' and',
  ' <b>no</b>',
  ' not',
  ' venue',
  'ing',
  ' of',
];

/** A lens of no model: words of the prompt are its positions; from the middle layer on the last position says the second word. */
export function syntheticLens(
  { parameters }: LensParams,
  { facts: { blocks }, reference }: Pick<ModelDescription, 'facts' | 'reference'>,
): LensTable {
  const context = contextOf(parameters);
  if (context.kind !== 'prompt') throw new Fault({ code: 'bad-parameter', message: 'A lens reads a prompt.' });
  const { topK, question } = parameters;
  // The last one wins nowhere: another spelling of what does.
  const tokens = [...WORDS, 'sea'].map((text, id): Token => ({ id, kind: 'text', text }));
  const positions = context.text.split(/(?= )/).map((text, i): Token => ({ id: 100 + i, kind: 'text', text }));
  const layers = ['embeddings' as const, ...Array.from({ length: blocks }, (_, i) => i)];
  const count = layers.length * positions.length;
  const first = Array.from({ length: count }, (_, cell) => {
    const [row, column] = [Math.floor(cell / positions.length), cell % positions.length];
    return column === positions.length - 1 && row > blocks / 2 ? 1 : (row + 5 * column) % WORDS.length;
  });
  const asked = question?.kind === 'probability' ? question.token : undefined;
  const token = tokens.find(({ id, text }) => id === asked || text === asked);
  if (asked !== undefined && !token)
    throw new Fault({ code: 'bad-parameter', message: `"${asked}" is not one token of this model.` });
  const share = (cell: number, i: number): number => (0.9 - (0.6 * (cell % 7)) / 7) * 0.4 ** i;
  return {
    model: reference,
    parameters: { ...parameters, context },
    blocks,
    layers,
    positions,
    topK,
    ids: Int32Array.from(first.flatMap((id) => Array.from({ length: topK }, (_, i) => (id + i) % WORDS.length))),
    probabilities: Float32Array.from(
      first.flatMap((_, cell) => Array.from({ length: topK }, (__, i) => share(cell, i))),
    ),
    entropy: Float32Array.from(first, (_, cell) => 0.5 + 0.1 * (cell % 9)),
    named: token
      ? {
          token,
          probabilities: Float32Array.from(first, (id) => (id === token.id ? 0.6 : 0.02)),
          ranks: Int32Array.from(first, (id) =>
            id === token.id ? 1 : 1 + ((token.id - id + WORDS.length) % WORDS.length),
          ),
        }
      : null,
    tokens,
    version: '0',
    device: 'cpu',
    seconds: 0.1,
  };
}
