import path from 'node:path';
import type { Engine } from '../engine/client.js';
import { hookLayer } from '../formats/features.js';
import { Fault } from '../map/fault.js';
import type { Layer, Prompt } from '../map/specification.js';
import type { Token } from '../map/token.js';
import { several } from '../map/numbers.js';
import type { FeaturesResult } from '../protocol/features.js';

/** The strongest features of a token of a prompt. */
export interface TokenFeatures extends FeaturesResult {
  /** The layer whose output the hidden state is. */
  readonly layer: Layer;
  /** Of the token in the whole sequence, from 0. */
  readonly position: number;
  readonly token: Token;
}

/**
 * The hidden state [hiddenSize] at a token of a prompt, at its `position`, which is the last where it names none.
 * @throws Fault `bad-parameter` for a position that is none, `tokenizer`, `memory`, `cancelled`.
 */
export async function tokenState(
  engine: Pick<Engine, 'call'>,
  prompt: Prompt,
  layer: Layer | 'last',
  signal?: AbortSignal,
): Promise<Pick<TokenFeatures, 'layer' | 'position' | 'token'> & { readonly vector: Float32Array }> {
  const { position: asked = -1 } = prompt;
  const { tokens, states } = await engine.call('states', { prompt, layers: [layer] }, signal ? { signal } : {});
  const position = asked < 0 ? tokens.length + asked : asked;
  const [token, state] = [tokens[position], states[0]];
  if (!token || !state)
    throw new Fault({
      code: 'bad-parameter',
      message: `The prompt has no position ${asked}: it has ${several(tokens.length, 'token')}.`,
    });
  const width = state.values.length / tokens.length;
  const vector = state.values.slice(position * width, (position + 1) * width);
  return { layer: state.layer, position, token, vector };
}

/**
 * The strongest features of the hidden state at a token of a prompt.
 * @param layer undefined: the autoencoder's own by its hook, else the last
 * @throws Fault as {@link tokenState}, and `file`.
 */
export async function tokenFeatures(
  engine: Pick<Engine, 'call'>,
  prompt: Prompt,
  sae: string,
  { layer, most }: { readonly layer: Layer | 'last' | undefined; readonly most: number },
  signal?: AbortSignal,
): Promise<TokenFeatures> {
  const place = path.resolve(sae);
  const at = layer ?? (await hookLayer(place)) ?? 'last';
  const { vector, ...token } = await tokenState(engine, prompt, at, signal);
  return {
    ...token,
    ...(await engine.call('features', { sae: place, state: vector, most }, signal ? { signal } : {})),
  };
}
