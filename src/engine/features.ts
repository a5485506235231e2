import path from 'node:path';
import { strongestFeatures } from '../formats/features.js';
import { Fault } from '../map/fault.js';
import { several } from '../map/numbers.js';
import { dot, pointAt } from '../map/plane.js';
import { DEFAULT_BATCH_SIZE, DEFAULT_PARAMETERS } from '../map/specification.js';
import { MOST_FEATURES, type StrongFeatures } from '../map/strongFeatures.js';
import type { Token } from '../map/token.js';
import { stopIfCancelled } from '../protocol/channel.js';
import type { PointParams } from '../protocol/engine.js';
import { DIRECTION_TOKENS, type FeaturesParams, type FeaturesResult } from '../protocol/features.js';
import type { Model } from './model/model.js';
import type { Opened } from './opened.js';
import { checkedPoint, readParameters } from './reading.js';
import { predictVectors } from './vectors.js';

/** What was asked for, checked on this side as well. @throws Fault `bad-parameter`. */
export function checkedFeatures({ sae, state, most }: FeaturesParams): FeaturesParams {
  if (typeof sae !== 'string' || !path.isAbsolute(sae)) throw bad('A sparse autoencoder is named by its whole path.');
  if (!Number.isInteger(most) || most < 1 || most > MOST_FEATURES)
    throw bad(`Of features at least 1 and at most ${MOST_FEATURES} are listed.`);
  if (!(state instanceof Float32Array)) return { sae, state: checkedPoint(state), most };
  const wrong = state.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) throw bad(`Number ${wrong} of the hidden state is not finite.`);
  return { sae, state, most };
}

/** The vector at a point of a map's plane. @throws Fault as {@link readParameters}. */
export const vectorAt = async (opened: Opened, { parameters, x, y }: PointParams): Promise<Float32Array> =>
  pointAt((await readParameters(opened, parameters)).found.plane, x, y);

/** The strongest features, their tokens still missing. The model itself is not run. @throws Fault as {@link strongestFeatures}. */
export async function featuresOf(
  { facts: { hiddenSize } }: Model,
  vector: Float32Array,
  { sae, most }: FeaturesParams,
  signal: AbortSignal,
): Promise<StrongFeatures> {
  if (vector.length !== hiddenSize)
    throw bad(
      `The vector has ${several(vector.length, 'number')}; the hidden states of this model have ${hiddenSize}.`,
    );
  return strongestFeatures(sae, vector, most, () => stopIfCancelled(signal));
}

/** What the logit lens says of the features' directions: at the length where a norm before the head changes nothing. */
export async function withTokens(
  opened: Pick<Opened, 'model' | 'grounds' | 'description'>,
  found: StrongFeatures,
  signal: AbortSignal,
): Promise<FeaturesResult> {
  const { lens } = opened.description.readouts;
  const { hiddenSize } = opened.model.facts;
  const scaled = found.strongest.map(({ direction }) =>
    lens.ok && direction ? atLength(direction, hiddenSize) : null,
  );
  const asked = scaled.flatMap((one) => one ?? []);
  if (asked.length === 0) return { ...found, strongest: found.strongest.map((one) => ({ ...one, tokens: [] })) };
  const vectors = new Float32Array(asked.length * hiddenSize);
  asked.forEach((one, i) => vectors.set(one, i * hiddenSize));
  const parameters = { ...DEFAULT_PARAMETERS, readout: 'lens', topK: DIRECTION_TOKENS } as const;
  const said = await predictVectors(opened, { parameters, vectors, batchSize: DEFAULT_BATCH_SIZE }, signal);
  const byId = new Map(said.tokens.map((token) => [token.id, token]));
  let at = 0;
  const next = (): readonly Token[] =>
    [...said.ids.subarray(at * DIRECTION_TOKENS, ++at * DIRECTION_TOKENS)].flatMap((id) => byId.get(id) ?? []);
  return { ...found, strongest: found.strongest.map((one, i) => ({ ...one, tokens: scaled[i] ? next() : [] })) };
}

/** A direction at the length where its numbers are 1 in the mean of squares; null where it leads nowhere. */
function atLength(direction: Float32Array, hiddenSize: number): Float32Array | null {
  const length = Math.sqrt(dot(direction, direction));
  return length > 0 ? direction.map((value) => (value / length) * Math.sqrt(hiddenSize)) : null;
}

const bad = (message: string): Fault => new Fault({ code: 'bad-parameter', message });
