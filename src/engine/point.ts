import { dot, pointAt } from '../map/plane.js';
import type { PointParams, Reading } from '../protocol/engine.js';
import { newTokens } from './newTokens.js';
import type { Opened } from './opened.js';
import { readParameters } from './reading.js';

/** What is said at one point of a plane, by the way that its map would take. @throws Fault as {@link readParameters} */
export async function pointOf(opened: Opened, { parameters, x, y }: PointParams): Promise<Reading> {
  const reading = await readParameters(opened, parameters);
  const vector = pointAt(reading.found.plane, x, y);
  const { tops, logits } = await reading.ground.sources.point(reading, parameters, x, y);
  return {
    ids: tops.ids,
    probabilities: tops.probabilities,
    logits,
    entropy: tops.entropy[0] ?? 0,
    answers: tops.answers ?? null,
    norm: Math.sqrt(dot(vector, vector)),
    tokens: newTokens(tops.ids, opened.model),
  };
}
