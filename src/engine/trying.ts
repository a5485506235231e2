import type { MapParameters } from '../map/specification.js';
import { whileTrying } from './allowance.js';
import { promptLengths } from './hiddenSpace.js';
import type { Opened } from './opened.js';
import type { Depth } from './proof.js';

/** A run of so many takes hardly longer than one of a few. */
const FEW_TOKENS = 256;

/** Does what runs a model that has still to prove itself (`must`), within the time that its calls may take. */
export const trying = <T>(
  { model }: Opened,
  must: Depth | undefined,
  parameters: MapParameters,
  work: () => Promise<T>,
): Promise<T> => (must === undefined ? work() : whileTrying(model.facts.weightsBytes, work, longerThanFew(parameters)));

/** How much longer than a few positions the prompts of a map may take. */
const longerThanFew = ({ plane, context }: MapParameters): number =>
  Math.max(...promptLengths(plane), context.kind === 'prompt' ? context.text.length : 0, FEW_TOKENS) / FEW_TOKENS;
